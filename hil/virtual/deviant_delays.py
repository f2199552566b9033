"""Wrong delays, made of right ones: for defects of Resync_Periodic and of both retry delays.

Each takes the function that says the right delay and gives another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.windows import Window

Delay: TypeAlias = Callable[[Parameters, int, Interpretations], Window | None]
"""The delay before a resync, from its place in the list of Resync_Periodic or of the retries."""


def never(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
    """Wait for nothing: there is no next attempt."""
    del parameters, index, reading
    return None


def every_minute(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
    """Wait a minute, whatever is configured."""
    del parameters, index, reading
    return Window(60, 60)


def changed(due: Delay, change: Callable[[Window], Window]) -> Delay:
    """Wait something else than what is due, where anything is."""

    def delay(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
        window = due(parameters, index, reading)
        return None if window is None else change(window)

    return delay


def doubled(due: Delay) -> Delay:
    """Wait twice as long."""
    return changed(due, lambda window: Window(window.earliest * 2, window.latest * 2))


def twice_the_range(due: Delay) -> Delay:
    """Wait twice the end of a range, and what is due where it is none."""

    def change(window: Window) -> Window:
        ranged = window.earliest != window.latest
        return Window(window.latest * 2, window.latest * 2) if ranged else window

    return changed(due, change)


def both_ways(due: Delay) -> Delay:
    """Take the second number of a range for more or less."""

    def change(window: Window) -> Window:
        extra = window.latest - window.earliest
        return Window(max(0, window.earliest - extra), window.latest)

    return changed(due, change)


def first_only(due: Delay) -> Delay:
    """Repeat the first element of a list."""
    return lambda parameters, index, reading: due(parameters, 0, reading)


def cycled(due: Delay) -> Delay:
    """Start a list over after its last element."""
    return lambda parameters, index, reading: due(
        parameters, index, replace(reading, list_exhaustion="cycle")
    )


def empty_is_an_hour(due: Delay) -> Delay:
    """Wait the default of Resync_Periodic where it is empty."""

    def delay(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
        if not parameters.raw("Resync_Periodic"):
            return Window(3600, 3600)
        return due(parameters, index, reading)

    return delay


def zero_is_a_minute(due: Delay) -> Delay:
    """Wait a minute where zero forbids another attempt."""

    def delay(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
        if due(parameters, 0, reading) is None:
            return Window(60, 60)
        return due(parameters, index, reading)

    return delay
