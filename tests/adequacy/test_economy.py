"""The thin kill matrix: with fewer runs, the same word on every defect and every test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from hil.adequacy.catalogue import defect_job
from hil.adequacy.economy import economical
from hil.adequacy.job import Job, Stop
from hil.adequacy.matrix import Matrix, matrix
from hil.adequacy.messages import Seen, TestSeen
from hil.adequacy.outcome import Outcome
from hil.adequacy.suite import Suite
from hil.virtual.defects import DEFECTS

RESETS, RETRIES = "resync.on_reset", "resync.error_retry_delay"
CHOSEN = [d for d in DEFECTS.values() if d.requirement in (RESETS, RETRIES)]
TESTS = {
    "m.py::a": (RESETS,),
    "m.py::b": (RESETS, RETRIES),
    "m.py::c": (RETRIES, RESETS),
    "m.py::d": (RETRIES,),
    "m.py::e": ("macros", RETRIES),
}
VERDICTS = ("PASS", "kill", "FAIL elsewhere", "ERROR", "INCONCLUSIVE")
TABLES = st.fixed_dictionaries(
    {(d.name, test): st.sampled_from(VERDICTS) for d in CHOSEN for test in TESTS}
)


@dataclass
class Imagined:
    """A suite whose tests say of each defect what a table says; a job that ``hangs`` has no end."""

    table: Mapping[tuple[str, str], str]
    hangs: str = ""
    tests: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: TESTS)
    met: list[tuple[str, str]] = field(default_factory=list)

    def naming(self, *requirements: str) -> tuple[str, ...]:
        return tuple(t for t, named in self.tests.items() if set(requirements) & set(named))

    def run(self, jobs: Iterable[Job], at_once: int) -> Iterator[Outcome]:
        waiting, running = iter(jobs), list[Job]()
        while True:
            while len(running) < at_once and (job := next(waiting, None)) is not None:
                running.append(job)
            if not running:
                return
            yield self.outcome(running.pop(0))

    def outcome(self, job: Job) -> Outcome:
        if job.name == self.hangs:
            return Outcome(job.kind, job.name, (), broke="hung")
        seen = []
        for test in job.tests:
            self.met.append((job.name, test))
            seen.append(said(test, self.table[job.name, test]))
            if seen[-1].kills and job.stop is Stop.FIRST_KILL:
                break
        return Outcome(job.kind, job.name, tuple(seen), wall_s=1.0, cpu_s=1.0)

    def whole(self) -> Suite:
        return cast("Suite", self)


def said(test: str, word: str) -> TestSeen:
    if word not in ("kill", "FAIL elsewhere"):
        return TestSeen(test, word, "lab" if word == "ERROR" else "none", (), (), 0.1)
    finding = Seen(RESETS, "it did", "not", "did", "test", word == "kill")
    return TestSeen(test, "FAIL", "device", (finding,), (), 0.1)


def thin(suite: Imagined, at_once: int) -> Matrix:
    rows = dict(economical_by_name(suite, at_once))
    return matrix([(d, rows[d.name]) for d in CHOSEN], (), TESTS, DEFECTS, {})


def economical_by_name(suite: Imagined, at_once: int) -> Iterator[tuple[str, Outcome]]:
    for defect, outcome in economical(suite.whole(), CHOSEN, at_once):
        yield defect.name, outcome


def thick(suite: Imagined) -> Matrix:
    rows = [(d, suite.outcome(defect_job(suite.whole(), d))) for d in CHOSEN]
    return matrix(rows, (), TESTS, DEFECTS, {})


@given(TABLES, st.integers(1, 4))
def test_every_defect_and_every_test_comes_out_as_if_all_had_met_all(
    table: dict[tuple[str, str], str], at_once: int
) -> None:
    few, many = Imagined(table), Imagined(table)
    found, whole = thin(few, at_once), thick(many)
    assert [row.killed for row in found.rows] == [row.killed for row in whole.rows]
    assert [row.defect for row in found.survivors] == [row.defect for row in whole.survivors]
    assert found.idle_tests == whole.idle_tests
    assert set(few.met) <= set(many.met)
    assert len(few.met) == len(set(few.met)), "no test meets a defect twice"


@given(TABLES)
def test_what_was_found_is_not_looked_for_again(table: dict[tuple[str, str], str]) -> None:
    table |= {(d.name, test): "kill" for d in CHOSEN for test in TESTS}
    suite = Imagined(table)
    thin(suite, 2)
    # The first defect of each clause meets the tests that are first of it, each other one test.
    assert len(suite.met) == 2 * 2 + (len(CHOSEN) - 2)


def test_a_run_that_came_to_no_end_is_told_and_the_others_go_on() -> None:
    table = {(d.name, test): "kill" for d in CHOSEN for test in TESTS}
    found = thin(Imagined(table, hangs=CHOSEN[0].name), 2)
    assert [row.defect for row in found.invalid] == [CHOSEN[0]]
    assert len([row for row in found.rows if row.killed]) == len(CHOSEN) - 1


def test_a_defect_that_takes_two_runs_has_the_time_of_both() -> None:
    table = {(d.name, test): "PASS" for d in CHOSEN for test in TESTS}
    suite = Imagined(table)
    outcomes = dict(economical_by_name(suite, 1))
    for defect in CHOSEN:
        outcome = outcomes[defect.name]
        assert outcome.cpu_s == outcome.wall_s == 2.0
        assert {test.id for test in outcome.tests} == set(suite.naming(defect.requirement))
