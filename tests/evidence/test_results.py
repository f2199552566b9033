"""The results of a run, and what `hil certify --json` prints of them."""

from __future__ import annotations

import json

import pytest

from hil.evidence.results import RunResults, TestResult
from hil.history.events import Cause
from hil.judge import Judgement, Word
from hil.judge.findings import Finding

CAUSES = {
    Word.PASS: Cause.NONE,
    Word.FAIL: Cause.DEVICE,
    Word.INCONCLUSIVE: Cause.DEVICE,
    Word.ERROR: Cause.LAB,
    Word.NOT_APPLICABLE: Cause.DEVICE,
}


def result(word: Word, name: str = "tests/test_x.py::test_y") -> TestResult:
    findings = (Finding("resync.periodic", "late", "then", "now", "3 s", 5_000_000_000),)
    judgement = Judgement(
        word,
        CAUSES[word],
        findings if word is Word.FAIL else (),
        ("resync.periodic",),
        ("a remark",) if word is Word.ERROR else (),
    )
    return TestResult(name, judgement, ("resync.periodic",), 0.1234567, 3600.5)


def run_of(
    *words: Word, planned: int | None = None, baselines: tuple[Word, ...] = ()
) -> RunResults:
    run = RunResults(len(words) if planned is None else planned)
    for word in words:
        run.add(result(word))
    for word in baselines:
        run.add(result(word, "baseline"), baseline=True)
    return run


@pytest.mark.parametrize(
    ("run", "word", "code"),
    [
        (run_of(Word.PASS, Word.PASS), Word.PASS, 0),
        (run_of(Word.PASS, Word.FAIL, Word.ERROR), Word.FAIL, 1),
        (run_of(Word.PASS, Word.INCONCLUSIVE), Word.INCONCLUSIVE, 3),
        (run_of(Word.PASS, Word.ERROR), Word.ERROR, 3),
        (run_of(Word.PASS, Word.NOT_APPLICABLE), Word.PASS, 0),
        (run_of(Word.PASS, planned=2), Word.ERROR, 3),
        (run_of(Word.FAIL, planned=2), Word.FAIL, 1),
        (run_of(), Word.ERROR, 3),
        (run_of(baselines=(Word.PASS,)), Word.ERROR, 3),
        (run_of(Word.PASS, baselines=(Word.PASS, Word.FAIL)), Word.FAIL, 1),
        (run_of(Word.PASS, baselines=(Word.PASS, Word.ERROR)), Word.ERROR, 3),
    ],
)
def test_the_verdict_of_a_run(run: RunResults, word: Word, code: int) -> None:
    assert (run.word, run.exit_code) == (word, code)


def test_what_was_planned_must_be_concluded() -> None:
    run = run_of(Word.PASS, planned=3)
    assert run.unconcluded == 2
    assert run.summary() == "ERROR: 1 PASS, 2 without a verdict"


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (run_of(Word.PASS, Word.PASS, Word.FAIL), "FAIL: 2 PASS, 1 FAIL"),
        (run_of(), "ERROR: no test ran"),
        (
            run_of(Word.PASS, baselines=(Word.PASS, Word.INCONCLUSIVE)),
            "INCONCLUSIVE: 1 PASS, 1 baseline exchange(s) not PASS",
        ),
    ],
)
def test_the_summary_is_one_line(run: RunResults, line: str) -> None:
    assert run.summary() == line


def test_a_test_as_json() -> None:
    assert result(Word.FAIL).as_json() == {
        "id": "tests/test_x.py::test_y",
        "verdict": "FAIL",
        "cause": "device",
        "requirements": ["resync.periodic"],
        "checked": ["resync.periodic"],
        "wall_s": 0.123457,
        "lab_s": 3600.5,
        "boots": 0,
        "restores": 0,
        "boot_s": [],
        "restore_s": [],
        "findings": [
            {
                "requirement": "resync.periodic",
                "what": "late",
                "due": "then",
                "seen": "now",
                "margin": "3 s",
                "at": 5.0,
                "source": "monitor",
            }
        ],
        "remarks": [],
        "interpretations": [],
        "acquitting": [],
    }


def test_the_document_has_run_handset_and_tests() -> None:
    run = run_of(Word.PASS, Word.ERROR, planned=3, baselines=(Word.PASS, Word.INCONCLUSIVE))
    text = run.as_json({"testbed": "virtuell – groß"}, {"name": "phone-1"})
    assert "virtuell – groß" in text
    assert text.endswith("\n")
    document = json.loads(text)
    assert set(document) == {"run", "handset", "tests"}
    assert document["run"]["testbed"] == "virtuell – groß"
    assert document["run"]["verdict"] == "ERROR"
    assert (document["run"]["planned"], document["run"]["concluded"]) == (3, 2)
    assert [each["verdict"] for each in document["run"]["baselines"]] == ["INCONCLUSIVE"]
    assert document["handset"] == {"name": "phone-1"}
    assert [each["verdict"] for each in document["tests"]] == ["PASS", "ERROR"]
    assert document["tests"][1]["remarks"] == ["a remark"]
