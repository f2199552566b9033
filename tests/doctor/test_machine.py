"""The doctor's look at the machine, and the command on a virtual testbed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from programs import needed

from hil.doctor import machine
from hil.errors import LabError
from hil.net.namespace import enter
from hil.witness.wall_time import DateWitness

enter()

HIL = str(Path(sys.executable).with_name("hil"))


def told(*options: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [HIL, "doctor", *options],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_virtual_testbed_is_checked_for_what_it_rests_on(tmp_path: Path) -> None:
    code, out, err = told("--json", "--walk", "--out", str(tmp_path))
    report = json.loads(out)
    states = {each["check"]: each["state"] for each in report["findings"]}
    assert (code, report["ok"], report["kind"]) == (0, True, "virtual")
    for check in ("inventory", "namespaces", "kernel", "virtual time", "capture", "power", "disk"):
        assert states[check] == "ok"
    for check in ("interface", "console", "leases", "outlet"):
        assert states[check] == "skipped"
    assert "virtual time" in err
    assert list(tmp_path.iterdir()) == []


def test_a_person_reads_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("name: x\nkind: rack\nhandsets: []\n")
    code, out, _ = told("--testbed", str(file))
    assert code == 3
    assert f"trouble  inventory ({file}): {file}" in out
    assert "0 ok" in out


def test_a_handset_that_is_not_there_is_a_wrong_command_line() -> None:
    code, _, err = told("--handset", "nobody")
    assert code == 2
    assert "no handset is called 'nobody'" in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root's capabilities")
def test_who_may_not_make_networks_is_told_what_would_help(tmp_path: Path) -> None:
    # Root without capabilities may not map itself into a user namespace (user_namespaces(7)).
    bare = [needed("setpriv", "util-linux"), "--bounding-set", "-all", "--inh-caps", "-all"]
    done = subprocess.run(
        [*bare, HIL, "doctor", "--out", str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 3
    assert "trouble  namespaces (this machine)" in done.stdout
    assert "next: " in done.stdout
    assert "Traceback" not in done.stderr


def test_the_disk_has_room_and_is_left_as_it_was(tmp_path: Path) -> None:
    said = machine.disk(tmp_path / "not" / "yet")
    assert f"free at {tmp_path}" in said
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ROOM_OCTETS", 1 << 60)
    with pytest.raises(LabError, match="nearly full"):
        machine.disk(tmp_path)


def test_a_disk_that_cannot_be_written_is_trouble() -> None:
    with pytest.raises(LabError, match="cannot be written"):
        machine.disk(Path("/proc/evidence"))


def test_a_date_that_jumps_is_trouble() -> None:
    ahead = 0

    def date() -> int:
        return time.time_ns() + ahead

    witness = DateWitness(date=date)
    assert "lab time is virtual" in machine.clock(witness, dated=False)
    ahead = 3_000_000_000
    with pytest.raises(LabError, match="was set"):
        machine.clock(witness, dated=False)


def test_what_the_kernel_says_of_the_clock_is_told() -> None:
    # Whether this machine's clock is kept is not ours to say; either is told with the evidence.
    try:
        said = machine.clock(DateWitness(), dated=True)
    except LabError as error:
        said = error.evidence
    assert "UTC" in said
    assert ("adjtimex" in said) != ("kept within" in said or "does not say" in said)


def test_the_libraries_are_those_that_hil_was_made_for() -> None:
    assert machine.libraries().endswith("libraries fit")
