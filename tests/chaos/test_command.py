"""`hil chaos` as people use it: a small matrix, and that it can say no."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GROUP = ("--group", "test_resync_on_reset.py")
BLIND = """
import sys
from hil.testbed import bench
bench.endpoints_gone = lambda endpoints: ()
from hil.cli import main
main()
"""
HARMLESS = """
from hil.chaos import catalogue, fault
never = fault.LabFaultKind("gremlins", "they sleep", "an alarm", lambda scene: lambda: None)
catalogue.FAULTS = (never,)
from hil.cli import main
main()
"""


def chaos(*arguments: str, script: str = "from hil.cli import main; main()") -> tuple[int, str]:
    """Its exit status, and all that it printed."""
    run = subprocess.run(
        [sys.executable, "-c", script, "chaos", "--jobs", "2", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
    return run.returncode, run.stdout + run.stderr


def test_a_small_matrix_has_no_wrong_verdict(tmp_path: Path) -> None:
    file = tmp_path / "chaos.json"
    names = ("pdu-says-off-stays-on", "pdu-says-error-did-it", "tftp-hangs", "disk-full")
    asked = [option for name in names for option in ("--fault", name)]
    status, text = chaos(*GROUP, *asked, "--json", str(file))
    assert status == 0, text
    assert "the rate of wrong verdicts is 0.00%" in text
    told = json.loads(file.read_text())
    assert {each["name"] for each in told["faults"]} == set(names)
    assert [each["letter"] for each in told["cells"]] == ["E"] * len(names)
    assert all(each["strikes"] for each in told["cells"])


def test_a_bench_that_is_blind_for_a_fault_is_found_out() -> None:
    status, text = chaos(*GROUP, "--fault", "ntp-gone", script=BLIND)
    assert status == 1, text
    assert "WRONG ntp-gone x test_resync_on_reset.py" in text
    assert "said PASS (none)" in text or "said FAIL (device)" in text


def test_a_fault_that_never_came_to_pass_is_vacuous() -> None:
    status, text = chaos(*GROUP, script=HARMLESS)
    assert status == 3, text
    assert "VACUOUS gremlins x test_resync_on_reset.py" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fault", "gremlins"), "no fault of the laboratory is called 'gremlins'"),
        (("--group", "test_gremlins.py"), "the suite has no module 'test_gremlins.py'"),
        (("--json", "/nowhere/at/all"), "cannot write there"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(arguments: tuple[str, ...], said: str) -> None:
    status, text = chaos(*arguments)
    assert status == 2
    assert said in text


def test_the_faults_can_be_listed() -> None:
    status, text = chaos("--list")
    assert status == 0
    assert "pdu-dead                 the PDU answers nothing and does nothing" in text
