"""A laboratory that is busy: it writes things down late, and reads its sockets out of turn."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
from histories import NANOSECONDS, TIMING

from hil.history import events as ev

_OWN = (
    ev.DnsAnswer,
    ev.NtpAnswer,
    ev.TransferEnded,
    ev.FaultInjected,
    ev.PowerSwitched,
    ev.TlsHandshake,
    ev.Disconnected,
)


_MOMENT_NS = 10_000_000


def written_down_late(events: Iterable[ev.Event], seed: int) -> list[ev.Event]:
    """The same events; the laboratory's own are late by anything up to what a window allows for.

    What came from the phone keeps the kernel's stamp, so it may seem to be earlier than its cause.
    """
    chance = random.Random(seed)  # noqa: S311

    def late(event: ev.Event) -> ev.Event:
        sent = getattr(event, "direction", None) is ev.Direction.SENT
        if not sent and not isinstance(event, _OWN):
            return event
        by = round(chance.random() * TIMING.early * NANOSECONDS)
        return msgspec.structs.replace(event, at=event.at + by)

    return [late(event) for event in events]


def read_out_of_turn(events: Iterable[ev.Event], seed: int) -> list[ev.Event]:
    """The same events, where two that came within a moment to two endpoints may have changed places.

    Their stamps are the kernel's and still right.
    """
    chance = random.Random(seed)  # noqa: S311
    out = list(events)
    place = 1
    while place < len(out):
        before, after = out[place - 1 : place + 1]
        if _side_by_side(before, after) and chance.random() < 0.5:
            out[place - 1 : place + 1] = [after, before]
            place += 1
        place += 1
    return [msgspec.structs.replace(event, seq=number) for number, event in enumerate(out)]


def _side_by_side(one: ev.Event, other: ev.Event) -> bool:
    near = abs(one.at - other.at) <= _MOMENT_NS and one.source != other.source
    return near and _came(one) and _came(other)


def _came(event: ev.Event) -> bool:
    """Whether the phone sent it of its own accord, as the first of what is said there."""
    kinds = (ev.SyslogMessage, ev.ProvisioningRequest, ev.DnsQuery, ev.NtpQuery)
    register = isinstance(event, ev.SipMessage) and event.direction is ev.Direction.RECEIVED
    return isinstance(event, kinds) or register
