"""The readings in what a run leaves, and tests that hold for one reading only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from suites import Run, run_suite

from hil.errors import UsageError
from hil.marks import reading
from hil.suite_location import suite_root

SUITE = """
from hil.marks import reading

def cycle(history, handset, dhcp, tftp):
    tftp.serve("/7832-3PCC.xml", b"no profile")
    dhcp.offer(option_66=tftp.address)
    handset.boot(Resync_Random_Delay="0", Resync_Error_Retry_Delay="10,20")
    history.wait(ev.TftpRequest, within=handset.boot_limit + 100, count=4)

@requirement("resync.error_retry_delay")
def test_rests_on_a_list(handset, dhcp, tftp, history):
    cycle(history, handset, dhcp, tftp)

@reading(list_exhaustion="repeat-last")
@requirement("resync.error_retry_delay")
def test_for_the_default(handset, dhcp, tftp, history):
    cycle(history, handset, dhcp, tftp)

@reading(list_exhaustion=("cycle", "stop"))
@requirement("resync.error_retry_delay")
def test_for_others(handset, dhcp, tftp, history):
    raise ZeroDivisionError("never called where it does not apply")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """The suite on a phone that cycles through its lists, held to the default reading."""
    place = tmp_path_factory.mktemp("readings")
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    follows = "    follows: {list_exhaustion: cycle}\n    seed: 1 "
    (place / "cycling.yaml").write_text(text.replace("    seed: 1 ", follows, 1))
    return run_suite(place, SUITE, f"--hil-testbed={place / 'cycling.yaml'}")


def test_a_verdict_names_what_it_rests_on_and_what_would_have_acquitted(run: Run) -> None:
    case = run.cases["test_rests_on_a_list"]
    assert case.verdict == "FAIL (device)"
    assert "list_exhaustion=repeat-last (I5)" in case.properties["interpretation"]
    assert case.properties["acquitting-interpretation"] == ["list_exhaustion=cycle (I5)"]
    assert "would not be a FAIL under list_exhaustion=cycle (I5)" in case.message


def test_the_log_of_the_test_says_the_same(run: Run) -> None:
    (log,) = (run.out / "logs").glob("*test_rests_on_a_list.log")
    assert "would not be a FAIL under list_exhaustion=cycle (I5)" in log.read_text()


def test_allure_has_the_readings_as_labels(run: Run) -> None:
    labels = run.allure("test_rests_on_a_list")["labels"]
    assert {"name": "interpretation", "value": "list_exhaustion=repeat-last (I5)"} in labels


def test_a_test_that_expects_another_reading_is_not_applicable(run: Run) -> None:
    case = run.cases["test_for_others"]
    assert case.verdict == "NOT_APPLICABLE (device)"
    assert case.kind == "passed"
    (log,) = (run.out / "logs").glob("*test_for_others.log")
    assert "expects what list_exhaustion=cycle or stop says" in log.read_text()


def test_a_test_that_expects_the_chosen_reading_is_judged(run: Run) -> None:
    case = run.cases["test_for_the_default"]
    assert case.verdict == "FAIL (device)"
    assert case.properties["interpretation"].count("list_exhaustion=repeat-last (I5)") == 1


@pytest.mark.parametrize("wrong", [{"list_exhaustoin": "cycle"}, {"list_exhaustion": "repeat"}])
def test_a_mark_names_a_question_and_a_candidate(wrong: dict) -> None:
    with pytest.raises(UsageError):
        reading(**wrong)


def test_json_of_hil_certify_has_them(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from hil.cli import main

    arguments = ["certify", "test_resync_random_delay.py"]
    done = CliRunner().invoke(main, [*arguments, "--json", str(tmp_path / "r.json")])
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["handset"]["interpretations"] == []
    told = [each for test in document["tests"] for each in test["interpretations"]]
    assert {"key": "I2", "name": "random_delay_unit", "reading": "seconds", "default": True} in told
