"""The triggers on a phone: when one turns true, and what they hold back where they are a gate.

`hil.reference.triggers` knows when an equation turns true by its timers alone; here the phone is looked
at again after whatever happens to it.
"""

from __future__ import annotations

from dataclasses import replace

from hil.reference.attempts import macros
from hil.reference.decisions import TRIGGERS, Decisions, Reason
from hil.reference.phone import Due, Phase, Phone
from hil.reference.triggers import Moment, rising, true_from

_TRIGGER = "resync.trigger"


def watched(before: Phone, phone: Phone, at: int, decisions: Decisions, *, resynced: bool) -> Phone:
    """Look at the triggers again: what their equations are made of may have changed since ``before``.

    ``resynced``: a resync has ended; what the triggers were when it began counts.
    """
    if not any(phone.parameters.raw(name).strip() for name in decisions.triggers):
        return phone
    turned = phone.triggered
    if turned is not None and turned.latest <= at:
        # It has turned true, and waits for its turn.
        return phone
    if turned is not None and turned.earliest <= at:
        phone = replace(phone, besides=(*phone.besides, turned))
    if not resynced:
        awake = before.phase not in (Phase.OFF, Phase.BOOTING, Phase.REBOOTING)
        was_true = triggers_now(before, at, decisions) if awake else (False, False)
        phone = replace(phone, triggers=was_true)
    return replace(phone, triggered=_turning(phone, at, decisions))


def _turning(phone: Phone, at: int, decisions: Decisions) -> Due | None:
    """When a trigger turns true by itself, from ``at`` on."""
    if phone.interpretations.resync_trigger == "gate":
        return None
    if phone.interpretations.resync_trigger == "as-periodic" and not phone.synced:
        return None
    turning: list[int] = []
    spread = 0
    for name, was_true in zip(TRIGGERS, phone.triggers, strict=True):
        if name not in decisions.triggers:
            continue
        if not decisions.triggers_on_edge:
            was_true = False
        text = phone.parameters.raw(name)
        instant = rising(_moment(phone, decisions), text, _origins(phone), at, was_true)
        if was_true and instant is not None and instant <= at + _unsure(phone, text):
            # It has been true all the time, for all that can be known.
            instant = rising(_moment(phone, decisions), text, _origins(phone), instant, was_true)
        if instant is not None:
            turning.append(instant)
            spread = max(spread, _unsure(phone, text))
    if not turning:
        return None
    first = min(turning)
    return Due(min(first, max(at, first - spread)), first, Reason.PERIODIC, _TRIGGER)


def _unsure(phone: Phone, text: str) -> int:
    """By how many ns the timers in an equation may be ahead; registrations' count from what is seen."""
    spreads = {"PRVTMR": phone.spread, "UPGTMR": phone.upgrades.spread}
    return max((spread for timer, spread in spreads.items() if timer in text), default=0)


def triggers_now(phone: Phone, at: int, decisions: Decisions) -> tuple[bool, bool]:
    """What the triggers' equations are at ``at``."""
    table = macros(phone, at, decisions)
    first, second = (
        decisions.equation_holds(phone.parameters.raw(name), table) for name in TRIGGERS
    )
    return first, second


def _moment(phone: Phone, decisions: Decisions) -> Moment:
    """Whether an equation holds on this phone at an instant."""
    return lambda text, at: decisions.equation_holds(text, macros(phone, at, decisions))


def _origins(phone: Phone) -> tuple[int | None, ...]:
    lost = dict(phone.lines.lost)
    return (phone.last_attempt, phone.upgrades.last_attempt, lost.get(1), lost.get(2))


def gated(phone: Phone, due: Due, decisions: Decisions) -> Due | None:
    """Read as a gate, triggers hold every resync back that nobody asked for, until one is true."""
    texts = [phone.parameters.raw(name) for name in decisions.triggers]
    used = [text for text in texts if text.strip()]
    asked = due.reason is Reason.EXPLICIT
    if asked or not used or phone.interpretations.resync_trigger != "gate":
        return due
    opens = [
        instant
        for text in used
        if (instant := true_from(_moment(phone, decisions), text, _origins(phone), due.earliest))
        is not None
    ]
    if not opens:
        return None
    if min(opens) <= due.earliest:
        return due
    return replace(due.postponed(min(opens)), clause=_TRIGGER)
