"""``hil certify``: what it refuses, what it leaves behind, and what its exit status says."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hil.cli import main
from hil.history import events as ev
from hil.history import read
from hil.suite_location import suite_root

ONE = ("-k", "test_a_reboot_triggers_a_resync")


def certify(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["certify", *arguments])


def test_all_pass_is_0_and_each_verdict_is_told() -> None:
    told = certify(*ONE)
    assert told.exit_code == 0
    assert "PASS           test_resync_on_reset.py::test_a_reboot_triggers_a_resync" in told.output
    assert "PASS: 1 PASS" in told.output


def test_options_of_other_people_have_no_say_and_the_environment_stays_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
    # pytest sets and takes away a variable of its own for the time of each test, of this one as well.
    before = os.environ.keys() - {"PYTEST_CURRENT_TEST"}
    told = certify(*ONE)
    assert told.exit_code == 0
    assert os.environ["PYTEST_ADDOPTS"] == "--no-such-option"
    assert os.environ.keys() - {"PYTEST_CURRENT_TEST"} == before


def test_a_fail_is_1_and_says_clause_due_seen_and_margin() -> None:
    told = certify("--defect", "never-resyncs-on-reset", *ONE)
    assert told.exit_code == 1
    assert "[resync.on_reset]" in told.output
    for part in ("clause: Every reboot", "due: ", "seen: ", "margin: "):
        assert part in told.output


def test_a_run_of_which_nothing_can_be_known_is_3_and_its_results_are_written(
    tmp_path: Path,
) -> None:
    file, written = tmp_path / "rack.yaml", tmp_path / "results.json"
    inventory = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    # No phone has its lease as soon as that.
    file.write_text(inventory.replace("boot: 30", "boot: 0.1").replace("lease: 60", "lease: 0.1"))
    told = certify("--testbed", str(file), "--json", str(written), *ONE)
    assert told.exit_code == 3
    assert "INCONCLUSIVE" in told.output
    assert json.loads(written.read_text())["tests"]


def test_a_phone_without_a_client_certificate_and_of_other_hardware_is_held_to_what_it_is(
    tmp_path: Path,
) -> None:
    file = tmp_path / "rack.yaml"
    inventory = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    serial = "    serial: 88012BA01234\n"
    assert serial in inventory
    file.write_text(
        inventory.replace(serial, f"{serial}    hwver: '7.1'\n    client_certificate: no\n")
    )
    told = certify(
        "--testbed",
        str(file),
        "-k",
        "test_macro and (ccert or hwver)",
        "--out",
        str(tmp_path / "run"),
    )
    assert told.exit_code == 0
    assert "PASS: 4 PASS" in told.output
    stored = read(tmp_path / "run" / "history.jsonl")
    said = [event.text for event in stored.events if isinstance(event, ev.SyslogMessage)]
    assert {"Not Installed", "hardware 7.1 7.1"} <= set(said)


def test_a_module_of_the_suite_can_be_run_alone() -> None:
    told = certify("test_resync_on_reset.py", *ONE)
    assert told.exit_code == 0
    assert "PASS: 1 PASS" in told.output
    elsewhere = certify("test_resync_periodic.py", *ONE)
    assert elsewhere.exit_code == 2
    assert "no test matches" in elsewhere.output


def test_a_module_that_is_misspelt_is_told_with_its_likeness() -> None:
    told = certify("test_resync_on_rest.py")
    assert told.exit_code == 2
    assert "perhaps test_resync_on_reset.py" in told.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--defect", "no-such-defect"),
        ("--requirement", "no.such.requirement"),
        ("--handset", "v99"),
        ("--testbed", "/no/such/file.yaml"),
        ("--json", "/no/such/directory/results.json"),
        ("--out", "/proc/nowhere/at-all"),
        ("-k", "no_test_is_called_so"),
        ("-k", "(("),
    ],
)
def test_a_usage_error_is_2_and_one_clear_line(arguments: tuple[str, str]) -> None:
    told = certify(*arguments)
    assert told.exit_code == 2
    assert "Error: " in told.output
    assert "Traceback" not in told.output
    assert "INTERNALERROR" not in told.output


def test_the_json_has_run_handset_and_tests(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert certify("--json", str(file), *ONE).exit_code == 0
    told = json.loads(file.read_text())
    assert set(told) == {"run", "handset", "tests"}
    assert (told["run"]["planned"], told["run"]["concluded"]) == (1, 1)
    assert told["handset"]["mac"] == "00:0e:08:aa:bb:cc"
    (test,) = told["tests"]
    due = {"id", "verdict", "cause", "requirements", "wall_s", "lab_s", "findings"}
    assert due <= set(test)
    assert (test["verdict"], test["cause"], test["findings"]) == ("PASS", "none", [])
    assert test["requirements"] == ["resync.on_reset"]
    assert test["lab_s"] > test["wall_s"] > 0


def test_the_json_may_go_to_standard_output_alone() -> None:
    runner = CliRunner()
    told = runner.invoke(main, ["certify", "--json", "-", *ONE])
    assert json.loads(told.stdout)["run"]["verdict"] == "PASS"


def test_out_has_history_junit_allure_and_a_log_a_test(tmp_path: Path) -> None:
    assert certify("--out", str(tmp_path), *ONE).exit_code == 0
    stored = read(tmp_path / "history.jsonl")
    assert stored.torn == b""
    (verdict,) = [event for event in stored.events if isinstance(event, ev.Verdict)]
    assert verdict.verdict == "PASS"
    assert 'name="requirement" value="resync.on_reset"' in (tmp_path / "junit.xml").read_text()
    (result,) = (tmp_path / "allure").glob("*-result.json")
    labels = json.loads(result.read_text())["labels"]
    assert {"name": "requirement", "value": "resync.on_reset"} in labels
    (log,) = (tmp_path / "logs").iterdir()
    assert "TftpRequest" in log.read_text()
    assert "\nPASS\nrests on " in log.read_text()


def test_two_runs_do_not_share_a_directory(tmp_path: Path) -> None:
    with (tmp_path / ".hil-lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        told = certify("--out", str(tmp_path), *ONE)
    assert told.exit_code == 2
    assert "another run" in told.output
