"""Resync_At and Resync_At_Random_Delay: the resync that the time of the day asks for.

The phone resynchronizes "in the range between the hours and minutes, and the hours and minutes plus
the random delay" (chapter, Resync At Random Delay). `next_window` is that range as two distances from
an instant; it is made of `is_set`, `due_instant` and `random_delay`, each of which stands for one
sentence and can be replaced.

What the published text leaves open has a reading in `Interpretations` (I4, I30). Two more questions
have theirs as arguments, `hil.reference.local_time.Gap` and `Overlap`: what becomes of a time that the
clock jumps over, and of one that it shows twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.errors import SpecificationError
from hil.lab_time import NANOSECONDS
from hil.reference.interpretations import Interpretations
from hil.reference.local_time import (
    DAY_S,
    MINUTE_S,
    Gap,
    Overlap,
    TimeZone,
    next_showing,
)
from hil.reference.parameters import Parameters
from hil.reference.windows import Window


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """When the resync begins: ``earliest_ns`` to ``latest_ns`` from the instant asked about.

    ``due_utc_ns`` is the instant at which the clock shows Resync_At, which the window begins with.
    """

    earliest_ns: int
    latest_ns: int
    due_utc_ns: int


def is_set(parameters: Parameters) -> bool:
    """Whether Resync_At has a valid value; "If the value is invalid, the parameter is ignored"."""
    return parameters.clock_time("Resync_At__HHmm_") is not None


def replaces_periodic(
    parameters: Parameters, interpretations: Interpretations, clock_known: bool
) -> bool:
    """Whether Resync_Periodic is ignored: "If this parameter is set with a valid value".

    While the phone does not know the time, it is so unless `Interpretations.resync_at_no_clock`
    reads "periodic".
    """
    if not is_set(parameters):
        return False
    return clock_known or interpretations.resync_at_no_clock == "wait-for-clock"


def random_delay(parameters: Parameters, interpretations: Interpretations) -> Window:
    """The delay after Resync_At, in seconds.

    "If the value is less than 600, the random delay interval is between 0 and 600"; the value "in
    seconds is converted to minutes". A delay of 0 where `Interpretations.resync_at_zero_delay` reads
    that as "disabled".
    """
    seconds = parameters.integer("Resync_At_Random_Delay")
    return Window(0, whole_minutes(seconds, interpretations) * MINUTE_S)


def whole_minutes(seconds: int, interpretations: Interpretations) -> int:
    """Resync_At_Random_Delay in minutes: the formula's ``(value + 30) div 60``, or rounded up."""
    nearest = (seconds + MINUTE_S // 2) // MINUTE_S
    if nearest * MINUTE_S < seconds and interpretations.resync_at_rounding == "next-minute":
        return nearest + 1
    return nearest


def due_instant(
    parameters: Parameters,
    interpretations: Interpretations,
    *,
    utc_ns_now: int,
    time_zone: TimeZone,
    last_due_utc_ns: int | None = None,
    gap: Gap = "at-change",
    overlap: Overlap = "first",
) -> int:
    """The next instant, later than ``utc_ns_now``, at which Resync_At is due.

    That is when the wall clock shows it, or, where `Interpretations.resync_at_dst` reads
    "elapsed-day", whole days of 24 hours after it was due last, if it ever was. A clock that is put
    back over the time at which it was due last shows that one twice, too. Raises
    `SpecificationError` if Resync_At is not set.
    """
    minutes = parameters.clock_time("Resync_At__HHmm_")
    if minutes is None:
        raise SpecificationError("Resync_At is not set")
    day, after = DAY_S * NANOSECONDS, utc_ns_now
    if last_due_utc_ns is not None:
        if interpretations.resync_at_dst == "elapsed-day":
            return last_due_utc_ns + max(1, (utc_ns_now - last_due_utc_ns) // day + 1) * day
        if overlap == "first" and utc_ns_now < last_due_utc_ns < utc_ns_now + day:
            after = last_due_utc_ns
    return next_showing(time_zone, minutes, after, gap=gap, overlap=overlap)


def next_window(
    parameters: Parameters,
    interpretations: Interpretations,
    *,
    utc_ns_now: int | None,
    time_zone: TimeZone,
    last_due_utc_ns: int | None = None,
    gap: Gap = "at-change",
    overlap: Overlap = "first",
    due: Callable[..., int] = due_instant,
    delay: Callable[[Parameters, Interpretations], Window] = random_delay,
) -> DailyWindow | None:
    """The window of the next resync that Resync_At asks for; None if it asks for none.

    It asks for none without a valid value, nor while the phone does not know the time
    (``utc_ns_now`` is None; `replaces_periodic` tells what counts then). ``last_due_utc_ns`` is the
    ``due_utc_ns`` of the window before, which only the reading "elapsed-day" needs.
    """
    if utc_ns_now is None or not is_set(parameters):
        return None
    instant = due(
        parameters,
        interpretations,
        utc_ns_now=utc_ns_now,
        time_zone=time_zone,
        last_due_utc_ns=last_due_utc_ns,
        gap=gap,
        overlap=overlap,
    )
    window = delay(parameters, interpretations)
    away = instant - utc_ns_now
    return DailyWindow(
        away + window.earliest * NANOSECONDS, away + window.latest * NANOSECONDS, instant
    )
