"""Evidence on a disk that is really full: what cannot be written is told, and all else comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
SMALL = (
    'mount -t tmpfs -o "$1" none small || exit 99; shift; "$@"; s=$?; find small -type f; exit $s'
)
FULL = "cannot be written: No space left on device"
AS_ROOT = () if os.geteuid() == 0 else ("--map-root-user",)


@dataclass(frozen=True)
class Ended:
    status: int
    said: str
    error: str
    results: dict[str, Any]

    @property
    def files(self) -> list[str]:
        return [line for line in self.said.splitlines() if line.startswith("small/")]


def certify(room: str, *options: str, cwd: Path) -> Ended:
    """Certify with the evidence on a file system of its own, which ends with the process."""
    (cwd / "small").mkdir()
    command = [*HIL, "certify", *options, "--out", "small/run", "--json", "results.json"]
    done = subprocess.run(
        ["unshare", "--mount", *AS_ROOT, "sh", "-c", SMALL, "sh", room, *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
    )
    assert done.returncode != 99, done.stderr
    file = cwd / "results.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    return Ended(done.returncode, done.stdout, done.stderr, results)


@pytest.mark.parametrize("handsets", [(), ("--handset", "all")])
def test_what_finds_no_room_is_told_after_a_run_that_goes_on(
    handsets: tuple[str, ...], tmp_path: Path
) -> None:
    ended = certify("size=200k", "test_resync_at.py", *handsets, cwd=tmp_path)
    assert ended.status == 3, ended.error
    for text in ("Traceback", "INTERNALERROR"):
        assert text not in ended.said + ended.error
    lines = [line.strip() for line in ended.said.splitlines()]
    assert lines.count(f"small/run/junit.xml {FULL}") == 1
    assert any("run/allure cannot be written in full: No space left" in line for line in lines)
    assert f"the log of the test {FULL}" in lines
    assert any(line.startswith("ERROR: ") and "trouble(s) outside" in line for line in lines)
    run = ended.results["run"]
    assert run["verdict"] == "ERROR"
    assert run["concluded"] == run["planned"] == len(ended.results["tests"])
    assert f"small/run/junit.xml {FULL}" in run["troubles"]
    assert "small/run/junit.xml" not in ended.files
    assert not [each for each in ended.files if each.endswith(".tmp")]


def test_a_clause_that_was_seen_broken_stays_a_fail(tmp_path: Path) -> None:
    """What was judged before the disk was full is true all the same."""
    ended = certify(
        "size=200k",
        "--defect",
        "retry-never",
        "test_resync_error_retry.py",
        "test_flash.py",
        cwd=tmp_path,
    )
    assert ended.status == 1, ended.error
    assert FULL in ended.said
    assert ended.results["run"]["verdict"] == "FAIL"


def test_a_disk_without_room_for_one_more_file_is_the_laboratorys(tmp_path: Path) -> None:
    ended = certify("nr_inodes=5", "test_flash.py", cwd=tmp_path)
    assert ended.status == 3, ended.said + ended.error
    assert "Traceback" not in ended.said + ended.error
    assert "No space left on device" in ended.said
    assert ended.results["run"]["verdict"] == "ERROR"


def test_where_there_is_room_the_reports_are_whole(tmp_path: Path) -> None:
    ended = certify("size=8m", "test_flash.py", cwd=tmp_path)
    assert ended.status == 0, ended.said + ended.error
    assert "small/run/junit.xml" in ended.files
    assert [each for each in ended.files if each.endswith("-result.json")]
    assert ended.results["run"]["troubles"] == []
