"""What is refused before anything runs, what is selected, and how a run exits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from suites import Run

GOOD = """
@requirement("resync.on_reset")
def test_good(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    lease = history.wait(ev.DhcpMessage, kind="ACK", within=handset.boot_limit)
    history.expect(ev.TftpRequest, path="/7832-3PCC.xml", after=lease, within=1)
"""
INCONCLUSIVE = """
@requirement("resync.on_reset")
def test_inconclusive(handset, history):
    handset.boot()
    history.wait(ev.TftpRequest, within=300)
"""
OTHER = """
@requirement("macros.mac")
def test_other(handset):
    raise AssertionError("must not run")
"""


def test_an_unknown_requirement_is_a_usage_error_of_its_mark(runner: Callable[..., Run]) -> None:
    run = runner('@requirement("resync.on_rest")\ndef test_x(handset):\n    pass\n')
    assert run.status == pytest.ExitCode.INTERRUPTED
    assert "no requirement is called 'resync.on_rest'" in run.text


def test_an_unknown_requirement_of_a_bare_mark_is_a_usage_error(runner: Callable[..., Run]) -> None:
    run = runner('@pytest.mark.requirement("nope")\ndef test_x(handset):\n    pass\n')
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert "test_suite.py::test_x: no requirement is called 'nope'" in run.text


def test_a_test_with_a_handset_and_no_requirement_is_a_usage_error(
    runner: Callable[..., Run],
) -> None:
    run = runner("def test_x(handset):\n    pass\n")
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert "test_suite.py::test_x: names no requirement" in run.text


def test_all_problems_are_told_at_once(runner: Callable[..., Run]) -> None:
    run = runner("def test_x(handset):\n    pass\ndef test_y(handset):\n    pass\n")
    assert "test_x: names no requirement" in run.text
    assert "test_y: names no requirement" in run.text


def test_tests_without_a_handset_are_left_alone(runner: Callable[..., Run]) -> None:
    suite = "def test_good():\n    pass\ndef test_bad():\n    assert False\n"
    run = runner(suite + "def test_skipped():\n    pytest.skip('no')\n")
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert {name: case.kind for name, case in run.cases.items()} == {
        "test_good": "passed",
        "test_bad": "failure",
        "test_skipped": "skipped",
    }
    assert not (run.out / "history.jsonl").exists()


@pytest.mark.parametrize(
    ("suite", "status"),
    [
        (GOOD, 0),
        (GOOD + INCONCLUSIVE, 3),
        (GOOD + "def test_else():\n    assert False\n", 1),
    ],
    ids=["all pass", "inconclusive", "another test fails"],
)
def test_a_run_exits_with_its_verdict(runner: Callable[..., Run], suite: str, status: int) -> None:
    run = runner(suite)
    assert run.status == status, run.text


def test_a_defect_is_a_failure_of_the_device(runner: Callable[..., Run]) -> None:
    run = runner(GOOD, "--hil-defect=never-resyncs-on-reset")
    assert run.status == 1
    case = run.cases["test_good"]
    assert (case.kind, case.verdict) == ("failure", "FAIL (device)")
    assert "[resync.on_reset]" in case.message


def test_an_unknown_defect_names_where_to_look(runner: Callable[..., Run]) -> None:
    run = runner(GOOD, "--hil-defect=nonsense")
    assert run.status not in (0, 1)
    assert "no defect is called 'nonsense'" in run.text


def test_selection_by_requirement(runner: Callable[..., Run]) -> None:
    run = runner(GOOD + OTHER, "--hil-requirement=resync.on_reset")
    assert set(run.cases) == {"test_good"}
    assert run.status == 0


def test_collecting_alone_builds_no_bench(runner: Callable[..., Run]) -> None:
    run = runner(GOOD, "--collect-only", "-q")
    assert run.status == 0
    assert "test_suite.py::test_good" in run.text
    assert not (run.out / "history.jsonl").exists()
