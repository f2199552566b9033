"""How long a test will take on a handset: as it was measured there, else as is known of the test.

A test that was measured on this very phone and firmware takes the median of that. Any other one takes
what it takes beside booting, and its boots and preparings at this phone's own pace: as they were
measured, or, before the first run, as its inventory allows the phone at most (`timing.boot`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hil.judge.timing import Timing
from hil.pace.durations import Durations, Figure
from hil.pace.measured import Measured, middle
from hil.pace.timers import Pace, longer_s
from hil.testbed.inventory import HandsetEntry

PREPARING_S = 5.0
"""What preparing a phone takes beside its boot: a page, a profile, a look at what it shows."""
BASELINE = Figure(2.0, 1, 1)
"""A baseline exchange; Resync_Random_Delay is 2 s by default."""
GUESS = Figure(10.0, 1, 1)
"""A test of which nothing is known."""


DECLINED_S = 2.0
"""A test that does not apply: the handset is switched off for it, and that is all."""


class Basis(StrEnum):
    """What an estimate rests on, from the surest on; a test that does not apply is none."""

    DECLINED = "declined"
    MEASURED = "measured"
    SHIPPED = "shipped"
    GUESSED = "guessed"


@dataclass(frozen=True)
class Estimate:
    """How long a test will take, in seconds; ``slowed`` if the phone forbids its quick timers."""

    seconds: float
    basis: Basis
    slowed: bool = False


@dataclass(frozen=True)
class Speed:
    """A phone's own pace: how long, in seconds, it takes to boot and to be prepared.

    ``boot_s`` is from the cut of its power to its first DHCP message, with the rest in between.
    ``pace`` is how its timers can be set.
    """

    boot_s: float
    restore_s: float
    pace: Pace

    def takes(self, figure: Figure) -> float:
        """How long a test of this figure takes on it, in seconds."""
        beside = figure.rest_s + figure.turns * longer_s(self.pace, figure.timers)
        return beside + figure.boots * self.boot_s + figure.restores * self.restore_s


STANDARD = Speed(65.0, 70.0, Pace(quick=True, timing=Timing()))
"""A phone by which tests are ordered: one that boots in a minute and allows any timer."""


def speed_of(
    entry: HandsetEntry, durations: Durations, *, real: bool, quick: bool, known: Measured
) -> Speed:
    """A handset's pace by what was measured on it, else by its entry.

    ``real`` says that it is a phone of a rack, whose memory cannot be written.
    """
    at_most = entry.timing.boot if real else durations.boot_s * entry.boot_pace
    boot_s = _or(middle(known.boots), at_most) + entry.minimum_off_s
    anew = boot_s + entry.timing.store + PREPARING_S if real else 0.0
    pace = Pace(quick, entry.judge_timing(), entry.capabilities.minimum_timer_s)
    return Speed(boot_s, _or(middle(known.restores), anew), pace)


@dataclass(frozen=True)
class Estimator:
    """Estimates for one handset. ``quick`` says how the tests set its timers.

    ``declined`` are the tests, by node id, that are known not to apply to it.
    """

    name: str
    speed: Speed
    durations: Durations
    known: Measured
    quick: bool
    declined: Collection[str] = frozenset()
    _made: dict[str, Estimate] = field(default_factory=dict, repr=False)

    def of(self, test: str) -> Estimate:
        """How long a test will take, by its node id."""
        if test not in self._made:
            self._made[test] = self._of(test)
        return self._made[test]

    @property
    def baseline_s(self) -> float:
        """How long a baseline exchange will take."""
        return _or(middle(self.known.baselines), self.speed.takes(BASELINE))

    @property
    def around_s(self) -> float:
        """How long a run takes beside its tests; 0 as long as nobody has measured it."""
        return _or(middle(self.known.around), 0.0)

    def _of(self, test: str) -> Estimate:
        if test in self.declined:
            return Estimate(DECLINED_S, Basis.DECLINED)
        times: Mapping[str, list[float]] = self.known.tests(quick=self.quick)
        figure = self.durations.of(test, quick=self.quick)
        slowed = figure is not None and longer_s(self.speed.pace, figure.timers) > 0
        measured = middle(times.get(test, ()))
        if measured is not None:
            return Estimate(measured, Basis.MEASURED, slowed)
        if figure is not None:
            return Estimate(self.speed.takes(figure), Basis.SHIPPED, slowed)
        return Estimate(self.speed.takes(GUESS), Basis.GUESSED)


def _or(value: float | None, other: float) -> float:
    return other if value is None else value
