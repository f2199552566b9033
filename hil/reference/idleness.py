"""Forced_Resync_Delay: a resync waits until the phone has been idle for a while.

"The device does not resync while one of its phone lines is active. [...] The device has a timer that
begins counting down when all of its lines become idle. This parameter is the initial value of the
counter. Resync events are delayed until this counter decrements to zero." A phone on which nobody has
made a call since it booted has no such timer running: none of its lines has become idle.

What else guides say of the parameter are readings of `Interpretations.forced_resync_delay`.
"""

from __future__ import annotations

from dataclasses import replace

from hil.reference.due import Due, Lines
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters

NANOSECONDS = 1_000_000_000


def held_back(
    due: Due, lines: Lines, parameters: Parameters, interpretations: Interpretations
) -> Due | None:
    """When what is due may begin, given the lines; None while that is open."""
    delay = parameters.integer("Forced_Resync_Delay") * NANOSECONDS
    match interpretations.forced_resync_delay:
        case "idle-countdown":
            if lines.active:
                return None
            if lines.idle_since is None or due.earliest >= lines.idle_since + delay:
                return due
            held = due.postponed(lines.idle_since + delay)
            return replace(held, clause="resync.forced_delay")
        case "wait-idle":
            if lines.active:
                return None
            return due if lines.idle_since is None else due.postponed(lines.idle_since)
        case "busy-limit":
            if lines.active:
                limit = due.postponed(due.latest + delay)
                return replace(limit, clause="resync.forced_delay")
            return due if lines.idle_since is None else due.postponed(lines.idle_since)
        case "due-plus-delay":
            fell_due_in_a_call = lines.idle_since is not None and due.earliest < lines.idle_since
            if lines.active or fell_due_in_a_call:
                later = Due(due.earliest + delay, due.latest + delay, due.reason, due.clause)
                return replace(later, clause="resync.forced_delay")
            return due
