"""A stored run judged again: by the judge of today, from nothing but what is on disk.

The history tells who the handset is, how its specification is read, its timing, and how each test
went. An older one that does not tell is judged by what the caller says instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from hil.errors import HilError, HistoryError
from hil.evidence.stored_run import StoredRun, StoredTest
from hil.history import events as ev
from hil.judge import Conduct, Judgement, Timing, Word, judge
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone
from hil.reference.requirements import REQUIREMENTS


@dataclass(frozen=True)
class Subject:
    """What a handset is judged by."""

    identity: Identity
    interpretations: Interpretations
    timing: Timing

    def phone(self) -> Phone:
        """The handset as the reference knows it at the beginning of a test."""
        return Phone(self.identity, Parameters({}, self.interpretations), self.interpretations)


@dataclass(frozen=True)
class Rejudged:
    """A test with the verdict of then (None: there is none) and the judgement of now."""

    test: StoredTest
    now: Judgement

    @property
    def then(self) -> str:
        """The verdict that is stored, or empty."""
        return self.test.verdict.verdict if self.test.verdict is not None else ""

    @property
    def changed(self) -> bool:
        """Whether the judge of today says another word than the one of then."""
        return bool(self.then) and self.then != self.now.word.value

    def as_json(self) -> dict[str, object]:
        """The test as ``hil judge --json`` prints it."""
        return {
            "id": self.test.name,
            "then": self.then,
            "verdict": self.now.word.value,
            "cause": self.now.cause.value,
            "changed": self.changed,
            "findings": [finding.as_json() for finding in self.now.findings],
            "remarks": list(self.now.remarks),
        }


def missing_from(run: StoredRun) -> list[str]:
    """Why a run cannot pass whatever its tests are, in a line each: not all there, or a broken lab."""
    told = [f"the laboratory, outside of any test: {fault.what}" for fault in run.faults]
    if not run.ended:
        told.append("the run did not come to its end: tests may be missing")
    return told


def subject_of(run: StoredRun, otherwise: Subject) -> Subject:
    """What the run says of its handset, or ``otherwise``; HistoryError for what no handset is."""
    told = run.run
    if told is None or not told.identity:
        return otherwise
    try:
        return Subject(
            msgspec.convert(told.identity, Identity),
            Interpretations.default().choose(**told.interpretations),
            msgspec.convert(told.timing, Timing),
        )
    except (msgspec.ValidationError, HilError) as error:
        raise HistoryError(f"{run.path}: no handset can be as the run says: {error}") from error


def judge_again(test: StoredTest, subject: Subject) -> Judgement:
    """Judge a stored test; one of which something is missing is an ERROR.

    That is one without an end, one of which nobody knows how the test itself went, and one that names
    a requirement which there is not.
    """
    went = test.conduct
    if not test.complete:
        return _error("the run was broken off in this test")
    if went is None:
        return _error("the run was broken off before it told how this test went")
    unknown = [name for name in test.started.requirements if name not in REQUIREMENTS]
    if unknown:
        return _error(f"no requirement is called {', '.join(unknown)}")
    conduct = Conduct(
        test.started.requirements,
        crash=went.crash,
        unmet=went.unmet,
        not_applicable=went.not_applicable,
        lab_error=went.lab_error,
        readings=went.readings,
    )
    return judge(test.events, conduct, subject.phone(), subject.timing)


def _error(remark: str) -> Judgement:
    return Judgement(Word.ERROR, ev.Cause.TEST, remarks=(remark,))
