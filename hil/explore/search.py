"""The search: rounds of scenarios by a seed, and the shrinking of what is found.

A round is one run of hypothesis' engine on one bench, so it depends on its seed alone: not on how
many rounds there are, who plays them, or what was played before. A finding ends its round. It is
shrunk for the same requirement, within a budget of wall time, and then played again twice: what does
not come again is told as such, and kept.

What is known already is passed over, so that the next round may find something else.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity

from hil.explore.player import Bench, Played, Result, play
from hil.explore.scenario import Scenario
from hil.explore.shortening import trimmed
from hil.explore.steps import scenarios
from hil.explore.tally import Tally
from hil.judge import Finding

ROUND = 100
"""Scenarios of a round."""

SHRINK_S = 60.0
"""Seconds of wall time that hypothesis may take to shrink one finding, and shortening it after that."""

_AGAIN = ("again", "once more")


@dataclass(frozen=True)
class Found:
    """A finding, shrunk: ``finding`` of ``played``, and the scenario in which it was seen first.

    ``again`` tells in how many further runs of ``AGAIN`` it came again; in some of them a virtual
    phone takes other instants.
    """

    requirement: str
    played: Played
    first: Played
    again: int
    seed: str

    AGAIN = len(_AGAIN)

    @property
    def finding(self) -> Finding:
        """The finding of this requirement in the shrunk scenario."""
        return next(f for f in self.played.findings if f.requirement == self.requirement)

    @property
    def is_flaky(self) -> bool:
        """Whether it did not come again each time."""
        return self.again < self.AGAIN


class _Raised(Exception):
    """Tells hypothesis that a scenario is one to be shrunk."""


class _OutOfTimeError(BaseException):
    """Ends hypothesis' run at once: no exception of a test may pass through its engine."""


@dataclass
class _Round:
    bench: Bench
    tally: Tally
    known: frozenset[str]
    ends_at: float
    shrink_s: float
    told: Callable[[Tally], None]
    seen: set[int] = field(default_factory=set)
    requirement: str = ""
    first: Played | None = None
    best: Played | None = None

    def take(self, scenario: Scenario) -> None:
        """Play a scenario that is new, or smaller than one that was found; raise if it is wanted."""
        if time.monotonic() > self.ends_at:
            raise _OutOfTimeError
        if self.first is None:
            # Hypothesis varies what it has made; only what is new is worth a run.
            if scenario.chance in self.seen:
                hypothesis.reject()
            self.seen.add(scenario.chance)
        played = play(self.bench, scenario)
        if self.first is None:
            self.tally.add(played)
            self.told(self.tally)
        wanted = self._wanted(played)
        if not wanted:
            return
        if self.first is None:
            self.first, self.requirement = played, wanted
            self.ends_at = time.monotonic() + self.shrink_s
        if self.best is None or scenario.size <= self.best.scenario.size:
            self.best = played
        raise _Raised(self.requirement)

    def _wanted(self, played: Played) -> str:
        found = [each.requirement for each in played.findings]
        if self.first is not None:
            return self.requirement if self.requirement in found else ""
        return next((each for each in found if each not in self.known), "")


def explore_round(
    bench: Bench,
    seed: str,
    *,
    tally: Tally,
    count: int = ROUND,
    known: frozenset[str] = frozenset(),
    until: float = float("inf"),
    shrink_s: float = SHRINK_S,
    told: Callable[[Tally], None] = lambda tally: None,
) -> Found | None:
    """Play ``count`` scenarios of this seed, or fewer if one breaks a requirement not in ``known``.

    ``tally`` counts them and ``told`` hears of each; after ``until`` (`time.monotonic`) no more
    begins. Returns the first finding, shrunk; None if there was none.
    """
    running = _Round(bench, tally, known, until, shrink_s, told)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @hypothesis.given(scenarios())
    def run(scenario: Scenario) -> None:
        running.take(scenario)

    # What was found is in `running`; that it did not come again shows when it is confirmed.
    with contextlib.suppress(_Raised, _OutOfTimeError, hypothesis.errors.Flaky):
        run()
    if running.first is None or running.best is None:
        return None
    best = trimmed(bench, running.requirement, running.best, time.monotonic() + shrink_s)
    return _confirmed(bench, running.requirement, best, running.first, seed)


def _confirmed(bench: Bench, requirement: str, best: Played, first: Played, seed: str) -> Found:
    again = sum(
        any(f.requirement == requirement for f in play(bench, best.scenario, name).findings)
        for name in _AGAIN
    )
    return Found(requirement, best, first, again, seed)


def is_lab_trouble(tally: Tally) -> bool:
    """Whether the laboratory or hil itself failed in a scenario."""
    return bool(tally.results[Result.LAB.value] or tally.results[Result.CRASH.value])
