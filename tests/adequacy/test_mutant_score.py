"""What is a kill, what is no life at all, and what the score counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.adequacy.job import Kind
from hil.adequacy.messages import Seen, TestSeen
from hil.adequacy.mutants.campaign import names_a_requirement
from hil.adequacy.mutants.score import End, Result, Score, result_of, unreached
from hil.adequacy.mutants.sites import Mutant, enumerate_sites
from hil.adequacy.outcome import Outcome
from hil.judge.findings import Finding

MUTANTS = enumerate_sites().of_module("versions")
MUTANT = MUTANTS[0]


def seen(name: str, verdict: str, *findings: Seen, remark: str = "") -> TestSeen:
    """A test's result."""
    return TestSeen(name, verdict, "device", findings, (remark,) if remark else (), 0.1)


def finding(*, counts: bool) -> Seen:
    """A finding of the monitor."""
    return Seen("rules.url", "Profile_Rule was not fetched", "", "", "monitor", counts)


def ended(*tests: TestSeen, broke: str = "", baselines: tuple[TestSeen, ...] = ()) -> Result:
    """What an outcome with these tests says of a mutant that differs in five tests."""
    return result_of(MUTANT, Outcome(Kind.MUTANT, MUTANT.id, tests, baselines, (), broke), 5, 5)


def test_a_finding_that_names_a_requirement_kills() -> None:
    result = ended(seen("one", "PASS"), seen("two", "FAIL", finding(counts=True)))
    assert (result.end, result.test, result.requirement) == (End.KILLED, "two", "rules.url")
    assert result.why == "[rules.url] Profile_Rule was not fetched"
    assert names_a_requirement(Finding("rules.url", "", "", ""))
    assert not names_a_requirement(Finding("", "", "", ""))


def test_a_finding_of_no_requirement_does_not() -> None:
    assert ended(seen("one", "FAIL", finding(counts=False))).end is End.SURVIVED


@pytest.mark.parametrize(
    "tests",
    [
        (seen("one", "ERROR", remark="the virtual handset crashed"),),
        (seen("one", "PASS"), seen("two", "ERROR")),
        (seen("one", "INCONCLUSIVE"), seen("two", "INCONCLUSIVE")),
    ],
)
def test_what_crashes_or_never_comes_to_life_is_stillborn(tests: tuple[TestSeen, ...]) -> None:
    assert ended(*tests).end is End.STILLBORN


@pytest.mark.parametrize("broke", ["hung: not through after 90 s", "died: by SIGXCPU"])
def test_what_hangs_or_dies_is_stillborn_whatever_was_found_before(broke: str) -> None:
    result = ended(seen("one", "PASS"), broke=broke)
    assert result.end is End.STILLBORN
    assert result.why == broke


def test_an_inconclusive_test_among_others_is_no_excuse() -> None:
    result = ended(seen("one", "PASS"), seen("two", "INCONCLUSIVE"))
    assert result.end is End.SURVIVED
    assert "1 without a verdict" in result.why


def test_a_budget_that_ended_is_told() -> None:
    outcome = Outcome(Kind.MUTANT, MUTANT.id, (seen("one", "PASS"),))
    assert "1 of the 40 tests" in result_of(MUTANT, outcome, 40, 1).why


@pytest.mark.parametrize(
    ("reached", "why"),
    [(False, "no test reaches it"), (True, "it makes no difference in any test")],
)
def test_what_no_test_could_find_has_survived(reached: bool, why: str) -> None:
    result = unreached(MUTANT, reached=reached)
    assert (result.end, result.why) == (End.SURVIVED, why)


def score(*ends: End) -> Score:
    """A score of mutants that ended so."""

    def result(mutant: Mutant, end: End) -> Result:
        return Result(mutant, end, "because")

    return Score(3, 4000, 20, tuple(map(result, MUTANTS, ends)))


def test_the_stillborn_do_not_count() -> None:
    found = score(*[End.KILLED] * 3, End.SURVIVED, End.STILLBORN, End.STILLBORN)
    assert (found.tally.valid, found.tally.score) == (4, 0.75)
    assert not found.enough
    assert found.by(lambda mutant: mutant.module)["versions"] == found.tally


@pytest.mark.parametrize(("killed", "enough"), [(19, True), (18, False)])
def test_ninety_five_of_a_hundred_are_enough(killed: int, enough: bool) -> None:
    ends = [End.KILLED] * killed + [End.SURVIVED] * (20 - killed)
    assert len(MUTANTS) >= 17
    results = tuple(Result(MUTANTS[n % len(MUTANTS)], end, "") for n, end in enumerate(ends))
    assert Score(1, 1, 0, results).enough is enough


def test_one_that_is_declared_equivalent_and_dies_is_an_error() -> None:
    every = score(*[End.KILLED] * 10)
    alive = Result(MUTANTS[11], End.SURVIVED, "no check found it")
    dead = Result(MUTANTS[12], End.KILLED, "[rules.url] wrong", "a test", "rules.url")
    fair = replace(every, checked=(alive,))
    assert fair.enough
    assert fair.tally == every.tally
    assert "1 of those that are declared equivalent were run, 0 of them are not" in fair.lines()
    wrong = replace(every, checked=(alive, dead))
    assert not wrong.enough
    assert wrong.as_json()["refuted"] == [dead.as_json()]
    text = "\n".join(wrong.lines())
    assert f"wrongly declared  {dead.mutant.id}" in text
    assert alive.mutant.id not in text


def test_the_report_shows_each_survivor_with_its_slip() -> None:
    found = score(End.KILLED, End.SURVIVED)
    text = "\n".join(found.lines())
    survivor = MUTANTS[1]
    assert "2 mutants of the reference, 1 killed, 1 survived: 50.0% (seed 3" in text
    assert f"survived  {survivor.id}  ({survivor.place})" in text
    assert survivor.change in text
    assert MUTANTS[0].id not in text


def test_the_json_has_the_tallies_and_every_mutant() -> None:
    document = score(End.KILLED, End.STILLBORN).as_json()
    assert document["modules"] == {
        "versions": {"killed": 1, "survived": 0, "stillborn": 1, "score": 1.0}
    }
    assert [each["end"] for each in document["mutants"]] == ["killed", "stillborn"]  # type: ignore[attr-defined]
