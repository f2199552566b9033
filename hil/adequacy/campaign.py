"""The campaign: first the sound handset, then every wrong one, with an eye on the time it takes.

A suite that accuses the reference measures nothing, so nothing goes on before the sound handset has
passed every test that is used. How long each test took then tells how long the rest will take.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hil.adequacy.catalogue import sound_jobs
from hil.adequacy.economy import economical
from hil.adequacy.hints import Hints
from hil.adequacy.job import Job, Kind, Prepare, as_it_is
from hil.adequacy.messages import TestSeen
from hil.adequacy.outcome import Outcome
from hil.adequacy.suite import Suite
from hil.errors import LabError
from hil.virtual.defect import Defect

_START_S = 0.2
"""What a job takes beside its tests: its bench and its baseline exchanges, in seconds."""

_SHARES = 3
"""The parts of the sound run for each child at work, so that none has long to wait for another."""


class Accused(Exception):
    """The suite calls the reference handset broken, or does not reach a verdict on it.

    ``failed`` tells the two apart; ``what`` has a line or more for each test.
    """

    def __init__(self, what: Sequence[str], *, failed: bool) -> None:
        self.what = tuple(what)
        self.failed = failed
        super().__init__("\n".join(what))


class Watcher(Protocol):
    """Is told how the work goes on, for people to see."""

    def begun(self, phase: str, jobs: int) -> None:
        """So many jobs of a phase are about to be run."""
        ...

    def progressed(self, outcome: Outcome, share: float, left_s: float) -> None:
        """A job is through; ``share`` of the phase's work is done, ``left_s`` seconds are left."""
        ...


@dataclass
class Campaign:
    """Runs jobs of one suite, ``at_once`` at a time, and remembers how long each test takes."""

    suite: Suite
    at_once: int
    watcher: Watcher
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_s: float = 0.0

    def sound(self, tests: Sequence[str], prepare: Prepare = as_it_is) -> Mapping[str, TestSeen]:
        """Run ``tests`` against the reference; each with its result, by node id.

        Raises Accused unless every test and every baseline exchange passed.
        """
        jobs = sound_jobs(self.suite, tests, _SHARES * self.at_once, prepare)
        outcomes = self.run(Kind.SOUND, jobs)
        failed: list[str] = []
        others: list[str] = []
        for outcome in outcomes:
            others += outcome.reasons
            for each in (*outcome.tests, *outcome.baselines):
                if each.verdict == "FAIL":
                    found = "; ".join(f"[{f.requirement}] {f.what}" for f in each.findings)
                    failed.append(f"FAIL {each.id}: {found}")
        if failed or others:
            raise Accused([*failed, *others], failed=bool(failed))
        seen = {test.id: test for outcome in outcomes for test in outcome.tests}
        missing = [test for test in tests if test not in seen]
        if missing:
            raise LabError("the sound run left tests out", evidence=", ".join(missing))
        self.seconds |= {test.id: test.wall_s for test in seen.values()}
        return seen

    def run(self, phase: str, jobs: Sequence[Job]) -> list[Outcome]:
        """Run jobs, the longest first; their outcomes in the order of ``jobs``."""
        cost = {job.name: self._cost(job) for job in jobs}
        total, done, began = sum(cost.values()), 0.0, time.monotonic()
        self.watcher.begun(phase, len(jobs))
        outcomes: dict[str, Outcome] = {}
        longest_first = sorted(jobs, key=lambda job: -cost[job.name])
        for outcome in self.suite.run(longest_first, self.at_once):
            outcomes[outcome.name] = outcome
            self.cpu_s += outcome.cpu_s
            done += cost[outcome.name]
            elapsed = time.monotonic() - began
            self.watcher.progressed(outcome, done / total, elapsed * (total - done) / done)
        return [outcomes[job.name] for job in jobs]

    def economical(self, defects: Sequence[Defect], hints: Hints) -> list[Outcome]:
        """Run defects in few tests, by ``hints`` in fewer; their outcomes in the order given."""
        began = time.monotonic()
        self.watcher.begun(Kind.DEFECT, len(defects))
        outcomes: dict[str, Outcome] = {}
        for defect, outcome in economical(self.suite, defects, self.at_once, hints):
            again = defect.name in outcomes
            outcomes[defect.name] = outcome
            if again:
                continue
            share = len(outcomes) / len(defects)
            elapsed = time.monotonic() - began
            self.watcher.progressed(outcome, share, elapsed * (1 - share) / share)
        self.cpu_s += sum(outcome.cpu_s for outcome in outcomes.values())
        return [outcomes[defect.name] for defect in defects]

    def _cost(self, job: Job) -> float:
        return _START_S + sum(self.seconds.get(test, 0.1) for test in job.tests)
