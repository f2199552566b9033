"""The server's side of DHCPv4 for one handset: requests in, replies out (RFC 2131 section 4.3).

The bench's server answers one piece of hardware, so it keeps one binding and knows the client by
its hardware address: a client identifier that changes between firmware versions must not use up
the pool. The caller has sorted out strangers before. What the server remembers is that binding and
the addresses that the client has declined; everything else is in the immutable `ServerConfig`.

Where a reply goes is no state: `destination` reads it from request and reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address

from hil.errors import LocalProtocolError
from hil.lab_time import NANOSECONDS
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import (
    BROADCAST_FLAG,
    CLIENT_PORT,
    DEFAULT_LIMIT,
    LIMITED_BROADCAST,
    SERVER_PORT,
    UNSPECIFIED,
    Message,
    MessageType,
    Op,
)

_HEADERS = 28
_ALWAYS = (53, 54, 51, 58, 59, 56, 61, 82)
"""Sent whatever the client asked for, where there is a value (RFC 2131 table 3; RFC 6842; 3046)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What the server grants.

    ``pool`` are the addresses, in order of preference. Times are in seconds,
    `dhcp_options.INFINITE` is for ever; T1 and T2 of None are not sent, so that the client takes
    one half and seven eighths. ``extra`` has raw values by option code, and wins over what the
    other fields would send.

    ``in_file`` and ``in_sname`` are codes whose options the replies have in these fields of the
    header (option 52), for `hil.wire.dhcp.encode`; the fields must be empty then.

    ``honour_request_list`` sends only configuration that the client's option 55 names, in its
    order; a client without option 55 gets all. ``authoritative`` refuses (NAK) the REQUEST of a
    client that the server has no record of; else that client meets silence (section 4.3.2).
    """

    server: IPv4Address
    pool: tuple[IPv4Address, ...]
    netmask: IPv4Address
    router: tuple[IPv4Address, ...] = ()
    dns: tuple[IPv4Address, ...] = ()
    lease_time: int = 86_400
    t1: int | None = None
    t2: int | None = None
    next_server: IPv4Address = UNSPECIFIED
    sname: bytes = b""
    file: bytes = b""
    extra: Mapping[int, bytes] = field(default_factory=dict)
    in_file: tuple[int, ...] = ()
    in_sname: tuple[int, ...] = ()
    honour_request_list: bool = True
    authoritative: bool = True

    def __post_init__(self) -> None:
        if not self.pool:
            raise LocalProtocolError("the pool has no address")
        for seconds in (self.lease_time, self.t1, self.t2):
            if seconds is not None and not 0 < seconds <= opt.INFINITE:
                raise LocalProtocolError(f"a lease, T1 or T2 of {seconds} s")
        forbidden = {0, 52, 53, 255} & set(self.extra)
        if forbidden:
            raise LocalProtocolError(f"option {min(forbidden)} is the server's own affair")
        twice = set(self.in_file) & set(self.in_sname)
        if twice or opt.MESSAGE_TYPE.code in (*self.in_file, *self.in_sname):
            raise LocalProtocolError("an option has one place, and option 53 not in file or sname")


class RequestState(StrEnum):
    """In which state a client has sent a DHCPREQUEST (RFC 2131 section 4.3.2, table 4)."""

    SELECTING = "SELECTING"
    INIT_REBOOT = "INIT-REBOOT"
    RENEWING = "RENEWING"
    REBINDING = "REBINDING"


@dataclass(frozen=True, slots=True)
class Binding:
    """The address that the handset has or was offered, and until when (lab time; None: for ever).

    An offer is not ``confirmed`` and may be withdrawn; an acknowledged or a released address is
    remembered for the next DISCOVER.
    """

    address: IPv4Address
    confirmed: bool
    expires: int | None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a reply goes: UDP address and port, and the link-layer address where ARP cannot help.

    ``hardware`` is set where the client is to be reached at an address that it does not yet have:
    send the frame to that hardware address, or, if the stack cannot, to the broadcast address.
    """

    address: IPv4Address
    port: int
    hardware: bytes | None = None


