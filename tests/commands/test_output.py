"""Where data go that a command is asked for: what is told when a disk is full or a run interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hil.commands.output import check_writable, write_results
from hil.errors import LabError, UsageError

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
FULL = "No space left on device"


def run(*arguments: str, stdout: int | None = subprocess.PIPE, cwd: Path | None = None):
    return subprocess.run(
        [*HIL, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
    )


@pytest.mark.parametrize(
    ("command", "summary"),
    [
        (("certify", "test_flash.py"), "PASS:"),
        (("explore", "--scenarios", "2", "--seed", "4"), "seed 4: 2 scenarios"),
    ],
)
def test_results_that_find_no_room_are_one_line_and_3_after_the_summary(
    command: tuple[str, ...], summary: str, tmp_path: Path
) -> None:
    told = run(*command, "--json", "/dev/full", cwd=tmp_path)
    assert told.returncode == 3, told.stdout
    assert summary in told.stdout
    assert told.stderr.splitlines()[-1] == (
        f"Error: /dev/full: the results cannot be written: {FULL}"
    )


@pytest.mark.parametrize(
    "command",
    [
        ("spec", "list", "--json"),
        ("defects", "--json"),
        ("interpretations", "list", "--json"),
        ("schedule", "600", "--json"),
        ("testbed", "check", "--json"),
    ],
)
def test_a_standard_output_that_takes_nothing_is_one_line_and_3(command: tuple[str, ...]) -> None:
    arguments = [*command, "testbeds/virtual.yaml"] if command[0] == "testbed" else [*command]
    with Path("/dev/full").open("w") as full:
        told = run(*arguments, stdout=full.fileno(), cwd=Path(__file__).parents[2])
    assert told.returncode == 3
    assert told.stderr == f"Error: standard output cannot be written: {FULL}\n"


def test_to_see_whether_a_file_can_be_written_leaves_none(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.json")
    assert list(tmp_path.iterdir()) == []
    there = tmp_path / "there.json"
    there.write_text("{}")
    check_writable(there)
    assert there.read_text() == "{}"
    check_writable("-")
    check_writable(None)
    with pytest.raises(UsageError, match="cannot write there"):
        check_writable(tmp_path / "no" / "directory.json")


def test_a_failed_write_says_what_and_why(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="results cannot be written: No such file"):
        write_results(str(tmp_path / "no" / "directory.json"), "{}")
    write_results(str(tmp_path / "new.json"), "{}\n")
    assert (tmp_path / "new.json").read_text() == "{}\n"


def test_a_usage_error_leaves_no_empty_results(tmp_path: Path) -> None:
    told = run("certify", "-k", "no_such_test_at_all", "--json", "x.json", cwd=tmp_path)
    assert told.returncode == 2
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("handsets", ["v1", "all"])
def test_a_certification_that_is_interrupted_tells_what_it_has_and_ends_130(
    tmp_path: Path, handsets: str
) -> None:
    process = subprocess.Popen(
        [*HIL, "certify", "--handset", handsets, "--json", "results.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("PASS"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the run was interrupted" in out
    assert "without a verdict" in out
    assert err.endswith("Error: interrupted\n")
    told = json.loads((tmp_path / "results.json").read_text())
    # Of a module that was not finished nothing counts, where another handset could have taken it.
    assert told["tests"] or told["abandoned"]
