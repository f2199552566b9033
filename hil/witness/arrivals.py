"""Who begins to ask for a lease after power-on, be it the handset or another phone.

An outlet that feeds another phone than the inventory says makes that one boot, while the handset goes
on or stays dark. The gate at the lab's interface keeps its frames from the servers; a tap hears them.
That a stranger asks proves little: phones that get no lease ask all the time. So an answer to a
power-on is only counted where the client began anew: with a transaction that it had not before, with
seconds (RFC 2131 section 2) that fit a boot, silent while the outlet was off, and sooner than the pace
at which it asked before, which grows longer while nobody answers (RFC 2131 section 4.1). And two
power-ons have to be answered alike before anything is said.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hil.clock import Clock
from hil.errors import ProtocolError
from hil.lab_time import NANOSECONDS
from hil.net.interface import Interface
from hil.net.packet_filter import introductions
from hil.net.tap import Tap
from hil.wire.dhcp import Message, MessageType, Op, decode

_ETHERNET, _UDP_HEADER = 14, 8
_SOURCE = slice(6, 12)
_SLOTS = 64
_KEPT = 64
_MOST_CLIENTS = 256
_LATE_OFF_S = 1.0
"""Seconds after the command in which a phone may still have power."""
_SECS_S = 2.0
_SOONER = 0.75
_ALIKE_S, _ALIKE = 0.5, 0.1


@dataclass(frozen=True)
class Asked:
    """A client began to ask for a lease ``at`` that lab time, in nanoseconds; see `Message`."""

    at: int
    xid: int
    secs: int = 0


@dataclass(frozen=True)
class Boot:
    """An outlet was off from ``dark``, on from ``on`` and off again, or looked at, at ``end`` (ns)."""

    dark: int
    on: int
    end: int


class Arrivals:
    """Hears on ``interface`` who asks for a lease; to be made and closed in the loop.

    A message counts only if its sender is the client itself: relays and the surveys of benches ask in
    the name of others.
    """

    def __init__(self, interface: Interface, clock: Clock) -> None:
        self._clock = clock
        self._asked: dict[str, deque[Asked]] = defaultdict(lambda: deque(maxlen=_KEPT))
        self._tap = Tap(interface, slots=_SLOTS, program=introductions())
        clock.loop.add_reader(self._tap, self._drain)

    def asked(self) -> dict[str, tuple[Asked, ...]]:
        """The requests of each client, by its MAC address, in order; the latest of many."""
        return {mac: tuple(requests) for mac, requests in [*self._asked.items()]}

    def close(self) -> None:
        """Hear no more."""
        self._clock.loop.remove_reader(self._tap)
        self._tap.close()

    def _drain(self) -> None:
        for frame in self._tap.frames():
            if frame.outgoing:
                continue
            message = introduction(frame.data)
            if message is None or frame.data[_SOURCE].hex(":") != message.mac:
                continue
            if message.mac in self._asked or len(self._asked) < _MOST_CLIENTS:
                asked = Asked(self._clock.now(), message.xid, message.secs)
                self._asked[message.mac].append(asked)


def introduction(frame: bytes) -> Message | None:
    """The message in this frame with which a phone begins to get a lease; None if it does not."""
    at = _ETHERNET
    if len(frame) < at + 20 or frame[12:14] != b"\x08\x00":
        return None
    payload = frame[at + (frame[at] & 0x0F) * 4 + _UDP_HEADER :]
    try:
        message = decode(payload)
    except ProtocolError:
        return None
    if message.op != Op.BOOTREQUEST:
        return None
    fresh = message.kind is MessageType.REQUEST and message.ciaddr.packed == bytes(4)
    return message if fresh or message.kind is MessageType.DISCOVER else None


def asked_after(asked: Sequence[Asked], boot: Boot, within_s: float) -> float | None:
    """How long after power-on, in seconds, this client asked, which may have been a boot of it.

    None where it asked late, or with a transaction that was not begun by then, or while the outlet
    was off.
    """
    until = min(boot.end, boot.on + round(within_s * NANOSECONDS))
    before, after = _around(asked, boot)
    if not after or after[0].at > until or _heard_in_the_dark(before, boot):
        return None
    first = after[0]
    delay = (first.at - boot.on) / NANOSECONDS
    if first.xid in {each.xid for each in before} or first.secs > delay + _SECS_S:
        return None
    return delay


def answered(asked: Sequence[Asked], boot: Boot, within_s: float) -> float | None:
    """How long after power-on, in seconds, this client booted; None where that is not to be told."""
    delay = asked_after(asked, boot, within_s)
    return delay if delay is not None and _sooner(*_around(asked, boot)) else None


def alike(one: float, other: float) -> bool:
    """Whether these are the delays of two boots of the same phone, in seconds."""
    return abs(one - other) <= _ALIKE_S + _ALIKE * max(one, other)


def booted(asked: Sequence[Asked], boots: Sequence[Boot], within_s: float) -> tuple[float, ...]:
    """The delays with which a client answered the last power-on and one before, if it answered both.

    Empty as well where it missed one in between that lasted long enough.
    """
    if not boots or (last := answered(asked, boots[-1], within_s)) is None:
        return ()
    for boot in reversed(boots[:-1]):
        delay = answered(asked, boot, within_s)
        if delay is not None:
            return (delay, last) if alike(delay, last) else ()
        if not _tells_nothing(asked, boot, last):
            return ()
    return ()


def _tells_nothing(asked: Sequence[Asked], boot: Boot, delay: float) -> bool:
    """Whether a boot that was not answered for certain speaks neither for it nor against it.

    It was too short, or the client asked in time and there is no telling whether it began anew.
    """
    if _heard_in_the_dark(_around(asked, boot)[0], boot):
        return False
    first = next((each.at for each in asked if each.at >= boot.on), boot.end)
    seconds = (min(first, boot.end) - boot.on) / NANOSECONDS
    if first >= boot.end:
        return seconds <= delay or alike(seconds, delay)
    return alike(seconds, delay)


def _around(asked: Iterable[Asked], boot: Boot) -> tuple[list[Asked], list[Asked]]:
    """What was asked before power-on, and from then to the end."""
    heard = list(asked)
    before = [each for each in heard if each.at < boot.on]
    return before, [each for each in heard if boot.on <= each.at <= boot.end]


def _heard_in_the_dark(before: Iterable[Asked], boot: Boot) -> bool:
    return any(each.at > boot.dark + _LATE_OFF_S * NANOSECONDS for each in before)


def _sooner(before: Sequence[Asked], after: Sequence[Asked]) -> bool:
    """Whether a client asks at a quicker pace than before, as one does that begins anew."""
    if not before:
        return True
    across = after[0].at - before[-1].at
    if len(before) > 1 and across < _SOONER * (before[-1].at - before[-2].at):
        return True
    return len(after) > 1 and after[1].at - after[0].at < _SOONER * across