class DhcpServer:
    """One handset's DHCP server as a state machine; see the module.

    ``config`` may be replaced at any time; a lease granted before is refused when it is next asked
    for, if the new pool does not have its address.
    """

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self._binding: Binding | None = None
        self._declined: frozenset[IPv4Address] = frozenset()

    @property
    def binding(self) -> Binding | None:
        """What the handset holds or was last offered."""
        return self._binding

    @property
    def declined(self) -> frozenset[IPv4Address]:
        """Addresses that the handset found in use; not offered again by this server."""
        return self._declined

    def receive(self, message: Message, now: int) -> list[Message]:
        """Answer one message; the list is empty where the RFC wants silence."""
        if message.op != Op.BOOTREQUEST:
            return []
        match message.kind:
            case MessageType.DISCOVER:
                return self._discover(message, now)
            case MessageType.REQUEST:
                return self._request(message, now)
            case MessageType.DECLINE:
                self._decline(message)
            case MessageType.RELEASE:
                self._release(message, now)
            case MessageType.INFORM if message.ciaddr != UNSPECIFIED:
                return [self._reply(message, MessageType.ACK, UNSPECIFIED)]
        return []

    def _discover(self, message: Message, now: int) -> list[Message]:
        """Offer the present or former address, else the requested, else the first (4.3.1)."""
        free = self._free()
        if not free:
            return []
        wanted = _address(message, opt.REQUESTED_ADDRESS)
        if self._binding is not None and self._binding.address in free:
            address = self._binding.address
        else:
            address = wanted if wanted in free else free[0]
        if self._binding is None or self._binding.address != address or not self._leased(now):
            self._binding = Binding(address, confirmed=False, expires=None)
        return [self._reply(message, MessageType.OFFER, address)]

    def _request(self, message: Message, now: int) -> list[Message]:
        """Tell the four kinds of REQUEST apart by what they carry (section 4.3.2, table 4)."""
        server = message.option(opt.SERVER_ID.code)
        wanted = _address(message, opt.REQUESTED_ADDRESS)
        if server is not None:
            return self._selecting(message, server, wanted, now)
        if message.ciaddr != UNSPECIFIED:
            return self._verify(message, message.ciaddr, now)
        if wanted is not None:
            return self._verify(message, wanted, now)
        return []

    def _selecting(
        self, message: Message, server: bytes, wanted: IPv4Address | None, now: int
    ) -> list[Message]:
        if server != self.config.server.packed:
            if self._binding is not None and not self._binding.confirmed:
                self._binding = None
            return []
        if wanted is None or message.ciaddr != UNSPECIFIED:
            return []
        if self._binding is None or wanted != self._binding.address:
            return [self._nak(message, "the address was not offered")]
        return self._grant(message, wanted, now)

    def _verify(self, message: Message, address: IPv4Address, now: int) -> list[Message]:
        """Answer INIT-REBOOT, RENEWING and REBINDING, which ask whether ``address`` still holds."""
        if message.giaddr == UNSPECIFIED and not self._is_local(address):
            return [self._nak(message, "the address is not of this network")]
        binding = self._binding
        if binding is None or not binding.confirmed:
            unknown = self._nak(message, "the server has no record of the lease")
            return [unknown] if self.config.authoritative else []
        if address != binding.address or address not in self._free():
            return [self._nak(message, "the address is not the client's")]
        return self._grant(message, address, now)

    def _grant(self, message: Message, address: IPv4Address, now: int) -> list[Message]:
        seconds = self.config.lease_time
        expires = None if seconds == opt.INFINITE else now + seconds * NANOSECONDS
        self._binding = Binding(address, confirmed=True, expires=expires)
        return [self._reply(message, MessageType.ACK, address)]

    def _decline(self, message: Message) -> None:
        """Set the address aside: someone else uses it (section 4.3.3)."""
        wanted = _address(message, opt.REQUESTED_ADDRESS)
        if self._is_for_us(message) and wanted in self.config.pool:
            self._declined |= {wanted}
            if self._binding is not None and self._binding.address == wanted:
                self._binding = None

    def _release(self, message: Message, now: int) -> None:
        """End the lease but remember the address (section 4.3.4)."""
        binding = self._binding
        if self._is_for_us(message) and binding and message.ciaddr == binding.address:
            self._binding = Binding(binding.address, confirmed=False, expires=now)

    def _is_for_us(self, message: Message) -> bool:
        return message.option(opt.SERVER_ID.code) == self.config.server.packed

    def _is_local(self, address: IPv4Address) -> bool:
        difference = int(address) ^ int(self.config.server)
        return not difference & int(self.config.netmask)

    def _free(self) -> list[IPv4Address]:
        return [address for address in self.config.pool if address not in self._declined]

    def _leased(self, now: int) -> bool:
        binding = self._binding
        if binding is None or not binding.confirmed:
            return False
        return binding.expires is None or now < binding.expires

    def _nak(self, request: Message, reason: str) -> Message:
        """Make a DHCPNAK; its fields are those of RFC 2131 table 3."""
        relayed = request.giaddr != UNSPECIFIED
        options = [
            opt.MESSAGE_TYPE.pack(MessageType.NAK),
            opt.SERVER_ID.pack(self.config.server),
            opt.ERROR_TEXT.pack(reason),
            *_echoed(request),
        ]
        return Message(
            op=Op.BOOTREPLY,
            xid=request.xid,
            chaddr=request.chaddr,
            htype=request.htype,
            hlen=request.hlen,
            flags=request.flags | BROADCAST_FLAG if relayed else request.flags,
            giaddr=request.giaddr,
            options=tuple(options),
        )

    def _reply(self, request: Message, kind: MessageType, address: IPv4Address) -> Message:
        """Make an OFFER or ACK by RFC 2131 table 3; the answer to INFORM has no ``address``."""
        config = self.config
        acknowledged = kind is MessageType.ACK
        return Message(
            op=Op.BOOTREPLY,
            xid=request.xid,
            chaddr=request.chaddr,
            htype=request.htype,
            hlen=request.hlen,
            flags=request.flags,
            ciaddr=request.ciaddr if acknowledged else UNSPECIFIED,
            yiaddr=address,
            siaddr=config.next_server,
            giaddr=request.giaddr,
            sname=config.sname,
            file=config.file,
            options=self._options(request, kind, leased=address != UNSPECIFIED),
        )

    def _options(
        self, request: Message, kind: MessageType, *, leased: bool
    ) -> tuple[tuple[int, bytes], ...]:
        config = self.config
        values = dict([opt.MESSAGE_TYPE.pack(kind), opt.SERVER_ID.pack(config.server)])
        if leased:
            values.update([opt.LEASE_TIME.pack(config.lease_time)])
            if config.t1 is not None:
                values.update([opt.RENEWAL_TIME.pack(config.t1)])
            if config.t2 is not None:
                values.update([opt.REBINDING_TIME.pack(config.t2)])
        values.update([opt.SUBNET_MASK.pack(config.netmask)])
        if config.router:
            values.update([opt.ROUTER.pack(config.router)])
        if config.dns:
            values.update([opt.DOMAIN_SERVER.pack(config.dns)])
        values.update(_echoed(request))
        values.update(config.extra)
        asked = request.option(opt.PARAMETER_LIST.code)
        if asked is None or not config.honour_request_list:
            return tuple(values.items())
        order = dict.fromkeys((*_ALWAYS, *asked))
        return tuple((code, values[code]) for code in order if code in values)


