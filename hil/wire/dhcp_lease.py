"""A DHCPv4 lease as the client reads it from an ACK (RFC 2131 sections 3.3, 4.4.1 and 4.4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from hil.lab_time import NANOSECONDS
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import UNSPECIFIED, Message


@dataclass(frozen=True, slots=True)
class Term:
    """The three instants of a finite lease, in ns of lab time.

    ``renew_at`` is T1, when the server that granted the lease is asked to extend it; ``rebind_at``
    is T2, when any server is; at ``expires`` the address is no longer the client's.
    """

    renew_at: int
    rebind_at: int
    expires: int


@dataclass(frozen=True, slots=True)
class Lease:
    """What an ACK granted.

    ``obtained`` is lab time in ns: the lease runs from the moment its REQUEST was first sent, not
    from the ACK (section 4.4.1). ``term`` is None for a lease without end. ``message`` is the ACK
    with all its options.
    """

    address: IPv4Address
    server: IPv4Address
    obtained: int
    term: Term | None
    message: Message


def read_lease(ack: Message, sent: int) -> Lease | None:
    """Read the lease whose REQUEST was ``sent``; None if the ACK lacks what table 3 demands."""
    server = ack.option(opt.SERVER_ID.code)
    seconds = _seconds(ack, opt.LEASE_TIME)
    if server is None or len(server) != 4 or not seconds or ack.yiaddr == UNSPECIFIED:
        return None
    term = None if seconds == opt.INFINITE else _term(ack, sent, seconds * NANOSECONDS)
    return Lease(ack.yiaddr, IPv4Address(server), sent, term, ack)


def _term(ack: Message, sent: int, length: int) -> Term:
    """Take T1 and T2 from the ACK; where absent or not 0 < T1 < T2 < lease, one half and 7/8."""
    t1, t2 = _seconds(ack, opt.RENEWAL_TIME), _seconds(ack, opt.REBINDING_TIME)
    renew = length // 2 if t1 is None else t1 * NANOSECONDS
    rebind = length * 7 // 8 if t2 is None else t2 * NANOSECONDS
    if not 0 < renew < rebind < length:
        renew, rebind = length // 2, length * 7 // 8
    return Term(sent + renew, sent + rebind, sent + length)


def _seconds(message: Message, option: opt.Option[int, int]) -> int | None:
    """Read a time in seconds; one of a wrong length is as good as none."""
    data = message.option(option.code)
    return int.from_bytes(data, "big") if data is not None and len(data) == 4 else None
