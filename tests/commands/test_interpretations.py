"""``hil interpretations``: list, show, and probe on the virtual testbed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from hil.cli import main
from hil.reference.interpretations import CATALOGUE
from hil.suite_location import suite_root


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["interpretations", *arguments])


@pytest.fixture
def following(tmp_path: Path):
    """An inventory whose phone follows these readings."""

    def write(readings: str) -> str:
        text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
        follows = f"    follows: {{{readings}}}\n    seed: 1 "
        (tmp_path / "other.yaml").write_text(text.replace("    seed: 1 ", follows, 1))
        return str(tmp_path / "other.yaml")

    return write


def test_the_list_has_every_question_with_its_readings() -> None:
    lines = run("list").output.splitlines()
    assert len(lines) == len(CATALOGUE)
    assert "I5   list_exhaustion              repeat-last, cycle, stop" in lines


def test_the_list_as_json() -> None:
    rows = json.loads(run("list", "--json").output)
    assert [row["name"] for row in rows] == [entry.name for entry in CATALOGUE]
    (limit,) = [row for row in rows if row["name"] == "redirect_limit"]
    assert (limit["candidates"], limit["default"]) == (["5", "1", "10", "20"], "5")


def test_a_question_is_shown_with_its_source_and_its_experiment() -> None:
    told = run("show", "kdf_digest").output
    assert "Which digest derives the AES-256-CBC key from --key?" in told
    assert "AG formats" in told
    assert "hil interpretations probe kdf_digest" in told
    assert "none: no verdict of this release depends" in run("show", "external_address").output


def test_a_key_as_reports_print_it_is_all_questions_that_have_it() -> None:
    told = run("show", "I5").output
    assert "list_exhaustion (I5)" in told
    assert "list_restart (I5)" in told
    rows = json.loads(run("show", "i5", "--json").output)
    assert [row["name"] for row in rows] == ["list_exhaustion", "list_restart"]
    assert json.loads(run("show", "list_restart", "--json").output)["key"] == "I5"


def test_the_tests_of_a_run_that_rest_on_a_question_are_named(tmp_path: Path) -> None:
    reading = {"key": "I2", "name": "random_delay_unit", "reading": "seconds", "default": True}
    test = {"id": "test_a.py::test_b", "requirements": ["resync.random_delay"]}
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"tests": [{**test, "interpretations": [reading]}]}))
    told = run("show", "random_delay_unit", "--results", str(file)).output
    assert "rests on it: test_a.py::test_b (resync.random_delay)" in told
    assert "rests on it" not in run("show", "psn", "--results", str(file)).output


@pytest.mark.parametrize("text", ["", "[]", '{"tests": [{}]}', "\0"])
def test_what_is_no_result_of_a_run_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    outcome = run("show", "psn", "--results", str(tmp_path / "run.json"))
    assert outcome.exit_code == 2
    assert "not the results of a run" in outcome.output


@pytest.mark.parametrize("command", ["show", "probe"])
def test_a_misspelt_question_is_told_the_right_one(command: str) -> None:
    outcome = run(command, "list_exhaustoin")
    assert outcome.exit_code == 2
    assert "did you mean list_exhaustion?" in outcome.output


def test_the_answers_end_with_what_to_write_into_the_inventory(following) -> None:
    testbed = following("psn: '7832', scheme_case: upper")
    outcome = run("probe", "psn", "scheme_case", "macro_name_match", "--testbed", testbed)
    assert outcome.exit_code == 0, outcome.output
    answers, _, pasted = outcome.output.partition("\n\n")
    assert answers.splitlines() == [
        "psn: 7832",
        "scheme_case: upper",
        "macro_name_match: longest",
    ]
    assert yaml.safe_load(pasted) == {"interpretations": {"psn": "7832", "scheme_case": "upper"}}


def test_the_answers_as_json(following) -> None:
    testbed = following("scheme_case: upper")
    outcome = CliRunner().invoke(
        main, ["interpretations", "probe", "scheme_case", "--json", "--testbed", testbed]
    )
    told = json.loads(outcome.stdout)
    assert told["interpretations"] == {"scheme_case": "upper"}
    (answer,) = told["answers"]
    assert (answer["result"], answer["reading"], answer["left"]) == ("found", "upper", ["upper"])
    assert "tftp" in answer["against"]["lower"] or "TFTP" in answer["against"]["lower"]


def test_a_phone_that_no_reading_explains_is_exit_status_1() -> None:
    outcome = run("probe", "list_exhaustion", "--defect", "retry-never")
    assert outcome.exit_code == 1
    assert "list_exhaustion: none fits" in outcome.output
    assert "not stop: [resync.error_retry_delay]" in outcome.output


def test_what_kept_a_question_from_being_answered_is_exit_status_3() -> None:
    outcome = run("probe", "check_sync", "--defect", "register-never-authenticates")
    assert outcome.exit_code == 3
    assert "check_sync: inconclusive (awaited" in outcome.output


def test_what_was_found_can_be_put_into_the_inventory(following, tmp_path: Path) -> None:
    """A phone that is held to what was found of it passes what it fails by the default."""
    testbed = following("list_exhaustion: cycle")
    module = ["certify", "test_resync_periodic.py", "-k", "last_element or element_by_element"]
    failed = CliRunner().invoke(main, [*module, "--testbed", testbed])
    assert failed.exit_code == 1
    assert "rests on list_exhaustion=repeat-last (I5)" in failed.output
    pasted = run("probe", "list_exhaustion", "--testbed", testbed).output.partition("\n\n")[2]
    entry = Path(testbed).read_text().replace("    seed: 1 ", pasted + "    seed: 1 ", 1)
    Path(testbed).write_text(entry)
    held = CliRunner().invoke(main, [*module, "--testbed", testbed])
    assert held.exit_code == 0, held.output
    assert "not read as by default: list_exhaustion=cycle (I5)" in held.output
    assert "NOT_APPLICABLE" in held.output
