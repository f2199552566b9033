"""Values for the phone's timers: as in the field, or as small as can be waited for.

In virtual time an hour costs nothing; on a rack it is an hour. A test that only needs to see that a
timer runs for as long as it was told asks here for a value, and expects what it was given. No value is
below what the parameter or the phone allows, and values that have to be told apart differ by more than
the handset's tolerances, or a phone that mixes them up would not be found.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from hil.errors import UsageError
from hil.judge.timing import Timing
from hil.reference.parameters import lookup_parameter


@dataclass(frozen=True)
class Pace:
    """How timers are to be set on one handset; the fixture ``pace``.

    ``quick`` says whether small values are wanted. ``minimum_s`` is the smallest that the handset's
    firmware allows, by its inventory. ``asked`` collects what a test was given, by parameter.
    """

    quick: bool
    timing: Timing
    minimum_s: float | None = None
    asked: dict[str, tuple[int, ...]] = field(default_factory=dict, compare=False)
    slowed: set[str] = field(default_factory=set, compare=False)
    """The parameters whose values had to be larger than was asked for."""

    def timer(self, parameter: str, usual: int, *, quick: int | None = None) -> int:
        """Seconds for a timer: ``usual`` as in the field, ``quick`` where small values are wanted.

        It may be more than that, never less. Without ``quick`` the usual value is small already.
        `UsageError` for an unknown parameter, and where no value is both allowed and large enough.
        """
        return self.timers(parameter, (usual,), quick=None if quick is None else (quick,))[0]

    def timers(
        self, parameter: str, usual: tuple[int, ...], *, quick: tuple[int, ...] | None = None
    ) -> tuple[int, ...]:
        """Seconds for the timers of one parameter, such as the elements of a list, as `timer` has them.

        Those that are different stay different, in the same order of size, by more than the
        tolerances; those that are alike stay alike.
        """
        wanted = quick if self.quick and quick is not None else usual
        if not wanted or min(wanted) <= 0 or (quick is not None and len(quick) != len(usual)):
            raise UsageError(
                f"{parameter} cannot be timed with {wanted}",
                remedy="values above 0, as many quick ones as usual ones",
            )
        given = self.at_least(parameter, wanted)
        self.asked[parameter] = (*self.asked.get(parameter, ()), *given)
        if given != wanted:
            self.slowed.add(parameter)
        return given

    def at_least(self, parameter: str, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """The smallest values from these on that are allowed and can be told apart."""
        row = lookup_parameter(parameter)
        # What begins at once must not pass for what waits.
        least = max(math.ceil(self.minimum_s or 0), row.minimum or 0, _above(self.timing.early))
        apart = _above(self.timing.early + self.timing.late)
        given: dict[int, int] = {}
        for value in sorted(set(wanted)):
            given[value] = least = max(value, least)
            least += apart
        if row.maximum is not None and max(given.values()) > row.maximum:
            raise UsageError(
                f"{parameter} has no values from {max(given.values())} s on; {row.maximum} is the most",
                remedy="capabilities.minimum_timer_s and timing of the handset as they really are",
            )
        return tuple(given[value] for value in wanted)


def longer_s(pace: Pace, timers: Mapping[str, tuple[int, ...]]) -> int:
    """By how many seconds, all together, the values that a handset can have exceed these, 0 or more.

    Where it can have none the answer is 0: the test itself will say so.
    """
    more = 0
    for parameter, values in timers.items():
        try:
            more += sum(pace.at_least(parameter, tuple(values))) - sum(values)
        except UsageError:
            return 0
    return more


def _above(seconds: float) -> int:
    """The smallest whole number that is more."""
    return math.floor(seconds) + 1