def request_state(message: Message, *, broadcast: bool) -> RequestState | None:
    """Tell from what a DHCPREQUEST carries, and whether it was ``broadcast``, what it is for.

    None for a message that is none or that table 4 has no row for.
    """
    if message.kind is not MessageType.REQUEST:
        return None
    if message.option(opt.SERVER_ID.code) is not None:
        return RequestState.SELECTING
    if message.ciaddr != UNSPECIFIED:
        return RequestState.REBINDING if broadcast else RequestState.RENEWING
    if message.option(opt.REQUESTED_ADDRESS.code) is not None:
        return RequestState.INIT_REBOOT
    return None


def destination(request: Message, reply: Message) -> Destination:
    """Say where a reply goes (RFC 2131 section 4.1)."""
    if reply.giaddr != UNSPECIFIED:
        return Destination(reply.giaddr, SERVER_PORT)
    if reply.kind is MessageType.NAK:
        return Destination(LIMITED_BROADCAST, CLIENT_PORT)
    if request.ciaddr != UNSPECIFIED:
        return Destination(request.ciaddr, CLIENT_PORT)
    if request.broadcast:
        return Destination(LIMITED_BROADCAST, CLIENT_PORT)
    return Destination(reply.yiaddr, CLIENT_PORT, hardware=request.chaddr)


def reply_limit(request: Message) -> int:
    """Octets of UDP payload that the client takes, for `hil.wire.dhcp.encode`.

    From option 57, which counts the IP datagram, but never under the 548 that each client must take
    (RFC 2131 section 2, RFC 2132 section 9.10).
    """
    size = request.option(opt.MAXIMUM_SIZE.code)
    if size is None or len(size) != 2:
        return DEFAULT_LIMIT
    return max(DEFAULT_LIMIT, int.from_bytes(size, "big") - _HEADERS)


def _address(message: Message, option: opt.Option[IPv4Address, IPv4Address]) -> IPv4Address | None:
    """Read an address; one of a wrong length is as good as none."""
    data = message.option(option.code)
    return IPv4Address(data) if data is not None and len(data) == 4 else None


def _echoed(request: Message) -> list[tuple[int, bytes]]:
    """Give back client identifier (RFC 6842) and relay agent information (RFC 3046 section 2.2)."""
    pairs = ((code, request.option(code)) for code in (opt.CLIENT_ID.code, opt.RELAY_AGENT.code))
    return [(code, value) for code, value in pairs if value is not None]
