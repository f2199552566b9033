"""Tests that are marked as quick: they run alone, as one group, and the mark is held to."""

from __future__ import annotations

from pathlib import Path

import pytest
from suites import run_suite

from hil.history import events as ev
from hil.history import read
from hil.suite_location import suite_root

SUITE = """
from hil.marks import quick

@quick
@requirement("resync.on_reset")
def test_quick(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    up = handset.boot(Resync_Random_Delay="0")
    history.expect(ev.ProvisioningRequest, after=up, within=20)

@quick
@requirement("resync.on_reset")
def test_slow(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    up = handset.boot(Resync_Random_Delay="0")
    history.expect(ev.ProvisioningRequest, after=up, within=20)
    history.sleep(6)

@requirement("resync.on_reset")
def test_unmarked(handset):
    raise AssertionError("it does not run")
"""
ON = f"--hil-testbed={suite_root() / 'testbeds' / 'quick.yaml'}"


def test_only_marked_tests_run_between_two_baselines(tmp_path: Path) -> None:
    run = run_suite(tmp_path, SUITE, ON, "--hil-quick", "-k", "not slow")
    assert run.status == 0, run.text
    assert list(run.cases) == ["test_quick"]
    stored = read(tmp_path / "history.jsonl").events
    begun = [event.test for event in stored if isinstance(event, ev.TestStarted)]
    assert [name.rpartition("::")[2] for name in begun] == [
        "baseline (first)",
        "test_quick",
        "baseline (last)",
    ]


def test_a_mark_that_is_not_true_keeps_the_run_from_passing(tmp_path: Path) -> None:
    run = run_suite(tmp_path, SUITE, ON, "--hil-quick")
    assert run.status == 3
    assert {case.verdict for case in run.cases.values()} == {"PASS (none)"}


def test_a_module_of_tests_has_its_own_baselines_otherwise(tmp_path: Path) -> None:
    run = run_suite(tmp_path, SUITE, ON, "-k", "test_quick")
    assert run.status == 0, run.text
    stored = read(tmp_path / "history.jsonl").events
    begun = [event.test for event in stored if isinstance(event, ev.TestStarted)]
    assert begun[0] == "test_suite.py::baseline (first)"


@pytest.mark.parametrize("name", ["version", "identity", "timing"])
def test_a_run_says_what_its_handset_is_judged_by(name: str, tmp_path: Path) -> None:
    run = run_suite(tmp_path, SUITE, ON, "--hil-quick", "-k", "not slow")
    assert run.status == 0, run.text
    (told,) = (e for e in read(tmp_path / "history.jsonl").events if isinstance(e, ev.RunStarted))
    assert getattr(told, name)
