"""When the next resync is due: what asks for one, and what holds it back.

Several things ask for a resync: the boot, Resync_Periodic, Resync_Error_Retry_Delay, somebody
(``Phone.scheduled``), the time of the day (``Phone.daily``) and the triggers (``Phone.triggered``).
`settled` puts them together: the one that must begin first counts, and no window that was open closes
by another one's coming. Then it is held back while a line is active, by Forced_Resync_Delay, and by
triggers where they are read as a gate.
"""

from __future__ import annotations

from dataclasses import replace

from hil.reference import daily
from hil.reference.attempts import macros
from hil.reference.decisions import TRIGGERS, Decisions, Reason
from hil.reference.phone import Due, Phase, Phone
from hil.reference.triggers import Moment, rising, true_from
from hil.reference.windows import Window

NANOSECONDS = 1_000_000_000
_PERIODIC = "resync.periodic"
_IDLE = "resync.idle"
_TRIGGER = "resync.trigger"


def due_after(at: int, delay: Window, reason: Reason, clause: str) -> Due:
    """What is due ``delay`` after ``at``."""
    return Due(at + delay.earliest * NANOSECONDS, at + delay.latest * NANOSECONDS, reason, clause)


def sooner(one: Due | None, other: Due | None) -> Due | None:
    """Both ask for a resync: it may begin when either allows it and must when the first one says so."""
    if one is None or other is None:
        return one or other
    first = min(one, other, key=_urgency)
    return replace(first, earliest=min(one.earliest, other.earliest))


def _urgency(due: Due) -> tuple[int, int]:
    return due.latest, due.earliest


def settled(phone: Phone, at: int, decisions: Decisions) -> Phone:
    """The phone with the resync that is due, as things stand at ``at``."""
    if phone.phase is not Phase.WAITING:
        return replace(phone, due=None)
    if decisions.resync_enabled(phone.parameters):
        phone = daily.awaited(_without_periods(phone, decisions), at, decisions)
        due = sooner(phone.scheduled, sooner(phone.daily, phone.triggered))
    else:
        # Somebody was let ask for one all the same.
        asked = phone.scheduled is not None and phone.scheduled.reason is Reason.EXPLICIT
        due = phone.scheduled if asked else None
    due = _held_back(phone, due, decisions)
    # The same window stays the same object, so that whoever waits for it need not begin anew.
    return phone if due == phone.due else replace(phone, due=due)


def _held_back(phone: Phone, due: Due | None, decisions: Decisions) -> Due | None:
    if due is not None:
        due = _gated(phone, due, decisions)
    if due is None:
        return None
    return decisions.held_back(due, phone.lines, phone.parameters, phone.interpretations)


def _without_periods(phone: Phone, decisions: Decisions) -> Phone:
    """A period that runs while the phone learns the time is ignored from then on (Resync At)."""
    scheduled = phone.scheduled
    if scheduled is None or scheduled.clause != _PERIODIC or counts_periods(phone, decisions):
        return phone
    return replace(phone, scheduled=None)


def counts_periods(phone: Phone, decisions: Decisions) -> bool:
    """Whether Resync_Periodic counts.

    "If this parameter is set with a valid value, the Resync Periodic parameter is ignored" (Resync At).
    """
    known = phone.clock is not None
    return not decisions.replaces_periodic(phone.parameters, phone.interpretations, known)


# -- what has come, and what may come besides --------------------------------------------------------


def due_at(phone: Phone, at: int, decisions: Decisions) -> Due | None:
    """What begins if a resync begins at ``at``: the one that is due, or one that may come besides.

    Of two the one is meant whose time is nearer.
    """
    due = phone.due
    if due is not None and due.earliest <= at:
        return _with_the_reason_of(due, phone, at)
    others = allowed(phone, at, decisions)
    if not others:
        return due
    other = max(others, key=lambda each: each.latest)
    nearer = due is None or at - other.latest < due.earliest - at
    return other if nearer else due


def allowed(phone: Phone, at: int, decisions: Decisions) -> tuple[Due, ...]:
    """What may begin at ``at`` although it is not owed, as the lines and the gate leave it."""
    if phone.phase is not Phase.WAITING or not decisions.resync_enabled(phone.parameters):
        return ()
    held = (
        each if each.clause == _IDLE else _held_back(phone, each, decisions)
        for each in phone.besides
    )
    return tuple(each for each in held if each is not None and each.earliest <= at)


def left_over(phone: Phone, at: int, begins: Due | None) -> tuple[Due, ...]:
    """What else asks for a resync when the one that ``begins`` does so at ``at``.

    Whether that one is done with by this one no text says. A resync after boot-up that waits for its
    random moment belongs to it, any other that could begin by now.
    """
    first = _first_at(phone, at)
    others = tuple(due for due in _asking(phone) if due is not first and may_go_on(due, at))
    before = tuple(due for due in phone.besides if due != begins and due.latest >= at)
    return before + others


def may_go_on(due: Due, at: int) -> bool:
    """Whether it may come yet if another resync takes its place at ``at``."""
    return due.earliest <= at or due.reason is Reason.POWER_UP


def _with_the_reason_of(due: Due, phone: Phone, at: int) -> Due:
    """What is due, as what it is that begins at ``at``: of several things one may not be due yet."""
    first, known = _first_at(phone, at), [each.clause for each in _asking(phone)]
    if first is None:
        return due
    clause = first.clause if due.clause in known else due.clause
    return replace(due, reason=first.reason, clause=clause)


