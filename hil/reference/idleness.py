"""Forced_Resync_Delay: a resync waits until the phone has been idle for a while.

"The device does not resync while one of its phone lines is active. [...] The device has a timer that
begins counting down when all of its lines become idle. This parameter is the initial value of the
counter. Resync events are delayed until this counter decrements to zero." A phone on which nobody has
made a call since it booted has no such timer running: none of its lines has become idle.

What else guides say of the parameter are readings of `Interpretations.forced_resync_delay`.
"""

from __future__ import annotations

from dataclasses import replace

from hil.lab_time import NANOSECONDS
from hil.reference.due import Due, Lines
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters

_CLAUSE = "resync.forced_delay"


def held_back(
    due: Due, lines: Lines, parameters: Parameters, interpretations: Interpretations
) -> Due | None:
    """When what is due may begin, given the lines; None while that is open."""
    delay = parameters.integer("Forced_Resync_Delay") * NANOSECONDS
    if lines.never_used:
        return due
    match interpretations.forced_resync_delay:
        case "idle-countdown":
            earliest, latest = lines.idle_after(delay)
            if lines.active:
                return None
            held = due.postponed(earliest, latest)
            return replace(held, clause=_CLAUSE) if held.earliest > due.earliest else held
        case "wait-idle":
            return None if lines.active else due.postponed(*lines.idle_after(0))
        case "busy-limit":
            if lines.active:
                return replace(due.postponed(due.latest + delay), clause=_CLAUSE)
            earliest, latest = lines.idle_after(0)
            return due.postponed(earliest, min(latest, due.latest + delay))
        case "due-plus-delay":
            earliest, latest = lines.idle_after(0)
            later = due.postponed(due.earliest + delay, due.latest + delay)
            if lines.active or due.earliest < earliest:
                return replace(later, clause=_CLAUSE)
            return replace(due, latest=later.latest) if due.earliest < latest else due
