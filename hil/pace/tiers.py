"""The tiers, and the order in which tests are taken into one.

The order is the same every night and on every handset, since nothing measured has a say in it: first
the tests marked as smoke; then, one after the other, whichever checks the most requirements that no
test before it checks, for the time that it takes, so that each requirement is checked by the cheapest
tests that do; then all others, the cheap ones first. What applies to no handset comes last.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hil.pace.durations import Durations
from hil.pace.estimate import GUESS, STANDARD


@dataclass(frozen=True)
class Tier:
    """A part of the suite; ``budget_s`` is what a phone may take for it, None for as long as it takes.

    ``together`` makes all of its tests one group, with one baseline exchange before and after it.
    """

    name: str
    budget_s: float | None
    together: bool = False


TIERS = {
    tier.name: tier
    for tier in (
        Tier("smoke", 10 * 60.0, together=True),
        Tier("nightly", 600 * 60.0),
        Tier("full", None),
    )
}


@dataclass(frozen=True)
class Candidate:
    """A test that may be taken: its node id, the requirements that it names, whether it is smoke.

    Where it is known to apply to no handset of the run, ``applies`` is False: it checks nothing then.
    """

    id: str
    requirements: tuple[str, ...]
    smoke: bool = False
    applies: bool = True

    @property
    def module(self) -> str:
        """The group that it is of."""
        return self.id.partition("::")[0]


def in_order(candidates: Sequence[Candidate], durations: Durations) -> list[Candidate]:
    """The candidates in the order in which they are taken."""
    cost = {
        each.id: STANDARD.takes(durations.of(each.id, quick=True) or GUESS) for each in candidates
    }
    covered: set[str] = set()
    applying = [each for each in candidates if each.applies]
    smoke = [each for each in applying if each.smoke]
    first = _by_cover(smoke, cost, covered)
    named = {each.id for each in first}
    first += _cheapest([each for each in smoke if each.id not in named], cost)
    then = _by_cover([each for each in applying if not each.smoke], cost, covered)
    told = {each.id for each in (*first, *then)}
    others = _cheapest([each for each in applying if each.id not in told], cost)
    declined = _cheapest([each for each in candidates if not each.applies], cost)
    return [*first, *then, *others, *declined]


def uncovered(candidates: Collection[Candidate], chosen: Collection[str]) -> list[str]:
    """The requirements that some candidate checks, and none of the chosen."""
    applying = [each for each in candidates if each.applies]
    every = {name for each in applying for name in each.requirements}
    reached = {name for each in applying if each.id in chosen for name in each.requirements}
    return sorted(every - reached)


def _by_cover(
    candidates: Sequence[Candidate], cost: Mapping[str, float], covered: set[str]
) -> list[Candidate]:
    """Those that check something new, the cheapest for each new requirement first.

    ``covered`` has what is checked already, and is added to. What a test brings only becomes less as
    others are taken, so a test at the top of the heap whose worth is still true is the best of all.
    """
    heap = [
        (cost[each.id] / len(each.requirements), each.id, each)
        for each in candidates
        if each.requirements
    ]
    heapq.heapify(heap)
    taken = []
    while heap:
        worth, name, best = heapq.heappop(heap)
        fresh = set(best.requirements) - covered
        if not fresh:
            continue
        now = cost[name] / len(fresh)
        if now > worth:
            heapq.heappush(heap, (now, name, best))
            continue
        taken.append(best)
        covered |= fresh
    return taken


def _cheapest(candidates: Sequence[Candidate], cost: Mapping[str, float]) -> list[Candidate]:
    return sorted(candidates, key=lambda each: (cost[each.id], each.id))