def each_first(phone: Phone, at: int) -> tuple[Phone, ...]:
    """The phone for each thing that may be what begins at ``at``; of several no text says which is.

    The others may come besides. The one that must begin first comes first.
    """
    open_now = sorted((due for due in _asking(phone) if due.earliest <= at), key=_urgency)
    if len(open_now) < 2:
        return (phone,)
    phones = []
    for first in open_now:
        others = tuple(due for due in open_now if due is not first)

        def kept(due: Due | None, others: tuple[Due, ...] = others) -> Due | None:
            return None if due in others else due

        phones.append(
            replace(
                phone,
                scheduled=kept(phone.scheduled),
                daily=kept(phone.daily),
                triggered=kept(phone.triggered),
                besides=(*phone.besides, *others),
            )
        )
    return tuple(phones)


def _first_at(phone: Phone, at: int) -> Due | None:
    """What asks for the resync that begins at ``at``: of what may begin then, what must first."""
    asking = _asking(phone)
    open_now = [due for due in asking if due.earliest <= at]
    return min(open_now or asking, key=_urgency, default=None)


def _asking(phone: Phone) -> list[Due]:
    return [due for due in (phone.scheduled, phone.daily, phone.triggered) if due is not None]


def still_allowed(phone: Phone, at: int) -> Phone:
    """An attempt is over: what it has left over may come from now on."""
    besides = tuple(due.postponed(at) for due in phone.besides)
    return replace(phone, besides=besides)


def not_late(phone: Phone, at: int) -> Phone:
    """What fell due while the phone was busy with something else may begin as late as ``at``."""

    def until(due: Due | None) -> Due | None:
        return None if due is None else replace(due, latest=max(due.latest, at))

    return replace(
        phone,
        scheduled=until(phone.scheduled),
        daily=until(phone.daily),
        triggered=until(phone.triggered),
        report_due=until(phone.report_due),
        upgrades=replace(phone.upgrades, due=until(phone.upgrades.due)),
    )


def widened(phone: Phone, before: Phone, spread: int, *, begun: bool = False) -> Phone:
    """What has become due since ``before`` counts from an instant up to ``spread`` ns later.

    ``begun``: so does the attempt that has begun since then.
    """

    def later(due: Due | None, old: Due | None) -> Due | None:
        return due if due is None or due == old else replace(due, latest=due.latest + spread)

    was, now = before.upgrades, phone.upgrades
    last, upgraded = phone.last_attempt, now.last_attempt
    if begun and last is not None and last != before.last_attempt:
        last += spread
    elif begun and upgraded is not None and upgraded != was.last_attempt:
        upgraded += spread
    return replace(
        phone,
        last_attempt=last,
        spread=phone.spread + spread if begun else phone.spread,
        due=later(phone.due, before.due),
        scheduled=later(phone.scheduled, before.scheduled),
        triggered=later(phone.triggered, before.triggered),
        besides=tuple(
            each if each in before.besides else replace(each, latest=each.latest + spread)
            for each in phone.besides
        ),
        report_due=later(phone.report_due, before.report_due),
        upgrades=replace(now, due=later(now.due, was.due), last_attempt=upgraded),
    )


# -- triggers ---------------------------------------------------------------------------------------


def watched(before: Phone, phone: Phone, at: int, decisions: Decisions, *, resynced: bool) -> Phone:
    """Look at the triggers again: what their equations are made of may have changed since ``before``.

    ``resynced``: a resync has ended; what the triggers were when it began counts.
    """
    if not any(phone.parameters.raw(name).strip() for name in decisions.triggers):
        return phone if phone.triggered is None else replace(phone, triggered=None)
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
        if instant is not None:
            turning.append(instant)
            # The registrations' timers count from what everybody sees.
            spread = max(spread, phone.spread if "PRVTMR" in text or "UPGTMR" in text else 0)
    if not turning:
        return None
    earliest = max(at, min(turning) - spread)
    return Due(min(earliest, min(turning)), min(turning), Reason.PERIODIC, _TRIGGER)


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


def _gated(phone: Phone, due: Due, decisions: Decisions) -> Due | None:
    """Read as a gate, triggers hold every resync back that nobody asked for, until one is true."""
    texts = [phone.parameters.raw(name) for name in decisions.triggers]
    used = [text for text in texts if text.strip()]
    asked = due.reason is Reason.EXPLICIT
    if phone.interpretations.resync_trigger != "gate" or asked or not used:
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


# -- lines ------------------------------------------------------------------------------------------


def line_changed(phone: Phone, line: int, active: bool | None, at: int) -> Phone:
    """The phone after a line became active, or idle, or (None) one of both."""
    lines, due = phone.lines, phone.due
    others, doubtful = lines.active - {line}, lines.perhaps - {line}
    now = replace(
        lines,
        active=others | {line} if active else others,
        perhaps=doubtful | {line} if active is None else doubtful,
    )
    if lines.active and not now.active:
        now = replace(now, active_since=None, idle_since=at)
    if (lines.active or lines.perhaps) and not (now.active or now.perhaps):
        now = replace(now, idle_by=at)
    if now.active and not lines.active:
        now = replace(now, active_since=at)
        if due is not None and due.earliest <= at:
            # It may have begun at this very moment, and nothing is seen of it yet.
            beginning = Due(at, at, due.reason, _IDLE)
            phone = replace(phone, besides=(*phone.besides, beginning))
    return replace(phone, lines=now)


def registration_changed(phone: Phone, line: int, registered: bool, at: int) -> Phone:
    """The phone after a line got its registration or lost it; what is lost already stays so."""
    lost = dict(phone.lines.lost)
    if registered:
        lost.pop(line, None)
    else:
        lost.setdefault(line, at)
    return replace(phone, lines=replace(phone.lines, lost=tuple(sorted(lost.items()))))
