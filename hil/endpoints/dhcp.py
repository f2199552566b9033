"""The DHCP server of a bench: one handset, one lease, and whatever options a test wants.

The rules are those of `hil.wire.dhcp_server`; here they get sockets, time, events and faults.
Requests come in on UDP port 67. Replies to a client without an address leave through a packet
socket (`hil.net.raw_udp`), those to an address or a relay through the UDP socket.

A reset brings the default offer back but keeps the lease, as a phone that lives through several
tests keeps it, too; only a lease of another address than the default one is refused when renewed.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Unpack

from hil.clock import Clock
from hil.endpoints import faults as fl
from hil.endpoints.admission import Admission
from hil.endpoints.base import Datagram, Station
from hil.endpoints.datagram import DatagramSocket
from hil.endpoints.dhcp_offer import OfferOptions, server_config
from hil.endpoints.dhcp_servers import Reply, Servers
from hil.errors import EndpointError, ProtocolError, UsageError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Place
from hil.net.raw_udp import BROADCAST_MAC, LARGEST_PAYLOAD, LinkSender, udp_packet
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import LIMITED_BROADCAST, Message, MessageType, Op, decode, encode
from hil.wire.dhcp_server import (
    RequestState,
    ServerConfig,
    destination,
    reply_limit,
    request_state,
)

_ANY = "0.0.0.0"
_APPLICABLE = (fl.Silence, fl.Delay, fl.Nak, fl.TwoOffers)


@dataclass(frozen=True)
class GrantedLease:
    """What the last ACK granted: the address, from when (lab time, ns) and for how many seconds."""

    address: IPv4Address
    at: int
    seconds: int


class DhcpEndpoint:
    """A DHCP server for one handset; see the module.

    ``handset_address`` is what it leases unless a test offers another. By default it offers
    netmask, router and DNS server (its own address, both), and no option that provisions a phone.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        admission: Admission,
        *,
        handset_address: IPv4Address,
        port: int = 67,
    ) -> None:
        self._station = Station("dhcp", place, clock, history, admission)
        self._socket = DatagramSocket(
            self._station, self._receive, port=port, host=_ANY, admit_all=True
        )
        self._sender: LinkSender | None = None
        self._handset_address = handset_address
        self._faults = fl.FaultPlan("dhcp", _APPLICABLE)
        self._config = self._made({})
        self._servers = Servers(self._config)
        self._lease: GrantedLease | None = None

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""
        return self._socket.listening

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""
        return self._socket.descriptors

    @property
    def address(self) -> str:
        """The server's own address, which is also its server identifier (option 54)."""
        return self._station.address

    @property
    def lease(self) -> GrantedLease | None:
        """The lease that the handset holds; None before the first ACK and after a RELEASE."""
        return self._lease

    # -- the test's side ---------------------------------------------------------------------------

    def offer(self, **options: Unpack[OfferOptions]) -> None:
        """Offer and acknowledge exactly this from now on; `OfferOptions` has the keywords.

        Each call describes the whole offer: what it leaves out is back at its default.
        """
        self._config = self._made(options)
        told = ", ".join(f"{name}={value!r}" for name, value in options.items())
        self._station.configured(f"offer {told or 'the default'}")

    def inject(
        self, fault: fl.Fault, *, nth: int | range | None = None, name: str | None = None
    ) -> None:
        """Misbehave: towards every message, or the ``nth`` of the type ``name`` (``REQUEST``).

        A REQUEST also answers to the name of the client's state: ``SELECTING``, ``INIT-REBOOT``,
        ``RENEWING`` or ``REBINDING``. `faults.Silence` still lets the server act on the message,
        like a reply lost on its way.
        """
        if name is not None and name not in (*MessageType.__members__, *RequestState):
            known = ", ".join((*MessageType.__members__, *RequestState))
            raise UsageError(f"no DHCP message is called {name}", remedy=known)
        if isinstance(fault, fl.Nak):
            name = _only(fault, name, "REQUEST", *RequestState)
        if isinstance(fault, fl.TwoOffers):
            name = _only(fault, name, "DISCOVER")
            self._servers.add_rival(fault, self._config)
        planned = fl.Planned(fault, nth, name)
        self._faults.add(planned)
        self._station.armed(planned)

    def reset(self) -> None:
        """Offer the default again, without faults; a lease of the default address stays."""
        self._config = self._made({})
        self._faults.clear()
        self._servers.remove_rivals()
        self._station.in_loop(self._forget)
        self._station.configured("reset")

    def _forget(self) -> None:
        self._station.cancel_timers()
        # An address that one test made the handset decline is the only one there is.
        self._servers.restore_pool(self._config)

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        self._socket.open()
        try:
            self._sender = LinkSender(self._station.place)
        except OSError as error:
            self._socket.close()
            raise EndpointError(
                "dhcp cannot open a packet socket",
                evidence=error.strerror or str(error),
                next_step="grant CAP_NET_RAW, or run as root",
                concerns=self._station.place.interface.name,
            ) from error

    async def close(self) -> None:
        """Stop at once."""
        self._station.cancel_timers()
        self._socket.close()
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    # -- the handset's side ------------------------------------------------------------------------

    def _receive(self, datagram: Datagram) -> None:
        message = self._read(datagram)
        if message is None:
            return
        kind = _kind(message)
        self._record(message, datagram.peer, datagram.data, datagram)
        state = request_state(message, broadcast=datagram.destination == str(LIMITED_BROADCAST))
        due = self._faults.due(kind, *((state,) if state is not None else ()))
        replies = self._servers.answer(message, datagram.at, self._config, due)
        if message.kind is MessageType.RELEASE:
            self._lease = None
        about = f"{kind} xid {message.xid:#010x}"
        if replies:
            for fault in due:
                self._station.injected(fault, about)
        if any(isinstance(fault, fl.Silence) for fault in due):
            return

        def answer() -> None:
            for reply in replies:
                self._send(message, reply)

        delay = sum(fault.seconds for fault in due if isinstance(fault, fl.Delay))
        if delay:
            self._station.after(delay, answer)
        else:
            answer()

    def _read(self, datagram: Datagram) -> Message | None:
        """Give the handset's request, or record why the datagram is none and give None."""
        data = datagram.data
        if len(data) > LARGEST_PAYLOAD:
            reason = f"a message of {len(data)} octets, {LARGEST_PAYLOAD} is most"
            self._station.refused_datagram(datagram, reason)
            return None
        try:
            message = decode(data)
        except ProtocolError as error:
            self._station.refused_datagram(datagram, str(error))
            return None
        if not self._station.admission.admits_mac(message.mac):
            self._station.stranger(message.mac, data, at=datagram.at, kernel_ns=datagram.kernel_ns)
            return None
        if message.op != Op.BOOTREQUEST:
            self._station.refused_datagram(datagram, "a reply at the server's port")
            return None
        return message

    def _send(self, request: Message, reply: Reply) -> None:
        message = reply.message
        to = destination(request, message)
        peer = f"{to.address}:{to.port}"
        try:
            data = encode(
                message,
                min(reply_limit(request), LARGEST_PAYLOAD),
                in_file=self._config.in_file,
                in_sname=self._config.in_sname,
            )
        except ProtocolError as error:
            self._station.undelivered(peer, error)
            return
        broadcast = to.address == LIMITED_BROADCAST
        before = self._station.clock.now()
        if to.hardware is not None or broadcast or reply.server != self._config.server:
            mac = BROADCAST_MAC if broadcast else message.chaddr
            sent = self._send_frame(data, reply.server, (to.address, to.port), mac)
        else:
            sent = self._socket.send(data, str(to.address), to.port)
        if sent:
            self._record(message, peer, data, before)
            self._note_lease(message)

    def _send_frame(
        self, data: bytes, source: IPv4Address, to: tuple[IPv4Address, int], mac: bytes
    ) -> bool:
        if self._sender is None:
            return False
        try:
            self._sender.send(udp_packet((source, self._socket.port), to, data), mac)
        except OSError as error:
            self._station.undelivered(f"{to[0]}:{to[1]}", error, data)
            return False
        return True

    def _note_lease(self, reply: Message) -> None:
        seconds = reply.option(opt.LEASE_TIME.code)
        if reply.kind is MessageType.ACK and seconds is not None and len(seconds) == 4:
            now = self._station.clock.now()
            self._lease = GrantedLease(reply.yiaddr, now, int.from_bytes(seconds, "big"))
            self._station.admission.leased(reply.yiaddr)

    def _record(self, message: Message, peer: str, data: bytes, seen: Datagram | int) -> None:
        """Record a message: ``seen`` is the datagram that brought it, or when it was about to be sent.

        What follows from a message may be here before this: so it has the time from before.
        """
        if isinstance(seen, Datagram):
            direction, at, kernel_ns = ev.Direction.RECEIVED, seen.at, seen.kernel_ns
            destination = seen.destination
        else:
            direction, at, kernel_ns, destination = ev.Direction.SENT, seen, 0, ""
        self._station.history.append(
            ev.DhcpMessage(
                source=self._station.source,
                at=at,
                kernel_ns=kernel_ns,
                direction=direction,
                kind=_kind(message),
                mac=message.mac,
                xid=message.xid,
                ciaddr=str(message.ciaddr),
                yiaddr=str(message.yiaddr),
                peer=peer,
                options=_joined(message),
                destination=destination,
                data=data,
            )
        )

    # -- configuration -----------------------------------------------------------------------------

    def _made(self, options: OfferOptions) -> ServerConfig:
        place = self._station.place
        return server_config(
            options, server=place.address, netmask=place.netmask, address=self._handset_address
        )


def _kind(message: Message) -> str:
    return "BOOTP" if message.kind is None else message.kind.name


def _joined(message: Message) -> dict[int, bytes]:
    """The options by code, repetitions joined (RFC 3396); in one pass, as there may be hundreds."""
    joined: dict[int, bytes] = {}
    for code, value in message.options:
        joined[code] = joined.get(code, b"") + value
    return joined


def _only(fault: fl.Fault, name: str | None, kind: str, *narrower: str) -> str:
    """The name that a fault is for, which by its nature answers messages of one ``kind`` alone."""
    if name not in (None, kind, *narrower):
        raise UsageError(f"{fault!r} answers a {kind} and no {name}")
    return name or kind
