"""Whatever pytest would have thought of a test, its verdict is the judge's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from suites import Run

from hil.history import events as ev
from hil.history import read

SUITE = """
@requirement("resync.on_reset")
def test_good(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    lease = history.wait(ev.DhcpMessage, kind="ACK", within=handset.boot_limit)
    history.expect(ev.TftpRequest, path="/7832-3PCC.xml", after=lease, within=1)

@requirement("resync.on_reset", "macros.mac")
def test_failed_check(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    history.wait(ev.TransferEnded, within=handset.boot_limit)
    history.check("the MAC address", seen="00", due="11", requirement="macros.mac")

@requirement("resync.on_reset")
def test_unmet_expectation(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    history.expect(ev.TftpRequest, path="/never.xml", within=300)

@requirement("resync.on_reset")
def test_bare_assert(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    history.wait(ev.TransferEnded, within=handset.boot_limit)
    assert 1 == 2

@requirement("resync.on_reset")
def test_crash(handset):
    raise ZeroDivisionError("boom")

@requirement("resync.on_reset")
def test_skip(handset):
    pytest.skip("no time")

@requirement("resync.on_reset")
def test_pytest_fail(handset):
    pytest.fail("because")

@requirement("resync.on_reset")
def test_lab_error(handset):
    raise LabError("the PDU is dead", evidence="no answer", next_step="look at it")

@requirement("resync.on_reset")
def test_lab_fault(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    history.wait(ev.TransferEnded, within=handset.boot_limit)
    history.append(ev.LabFault(source="test", what="a frame was lost"))

@requirement("resync.on_reset")
def test_precondition(handset, history):
    handset.boot()
    history.wait(ev.TftpRequest, within=300)

@requirement("profile.rfc8188")
def test_vacuous(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    history.wait(ev.TransferEnded, within=handset.boot_limit)

@requirement("resync.on_reset")
def test_no_stimulus(handset):
    pass

@pytest.fixture
def broken_fixture(handset):
    raise RuntimeError("not today")

@requirement("resync.on_reset")
def test_broken_setup(broken_fixture):
    pass

@pytest.mark.skip(reason="no time")
@requirement("resync.on_reset")
def test_marked_to_be_skipped(handset):
    pass

@pytest.fixture
def breaks_afterwards(handset):
    yield
    raise RuntimeError("too late")

@requirement("resync.on_reset")
def test_broken_teardown(handset, breaks_afterwards, tftp, dhcp, history):
    tftp.serve("/7832-3PCC.xml", flat_profile())
    dhcp.offer(option_66=tftp.address)
    up = handset.boot()
    history.expect(ev.TftpRequest, after=up, within=handset.boot_limit + 10)

def test_of_something_else():
    assert 1 + 1 == 2
"""

EXPECTED = {
    "test_good": ("passed", "PASS (none)"),
    "test_failed_check": ("failure", "FAIL (device)"),
    "test_unmet_expectation": ("failure", "FAIL (device)"),
    "test_bare_assert": ("failure", "ERROR (test)"),
    "test_crash": ("failure", "ERROR (test)"),
    "test_skip": ("failure", "ERROR (test)"),
    "test_pytest_fail": ("failure", "ERROR (test)"),
    "test_lab_error": ("failure", "ERROR (lab)"),
    "test_lab_fault": ("failure", "ERROR (lab)"),
    "test_precondition": ("failure", "INCONCLUSIVE (device)"),
    "test_vacuous": ("failure", "ERROR (test)"),
    "test_no_stimulus": ("failure", "ERROR (test)"),
    "test_broken_setup": ("error", "ERROR (test)"),
    "test_broken_teardown": ("error", "ERROR (test)"),
    "test_marked_to_be_skipped": ("error", "ERROR (test)"),
    "test_of_something_else": ("passed", None),
}


@pytest.fixture(scope="module")
def run(runner: Callable[..., Run]) -> Run:
    return runner(SUITE)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_has_its_verdict_and_never_passes_without_one(run: Run, name: str) -> None:
    case = run.cases[name]
    assert (case.kind, case.verdict) == EXPECTED[name], run.text


def test_nothing_is_skipped_and_no_test_is_lost(run: Run) -> None:
    assert set(run.cases) == set(EXPECTED)
    assert "skipped" not in {case.kind for case in run.cases.values()}


def test_a_failure_tells_clause_due_and_seen_instead_of_a_traceback(run: Run) -> None:
    message = run.cases["test_failed_check"].message
    assert "[macros.mac] the MAC address" in message
    assert "due:  11" in message
    assert "seen: 00" in message
    assert "Traceback" not in message


def test_a_crash_tells_what_and_where(run: Run) -> None:
    message = run.cases["test_crash"].message
    assert "ZeroDivisionError: boom" in message
    assert "test_suite.py:" in message


def test_an_error_of_the_lab_tells_its_evidence_and_the_next_step(run: Run) -> None:
    message = run.cases["test_lab_error"].message
    for part in ("the PDU is dead", "seen: no answer", "next: look at it"):
        assert part in message


def test_a_precondition_tells_what_was_awaited_and_what_came(run: Run) -> None:
    assert "awaited: TftpRequest within 300 s" in run.cases["test_precondition"].message


def test_vacuity_is_named(run: Run) -> None:
    assert "vacuous: profile.rfc8188" in run.cases["test_vacuous"].message
    assert "vacuous: the phone did nothing" in run.cases["test_no_stimulus"].message


def test_the_exit_code_of_a_run_with_a_failure_is_1(run: Run) -> None:
    assert run.status == 1


# --- evidence


def test_junit_has_requirements_and_lab_time_as_properties(run: Run) -> None:
    properties = run.cases["test_failed_check"].properties
    assert properties["requirement"] == ["resync.on_reset", "macros.mac"]
    assert float(properties["lab_s"][0]) > 1
    assert "requirement" not in run.cases["test_of_something_else"].properties


def test_allure_has_requirements_as_labels(run: Run) -> None:
    labels = run.allure("test_failed_check")["labels"]
    assert isinstance(labels, list)
    named = [label["value"] for label in labels if label["name"] == "requirement"]
    assert sorted(named) == ["macros.mac", "resync.on_reset"]


def test_there_is_a_history_and_a_log_a_test(run: Run) -> None:
    history = read(run.out / "history.jsonl")
    kinds = [type(event).__name__ for event in history.events]
    assert kinds[0] == "RunStarted"
    # The baseline exchanges of the group are tests of the bench, with no verdict event.
    verdicts = {
        e.test.rpartition("::")[2]: e.verdict for e in history.events if isinstance(e, ev.Verdict)
    }
    told = {name: word for name, (_, word) in EXPECTED.items() if word is not None}
    assert verdicts == {name: word.split()[0] for name, word in told.items()}
    logs = {path.name for path in Path(run.out / "logs").iterdir()}
    assert "test_suite.py_test_good.log" in logs
    assert len(logs) == len(EXPECTED) - 1
