"""When the next resync is due: what asks for one, and what holds it back.

Several things ask for a resync: the boot, Resync_Periodic, Resync_Error_Retry_Delay, somebody
(``Phone.scheduled``), the time of the day (``Phone.daily``) and the triggers (``Phone.triggered``).
`settled` puts them together: the one that must begin first counts, and no window that was open closes
by another one's coming. Then it is held back while a line is active, by Forced_Resync_Delay, and by
triggers where they are read as a gate.
"""

from __future__ import annotations

from dataclasses import replace

from hil.lab_time import NANOSECONDS
from hil.reference import daily
from hil.reference.decisions import Decisions, Reason
from hil.reference.phone import Due, Phase, Phone
from hil.reference.watching import gated
from hil.reference.windows import Window

_PERIODIC = "resync.periodic"
_IDLE = "resync.idle"


def due_after(at: int, delay: Window, reason: Reason, clause: str) -> Due:
    """What is due ``delay`` after ``at``."""
    return Due(at + delay.earliest * NANOSECONDS, at + delay.latest * NANOSECONDS, reason, clause)


def sooner(one: Due | None, other: Due | None) -> Due | None:
    """Both ask for a resync: it may begin when either allows it and must when the first one says so."""
    if one is None or other is None:
        return one or other
    first = min(one, other, key=urgency)
    return replace(first, earliest=min(one.earliest, other.earliest))


def urgency(due: Due) -> tuple[int, int]:
    """What comes first of what is due: sorted by when it must begin, then by when it may."""
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
    due = held_back(phone, due, decisions)
    # The same window stays the same object, so that whoever waits for it need not begin anew.
    return phone if due == phone.due else replace(phone, due=due)


def held_back(phone: Phone, due: Due | None, decisions: Decisions) -> Due | None:
    """What is due, as the gate and the lines leave it."""
    if due is not None:
        due = gated(phone, due, decisions)
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


def maybe_since(phone: Phone, before: Phone, since: int) -> Phone:
    """What has become due since ``before`` may have been due from ``since`` on."""

    def earlier(due: Due | None, old: Due | None) -> Due | None:
        return due if due is None or due == old else replace(due, earliest=min(due.earliest, since))

    was, now = before.upgrades, phone.upgrades
    return replace(
        phone,
        due=earlier(phone.due, before.due),
        scheduled=earlier(phone.scheduled, before.scheduled),
        report_due=earlier(phone.report_due, before.report_due),
        upgrades=replace(now, due=earlier(now.due, was.due)),
    )


def widened(phone: Phone, before: Phone, spread: int, *, begun: bool = False) -> Phone:
    """What has become due since ``before`` counts from an instant up to ``spread`` ns later.

    ``begun``: so does the attempt that has begun since then.
    """

    def later(due: Due | None, old: Due | None) -> Due | None:
        return due if due is None or due == old else replace(due, latest=due.latest + spread)

    was, now = before.upgrades, phone.upgrades
    if begun and phone.last_attempt is not None and phone.last_attempt != before.last_attempt:
        last = phone.last_attempt + spread
        phone = replace(phone, last_attempt=last, spread=phone.spread + spread)
    elif begun and now.last_attempt is not None and now.last_attempt != was.last_attempt:
        now = replace(now, last_attempt=now.last_attempt + spread, spread=now.spread + spread)
    return replace(
        phone,
        due=later(phone.due, before.due),
        scheduled=later(phone.scheduled, before.scheduled),
        triggered=later(phone.triggered, before.triggered),
        besides=tuple(
            each if each in before.besides else replace(each, latest=each.latest + spread)
            for each in phone.besides
        ),
        report_due=later(phone.report_due, before.report_due),
        upgrades=replace(now, due=later(now.due, was.due)),
    )


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
    """The phone after a line got its registration or lost it, if it has not lost it before."""
    lost = dict(phone.lines.lost)
    if registered:
        lost.pop(line, None)
    else:
        lost[line] = min(at, lost.get(line, at))
    return replace(phone, lines=replace(phone.lines, lost=tuple(sorted(lost.items()))))
