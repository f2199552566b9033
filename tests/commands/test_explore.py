"""``hil explore``: what it prints and writes, and what its exit status says."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hil.history import events as ev
from hil.history import read

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")


def explore(
    *arguments: str, cwd: Path, preexec_fn: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HIL, "explore", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        preexec_fn=preexec_fn,
    )


def test_a_good_phone_is_0_with_its_seed_and_what_was_exercised(tmp_path: Path) -> None:
    told = explore("--scenarios", "15", "--seed", "4", "--json", "told.json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "exploring v1, seed 4" in told.stderr
    assert "seed 4: 15 scenarios" in told.stdout
    assert "resync.on_reset" in told.stdout
    data = json.loads((tmp_path / "told.json").read_text("utf-8"))
    assert (data["seed"], data["scenarios"], data["found"]) == (4, 15, [])
    assert sum(data["results"].values()) == 15
    assert data["clauses"]["resync.on_reset"] > 0
    assert not (tmp_path / "hil-out").exists()


def test_a_broken_clause_is_1_with_a_test_and_its_history(tmp_path: Path) -> None:
    defect = ("--defect", "never-resyncs-on-reset", "--shrink-seconds", "3")
    told = explore("--scenarios", "40", "--seed", "4", *defect, "--out", "found", cwd=tmp_path)
    assert told.returncode == 1, told.stderr
    (module,) = (tmp_path / "found").glob("test_found_*.py")
    assert str(Path("found") / module.name) in told.stdout
    assert "@requirement(" in module.read_text("utf-8")
    run = "-p hil.pytest_plugin THIS_FILE --hil-defect never-resyncs-on-reset\n"
    assert run in module.read_text("utf-8")
    stored = read(module.with_suffix(".history.jsonl"))
    assert stored.ended
    assert stored.events[0].seq == 0
    assert isinstance(stored.events[-2], ev.TestEnded)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--scenarios", "0"),
        ("--minutes", "0"),
        ("--jobs", "0"),
        ("--defect", "no-such-defect"),
        ("--handset", "nobody"),
        ("--testbed", "no-such-file.yaml"),
        ("--json", "no/such/directory/x.json"),
        ("--out", "/dev/null/found"),
    ],
)
def test_what_cannot_be_done_is_2_and_one_line(refused, wrong: tuple[str, ...]) -> None:
    refused("explore", *wrong)


RACK = """\
name: rack
kind: rack
network: {interface: none0, attach: plain, subnet: 192.0.2.0/24}
pdus:
  - {name: pdu1, driver: snmp, model: apc-rpdu, host: 198.51.100.5, outlets: 8, write_community: x}
handsets:
  - name: a01
    model: CP-7832-3PCC
    mac: "00:0e:08:11:22:33"
    serial: FCH12345678
    power: {pdu: pdu1, outlet: 3}
"""


@pytest.mark.parametrize("command", ["explore", "interpretations probe"])
def test_a_phone_of_a_rack_takes_no_defect(refused, tmp_path: Path, command: str) -> None:
    rack = tmp_path / "rack.yaml"
    rack.write_text(RACK, encoding="utf-8")
    said = refused(*command.split(), "--testbed", str(rack), "--defect", "retry-never")
    assert "handset a01 of rack is real and cannot be given a defect" in said


def test_a_phone_of_a_rack_is_no_work_for_two_processes(refused, tmp_path: Path) -> None:
    rack = tmp_path / "rack.yaml"
    rack.write_text(RACK, encoding="utf-8")
    assert "one process" in refused("explore", "--testbed", str(rack), "--jobs", "2")


def test_a_finding_that_finds_no_room_is_told_with_its_test(tmp_path: Path) -> None:
    """No file may grow beyond what a test needs and a history does not: as on a full disk."""
    defect = ("--defect", "never-resyncs-on-reset", "--shrink-seconds", "0")
    told = explore(
        *("--scenarios", "40", "--seed", "4", *defect, "--out", "found"),
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )
    assert told.returncode == 1, told.stderr
    assert "Traceback" not in told.stderr
    assert "[resync.on_reset] the power-up resync did not begin" in told.stdout
    assert "the test could not be written: File too large; this is it" in told.stdout
    compile(told.stdout.partition(" calls):\n")[2], "told", "exec")
    assert list((tmp_path / "found").iterdir()) == []


def test_ctrl_c_tells_what_there_is_and_ends_130(tmp_path: Path) -> None:
    options = ["--scenarios", "100", "--seed", "5", "--json", "told.json"]
    process = subprocess.Popen(
        [*HIL, "explore", *options, "--defect", "retry-never"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("seen broken: resync.error_retry_delay"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert err.endswith("Error: interrupted\n")
    assert "interrupted: this is what there was so far" in out
    assert "[resync.error_retry_delay]" in out
    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    assert told["interrupted"] is True
    # It was being made short: it is written as it was seen.
    (found,) = told["found"]
    assert "@requirement" in (tmp_path / found["file"]).read_text("utf-8")
