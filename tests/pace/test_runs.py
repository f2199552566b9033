"""Runs with an estimate: tiers by the command line, and an estimate that is kept true by measuring."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hil.suite_location import suite_root

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
TESTBEDS = suite_root() / "testbeds"
PERIODIC = "test_a_periodic_resync_begins_two_seconds"
UPGRADE = "test_a_failed_upgrade_is_tried_again_after_two"


@dataclass
class Ran:
    code: int
    said: str
    errors: str
    told: dict[str, Any]

    @property
    def pace(self) -> dict[str, Any]:
        return dict(self.told["run"]["pace"])


def certify(place: Path, *arguments: str) -> Ran:
    document = place / "results.json"
    document.write_text("{}")
    done = subprocess.run(
        [*HIL, "certify", "--json", str(document), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"HIL_STATE_DIR": str(place / "state")},
    )
    told = json.loads(document.read_text() or "{}")
    return Ran(done.returncode, done.stdout, done.stderr, told)


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """The testbed of quick tests, for a machine that other tests use as well."""
    file = tmp_path / "patient.yaml"
    quick = (TESTBEDS / "quick.yaml").read_text()
    assert "late: 1.0" in quick
    file.write_text(quick.replace("late: 1.0", "late: 6.0"))
    return file


# -- tiers -------------------------------------------------------------------------------------------


def test_the_smoke_tier_runs_what_is_marked_as_one_group_and_says_so_before(
    tmp_path: Path,
) -> None:
    ran = certify(tmp_path, "--tier", "smoke")
    assert ran.code == 0, ran.said
    pace, run = ran.pace, ran.told["run"]
    assert run["planned"] == run["concluded"] == pace["tests"] >= 10
    assert (pace["tier"], pace["budget_s"], pace["timers"]) == ("smoke", 600, "quick")
    assert pace["left_out"] == []
    assert 0 < pace["estimate_s"] <= 600
    assert f"smoke tier: {pace['tests']} tests, about " in ran.errors
    # The estimate is of the phone's time, which is virtual here; it is as true as on a rack.
    lab_s = sum(test["lab_s"] for test in ran.told["tests"])
    assert lab_s <= pace["estimate_s"] <= 1.3 * lab_s
    # Several families, and both tours.
    modules = {test["id"].split("::")[0] for test in ran.told["tests"]}
    assert len(modules) >= 8
    assert sum("test_tours.py" in test["id"] for test in ran.told["tests"]) == 2


def test_a_budget_cuts_the_tier_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    ran = certify(tmp_path, "--tier", "smoke", "--budget", "2.5")
    assert ran.code == 0, ran.said
    ran_ids = {test["id"] for test in ran.told["tests"]}
    assert ran.told["run"]["planned"] == len(ran_ids) == ran.pace["tests"]
    assert not ran_ids & set(ran.pace["left_out"])
    assert len(ran_ids) + len(ran.pace["left_out"]) >= 10
    assert ran.pace["estimate_s"] <= 150
    assert f"{len(ran.pace['left_out'])} tests left out, which do not fit" in ran.errors
    assert ran.pace["uncovered"]


def test_the_tier_is_taken_of_what_is_selected(tmp_path: Path) -> None:
    ran = certify(tmp_path, "--tier", "nightly", "--budget", "20", "test_resync_on_reset.py")
    assert ran.code == 0, ran.said
    assert {test["id"].split("::")[0] for test in ran.told["tests"]} == {
        "tests/certification/test_resync_on_reset.py"
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--tier", "smoke", "--budget", "0.01"), "no test fits the budget"),
        (("--tier", "smoke", "test_ntp.py"), "marked as smoke"),
        (("--budget", "5"), "--budget is for a tier"),
        (("--tier", "smoke", "--budget", "0"), "budget"),
        (("--tier", "nightly", "--budget", "nan"), "budget"),
        (("--tier", "weekly"), "weekly"),
    ],
)
def test_what_can_select_nothing_is_a_usage_error(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    ran = certify(tmp_path, *arguments)
    assert ran.code == 2
    assert said in ran.errors
    assert "Traceback" not in ran.errors


# -- measuring ---------------------------------------------------------------------------------------


def test_the_second_run_in_wall_time_takes_what_is_estimated(patient: Path, tmp_path: Path) -> None:
    arguments = ("--testbed", str(patient), "--wall-clock", "test_quick_timers.py", "-k")
    first, second = (certify(tmp_path, *arguments, f"{PERIODIC} or {UPGRADE}") for _ in range(2))
    assert (first.code, second.code) == (0, 0), first.said + second.said
    assert (first.pace["measured"], first.pace["shipped"]) == (0, 2)
    assert (second.pace["measured"], second.pace["shipped"]) == (2, 0)
    assert second.pace["clock"] == "wall"
    assert second.pace["ends"]
    # What was measured is what the first run took; what the second one takes is near to it.
    assert second.pace["estimate_s"] == pytest.approx(first.pace["took_s"], abs=1)
    assert second.pace["estimate_s"] == pytest.approx(second.pace["took_s"], rel=0.2, abs=2)
    assert "2 of 2 measured on this phone" in second.errors
    assert "the estimate was" in second.errors


def test_what_does_not_apply_is_known_before_and_nothing_is_learned_of_it(
    patient: Path, tmp_path: Path
) -> None:
    chosen = (
        "    capabilities: {https: no}\n    interpretations: {resync_trigger: gate}\n    seed: 1"
    )
    patient.write_text(patient.read_text().replace("    seed: 1", chosen))
    tests = f"{PERIODIC} or trigger_that_becomes_true or good_certificate"
    modules = ("test_quick_timers.py", "test_transfers_https.py")
    arguments = ("--testbed", str(patient), "--wall-clock", *modules, "-k", tests)
    ran = certify(tmp_path, *arguments)
    assert ran.code == 0, ran.said
    verdicts = [test["verdict"] for test in ran.told["tests"]]
    assert verdicts.count("PASS") == 1
    assert verdicts.count("NOT_APPLICABLE") == ran.pace["declined"] == len(verdicts) - 1 >= 2
    more = f"1 by the figures that come with hil, {ran.pace['declined']} more do not apply"
    assert f"0 of 1 measured on this phone, {more}" in ran.errors
    (file,) = (tmp_path / "state" / "pace").glob("*.json")
    assert len(json.loads(file.read_text())["quick"]) == 1


def test_a_broken_file_of_measurements_is_told_and_the_run_goes_on(
    patient: Path, tmp_path: Path
) -> None:
    file = tmp_path / "state" / "pace" / "00-0e-08-aa-bb-cc.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"boots": [-5]}')
    one = ("test_quick_timers.py", "-k", UPGRADE)
    ran = certify(tmp_path, "--testbed", str(patient), "--wall-clock", *one)
    assert ran.code == 0, ran.said
    assert "what was measured before cannot be used" in ran.errors
    assert len(ran.pace["warnings"]) == 1
    assert json.loads(file.read_text())["baselines"]


def test_a_run_in_virtual_time_measures_nothing(tmp_path: Path) -> None:
    ran = certify(tmp_path, "test_quick_timers.py", "-k", UPGRADE)
    assert ran.code == 0
    assert ran.pace["took_s"] is None
    assert not (tmp_path / "state").exists()


# -- timers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("timers", "values"), [("usual", [3000]), ("quick", [5])])
def test_timers_are_usual_or_quick(timers: str, values: list[int], tmp_path: Path) -> None:
    one = ("test_resync_periodic.py", "-k", "test_an_integer")
    ran = certify(tmp_path, "--timers", timers, *one)
    assert ran.code == 0, ran.said
    assert [test["timers"] for test in ran.told["tests"]] == [{"Resync_Periodic": values}]


def test_a_phone_with_a_minimum_is_given_no_less_and_the_estimate_says_so(tmp_path: Path) -> None:
    file = tmp_path / "slow.yaml"
    virtual = (TESTBEDS / "quick.yaml").read_text()
    file.write_text(f"{virtual.rstrip()}\n    capabilities: {{minimum_timer_s: 45}}\n")
    ran = certify(tmp_path, "--testbed", str(file), "--quick", "-k", f"{PERIODIC} or {UPGRADE}")
    assert ran.code == 0, ran.said
    assert sorted(str(test["timers"]) for test in ran.told["tests"]) == [
        "{'Resync_Periodic': [45]}",
        "{'Upgrade_Error_Retry_Delay': [45]}",
    ]
    assert ran.pace["slowed"] == 2
    assert "larger timers than the quick ones in 2 tests" in ran.errors
    lab_s = sum(test["lab_s"] for test in ran.told["tests"])
    assert lab_s <= ran.pace["estimate_s"] <= 1.3 * lab_s
