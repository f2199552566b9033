"""What became of a job: killed, survived, or invalid, and by what.

A handset is killed by a test that says FAIL (device) with a finding that the job counts. It is invalid
if nothing killed it and something went wrong beside: an ERROR, an INCONCLUSIVE, a baseline exchange
that could not be held. It is invalid in any case if the child died, hung or could not be prepared. It
survived if every test ended in a verdict on it and none counts.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hil.adequacy.job import Kind
from hil.adequacy.messages import Seen, TestSeen

_VERDICTS = ("PASS", "FAIL", "NOT_APPLICABLE")


class Fate(StrEnum):
    """How a job ended."""

    KILLED = "killed"
    SURVIVED = "survived"
    INVALID = "invalid"


class Kill(msgspec.Struct, frozen=True):
    """One finding that killed, and the test that made it."""

    test: str
    requirement: str
    what: str
    source: str


class Outcome(msgspec.Struct, frozen=True):
    """A job's end. ``broke`` says why a child did not reach it, empty if it did; times in seconds."""

    kind: Kind
    name: str
    tests: tuple[TestSeen, ...]
    baselines: tuple[TestSeen, ...] = ()
    troubles: tuple[str, ...] = ()
    broke: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def fate(self) -> Fate:
        """Killed, survived or invalid, see above."""
        if self.broke:
            return Fate.INVALID
        if self.kills:
            return Fate.KILLED
        return Fate.INVALID if self.no_verdict or self.troubles else Fate.SURVIVED

    @property
    def kills(self) -> tuple[Kill, ...]:
        """Everything that killed, in the order of the tests."""
        return tuple(
            Kill(test.id, finding.requirement, finding.what, finding.source)
            for test in self.tests
            for finding in test.kills
        )

    @property
    def no_verdict(self) -> tuple[TestSeen, ...]:
        """The tests and baseline exchanges that ended without a verdict on the handset."""
        return tuple(
            each for each in (*self.tests, *self.baselines) if each.verdict not in _VERDICTS
        )

    @property
    def errors(self) -> tuple[TestSeen, ...]:
        """The tests that ended in ERROR: the lab or the test broke where a handset should have."""
        return tuple(test for test in self.tests if test.verdict == "ERROR")

    @property
    def other_findings(self) -> tuple[Seen, ...]:
        """What was found and does not count: other clauses than the job's."""
        return tuple(
            finding for test in self.tests for finding in test.findings if not finding.counts
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the outcome is invalid, a line each."""
        told = [self.broke] if self.broke else []
        for each in self.no_verdict:
            said = each.remarks[0].splitlines()[0] if each.remarks and each.remarks[0] else ""
            told.append(f"{each.verdict} ({each.cause}) {each.id}: {said}")
        return (*told, *self.troubles)
