"""Ways to deviate from the specification in DHCP itself, for the defects to use.

The handset's client is sound; what it hears from the server, or says to it, is changed on the way
(`DhcpConfig.hears`, `DhcpConfig.says`). A client that hears no T1 behaves as one that knows none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from hil.virtual.deviations import Change
from hil.virtual.firmware import Firmware
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import Message, MessageType, decode, encode
from hil.wire.dhcp_client import Send

FILE, SNAME = 1, 2
"""The bits of option 52: which fields of the header carry options (RFC 2132 section 9.3)."""
_OPTIONS_AT = 240
_OVERLOAD, _END = 52, 255


def hearing(hears: Callable[[bytes], bytes]) -> Change:
    """Hear something else than what the DHCP server sends; what is no message stays what it is."""

    def apply(base: Firmware) -> Firmware:
        so_far = base.dhcp.hears
        return replace(base, dhcp=replace(base.dhcp, hears=lambda data: hears(so_far(data))))

    return apply


def reading(change: Callable[[Message], Message]) -> Change:
    """Read another message than the one that came."""
    return hearing(lambda data: encode(change(decode(data))))


def deaf_to(fields: int, data: bytes) -> bytes:
    """A message whose option 52 does not mention these fields."""
    decode(data)
    for at in _option_places(data):
        if data[at] == _OVERLOAD:
            left = data[at + 2] & ~fields
            instead = bytes((_OVERLOAD, 1, left)) if left else bytes(3)
            return data[:at] + instead + data[at + 3 :]
    return data


def _option_places(data: bytes) -> Iterator[int]:
    at = _OPTIONS_AT
    while data[at] != _END:
        if data[at] == 0:
            at += 1
            continue
        yield at
        at += 2 + data[at + 1]


def first_parts(message: Message) -> Message:
    """Of an option that occurs several times the first alone."""
    first: dict[int, bytes] = {}
    for code, value in message.options:
        first.setdefault(code, value)
    return replace(message, options=tuple(first.items()))


def last_parts(message: Message) -> Message:
    """Of an option that occurs several times the last alone."""
    return replace(message, options=tuple(dict(message.options).items()))


def without(code: int, message: Message) -> Message:
    """The message without an option."""
    return replace(message, options=tuple(each for each in message.options if each[0] != code))


def lease_for_ever(message: Message) -> Message:
    """A lease without end, if it is one."""
    return _with_lease_time(message, lambda seconds: opt.INFINITE)


def lease_overstayed(message: Message) -> Message:
    """A lease of twice its time, if it is one."""
    return _with_lease_time(message, lambda seconds: 2 * seconds)


def _with_lease_time(message: Message, change: Callable[[int], int]) -> Message:
    seconds = opt.LEASE_TIME.read(message)
    if seconds is None:
        return message
    others = without(opt.LEASE_TIME.code, message)
    longer = opt.LEASE_TIME.pack(min(change(seconds), opt.INFINITE))
    return replace(others, options=(*others.options, longer))


def deaf_to_refusals(message: Message) -> Message:
    """A DHCPNAK as if it were of another transaction."""
    return replace(message, xid=message.xid ^ 1) if message.kind is MessageType.NAK else message


def saying(says: Callable[[Send], Send | None]) -> Change:
    """Say something else than what is due, or nothing."""

    def apply(base: Firmware) -> Firmware:
        so_far = base.dhcp.says

        def said(due: Send) -> Send | None:
            left = so_far(due)
            return None if left is None else says(left)

        return replace(base, dhcp=replace(base.dhcp, says=said))

    return apply


def no_rebinding(due: Send) -> Send | None:
    """Nothing where all servers are to be asked for the lease in force."""
    return None if due.broadcast and int(due.message.ciaddr) else due


def renewal_by_broadcast(due: Send) -> Send:
    """To all servers what concerns the lease in force."""
    return replace(due, broadcast=True) if int(due.message.ciaddr) else due


def first_ack_counts(base: Firmware) -> Firmware:
    """Go by the first acknowledgement of a lease, whatever the next ones say."""
    return replace(base, dhcp=replace(base.dhcp, takes_renewed_options=False))
