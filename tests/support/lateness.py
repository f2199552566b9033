"""A laboratory that is busy: what it does itself it writes down a little late."""

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
