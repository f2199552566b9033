"""The client's side of DHCPv4 (RFC 2131 section 4.4) as a machine without I/O.

::

    INIT ─start─► SELECTING ─OFFER─► REQUESTING ─ACK─► BOUND ─T1─► RENEWING ─T2─► REBINDING
     ▲ ─start with a former address─► REBOOTING ─ACK──► ▲ ◄──ACK──┴─────ACK───────┘   │
     └────────────── NAK, no answer, release, decline, expiry ────────────────────────┘

Two things make it deterministic: transaction ids come from ``new_xid`` and the random second of
section 4.1 from ``jitter``. ``receive`` and ``timeout`` return what has to happen next as events;
the machine wants ``timeout(now)`` at `next_deadline`. The first OFFER wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from ipaddress import IPv4Address

from hil.errors import LocalProtocolError
from hil.lab_time import NANOSECONDS
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import (
    BROADCAST_FLAG,
    LIMITED_BROADCAST,
    UNSPECIFIED,
    Message,
    MessageType,
    Op,
    decode,
)
from hil.wire.dhcp_lease import Lease, read_lease

_BACKOFF = (4, 8, 16, 32, 64)
"""Seconds between retransmissions, the last one for ever (section 4.1)."""
_DECLINE_PAUSE = 10 * NANOSECONDS
_SLOWEST_RENEWAL = 60 * NANOSECONDS


class State(Enum):
    """Where the client is in figure 5 of RFC 2131."""

    INIT = auto()
    SELECTING = auto()
    REQUESTING = auto()
    REBOOTING = auto()
    BOUND = auto()
    RENEWING = auto()
    REBINDING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """What the client says of itself.

    ``parameters`` is option 55, ``vendor_class`` option 60 and ``client_id`` option 61 as raw bytes
    (None: not sent). ``maximum_size`` is option 57 in octets of the IP datagram. ``broadcast`` asks
    for broadcast replies. ``extra`` are further options, raw, sent with DISCOVER and REQUEST.
    """

    chaddr: bytes
    parameters: tuple[int, ...] = (1, 3, 6, 15, 42, 43, 66, 67, 125, 150, 159, 160)
    vendor_class: bytes | None = None
    client_id: bytes | None = None
    maximum_size: int | None = 1500
    broadcast: bool = False
    extra: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """Send ``message``: broadcast, or unicast to ``address`` with the leased address as source."""

    message: Message
    broadcast: bool
    address: IPv4Address


@dataclass(frozen=True, slots=True)
class Bound:
    """The client has an address; configure the interface."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Renewed:
    """The same address for a further term, perhaps with other options."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """The address must no longer be used: expired, refused (and why), declined or released."""

    reason: str


Event = Send | Bound | Renewed | LeaseLost


class DhcpClient:
    """One interface's DHCP client; see the module.

    ``new_xid`` gives an unused transaction id (0 to 2**32-1) for each transaction. ``jitter`` gives
    a number of seconds from -1 to 1 for each delay of section 4.1.
    """

    def __init__(
        self, config: ClientConfig, *, new_xid: Callable[[], int], jitter: Callable[[], float]
    ) -> None:
        self.config = config
        self._new_xid = new_xid
        self._jitter = jitter
        self._state = State.INIT
        self._lease: Lease | None = None
        self._deadline: int | None = None
        self._request: Send | None = None
        self._xid = 0
        self._began = 0
        self._secs = 0
        self._selected: bytes | None = None
        self._sent = 0
        self._tries = 0
        self._refusals = 0

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    @property
    def lease(self) -> Lease | None:
        """The lease in force."""
        return self._lease

    def next_deadline(self) -> int | None:
        """When `timeout` is due, in ns; None before `start` and for a lease without end."""
        return self._deadline

    def start(self, now: int, former: IPv4Address | None = None) -> list[Event]:
        """Begin: with a DISCOVER, or with a REQUEST for the ``former`` address (section 3.2).

        The 1 to 10 seconds of desynchronisation that section 4.4.1 recommends are the caller's.
        """
        if self._state is not State.INIT or self._deadline is not None:
            raise LocalProtocolError(f"start in state {self._state.name}")
        self._refusals = 0
        if former is None:
            return self._discover(now)
        self._begin(State.REBOOTING, now)
        return self._ask(now, [opt.REQUESTED_ADDRESS.pack(former)])

    def receive(self, data: bytes, now: int) -> list[Event]:
        """Take a datagram from port 67.

        What is well-formed but not for this client, or not of this transaction, does nothing.
        Raises `RemoteProtocolError` for bytes that are no DHCP message; the state stays.
        """
        message = decode(data)
        if (
            message.op != Op.BOOTREPLY
            or message.xid != self._xid
            or message.chaddr != self.config.chaddr
            or (self._selected and message.option(opt.SERVER_ID.code) != self._selected)
        ):
            return []
        match self._state, message.kind:
            case State.SELECTING, MessageType.OFFER:
                return self._offered(message, now)
            case (
                State.REQUESTING | State.REBOOTING | State.RENEWING | State.REBINDING,
                MessageType.ACK,
            ):
                return self._acknowledged(message, now)
            case (
                State.REQUESTING | State.REBOOTING | State.RENEWING | State.REBINDING,
                MessageType.NAK,
            ):
                return self._refused(message, now)
        return []

    def timeout(self, now: int) -> list[Event]:
        """Do what is due; nothing if ``now`` is before `next_deadline`."""
        if self._deadline is None or now < self._deadline:
            return []
        match self._state:
            case State.INIT:
                return self._discover(now)
            case State.SELECTING:
                return self._again(now)
            case State.REQUESTING | State.REBOOTING:
                return self._again(now) if self._tries < len(_BACKOFF) else self._discover(now)
            case _:
                return self._age(now)

    def release(self, now: int) -> list[Event]:
        """Give the address back and stop (section 4.4.6)."""
        return self._give_up(MessageType.RELEASE, "released", None)

    def decline(self, now: int) -> list[Event]:
        """Report that the address is in use by another, and start anew after 10 s (4.4.1)."""
        return self._give_up(MessageType.DECLINE, "declined", now + _DECLINE_PAUSE)

    def _discover(self, now: int) -> list[Event]:
        self._begin(State.SELECTING, now)
        return self._transmit(self._broadcast(MessageType.DISCOVER, []), now)

    def _offered(self, offer: Message, now: int) -> list[Event]:
        server = offer.option(opt.SERVER_ID.code)
        if server is None or len(server) != 4 or offer.yiaddr == UNSPECIFIED:
            return []
        self._state, self._tries, self._selected = State.REQUESTING, 0, server
        wanted = opt.REQUESTED_ADDRESS.pack(offer.yiaddr)
        return self._ask(now, [wanted, (opt.SERVER_ID.code, server)])

    def _ask(self, now: int, options: list[tuple[int, bytes]]) -> list[Event]:
        self._sent = now
        return self._transmit(self._broadcast(MessageType.REQUEST, options), now)

    def _acknowledged(self, ack: Message, now: int) -> list[Event]:
        lease = read_lease(ack, self._sent)
        if lease is None or (self._lease is not None and lease.address != self._lease.address):
            return []
        if lease.term is not None and lease.term.expires <= now:
            return []
        renewed = self._lease is not None
        self._lease, self._state = lease, State.BOUND
        self._request, self._refusals = None, 0
        self._deadline = lease.term.renew_at if lease.term is not None else None
        return [Renewed(lease) if renewed else Bound(lease)]

    def _refused(self, nak: Message, now: int) -> list[Event]:
        """Start anew: at once the first time, then slower, lest the two play ping-pong."""
        events = self._lose(f"refused: {_reason(nak)}")
        pause = 0 if not self._refusals else self._delay(self._refusals - 1)
        self._refusals += 1
        if not pause:
            return [*events, *self._discover(now)]
        self._state, self._request, self._deadline = State.INIT, None, now + pause
        return events

    def _age(self, now: int) -> list[Event]:
        """Move the lease in force along T1, T2 and expiry (section 4.4.5)."""
        lease = self._lease
        if lease is None or lease.term is None:
            raise LocalProtocolError(f"a deadline without a finite lease in {self._state.name}")
        term = lease.term
        if now >= term.expires:
            return [*self._lose("expired"), *self._discover(now)]
        due = State.REBINDING if now >= term.rebind_at else State.RENEWING
        if self._state is not due:
            self._begin(due, now)
            self._sent = now
        limit = term.expires if due is State.REBINDING else term.rebind_at
        self._secs = self._elapsed(now)
        message = self._message(MessageType.REQUEST, [], ciaddr=lease.address)
        self._deadline = min(limit, now + max((limit - now) // 2, _SLOWEST_RENEWAL))
        if due is State.REBINDING:
            return [Send(message, broadcast=True, address=LIMITED_BROADCAST)]
        return [Send(message, broadcast=False, address=lease.server)]

    def _give_up(self, kind: MessageType, reason: str, restart: int | None) -> list[Event]:
        lease = self._lease
        if lease is None:
            raise LocalProtocolError(f"{kind.name} in state {self._state.name}, without a lease")
        self._xid = self._new_xid()
        options = [opt.MESSAGE_TYPE.pack(kind), opt.SERVER_ID.pack(lease.server)]
        if self.config.client_id is not None:
            options.append((opt.CLIENT_ID.code, self.config.client_id))
        declined = kind is MessageType.DECLINE
        if declined:
            options.append(opt.REQUESTED_ADDRESS.pack(lease.address))
        message = Message(
            op=Op.BOOTREQUEST,
            xid=self._xid,
            chaddr=self.config.chaddr,
            hlen=len(self.config.chaddr),
            ciaddr=UNSPECIFIED if declined else lease.address,
            options=tuple(options),
        )
        send = Send(message, declined, LIMITED_BROADCAST if declined else lease.server)
        self._state, self._request, self._deadline = State.INIT, None, restart
        return [send, *self._lose(reason)]

    def _lose(self, reason: str) -> list[Event]:
        had, self._lease = self._lease, None
        return [LeaseLost(reason)] if had else []

    def _begin(self, state: State, now: int) -> None:
        self._state, self._began, self._secs, self._tries = state, now, 0, 0
        self._selected = None
        self._xid = self._new_xid()

    def _transmit(self, send: Send, now: int) -> list[Event]:
        self._request = send
        self._deadline = now + self._delay(self._tries)
        self._tries += 1
        return [send]

    def _again(self, now: int) -> list[Event]:
        """Repeat the request under the same transaction id."""
        if self._request is None:
            raise LocalProtocolError(f"nothing to repeat in state {self._state.name}")
        if self._state is State.SELECTING:
            self._secs = self._elapsed(now)
            message = replace(self._request.message, secs=self._secs)
            return self._transmit(replace(self._request, message=message), now)
        return self._transmit(self._request, now)

    def _elapsed(self, now: int) -> int:
        """Whole seconds of the transaction for the ``secs`` field.

        A REQUEST repeats that of the DISCOVER before it (section 3.1, step 3).
        """
        return min(max(0, now - self._began) // NANOSECONDS, 0xFFFF)

    def _delay(self, tries: int) -> int:
        """Nanoseconds before the next try (section 4.1)."""
        seconds = _BACKOFF[min(tries, len(_BACKOFF) - 1)] + self._jitter()
        return int(seconds * NANOSECONDS)

    def _broadcast(self, kind: MessageType, options: list[tuple[int, bytes]]) -> Send:
        message = self._message(kind, options, ciaddr=UNSPECIFIED)
        return Send(message, broadcast=True, address=LIMITED_BROADCAST)

    def _message(
        self, kind: MessageType, options: list[tuple[int, bytes]], ciaddr: IPv4Address
    ) -> Message:
        """Make a DISCOVER or REQUEST by RFC 2131 table 5."""
        config = self.config
        own: list[tuple[int, bytes]] = [opt.MESSAGE_TYPE.pack(kind)]
        if config.client_id is not None:
            own.append((opt.CLIENT_ID.code, config.client_id))
        own += options
        if config.maximum_size is not None:
            own.append(opt.MAXIMUM_SIZE.pack(config.maximum_size))
        if config.vendor_class is not None:
            own.append((opt.VENDOR_CLASS.code, config.vendor_class))
        if config.parameters:
            own.append(opt.PARAMETER_LIST.pack(config.parameters))
        return Message(
            op=Op.BOOTREQUEST,
            xid=self._xid,
            chaddr=config.chaddr,
            hlen=len(config.chaddr),
            secs=self._secs,
            flags=BROADCAST_FLAG if config.broadcast else 0,
            ciaddr=ciaddr,
            options=(*own, *config.extra),
        )


def _reason(nak: Message) -> str:
    return (nak.option(opt.ERROR_TEXT.code) or b"no reason given").decode(errors="replace")
