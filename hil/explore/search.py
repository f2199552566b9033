"""The search: rounds of scenarios by a seed, and the shrinking of what is found.

A round is one run of hypothesis' engine on one bench, so it depends on its seed alone: not on how
many rounds there are, who plays them, or what was played before. A finding ends its round. It is
shrunk for the same requirement, within a budget of wall time, and then played again twice: what does
not come again is told as such, and kept.

What is known already is passed over, so that the next round may find something else.

Where a scenario takes minutes, because time passes by itself, hypothesis does not shrink: it asks for
many more runs than there is time for. A finding is made short call by call alone then.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity

from hil.errors import LabError
from hil.explore.player import Bench, Played, Result, play
from hil.explore.scenario import Scenario
from hil.explore.scope import EVERYTHING, Scope
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
    phone takes other instants. ``trouble`` is why it was not played to the end of that, if it was not.
    """

    requirement: str
    played: Played
    first: Played
    again: int
    seed: str
    trouble: str = ""

    AGAIN = len(_AGAIN)

    @property
    def finding(self) -> Finding:
        """The finding of this requirement in the shrunk scenario."""
        return next(f for f in self.played.findings if f.requirement == self.requirement)

    @property
    def is_flaky(self) -> bool:
        """Whether it did not come again each time."""
        return self.again < self.AGAIN and not self.trouble


class _Raised(Exception):
    """Tells hypothesis that a scenario is one to be shrunk."""


class _OverError(BaseException):
    """Ends hypothesis' run at once: no exception of a test may pass through its engine."""


@dataclass
class _Round:
    bench: Bench
    tally: Tally
    known: frozenset[str]
    ends_at: float
    shrink_s: float
    told: Callable[[Tally], None]
    scope: Scope
    sighted: Callable[[Found], None]
    unfit: Callable[[Played], str]
    seed: str
    trouble: LabError | None = None
    seen: set[int] = field(default_factory=set)
    requirement: str = ""
    first: Played | None = None
    best: Played | None = None

    def take(self, scenario: Scenario) -> None:
        """Play a scenario that is new, or smaller than one that was found; raise if it is wanted."""
        if time.monotonic() > self.ends_at:
            raise _OverError
        if self.first is None:
            # Hypothesis varies what it has made; only what is new is worth a run.
            if scenario.chance in self.seen:
                hypothesis.reject()
            self.seen.add(scenario.chance)
        played = self._played(self.scope.fitted(scenario))
        if self.first is None:
            self.tally.add(played)
            self.told(self.tally)
        wanted = self._wanted(played)
        if not wanted:
            self._go_on_after(played)
            return
        if self.first is None:
            self.first, self.requirement = played, wanted
            self.ends_at = time.monotonic() + self.shrink_s
            self.sighted(Found(wanted, played, played, 0, self.seed, "the search was ended"))
        if self.best is None or played.scenario.size <= self.best.scenario.size:
            self.best = played
        raise _Raised(self.requirement) if self.scope == EVERYTHING else _OverError

    def _played(self, scenario: Scenario) -> Played:
        try:
            return play(self.bench, scenario)
        except LabError as error:
            self.trouble = error
            raise _OverError from error

    def _go_on_after(self, played: Played) -> None:
        reason = self.unfit(played)
        if reason:
            self.trouble = LabError(reason)
            raise _OverError

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
    scope: Scope = EVERYTHING,
    sighted: Callable[[Found], None] = lambda found: None,
    unfit: Callable[[Played], str] = lambda played: "",
) -> Found | None:
    """Play ``count`` scenarios of this seed, or fewer if one breaks a requirement not in ``known``.

    ``tally`` counts them and ``told`` hears of each; after ``until`` (`time.monotonic`) no more
    begins. ``scope`` is what can be held here. ``sighted`` hears of a finding before it is shrunk,
    ``unfit`` tells after a scenario why there must be no other. Returns the first finding, shrunk; None
    if there was none. `LabError` where the laboratory fails without a finding in hand.
    """
    running = _Round(bench, tally, known, until, shrink_s, told, scope, sighted, unfit, seed)

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
    with contextlib.suppress(_Raised, _OverError, hypothesis.errors.Flaky):
        run()
    if running.first is None or running.best is None:
        if running.trouble is not None:
            raise running.trouble
        return None
    best = trimmed(bench, running.requirement, running.best, time.monotonic() + shrink_s)
    return _confirmed(bench, running.requirement, best, running.first, seed)


def _confirmed(bench: Bench, requirement: str, best: Played, first: Played, seed: str) -> Found:
    again, trouble = 0, ""
    for name in _AGAIN:
        try:
            played = play(bench, best.scenario, name)
        except LabError as error:
            trouble = str(error)
            break
        if played.result is Result.LAB:
            trouble = "; ".join(played.judgement.remarks)
        again += any(f.requirement == requirement for f in played.findings)
    return Found(requirement, best, first, again, seed, trouble)


def is_lab_trouble(tally: Tally) -> bool:
    """Whether the laboratory or hil itself failed in a scenario."""
    return bool(tally.results[Result.LAB.value] or tally.results[Result.CRASH.value])
