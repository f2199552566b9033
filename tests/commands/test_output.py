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


def run(
    *arguments: str, stdout: int | None = subprocess.PIPE, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
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


def unread(*command: str, cwd: Path, lines: int = 0) -> tuple[int, str]:
    """The status of a command whose reader leaves after some lines, and what stderr had to say."""
    process = subprocess.Popen(
        [*HIL, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd
    )
    assert process.stdout is not None
    assert process.stderr is not None
    for _ in range(lines):
        assert process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    return process.wait(timeout=60), said


@pytest.mark.parametrize(
    "command", [("--help",), ("defects",), ("spec", "list", "--json"), ("certify", "--help")]
)
def test_a_command_that_nobody_reads_ends_quietly_as_by_sigpipe(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    assert unread(*command, cwd=tmp_path) == (128 + signal.SIGPIPE, "")


def test_to_judge_or_compare_for_nobody_is_no_verdict(tmp_path: Path) -> None:
    assert run("certify", "test_flash.py", "--out", "run", cwd=tmp_path).returncode == 0
    assert unread("judge", "run", cwd=tmp_path) == (141, "")
    assert unread("compare", "run", "run", cwd=tmp_path) == (141, "")


def test_a_word_of_error_that_nobody_reads_is_no_verdict_either(tmp_path: Path) -> None:
    process = subprocess.Popen([*HIL, "nonsense"], stderr=subprocess.PIPE, cwd=tmp_path)
    assert process.stderr is not None
    process.stderr.close()
    assert process.wait(timeout=60) == 141
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*HIL, "nonsense"], stderr=full, cwd=tmp_path, check=False)
    assert done.returncode == 3


def test_a_certification_with_nobody_else_to_tell_ends_with_its_reader(tmp_path: Path) -> None:
    began = (
        "certify",
        "--defect",
        "retry-never",
        "test_resync_error_retry.py",
        "test_resync_at.py",
    )
    status, said = unread(*began, cwd=tmp_path, lines=3)
    assert status == 141
    assert "Traceback" not in said
    assert "Error" not in said


@pytest.mark.parametrize("handsets", [(), ("--handset", "all")])
def test_a_certification_whose_results_go_to_a_file_goes_on_unread(
    handsets: tuple[str, ...], tmp_path: Path
) -> None:
    command = ("certify", "test_flash.py", *handsets, "--json", "results.json")
    status, said = unread(*command, cwd=tmp_path, lines=2)
    assert status == 141
    assert "Traceback" not in said
    told = json.loads((tmp_path / "results.json").read_text())
    assert told["run"]["verdict"] == "PASS"
    assert told["run"]["concluded"] == told["run"]["planned"] > 0


def test_an_exploration_leaves_its_results_to_whoever_reads_them_later(tmp_path: Path) -> None:
    command = ("explore", "--scenarios", "2", "--seed", "4", "--json", "told.json")
    status, said = unread(*command, cwd=tmp_path)
    assert status == 141
    assert "Traceback" not in said
    assert json.loads((tmp_path / "told.json").read_text())["scenarios"] == 2


@pytest.mark.parametrize("command", [("--help",), ("certify", "test_flash.py")])
def test_a_full_disk_under_standard_output_is_one_line_and_3(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    with Path("/dev/full").open("w") as full:
        told = run(*command, stdout=full.fileno(), cwd=tmp_path)
    assert told.returncode == 3
    assert "Traceback" not in told.stderr
    assert told.stderr.endswith(f"Error: standard output cannot be written: {FULL}\n")


def test_an_exploration_that_nobody_hears_stops_as_with_ctrl_c(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*HIL, "explore", "--scenarios", "100000", "--seed", "4", "--defect", "retry-never"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"exploring")
    process.stdout.close()
    assert process.wait(timeout=60) == 141
