"""Is there another DHCP server on the wire? One that answers the handset makes every verdict void.

`DhcpWatch` hears each datagram from UDP port 67 that our own hardware did not send, at the lab's
interface and at the handset's port: the kernel's filter lets nothing else through, so a sound wire
costs nothing. Where a switch hides what a foreign server sends to the handset alone, the handset
itself gives it away: it asks for an address that was never offered here, of a server that is not
ours (RFC 2131 section 4.3.2).

`survey` looks for such a server before any handset is touched, by a DHCPDISCOVER of a client that
nobody here serves; and by one in the name of the handset, since a server may answer known clients
alone. Nothing is requested, so no address is leased (RFC 2131 section 3.1). The frames come from our
own hardware, so no switch looks for the handset here and our own server never hears them; a handset
that is awake ignores the offer, whose transaction is not its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.errors import LabError, ProtocolError, SharedFault
from hil.history import History
from hil.history import events as ev
from hil.net.frame_counter import ETH_P_ALL
from hil.net.interface import Interface, Place
from hil.net.packet_filter import attach, dhcp_servers
from hil.net.raw_udp import BROADCAST_MAC, LinkSender, udp_packet
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import (
    BROADCAST_FLAG,
    CLIENT_PORT,
    LIMITED_BROADCAST,
    SERVER_PORT,
    UNSPECIFIED,
    Message,
    MessageType,
    Op,
    decode,
    encode,
)

SURVEY_S = 3.0
"""Lab seconds that a foreign server has to answer the survey on a wire where nobody looks first."""

RACK_SURVEY_S = 8.0
"""The same among strangers: dnsmasq's ping for a conflict takes 3 s, ISC's server and Windows less."""

_ETHERNET, _UDP_HEADER = 14, 8
_LARGEST = 65_536
_BATCH = 64
_NEXT_STEP = "find that MAC address on the switch and take the server off this wire"


@dataclass(frozen=True)
class Sighting:
    """A DHCP message of a server that is not ours: its hardware, its address, what it said to whom."""

    mac: str
    address: str
    said: str
    client: str = ""

    def fault(self) -> SharedFault:
        """The same as trouble of the laboratory, which is no handset's."""
        return SharedFault(
            "another DHCP server is on the wire",
            evidence=f"{self.mac} at {self.address}: {self.said}",
            next_step=_NEXT_STEP,
        )


