"""The kill matrix with as few runs of tests as show that nothing is missing.

What has to be shown is that each defect is found by its clause, and that each test finds some defect of
the clause that it names first. A test that has found one need not meet the next, and a defect that was
found need not be looked for again. So the defects of a requirement come one after the other: each meets
the tests that have found nothing yet, and where none of these kills it, the others until one does. The
defects of different requirements have nothing to do with each other and run side by side.

Hints say which test is likely to find which defect. A defect meets the tests of its hints, and a test
waits for the defect that it has a hint for. Where a hint was wrong everything is tried after all: a
defect that is not killed meets the other tests, a test that has found nothing the other defects.

What becomes of a defect and of the tests is the same as if all had met all. Only the matrix is thin: it
does not say how many tests would have killed a defect, nor that none of those that did not meet it ends
in ERROR.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from hil.adequacy.catalogue import defect_job
from hil.adequacy.hints import Hints
from hil.adequacy.job import Job, Stop
from hil.adequacy.outcome import Fate, Outcome
from hil.adequacy.report import short
from hil.adequacy.suite import Suite
from hil.virtual.defect import Defect


@dataclass
class _Chain:
    """The defects of one requirement, and what of its tests is still to be shown."""

    suite: Suite
    requirement: str
    waiting: list[Defect]
    hints: Hints
    settled: list[Defect] = field(default_factory=list)
    """Of these is known what becomes of them; a test that has found nothing may meet them yet."""
    known: dict[str, Outcome] = field(default_factory=dict)
    unproven: set[str] = field(init=False)
    due: Job | None = field(init=False)
    """What is to be run now; None while that is under way, and where nothing is left."""

    def __post_init__(self) -> None:
        tests = self.suite.tests
        self.unproven = {test for test in tests if tests[test][0] == self.requirement}
        self.tests = self.suite.naming(self.requirement)
        self.due = self._next()

    def heard(self, defect: Defect, outcome: Outcome) -> None:
        """Take what came of the job that was due."""
        self.unproven -= {test.id for test in outcome.tests if test.verdict == "FAIL"}
        before = self.known.get(defect.name)
        self.known[defect.name] = outcome = _together(before, outcome) if before else outcome
        whole = len(outcome.tests) == len(self.tests)
        if self.waiting and (outcome.fate is Fate.KILLED or outcome.broke or whole):
            self.settled.append(self.waiting.pop(0))
        self.due = self._next()

    def _next(self) -> Job | None:
        return self._to_kill(self.waiting[0]) if self.waiting else self._to_prove()

    def _to_kill(self, defect: Defect) -> Job:
        """The defect in the tests that are to meet it first, or in the others until one kills it."""
        whole = defect_job(self.suite, defect)
        if defect.name in self.known:
            left = set(self.tests) - self._met(defect)
            return replace(self._only(whole, left), stop=Stop.FIRST_KILL)
        later = set().union(*map(self._hinted, self.waiting[1:]))
        first = self._hinted(defect) | (self.unproven - later)
        return self._only(whole, first) if first else replace(whole, stop=Stop.FIRST_KILL)

    def _to_prove(self) -> Job | None:
        """The first defect that a test has not met which has found none."""
        for defect in self.settled:
            tests = self.unproven - self._met(defect)
            if tests and not self.known[defect.name].broke:
                return self._only(defect_job(self.suite, defect), tests)
        return None

    def _hinted(self, defect: Defect) -> set[str]:
        hints = self.hints.get(defect.name, ())
        return {test for test in self.tests if short(test) in hints}

    def _met(self, defect: Defect) -> set[str]:
        return {test.id for test in self.known[defect.name].tests}

    def _only(self, whole: Job, tests: set[str]) -> Job:
        return replace(whole, tests=tuple(test for test in self.tests if test in tests))


def economical(
    suite: Suite, defects: Sequence[Defect], at_once: int, hints: Hints
) -> Iterator[tuple[Defect, Outcome]]:
    """Run ``defects``, ``at_once`` at a time; yield each with what became of it, as it is known.

    A defect comes once more where tests met it afterwards, which had found nothing: of several
    outcomes the last one has all of it.
    """
    by_name = {defect.name: defect for defect in defects}
    broken = dict.fromkeys(defect.requirement for defect in defects)
    chains = {
        name: _Chain(suite, name, [each for each in defects if each.requirement == name], hints)
        for name in broken
    }
    while chains:
        # Where all that is left is under way the jobs end, and begin anew when it is through.
        for outcome in suite.run(_jobs(chains), at_once):
            defect = by_name[outcome.name]
            chain = chains[defect.requirement]
            chain.heard(defect, outcome)
            if defect in chain.settled:
                yield defect, chain.known[defect.name]
            if chain.due is None:
                del chains[defect.requirement]


def _jobs(chains: Mapping[str, _Chain]) -> Iterator[Job]:
    while free := [(chain, chain.due) for chain in chains.values() if chain.due]:
        # The longest chain first, so that none is left over when the others are through.
        chain, job = max(free, key=lambda each: len(each[0].waiting))
        chain.due = None
        yield job


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
