"""Whether the date jumped, or the bench stood still, while a test ran.

Lab time follows CLOCK_MONOTONIC and never goes back. But certificates are valid by the date, kernel
stamps and log files carry it, so a test during which the date was set has evidence that contradicts
itself. The difference of CLOCK_REALTIME and CLOCK_MONOTONIC changes by such a step alone: both clocks
are slewed together (adjtimex(2)).

Where time passes by itself, a bench whose process was stopped would take its own lateness for the
phone's. `Pulse` is a timer of the loop that notices when it is served late.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hil.clock import Clock
from hil.errors import LabError
from hil.lab_time import NANOSECONDS

STEP_S = 0.1
"""Seconds by which the date has to jump to be a step; NTP steps from 0.128 s on and slews below."""
_AT_ONCE_NS = 1_000_000
_TRIES = 20

Reading = Callable[[], int]
"""A clock: nanoseconds since whenever."""


class DateWitness:
    """A witness of the date; ``date`` and ``steady`` are the two clocks that it compares."""

    def __init__(self, date: Reading = time.time_ns, steady: Reading = time.monotonic_ns) -> None:
        self.date = date
        self._steady = steady
        self._difference = self._look()

    def begin(self) -> None:
        """Look afresh."""
        self._difference = self._look()

    def trouble(self) -> Sequence[LabError]:
        """Whether the date was set since `begin`."""
        step = (self._look() - self._difference) / NANOSECONDS
        if abs(step) < STEP_S:
            return ()
        return (
            LabError(
                "the lab's clock was set while the test ran",
                evidence=f"the date jumped by {step:+.3f} s against CLOCK_MONOTONIC",
                next_step="let the lab's time service come to rest (chronyc waitsync) and run again",
            ),
        )

    def close(self) -> None:
        """Nothing is held."""

    def _look(self) -> int:
        """The difference of both clocks, read at one instant as nearly as the machine allows."""
        best, difference = -1, 0
        for _ in range(_TRIES):
            before = self._steady()
            date = self.date()
            took = self._steady() - before
            if best < 0 or took < best:
                best, difference = took, date - before - took // 2
            if took < _AT_ONCE_NS:
                break
        return difference


class Pulse:
    """A witness of the loop where time passes by itself: it beats, and knows when it was late.

    ``every_s`` is the time between two beats. A beat that is later than ``tolerance_s`` is trouble.
    ``beaten`` is called with each.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        every_s: float,
        tolerance_s: float,
        beaten: Callable[[], object] = lambda: None,
    ) -> None:
        self._clock = clock
        self._every_s = every_s
        self._tolerance_s = tolerance_s
        self._beaten = beaten
        self._worst = 0.0
        self._due = clock.loop.time() + every_s
        self._timer = clock.loop.call_at(self._due, self._beat)

    def begin(self) -> None:
        """Look afresh."""
        self._worst = self._late()

    def trouble(self) -> Sequence[LabError]:
        """Whether the loop was held up since `begin`, or is just now."""
        worst = max(self._worst, self._late())
        if worst <= self._tolerance_s:
            return ()
        return (
            LabError(
                "the bench itself stood still",
                evidence=f"a timer of its loop was {worst:.3f} s late; {self._tolerance_s:g} s is most",
                next_step="do not suspend the process, and leave the machine to the bench",
            ),
        )

    def close(self) -> None:
        """Beat no more."""
        self._timer.cancel()

    def _late(self) -> float:
        return max(0.0, self._clock.loop.time() - self._due)

    def _beat(self) -> None:
        self._worst = max(self._worst, self._late())
        self._beaten()
        self._due = self._clock.loop.time() + self._every_s
        self._timer = self._clock.loop.call_at(self._due, self._beat)