class DhcpWatch:
    """A witness of DHCP servers at ``interfaces``; ``own`` is our hardware there.

    ``report`` is told of each foreign server as soon as it speaks, once a test. Servers with ``known``
    hardware (other benches', the management's) may be there as long as they leave ``handset`` alone.
    """

    def __init__(
        self,
        interfaces: Iterable[Interface],
        own: str,
        clock: Clock,
        history: History,
        report: Callable[[LabError], None],
        *,
        known: Iterable[str] = (),
        handset: str = "",
    ) -> None:
        self._known = frozenset(known)
        self._handset = handset
        self._clock = clock
        self._history = history
        self._report = report
        self._mark = history.mark()
        self._servers: set[bytes] = set()
        self._offered: set[str] = set()
        self.seen: dict[tuple[str, str], Sighting] = {}
        """Foreign servers since the test began, by MAC and IPv4 address."""
        self._sockets = [_listener(each, own) for each in interfaces]
        for opened in self._sockets:
            clock.loop.add_reader(opened, self._readable, opened)

    def begin(self) -> None:
        """Look afresh."""
        self._mark = self._history.mark()
        self.seen = {}

    def trouble(self) -> Sequence[LabError]:
        """Whether the handset took an offer that nobody here made; servers heard were reported."""
        found = []
        for message in self._history.all(ev.DhcpMessage, after=self._mark):
            server = message.options.get(opt.SERVER_ID.code, b"")
            if message.direction is ev.Direction.SENT:
                self._servers.add(server)
                self._offered.add(message.yiaddr)
            elif server and server not in self._servers and not self.seen:
                asked = message.options.get(opt.REQUESTED_ADDRESS.code, b"")
                if len(asked) == len(server) == 4 and str(IPv4Address(asked)) not in self._offered:
                    found.append(_elsewhere(message.mac, IPv4Address(asked), IPv4Address(server)))
        return found[:1]

    def close(self) -> None:
        """Stop listening; in the loop."""
        for opened in self._sockets:
            self._clock.loop.remove_reader(opened)
            opened.close()

    def _readable(self, opened: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            for _ in range(_BATCH):
                self._heard(_read(opened.recv(_LARGEST)))

    def _heard(self, sighting: Sighting | None) -> None:
        if sighting is None or (sighting.mac, sighting.address) in self.seen:
            return
        if sighting.mac in self._known and (
            not sighting.client or sighting.client != self._handset
        ):
            return
        self.seen[sighting.mac, sighting.address] = sighting
        self._report(sighting.fault())


async def survey(
    place: Place, watch: DhcpWatch, *, seconds: float = SURVEY_S, handset: str = ""
) -> None:
    """Ask for an address as a client that nobody here serves; `SharedFault` if somebody offers one.

    With ``handset`` it asks in the name of that MAC address, too; for whoever has leased the handset,
    since the bench of another would take it for the handset's own question. It asks twice, and waits
    ``seconds`` in all. `LabError` if it cannot ask.
    """
    own = bytes.fromhex(place.interface.mac.replace(":", ""))
    # Locally administered, and not the interface's own: no inventory has it.
    client = bytes([own[0] ^ 0x02 | 0x02, *own[1:5], own[5] ^ 0xFF])
    clients = [client, *([bytes.fromhex(handset.replace(":", ""))] if handset else [])]
    packets = [_question(each) for each in clients]
    sender = LinkSender(place)
    try:
        for _ in range(2):
            for packet in packets:
                sender.send(packet, BROADCAST_MAC)
            await asyncio.sleep(seconds / 2)
            if watch.seen:
                break
    except OSError as error:
        raise LabError(
            "the wire cannot be searched for DHCP servers",
            evidence=error.strerror or str(error),
            next_step="see whether the interface is up",
            concerns=place.interface.name,
        ) from error
    finally:
        sender.close()
    for sighting in watch.seen.values():
        raise sighting.fault()


def _question(client: bytes) -> bytes:
    """A DHCPDISCOVER of a client, to be answered by broadcast, as an IPv4 packet."""
    question = Message(
        op=Op.BOOTREQUEST,
        xid=random.getrandbits(32),
        chaddr=client,
        flags=BROADCAST_FLAG,
        options=(opt.MESSAGE_TYPE.pack(MessageType.DISCOVER),),
    )
    return udp_packet(
        (UNSPECIFIED, CLIENT_PORT), (LIMITED_BROADCAST, SERVER_PORT), encode(question)
    )


def _listener(interface: Interface, own: str) -> socket.socket:
    opened = interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    attach(opened, dhcp_servers(own))
    opened.bind((interface.name, ETH_P_ALL))
    return opened


def _read(frame: bytes) -> Sighting | None:
    """What a frame says that the filter took; None for a relay's or a client's request."""
    mac = frame[6:12].hex(":")
    address = socket.inet_ntoa(frame[26:30])
    payload = frame[_ETHERNET + (frame[_ETHERNET] & 0x0F) * 4 + _UDP_HEADER :]
    try:
        message = decode(payload)
    except ProtocolError as error:
        return Sighting(mac, address, f"something from the server's port that is no DHCP: {error}")
    if message.op != Op.BOOTREPLY:
        return None
    kind = "BOOTP reply" if message.kind is None else message.kind.name
    return Sighting(mac, address, f"{kind} of {message.yiaddr} to {message.mac}", message.mac)


def _elsewhere(mac: str, asked: IPv4Address, server: IPv4Address) -> SharedFault:
    return SharedFault(
        "the handset took the offer of another DHCP server",
        evidence=f"{mac} asks {server}, which is not ours, for {asked}, which was not offered here",
        next_step="look for the other DHCP server on this wire",
    )
