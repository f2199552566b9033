"""`hil adequacy` from outside: what it prints, what it writes, and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HIL = "from hil.cli import main; main()"
HARMLESS = """
from types import MappingProxyType
from hil.adequacy import catalogue
from hil.virtual import defects
from hil.virtual.defect import Defect

harmless = Defect("harmless", "resync.on_reset", "does nothing", lambda firmware: firmware)
defects.DEFECTS = MappingProxyType({**defects.DEFECTS, harmless.name: harmless})
"""
BROKEN_REFERENCE = """
from hil.virtual import defects

true = defects.firmware_with
defects.firmware_with = lambda names, *base: true([*names, "ignores-resync-on-reset"], *base)
"""
NO_NETWORK = """
from hil.errors import LabError
from hil.net.virtual import VirtualNetwork

def refuse(self):
    raise LabError("no network can be built")

VirtualNetwork.__init__ = refuse
"""


def adequacy(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", before + HIL, "adequacy", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def test_a_pair_is_run_besides_its_two_defects() -> None:
    pair = "never-resyncs-on-reset,ignores-resync-on-reset"
    done = adequacy("--pair", pair, "--jobs", "2", "--json", "-")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["run"]["adequate"] is True
    assert found["run"]["jobs"] == 2
    assert found["run"]["cpu_s"] > 0
    assert [each["fate"] for each in found["defects"]] == ["killed", "killed"]
    [both] = found["pairs"]
    assert both["defects"] == pair.split(",")
    assert both["fate"] == "killed"
    assert "the reference handset: 1/" in done.stderr
    assert "pairs of defects: 1/1, 0 survived" in done.stderr
    assert "killed 2/2 (100.0 %)" in done.stderr


def test_a_defect_that_nobody_finds_is_told_and_the_exit_status_is_1() -> None:
    done = adequacy("--defect", "harmless", before=HARMLESS)
    assert done.returncode == 1, done.stderr
    assert "SURVIVED harmless [resync.on_reset]: does nothing" in done.stdout
    assert "killed 0/1 (0.0 %)" in done.stdout


def test_declared_equivalent_it_does_not_count() -> None:
    declared = 'catalogue.EQUIVALENT = {"harmless": "no phone shows it"}\n'
    done = adequacy("--defect", "harmless", before=HARMLESS + declared)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "declared equivalent: no phone shows it" in done.stdout


def test_a_suite_that_accuses_the_reference_measures_nothing() -> None:
    done = adequacy("--defect", "never-resyncs-on-reset", before=BROKEN_REFERENCE)
    assert done.returncode == 1
    assert "the suite calls the reference handset broken" in done.stderr
    assert "[resync.on_reset]" in done.stderr
    assert done.stdout == ""


def test_a_laboratory_that_fails_is_no_result() -> None:
    done = adequacy("--defect", "ignores-resync-on-reset", before=NO_NETWORK)
    assert done.returncode == 3
    assert "the reference handset did not pass every test" in done.stderr
    assert "no network can be built" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--defect", "no-such"), "no defect is called 'no-such'"),
        (("--requirement", "no.such"), "no.such"),
        (("--pair", "retry-never"), "'retry-never' is no pair of defects"),
        (("--defect", "retry-never", "--pairs", "1"), "1 defects make 0 pairs, not 1"),
        (("--json", "/no/such/place.json"), "cannot write there"),
        (("--module", "versions", "--defect", "retry-never"), "run no defects"),
        (("--module", "versions", "--thin"), "run no defects"),
        (("--jobs", "0"), "--jobs"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(arguments: tuple[str, ...], said: str) -> None:
    done = adequacy(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
