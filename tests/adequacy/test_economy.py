"""The thin kill matrix: with fewer runs, the same word on every defect and every test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hil.adequacy.catalogue import defect_job
from hil.adequacy.economy import economical
from hil.adequacy.hints import Hints, derived
from hil.adequacy.job import Job, Stop
from hil.adequacy.matrix import Matrix, matrix
from hil.adequacy.messages import Seen, TestSeen
from hil.adequacy.outcome import Outcome
from hil.adequacy.report import document
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
FAILS = ("kill", "FAIL elsewhere")
VERDICTS = ("PASS", "kill", "FAIL elsewhere", "ERROR", "INCONCLUSIVE")
TABLES = st.fixed_dictionaries(
    {(d.name, test): st.sampled_from(VERDICTS) for d in CHOSEN for test in TESTS}
)
HINTS = st.dictionaries(
    st.sampled_from([*(d.name for d in CHOSEN), "forgotten"]),
    st.frozensets(st.sampled_from([*TESTS, "m.py::gone"])),
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
    if word not in FAILS:
        return TestSeen(test, word, "lab" if word == "ERROR" else "none", (), (), 0.1)
    finding = Seen(RESETS, "it did", "not", "did", "test", word == "kill")
    return TestSeen(test, "FAIL", "device", (finding,), (), 0.1)


def thin(suite: Imagined, at_once: int, hints: Hints) -> Matrix:
    rows = dict(economical_by_name(suite, at_once, hints))
    return matrix([(d, rows[d.name]) for d in CHOSEN], (), TESTS, DEFECTS, {})


def economical_by_name(
    suite: Imagined, at_once: int, hints: Hints
) -> Iterator[tuple[str, Outcome]]:
    for defect, outcome in economical(suite.whole(), CHOSEN, at_once, hints):
        yield defect.name, outcome


def learnt(table: Mapping[tuple[str, str], str]) -> Hints:
    """The hints that a run of all against all gives."""
    whole = json.dumps(document(thick(Imagined(table)), {})).encode()
    return msgspec.json.decode(derived(whole), type=dict[str, list[str]])


def thick(suite: Imagined) -> Matrix:
    rows = [(d, suite.outcome(defect_job(suite.whole(), d))) for d in CHOSEN]
    return matrix(rows, (), TESTS, DEFECTS, {})


@given(TABLES, st.integers(1, 4), st.one_of(st.just({}), HINTS))
def test_every_defect_and_every_test_comes_out_as_if_all_had_met_all(
    table: dict[tuple[str, str], str], at_once: int, hints: Hints
) -> None:
    """Without hints, and with any, however wrong they are."""
    assert_alike(table, at_once, hints)


@given(TABLES, st.integers(1, 4))
def test_so_it_does_with_hints_that_are_right(
    table: dict[tuple[str, str], str], at_once: int
) -> None:
    assert_alike(table, at_once, learnt(table))


@given(TABLES, TABLES)
def test_so_it_does_with_the_hints_of_another_day(
    table: dict[tuple[str, str], str], yesterday: dict[tuple[str, str], str]
) -> None:
    assert_alike(table, 2, learnt(yesterday))


def assert_alike(table: Mapping[tuple[str, str], str], at_once: int, hints: Hints) -> None:
    few, many = Imagined(table), Imagined(table)
    found, whole = thin(few, at_once, hints), thick(many)
    assert [row.outcome.fate for row in found.rows] == [row.outcome.fate for row in whole.rows]
    assert found.idle_tests == whole.idle_tests
    assert set(few.met) <= set(many.met)
    assert len(few.met) == len(set(few.met)), "no test meets a defect twice"


@given(TABLES, st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), st.data())
def test_with_hints_that_are_right_no_run_could_be_spared(
    table: dict[tuple[str, str], str], killers: tuple[str, str], data: st.DataObject
) -> None:
    reset = [d.name for d in CHOSEN if d.requirement == RESETS]
    firsts = {test for test, named in TESTS.items() if named[0] == RESETS}
    # Nothing is missing: what is, meets all in any case.
    for test in sorted(firsts):
        table |= {(data.draw(st.sampled_from(reset)), test): "FAIL elsewhere"}
    table |= {(d, f"m.py::{test}"): "kill" for d, test in zip(reset, killers, strict=True)}
    suite = Imagined(table)
    thin(suite, 2, learnt(table))
    runs = [(d, test) for d in reset for test in suite.naming(RESETS)]
    least = min(
        len(some)
        for size in range(len(runs) + 1)
        for some in combinations(runs, size)
        if {d for d, test in some if table[d, test] == "kill"} == set(reset)
        and {test for d, test in some if table[d, test] in FAILS} >= firsts
    )
    assert len([name for name, _ in suite.met if name in reset]) == least


@given(TABLES, HINTS)
def test_a_hint_that_is_wrong_costs_a_run_and_no_more(
    table: dict[tuple[str, str], str], hints: Hints
) -> None:
    """Never more than all against all, and of hints that name nobody not one."""
    with_hints, many, without = Imagined(table), Imagined(table), Imagined(table)
    thin(with_hints, 1, hints)
    thick(many)
    assert len(with_hints.met) <= len(many.met)
    thin(without, 1, {})
    strangers = Imagined(table)
    thin(strangers, 1, {"forgotten": frozenset(TESTS), CHOSEN[0].name: frozenset({"m.py::gone"})})
    assert strangers.met == without.met


@given(TABLES)
def test_what_was_found_is_not_looked_for_again(table: dict[tuple[str, str], str]) -> None:
    table |= {(d.name, test): "kill" for d in CHOSEN for test in TESTS}
    suite = Imagined(table)
    thin(suite, 2, {})
    # The first defect of each clause meets the tests that are first of it, each other one test.
    assert len(suite.met) == 2 * 2 + (len(CHOSEN) - 2)


def test_a_run_that_came_to_no_end_is_told_and_the_others_go_on() -> None:
    table = {(d.name, test): "kill" for d in CHOSEN for test in TESTS}
    found = thin(Imagined(table, hangs=CHOSEN[0].name), 2, {})
    assert [row.defect for row in found.invalid] == [CHOSEN[0]]
    assert len([row for row in found.rows if row.killed]) == len(CHOSEN) - 1


def test_a_defect_that_takes_two_runs_has_the_time_of_both() -> None:
    table = {(d.name, test): "PASS" for d in CHOSEN for test in TESTS}
    suite = Imagined(table)
    outcomes = dict(economical_by_name(suite, 1, {}))
    for defect in CHOSEN:
        outcome = outcomes[defect.name]
        assert outcome.cpu_s == outcome.wall_s == 2.0
        assert {test.id for test in outcome.tests} == set(suite.naming(defect.requirement))
