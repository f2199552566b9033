"""What a run will do and how long that takes: which tests fit the budget, on one handset or on several.

A test is taken, in the order of its tier, if what is taken with it fits the budget of every phone, but
for a reserve where time passes by itself: a run never takes just what was measured. One that does not
fit is left out and the next one is tried, so an expensive test in the middle of the order does not keep
the cheap ones behind it waiting. What is left out is told.

Several handsets that share a run take one group after the other, as each is free; how long that takes
is found out by doing the same with the estimates.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hil.errors import UsageError
from hil.pace.estimate import Basis, Estimator
from hil.pace.tiers import Candidate, Tier, in_order, uncovered

RESERVE = 0.05
"""The part of a budget that no plan fills where the budget is a limit (`hil.pace.limit`)."""


@dataclass(frozen=True)
class Crew:
    """Who runs the tests: handsets that share them, or ``each`` of which takes them all.

    ``at_once`` of those that share are at work at a time, the others step in. ``together`` holds one
    baseline exchange before and after all tests instead of each module; with ``adjoining`` the one
    after a module counts as the one before the next.
    """

    handsets: tuple[Estimator, ...]
    each: bool = False
    at_once: int = 0
    together: bool = False
    adjoining: bool = False

    @property
    def slots(self) -> int:
        """How many handsets are at work at a time."""
        return min(self.at_once or len(self.handsets), len(self.handsets))

    def working(self) -> tuple[Estimator, ...]:
        """Those that are at work, where none fails."""
        return self.handsets if self.each else self.handsets[: self.slots]

    def baselines_s(self, handset: Estimator, groups: int) -> float:
        """How long a handset's baseline exchanges take, in so many groups."""
        held = 2 if self.together else groups + 1 if self.adjoining else 2 * groups
        return handset.baseline_s * (held if groups else 0)


class Load:
    """Tests as they are taken, and how long they take."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._alone = crew.each or len(crew.working()) == 1
        self._count: Counter[str] = Counter()
        self._group_s: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._total_s: defaultdict[str, float] = defaultdict(float)

    def change(self, test: Candidate, *, add: bool = True) -> None:
        """Take a test, or put it back."""
        sign = 1 if add else -1
        self._count[test.module] += sign
        if not self._count[test.module]:
            del self._count[test.module]
        for handset in self._crew.working():
            took = sign * handset.of(test.id).seconds
            self._group_s[handset.name, test.module] += took
            self._total_s[handset.name] += took

    def of_a_phone(self) -> float:
        """Until the handset that is at work for longest is through, in seconds."""
        return max(self._alone_s(), default=0.0) if self._alone else self._shared()

    def of_the_run(self) -> float:
        """Until all are through, in seconds: with `each`, handsets may have to wait for a place."""
        if not self._alone:
            return self._shared()
        free = [0.0] * self._crew.slots
        for seconds in self._alone_s():
            heapq.heapreplace(free, free[0] + seconds)
        return max(free)

    def _alone_s(self) -> list[float]:
        groups = len(self._count)
        if not groups:
            return []
        return [
            each.around_s + self._total_s[each.name] + self._crew.baselines_s(each, groups)
            for each in self._crew.working()
        ]

    def _shared(self) -> float:
        """Groups go to whoever is free first, in the order that `hil.parallel.portions` gives them."""
        if not self._count:
            return 0.0
        working = self._crew.working()
        free = [(each.around_s, place, 0) for place, each in enumerate(working)]
        heapq.heapify(free)
        for group in sorted(self._count, key=lambda name: -self._count[name]):
            since, place, groups = heapq.heappop(free)
            handset = working[place]
            more = self._crew.baselines_s(handset, groups + 1)
            more -= self._crew.baselines_s(handset, groups)
            more += self._group_s[handset.name, group]
            heapq.heappush(free, (since + more, place, groups + 1))
        return max(until for until, _, _ in free)


@dataclass(frozen=True)
class Plan:
    """What is going to be run. ``seconds`` is how long it will take, ``bases`` what that rests on.

    ``left_out`` are the tests that did not fit, ``uncovered`` the requirements that only they check;
    ``slowed`` is how many cannot take quick timers on one of the handsets at least.
    """

    tier: Tier | None
    quick: bool
    chosen: tuple[str, ...]
    left_out: tuple[str, ...]
    uncovered: tuple[str, ...]
    seconds: float
    bases: Counter[Basis]
    slowed: int

    @property
    def measured(self) -> int:
        """How many of the chosen were measured before, on every handset that may take them."""
        return self.bases[Basis.MEASURED]


def planned(
    candidates: Sequence[Candidate], crew: Crew, tier: Tier | None, *, reserve: float = 0.0
) -> Plan:
    """Choose the tests of a tier, or take all without one; ``reserve`` is a part of its budget.

    `UsageError` where the tier has none of them, or its budget fits none.
    """
    load = Load(crew)
    every = [each for each in candidates if each.smoke or tier is None or tier.name != "smoke"]
    if tier is not None and candidates and not every:
        raise UsageError("none of these tests is marked as smoke", remedy="another tier")
    if tier is None or tier.budget_s is None:
        chosen = {each.id for each in every}
        for each in every:
            load.change(each)
    else:
        chosen = _fitting(every, crew, load, tier.budget_s * (1 - reserve))
    ids = [each.id for each in candidates if each.id in chosen]
    if every and not ids and tier is not None:
        raise UsageError(
            f"no test fits the budget of {(tier.budget_s or 0) / 60:g} minutes",
            remedy=f"--budget {_least(every, crew, 1 - reserve) / 60:.0f} is enough for the first",
        )
    return Plan(
        tier,
        crew.handsets[0].quick,
        tuple(ids),
        tuple(each.id for each in every if each.id not in chosen),
        tuple(uncovered(every, chosen)),
        load.of_the_run(),
        Counter(_weakest(crew.handsets, name) for name in ids),
        sum(any(each.of(name).slowed for each in crew.handsets) for name in ids),
    )


def _fitting(every: Sequence[Candidate], crew: Crew, load: Load, budget_s: float) -> set[str]:
    chosen = set()
    for test in in_order(every, crew.handsets[0].durations):
        load.change(test)
        if load.of_a_phone() > budget_s:
            load.change(test, add=False)
        else:
            chosen.add(test.id)
    return chosen


def _least(every: Sequence[Candidate], crew: Crew, share: float) -> float:
    """The smallest budget in ``share`` of which a test has room, rounded up to minutes, in seconds."""
    least = float("inf")
    for test in [each for each in every if each.applies] or every:
        load = Load(crew)
        load.change(test)
        least = min(least, load.of_a_phone())
    return 60 * (least / share // 60 + 1)


def _weakest(handsets: Collection[Estimator], test: str) -> Basis:
    order = list(Basis)
    return max((each.of(test).basis for each in handsets), key=order.index)
