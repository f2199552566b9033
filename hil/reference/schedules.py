"""A schedule is a sequence of delays that a parameter's text describes.

Resync_Periodic, Resync_Error_Retry_Delay and Upgrade_Error_Retry_Delay share one notation
(Configuration Profile Parameters, Resync Periodic; Administration Guide 11.3, Provisioning
Formats)::

    schedule = "" | element *( "," element )
    element  = seconds [ "+" seconds ]          ; 2400+30: between 2400 and 2430 s

White space is free around numbers, because the chapter itself prints ``600 , 1200 , 300``. Numbers
are ASCII decimal digits without a sign.

A delay of zero means *never*: "Set this parameter to zero to disable", "If the delay is set to 0,
the device does not try to resync again". The same sentence read for one element of a list gives it
a meaning there too: a zero ends the schedule. ``600,0`` is one attempt after 600 s and no other,
and whatever follows the zero is never reached. ``0+30`` is no zero: its window has a later end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from hil.errors import ScheduleError
from hil.reference.interpretations import Interpretations
from hil.reference.windows import Window

Exhaustion = Literal["repeat-last", "cycle", "stop"]
"""What follows the last element; `Interpretations.list_exhaustion` has the same readings."""

MAX_SECONDS = 2**32 - 1
"""The largest delay: numbers of the phone's data types are at most 32 bits wide."""

_SPACE = " \t\r\n"
_ELEMENT = re.compile(r"([0-9]++)(?:[ \t\r\n]*+\+[ \t\r\n]*+([0-9]++))?")


@dataclass(frozen=True, slots=True)
class Schedule:
    """The delays in ``elements``, in order; no elements means never.

    ``ends`` tells that a zero follows the last element, so that nothing comes after it whatever the
    reading of an exhausted list.
    """

    elements: tuple[Window, ...]
    ends: bool = False

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read a parameter's text; the empty text, like ``0``, means never.

        Raises `ScheduleError` with the reason for anything that is none of the published formats,
        and for delays above `MAX_SECONDS`.
        """
        if not text.strip(_SPACE):
            return cls(())
        windows = [_element(part, position) for position, part in enumerate(text.split(","), 1)]
        never = Window(0, 0)
        if never in windows:
            return cls(tuple(windows[: windows.index(never)]), ends=True)
        return cls(tuple(windows))

    def window(self, index: int, exhaustion: Exhaustion = "repeat-last") -> Window | None:
        """Return the delay before attempt ``index`` (from 0), or None if there is no such attempt.

        "The last element in the sequence is implicitly repeated forever" (Provisioning Formats) is
        the default reading of ``exhaustion``; "cycle" starts over, "stop" ends. An integer or a range
        alone is no sequence, and repeated by every reading. Raises
        `ScheduleError` for a negative index.
        """
        if index < 0:
            raise ScheduleError(f"a schedule has no element {index}: they count from 0")
        if index < len(self.elements):
            return self.elements[index]
        if not self.elements or self.ends:
            return None
        if len(self.elements) > 1 and exhaustion == "stop":
            return None
        if exhaustion == "cycle":
            return self.elements[index % len(self.elements)]
        return self.elements[-1]

    def windows(self, count: int, exhaustion: Exhaustion = "repeat-last") -> tuple[Window, ...]:
        """Return the first ``count`` delays, fewer where the schedule ends before.

        Raises `ScheduleError` for a negative count.
        """
        if count < 0:
            raise ScheduleError(f"cannot list {count} delays")
        found: list[Window] = []
        for index in range(count):
            window = self.window(index, exhaustion)
            if window is None:
                break
            found.append(window)
        return tuple(found)

    @property
    def never(self) -> bool:
        """Whether there is no attempt at all: the parameter is empty or 0."""
        return not self.elements

    def __str__(self) -> str:
        parts = [_canonical(window) for window in self.elements]
        if self.ends or not parts:
            parts.append("0")
        return ",".join(parts)


def element_at(schedule: Schedule, index: int, interpretations: Interpretations) -> Window | None:
    """Return the delay before attempt ``index``; `Interpretations` are asked where the list is over."""
    if index < len(schedule.elements) or len(schedule.elements) < 2 or schedule.ends:
        return schedule.window(index)
    return schedule.window(index, interpretations.list_exhaustion)


def _element(part: str, position: int) -> Window:
    stripped = part.strip(_SPACE)
    match = _ELEMENT.fullmatch(stripped)
    if match is None:
        shown = stripped if len(stripped) <= 40 else stripped[:37] + "..."
        what = f"is {shown!r}" if shown else "is empty"
        raise ScheduleError(f"element {position} {what}; each must be seconds or seconds+seconds")
    earliest, extra = _seconds(match[1], position), _seconds(match[2] or "0", position)
    if earliest + extra > MAX_SECONDS:
        raise ScheduleError(f"element {position} is longer than {MAX_SECONDS} s")
    return Window(earliest, earliest + extra)


def _seconds(digits: str, position: int) -> int:
    significant = digits.lstrip("0") or "0"
    # Counted before it is converted: int() of a hostile length is slow and refused by Python.
    if len(significant) > len(str(MAX_SECONDS)):
        raise ScheduleError(f"element {position} is longer than {MAX_SECONDS} s")
    return int(significant)


def _canonical(window: Window) -> str:
    if window.earliest == window.latest:
        return str(window.earliest)
    return f"{window.earliest}+{window.latest - window.earliest}"
