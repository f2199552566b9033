"""Somebody else switches the phone's port for a moment while it is tested."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from programs import Program, needed, started

from hil.net.namespace import Namespace

ADMIN_ENABLE = "1.3.6.1.2.1.105.1.1.1.3.1.1"
TEST = "test_an_integer_is_the_seconds_to_the_next_resync"
ON, OFF = 1, 2
RUN_S = 90.0
RESYNCED = "prov: resync succeeded"
DARK = '"up":false,"powered":false'


@pytest.fixture(scope="module")
def rack(hil: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    inventory = tmp_path_factory.mktemp("rack") / "rack.yaml"
    with hil("rack", "--handsets", 1, "--inventory", inventory) as program:
        program.expect("ready: 1 handset")
        yield inventory


def test_a_phone_that_lost_its_power_is_not_judged(
    hil: Any, rack: Path, machine: Namespace, tmp_path: Path
) -> None:
    """The periodic resync that the test waits for is that of the boot, early by a second or two."""
    results = tmp_path / "results.json"
    options = ["--testbed", rack, "-k", TEST, "--out", tmp_path / "out", "--json", results]
    history = tmp_path / "out" / "history.jsonl"
    with hil("certify", *options) as run, followed(history, machine) as told:
        # The baseline exchange has one, the test itself the other.
        told.expect('"event":"HandsetPrepared"', count=2, within=RUN_S)
        told.expect(RESYNCED, count=told.output.count(RESYNCED) + 1)
        dark = told.output.count(DARK)
        switched(machine, rack, OFF)
        told.expect(DARK, count=dark + 1)
        switched(machine, rack, ON)
        run.ended(RUN_S)
    (test,) = [each for each in json.loads(results.read_text())["tests"] if TEST in each["id"]]
    assert (test["verdict"], test["cause"]) == ("ERROR", "lab"), test
    assert any("its port gave no power" in remark for remark in test["remarks"])


def followed(file: Path, machine: Namespace) -> AbstractContextManager[Program]:
    """What is written to a file, from its beginning."""
    return started(["tail", "-n", "+1", "-F", str(file)], machine)


def switched(machine: Namespace, rack: Path, to: int) -> None:
    snmpset = needed("snmpset", "snmp")
    (port,) = re.findall(r"^ +port: (\d+)$", rack.read_text(), re.MULTILINE)
    with machine.entered():
        subprocess.run(
            [snmpset, "-v2c", "-c", "private", f"127.0.0.1:{port}", ADMIN_ENABLE, "i", str(to)],
            check=True, capture_output=True, timeout=20,
        )  # fmt: skip
