"""Resync_At on a phone whose clock may be unknown, set, and set again.

`hil.reference.resync_at` says when the wall clock shows Resync_At next. A phone that waits for that has
its window (`Phone.daily`) until a resync begins. What may happen to the clock meanwhile:

*it is learned within the range of a day*  the next day's resync is owed; today's may come too;
*it is put forward over the time*   `Interpretations.resync_at_gap` says what becomes of it;
*it is put back before the time*    an open window stays open, and the time counts anew; a time that has
                                    been served is shown twice (`Interpretations.resync_at_overlap`).

What follows is true of a time zone that changes (a lease with another option 2) as well.
"""

from __future__ import annotations

from dataclasses import replace

from hil.lab_time import NANOSECONDS
from hil.reference import resync_at
from hil.reference.decisions import Decisions
from hil.reference.due import Due, Reason
from hil.reference.phone import Phone
from hil.reference.phone_clock import daylight_of_offset, time_zone

CLAUSE = "resync.at"


def next_due(phone: Phone, at: int, decisions: Decisions) -> Due | None:
    """The next resync that Resync_At asks for after ``at``; None if it asks for none."""
    window = _next(phone, at, decisions)
    if window is None:
        return None
    return Due(at + window.earliest_ns, at + window.latest_ns, Reason.PERIODIC, CLAUSE)


def awaited(phone: Phone, at: int, decisions: Decisions) -> Phone:
    """From ``at`` on it waits for the next time that its clock shows Resync_At, if it does not yet."""
    if phone.daily is not None:
        return phone
    due = next_due(phone, at, decisions)
    if due is None:
        return phone
    # Whether a range counts that the phone finds itself in the midst of, no text says.
    present = next_due(phone, at - (due.latest - due.earliest), decisions)
    besides = phone.besides
    if (
        present is not None
        and present.earliest <= at
        and not any(each.clause == CLAUSE for each in besides)
    ):
        besides = (*besides, replace(present, earliest=at))
    return replace(phone, daily=due, besides=besides)


def reclocked(before: Phone, phone: Phone, at: int, decisions: Decisions) -> Phone:
    """Its clock or its time zone has become another one at ``at``."""
    daily = before.daily
    due = next_due(phone, at, decisions)
    if daily is None or due is None:
        return phone
    forward = _shown(phone, at) - _shown(before, at)
    if daily.earliest <= at:
        if 0 < due.earliest - at <= -forward:
            daily = replace(daily, latest=max(daily.latest, due.latest))
        return replace(phone, daily=daily)
    if daily.earliest - at < forward and phone.interpretations.resync_at_gap == "at-change":
        return replace(phone, daily=daily.moved_to(at))
    return replace(phone, daily=due)


def served(phone: Phone, at: int, due: Due | None, left: tuple[Due, ...]) -> int | None:
    """The UTC at which Resync_At was due last, once ``due`` begins at ``at``.

    ``left`` is what else asks for a resync then, and is not done with by this one.
    """
    if phone.clock is None:
        return None
    set_at, utc = phone.clock
    begins = phone.daily
    if due is not None and due.clause == CLAUSE:
        begins = due
    elif begins is None or at < begins.earliest or begins in left:
        return phone.daily_utc
    return utc + begins.earliest - set_at


def _next(phone: Phone, at: int, decisions: Decisions) -> resync_at.DailyWindow | None:
    if phone.clock is None or not decisions.resync_at_is_set(phone.parameters):
        return None
    set_at, utc = phone.clock
    return decisions.daily_window(
        phone.parameters, phone.options, utc + at - set_at, phone.daily_utc, phone.interpretations
    )


def _shown(phone: Phone, at: int) -> int:
    """What its wall clock shows at ``at``, nanoseconds since 1970 of local time."""
    if phone.clock is None:
        return 0
    set_at, utc = phone.clock
    now = utc + at - set_at
    daylight = daylight_of_offset(phone.options, phone.interpretations)
    zone = time_zone(phone.parameters, phone.options, dhcp_daylight=daylight)
    return now + zone.utc_offset(now // NANOSECONDS) * NANOSECONDS
