"""Faults of power: a PDU that lies, is late or dead, and a handset on the wrong outlet.

All happen behind SNMP, in the simulated PDU, or between it and the handset. A PDU misleads only whom
it answers, so each of them waits for the next command.
"""

from __future__ import annotations

from collections.abc import Callable

from hil.chaos.fault import Instant, LabFaultKind, Remedy, Scene
from hil.chaos.timeline import POWER_OFF, POWER_ON
from hil.virtual.pdu import HONEST, PduManner

_READ_BACK_AND_LINK = "the link is held against what the outlet reads back"
_STRANGE_LINK = "changes of the link are counted and held against the power commands"
_LATE_S = 20.0
_NEIGHBOUR_S = 2.0


def _manner(manner: PduManner) -> Callable[[Scene], Remedy]:
    def arm(scene: Scene) -> Remedy:
        scene.bench.site.pdu.behave(manner, scene.struck)
        return lambda: scene.bench.site.pdu.behave(HONEST)

    return arm


def _plug(*, live: bool) -> Callable[[Scene], Remedy]:
    """Move the handset's plug to the next outlet, which is on (``live``) or off."""

    def arm(scene: Scene) -> Remedy:
        bench = scene.bench
        own = bench.entry.power.number
        other = own % bench.site.pdu.outlets + 1

        def unplugged(on: bool) -> None:
            word = "on" if on else "off"
            scene.struck(f"outlet {own} goes {word}, with nothing plugged in", lasting=True)

        if bench.site.pdu.is_on(own) or live:
            moved = f"from outlet {own} to outlet {other}, which is {'on' if live else 'off'}"
            scene.struck(f"the handset's plug goes {moved}", lasting=True)
        bench.site.pdu.command(other, live)
        bench.site.plug_into(other, unplugged)
        return lambda: bench.site.plug_into(own)

    return arm


def _neighbour(scene: Scene) -> Remedy:
    """Somebody's inventory names our outlet as his: he takes our power, and gives it back."""
    bench = scene.bench
    own = bench.entry.power.number
    was_on = bench.site.pdu.is_on(own)

    def switch(on: bool) -> None:
        if bench.site.pdu.is_on(own) is not on:
            bench.site.pdu.command(own, on)
            scene.struck(f"somebody else switches outlet {own} {'on' if on else 'off'}")

    switch(not was_on)
    return bench.clock.loop.call_later(_NEIGHBOUR_S, switch, was_on).cancel


POWER_FAULTS = (
    LabFaultKind(
        "pdu-says-off-stays-on",
        "the PDU reads back off, and the outlet has power",
        _READ_BACK_AND_LINK,
        _manner(PduManner(stuck_on=True)),
        needs=POWER_OFF,
    ),
    LabFaultKind(
        "pdu-says-on-stays-off",
        "the PDU reads back on, and the outlet has no power",
        _READ_BACK_AND_LINK,
        _manner(PduManner(stuck_off=True)),
        needs=POWER_ON,
    ),
    LabFaultKind(
        "pdu-says-error-did-it",
        "the PDU answers a command with an error, and carries it out",
        "a refusal is held against what the outlet reads back",
        _manner(PduManner(refuses=True)),
        needs=POWER_ON,
    ),
    LabFaultKind(
        "pdu-late",
        f"the outlet switches {_LATE_S:g} s after the PDU reads back that it has",
        _READ_BACK_AND_LINK,
        _manner(PduManner(late_s=_LATE_S)),
        needs=POWER_ON,
    ),
    LabFaultKind(
        "pdu-dead",
        "the PDU answers nothing and does nothing",
        "each request has a deadline, each command a last attempt",
        _manner(PduManner(dead=True)),
        needs=POWER_ON,
    ),
    LabFaultKind(
        "outlet-wrong-dead",
        "the handset hangs on another outlet, which is off",
        _READ_BACK_AND_LINK,
        _plug(live=False),
    ),
    LabFaultKind(
        "outlet-wrong-live",
        "the handset hangs on another outlet, which is on",
        _READ_BACK_AND_LINK,
        _plug(live=True),
    ),
    LabFaultKind(
        "outlet-shared",
        "somebody else switches the handset's outlet",
        _STRANGE_LINK,
        _neighbour,
        (Instant.MIDWAY, Instant.LATE),
    ),
)
"""The rows of this field."""
