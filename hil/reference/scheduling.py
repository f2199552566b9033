"""When the next resync is due: what asks for one, and what holds it back.

Several things ask for a resync: the boot, Resync_Periodic, Resync_Error_Retry_Delay, somebody
(``Phone.scheduled``), the time of the day (``Phone.daily``) and the triggers (``Phone.triggered``).
`settled` puts them together: the one that must begin first counts, and no window that was open closes
by another one's coming. Then it is held back while a line is active, by Forced_Resync_Delay, and by
triggers where they are read as a gate.
"""

from __future__ import annotations

from dataclasses import replace

from hil.reference.attempts import macros
from hil.reference.decisions import TRIGGERS, Decisions, Reason
from hil.reference.phone import Due, Lines, Phase, Phone
from hil.reference.resync_at import DailyWindow
from hil.reference.triggers import holds, rising, true_from
from hil.reference.windows import Window

NANOSECONDS = 1_000_000_000
FOREVER = 1 << 62
"""An instant that no run reaches."""


def due_after(at: int, delay: Window, reason: Reason, clause: str) -> Due:
    """What is due ``delay`` after ``at``."""
    return Due(at + delay.earliest * NANOSECONDS, at + delay.latest * NANOSECONDS, reason, clause)


def sooner(one: Due | None, other: Due | None) -> Due | None:
    """Both ask for a resync: it may begin when either allows it and must when the first one says so."""
    if one is None or other is None:
        return one or other
    first = min(one, other, key=lambda due: (due.latest, due.earliest))
    return replace(first, earliest=min(one.earliest, other.earliest))


def settled(phone: Phone, at: int, decisions: Decisions) -> Phone:
    """The phone with the resync that is due, as things stand at ``at``."""
    if phone.phase is not Phase.WAITING:
        return replace(phone, due=None)
    if decisions.resync_enabled(phone.parameters):
        phone = _with_daily(phone, at, decisions)
        due = sooner(phone.scheduled, sooner(phone.daily, phone.triggered))
    else:
        # Somebody was let ask for one all the same.
        asked = phone.scheduled is not None and phone.scheduled.reason is Reason.EXPLICIT
        due = phone.scheduled if asked else None
    if due is not None:
        due = _gated(phone, due, decisions)
    if due is not None:
        due = decisions.held_back(due, phone.lines, phone.parameters, phone.interpretations)
    # The same window stays the same object, so that whoever waits for it need not begin anew.
    return phone if due == phone.due else replace(phone, due=due)


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


def widened(phone: Phone, before: Phone, spread: int) -> Phone:
    """What has become due since ``before`` counts from an instant up to ``spread`` ns later."""

    def later(due: Due | None, old: Due | None) -> Due | None:
        return due if due is None or due == old else replace(due, latest=due.latest + spread)

    was, now = before.upgrades, phone.upgrades
    return replace(
        phone,
        due=later(phone.due, before.due),
        scheduled=later(phone.scheduled, before.scheduled),
        triggered=later(phone.triggered, before.triggered),
        report_due=later(phone.report_due, before.report_due),
        upgrades=replace(now, due=later(now.due, was.due)),
    )


def narrowed(phone: Phone, due: Due) -> Phone:
    """The retry that is due has this window, as it turned out."""
    return replace(phone, due=due, scheduled=due)


# -- the time of the day ----------------------------------------------------------------------------


def _with_daily(phone: Phone, at: int, decisions: Decisions) -> Phone:
    """Resync_At counts from when nothing has been attempted any more, by the phone's own clock."""
    if phone.clock is None or not decisions.resync_at_is_set(phone.parameters):
        return phone if phone.daily is None else replace(phone, daily=None)
    since = phone.settled
    daily = _daily_due(phone, since, decisions)
    if daily is not None and daily.latest < at and phone.daily is None:
        # The clock was put forward over it: the next day's is next.
        daily = _daily_due(phone, at, decisions)
    return phone if daily == phone.daily else replace(phone, daily=daily)


def _daily_due(phone: Phone, since: int, decisions: Decisions) -> Due | None:
    window = _daily_window(phone, since, decisions)
    if window is None:
        return None
    return Due(since + window.earliest_ns, since + window.latest_ns, Reason.PERIODIC, "resync.at")


def _daily_window(phone: Phone, since: int, decisions: Decisions) -> DailyWindow | None:
    if phone.clock is None:
        return None
    set_at, utc = phone.clock
    return decisions.daily_window(
        phone.parameters,
        phone.options,
        utc + since - set_at,
        phone.daily_utc,
        phone.interpretations,
    )


def daily_served(phone: Phone, at: int, decisions: Decisions) -> int | None:
    """The UTC at which Resync_At was due last, once a resync begins at ``at``."""
    window = _daily_window(phone, phone.settled, decisions)
    if window is None or phone.daily is None or at < phone.daily.earliest:
        return phone.daily_utc
    return window.due_utc_ns


def counts_periods(phone: Phone, decisions: Decisions) -> bool:
    """Whether Resync_Periodic counts.

    "If this parameter is set with a valid value, the Resync Periodic parameter is ignored" (Resync At).
    """
    if not decisions.resync_at_is_set(phone.parameters):
        return True
    unknown = phone.clock is None
    return unknown and phone.interpretations.resync_at_no_clock == "periodic"


# -- triggers ---------------------------------------------------------------------------------------


def with_triggers(phone: Phone, at: int, decisions: Decisions) -> Phone:
    """Look at the triggers' equations at ``at``, and when they will turn true by themselves."""
    if phone.interpretations.resync_trigger == "gate":
        return replace(phone, triggered=None)
    if phone.interpretations.resync_trigger == "as-periodic" and not phone.synced:
        return replace(phone, triggered=None)
    turning: list[int] = []
    for name, was_true in zip(decisions.triggers, phone.triggers, strict=False):
        text = phone.parameters.raw(name)
        instant = rising(
            text, lambda when: macros(phone, when, decisions), _origins(phone), at, was_true
        )
        if instant is not None:
            turning.append(instant)
    due = None
    if turning:
        due = Due(min(turning), min(turning), Reason.PERIODIC, "resync.trigger")
    return replace(phone, triggered=due)


def triggers_now(phone: Phone, at: int, decisions: Decisions) -> tuple[bool, bool]:
    """What the triggers' equations are at ``at``."""
    table = macros(phone, at, decisions)
    first, second = (holds(phone.parameters.raw(name), table) for name in TRIGGERS)
    return first, second


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
        if (
            instant := true_from(
                text, lambda when: macros(phone, when, decisions), _origins(phone), due.earliest
            )
        )
        is not None
    ]
    return due.postponed(min(opens)) if opens else None


# -- lines ------------------------------------------------------------------------------------------


def line_changed(lines: Lines, line: int, active: bool, at: int) -> Lines:
    """The lines after one became active or idle."""
    now = lines.active | {line} if active else lines.active - {line}
    if lines.active and not now:
        return replace(lines, active=now, idle_since=at)
    return replace(lines, active=now)


def registration_changed(lines: Lines, line: int, registered: bool, at: int) -> Lines:
    """The lines after one got its registration or lost it; what is lost already stays so."""
    lost = dict(lines.lost)
    if registered:
        lost.pop(line, None)
    else:
        lost.setdefault(line, at)
    return replace(lines, lost=tuple(sorted(lost.items())))
