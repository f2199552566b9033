"""Stored histories that break a rule are called FAIL, and those that prove nothing are not.

A judge that finds nothing wrong would pass every other test of a certification run; these are the
ones that it cannot pass. Checkers are found by reading hil's own text (`checkers`), so that one that
is added without a canary is told here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from canaries import BREACHES, DIRECTORY, write
from checkers import Place, checkers, failing_checks, watched
from click.testing import CliRunner
from histories import IDENTITY, TIMING

from hil.cli import main
from hil.evidence.rejudging import Subject, judge_again, subject_of
from hil.evidence.stored_run import StoredTest, load_run
from hil.judge import Judgement
from hil.reference.interpretations import DEFAULT

STORED = sorted(DIRECTORY.glob("*.jsonl"))
BROKEN = [path for path in STORED if path.stem.endswith(".FAIL")]


def judged(path: Path) -> tuple[StoredTest, Judgement]:
    run = load_run(path)
    (test,) = run.tests
    nobody = Subject(IDENTITY, DEFAULT, TIMING)
    return test, judge_again(test, subject_of(run, nobody))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_canary_sings(path: Path) -> None:
    expected = path.stem.rpartition(".")[2]
    test, judgement = judged(path)
    assert judgement.word.value == expected
    found = [finding.requirement for finding in judgement.findings]
    if expected == "FAIL":
        assert test.started.requirements[0] in found
    if expected == "INCONCLUSIVE":
        assert found == []


def unheard(places: Iterable[Place], paths: Iterable[Path]) -> set[Place]:
    """The checkers that made no finding of the judgements of these canaries."""
    left = set(places)
    with watched() as made:
        for path in paths:
            made.clear()
            _, judgement = judged(path)
            for each in made:
                if any(each.finding is finding for finding in judgement.findings):
                    left = {place for place in left if not each.comes_from(place)}
    return left


def test_every_checker_of_the_judge_has_a_canary() -> None:
    places = checkers()
    assert len(places) >= 20
    silent = unheard(places, BROKEN)
    assert not silent, "no canary for " + ", ".join(map(str, sorted(silent)))


def test_a_checker_without_a_canary_is_told() -> None:
    rebooting = [path for path in BROKEN if not path.stem.startswith("reboot-missing")]
    silent = unheard(checkers(), rebooting)
    assert [(place.module, place.function) for place in silent] == [
        ("deadlines", "_restart_overdue")
    ]


def test_every_check_of_a_test_has_a_canary_for_each_way_to_fail() -> None:
    verbs = failing_checks()
    assert verbs.keys() == {"expect", "expect_none", "check"}
    sung = Counter(path.stem.partition("-")[0] for path in BROKEN)
    for verb, ways in verbs.items():
        assert sung[verb] >= ways, f"{verb} can fail in {ways} ways"


def test_every_breach_is_told_with_each_ending() -> None:
    for breach in BREACHES:
        endings = [path.stem.rpartition(".")[2] for path in DIRECTORY.glob(f"{breach}.*")]
        assert Counter(endings) == {"FAIL": 1, "ERROR": 2, "INCONCLUSIVE": 1}, breach


def test_the_stored_canaries_are_those_that_their_maker_makes(tmp_path: Path) -> None:
    write(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in STORED}


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in STORED) < 1_500_000


@pytest.mark.parametrize(("word", "status"), [("FAIL", 1), ("INCONCLUSIVE", 3), ("ERROR", 3)])
def test_a_person_sees_one_with_hil_judge(word: str, status: int) -> None:
    path = next(path for path in STORED if path.stem.endswith(f".{word}"))
    answer = CliRunner().invoke(main, ["judge", str(path), "--json"])
    assert answer.exit_code == status
    (test,) = json.loads(answer.output)["tests"]
    assert test["verdict"] == word
