"""``pytest -n``: a handset a worker, groups in one piece, and one verdict of them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from suites import HEAD, Run, run_suite

from hil.history import events as ev
from hil.history import read
from hil.suite_location import suite_root

XDIST = ("-p", "xdist.plugin")
VIRTUAL = ("--hil-testbed", str(suite_root() / "testbeds" / "virtual.yaml"))

GOOD = """
@requirement("resync.on_reset")
def test_{name}(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    lease = history.wait(ev.DhcpMessage, kind="ACK", within=handset.boot_limit)
    history.expect(ev.TftpRequest, path="/7832-3PCC.xml", after=lease, within=1)
"""
FAILS = """
@requirement("resync.on_reset")
def test_{name}(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    history.expect(ev.TftpRequest, path="/never.xml", within=300)
"""
UNKNOWN = """
@requirement("resync.on_reset")
def test_{name}(handset, history):
    handset.boot()
    history.wait(ev.TftpRequest, within=300)
"""
LAB = """
@requirement("resync.on_reset")
def test_{name}(handset):
    raise LabError("the PDU is dead")
"""
DIES = """
import os, signal
@requirement("resync.on_reset")
def test_{name}(handset):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run(place: Path, modules: dict[str, list[str]], *options: str) -> Run:
    """Run modules, each of them made of these tests."""
    for module, tests in modules.items():
        text = "".join(test.format(name=f"{module}_{number}") for number, test in enumerate(tests))
        (place / f"test_{module}.py").write_text(HEAD + text)
    return run_suite(place, "", *[f"test_{module}.py" for module in modules], *XDIST, *options)


def handsets(ran: Run) -> dict[str, set[str]]:
    """The modules that each handset tested, by its own history."""
    found = {}
    for directory in ran.out.glob("v*"):
        stored = read(directory / "history.jsonl").events
        tests = [event.test for event in stored if isinstance(event, ev.Verdict)]
        found[directory.name] = {test.split("::")[0] for test in tests}
    return found


def test_each_worker_has_a_handset_and_modules_of_its_own(tmp_path: Path) -> None:
    modules = {name: [GOOD, GOOD] for name in "abcd"}
    ran = run(tmp_path, modules, "-n", "2", *VIRTUAL)
    assert ran.status == 0, ran.text
    found = handsets(ran)
    assert set(found) == {"v1", "v2"}
    assert found["v1"] | found["v2"] == {f"test_{name}.py" for name in "abcd"}
    assert not found["v1"] & found["v2"]
    assert len(ran.cases) == 8
    assert {case.verdict for case in ran.cases.values()} == {"PASS (none)"}
    assert {case.properties["handset"][0] for case in ran.cases.values()} == {"v1", "v2"}
    assert "PASS: 8 PASS" in ran.text


@pytest.mark.parametrize(
    ("kind", "status", "summary"),
    [
        (FAILS, 1, "FAIL: 3 PASS, 1 FAIL"),
        (UNKNOWN, 3, "INCONCLUSIVE: 3 PASS, 1 INCONCLUSIVE"),
    ],
)
def test_the_exit_status_is_that_of_the_verdicts(
    tmp_path: Path, kind: str, status: int, summary: str
) -> None:
    ran = run(tmp_path, {"a": [GOOD, kind], "b": [GOOD, GOOD]}, "-n", "2", *VIRTUAL)
    assert (ran.status, summary in ran.text) == (status, True), ran.text


def test_without_a_testbed_the_status_is_that_of_the_verdicts_as_well(tmp_path: Path) -> None:
    ran = run(tmp_path, {"a": [GOOD, UNKNOWN], "b": [GOOD]}, "-n", "2", "--dist", "worksteal")
    assert ran.status == 3, ran.text


def test_no_more_workers_are_started_than_there_are_handsets(tmp_path: Path) -> None:
    ran = run(tmp_path, {name: [GOOD] for name in "abcd"}, "-n", "8", *VIRTUAL)
    assert ran.status == 0, ran.text
    assert set(handsets(ran)) == {"v1", "v2", "v3"}
    assert len(ran.cases) == 4


def test_a_worker_that_dies_keeps_the_run_from_passing_and_loses_no_verdict(
    tmp_path: Path,
) -> None:
    ran = run(tmp_path, {"a": [FAILS, DIES, GOOD], "b": [GOOD, GOOD]}, "-n", "2", *VIRTUAL)
    assert ran.status == 1, ran.text
    assert "died" in ran.text
    assert "FAIL: 3 PASS, 1 FAIL, 1 without a verdict, 1 trouble(s)" in ran.text


def test_a_handset_that_fails_is_given_nothing_more(tmp_path: Path) -> None:
    modules = {"broken": [LAB] * 4} | {name: [GOOD] for name in "abcdefgh"}
    ran = run(tmp_path, modules, "-n", "2", *VIRTUAL)
    assert ran.status == 3, ran.text
    by_kind = {name: case.verdict for name, case in ran.cases.items()}
    assert sum(verdict == "PASS (none)" for verdict in by_kind.values()) >= 6
    assert len(ran.cases) == 12


@pytest.mark.parametrize("dist", ["load", "each"])
def test_what_would_tear_a_group_apart_is_refused(tmp_path: Path, dist: str) -> None:
    ran = run(tmp_path, {"a": [GOOD]}, "-n", "2", "--dist", dist, *VIRTUAL)
    assert ran.status == 4
    assert "tears the tests between two baseline exchanges apart" in ran.text
