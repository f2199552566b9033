"""The kill matrix with as few runs of tests as show that nothing is missing.

What has to be shown is that each defect is found by its clause, and that each test finds some defect of
the clause that it names first. A test that has found one need not meet the next, and a defect that was
found need not be looked for again. So the defects of a requirement come one after the other: each meets
the tests that have found nothing yet, and where none of these kills it, the others until one does. The
defects of different requirements have nothing to do with each other and run side by side.

What becomes of a defect and of the tests is the same as if all had met all. Only the matrix is thin: it
does not say how many tests would have killed a defect, nor that none of those that did not meet it ends
in ERROR.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from hil.adequacy.catalogue import defect_job
from hil.adequacy.job import Job, Stop
from hil.adequacy.outcome import Fate, Outcome
from hil.adequacy.suite import Suite
from hil.virtual.defect import Defect


@dataclass
class _Chain:
    """The defects of one requirement, and what of its tests is still to be shown."""

    suite: Suite
    waiting: list[Defect]
    unproven: set[str]
    part: Outcome | None = None
    running: bool = field(default=False, init=False)

    def next_job(self) -> Job:
        """What is to be run now: the first defect, in the tests that it is to meet."""
        whole = defect_job(self.suite, self.waiting[0])
        if self.part is not None:
            met = {test.id for test in self.part.tests}
            left = tuple(test for test in whole.tests if test not in met)
            return replace(whole, tests=left, stop=Stop.FIRST_KILL)
        unproven = tuple(test for test in whole.tests if test in self.unproven)
        if unproven:
            return replace(whole, tests=unproven)
        return replace(whole, stop=Stop.FIRST_KILL)

    def heard(self, outcome: Outcome) -> Outcome | None:
        """Take what came of the job; returns what became of the defect where that is known now."""
        self.unproven -= {test.id for test in outcome.tests if test.verdict == "FAIL"}
        if self.part is not None:
            outcome = _together(self.part, outcome)
        met = len(outcome.tests) == len(defect_job(self.suite, self.waiting[0]).tests)
        if outcome.fate is not Fate.KILLED and not outcome.broke and not met:
            self.part = outcome
            return None
        self.part = None
        del self.waiting[0]
        return outcome


def economical(
    suite: Suite, defects: Sequence[Defect], at_once: int
) -> Iterator[tuple[Defect, Outcome]]:
    """Run ``defects``, ``at_once`` at a time; yield each with what became of it, as it is known."""
    chains: dict[str, _Chain] = {}
    for defect in defects:
        chain = chains.setdefault(defect.requirement, _Chain(suite, [], set()))
        chain.waiting.append(defect)
    for test, named in suite.tests.items():
        if named[0] in chains:
            chains[named[0]].unproven.add(test)
    by_name = {defect.name: defect for defect in defects}
    while any(chain.waiting for chain in chains.values()):
        # Where all that is left is under way the jobs end, and begin anew when it is through.
        for outcome in suite.run(_jobs(chains), at_once):
            defect = by_name[outcome.name]
            chain = chains[defect.requirement]
            chain.running = False
            known = chain.heard(outcome)
            if known is not None:
                yield defect, known


def _jobs(chains: dict[str, _Chain]) -> Iterator[Job]:
    while True:
        free = [each for each in chains.values() if each.waiting and not each.running]
        if not free:
            return
        # The longest chain first, so that none is left over when the others are through.
        chain = max(free, key=lambda each: len(each.waiting))
        chain.running = True
        yield chain.next_job()


def _together(one: Outcome, other: Outcome) -> Outcome:
    """Two runs of one defect as one outcome."""
    return msgspec.structs.replace(
        other,
        tests=(*one.tests, *other.tests),
        baselines=(*one.baselines, *other.baselines),
        troubles=(*one.troubles, *other.troubles),
        wall_s=one.wall_s + other.wall_s,
        cpu_s=one.cpu_s + other.cpu_s,
    )
