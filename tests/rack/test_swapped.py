"""Outlets and consoles that are exchanged in the inventory: the laboratory's fault, and no phone's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

MODULE = "test_resync_on_reset.py"
QUICK = {"boot": 5, "lease": 5, "give_up": 5}
RUN_S = 120.0
LAB = 3


@pytest.fixture(scope="module")
def inventory(hil: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    file = tmp_path_factory.mktemp("rack") / "rack.yaml"
    with hil("rack", "--handsets", 2, "--inventory", file) as program:
        program.expect("ready: 2 handsets")
        yield file


@pytest.fixture(autouse=True)
def state(inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone that one test puts aside is not missing in the next."""
    monkeypatch.setenv("HIL_STATE_DIR", str(tmp_path / "state"))


def corrupted(
    inventory: Path, change: Callable[[dict[str, Any], dict[str, Any]], None], file: Path
) -> Path:
    """The inventory as somebody wrote it who took one thing for another."""
    testbed = yaml.safe_load(inventory.read_text())
    change(*testbed["handsets"])
    file.write_text(yaml.safe_dump(testbed))
    return file


def certify(hil: Any, inventory: Path, out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    results = out / "results.json"
    arguments = ["--testbed", inventory, "--quick", *options, "--out", out, "--json", results]
    with hil("certify", *arguments, MODULE) as program:
        status = program.ended(RUN_S)
        assert results.exists(), program.output
    return status, json.loads(results.read_text())


def faults(out: Path) -> list[dict[str, Any]]:
    lines = (out / "history.jsonl").read_text().splitlines()
    return [each for line in lines if (each := json.loads(line))["event"] == "LabFault"]


def test_outlets_that_are_exchanged_blame_no_phone(
    hil: Any, inventory: Path, tmp_path: Path
) -> None:
    def exchange(one: dict[str, Any], other: dict[str, Any]) -> None:
        one["power"], other["power"] = other["power"], one["power"]
        one["timing"] |= QUICK

    file = corrupted(inventory, exchange, tmp_path / "outlets.yaml")
    status, document = certify(hil, file, tmp_path, "--handset", "a01")
    told = [*document["tests"], *document["run"]["baselines"]]
    assert {(test["verdict"], test["cause"]) for test in told} == {("ERROR", "lab")}, document
    assert status == LAB
    (trouble,) = document["run"]["troubles"]
    assert "boots when the outlet of a01 is switched: Gi1/0/2 of poe1 feeds a02" in trouble
    events = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    # It was switched to be prepared, once or twice more to be certain, and to be left with power.
    switched = [each["action"] for each in events if each["event"] == "PowerRequested"]
    assert switched in (["off", "on"] * 3, ["off", "on"] * 4)
    assert not [each for each in events if each["event"] == "RecoveryStep"]
    with hil("leases", "list", "--testbed", file, "--json") as program:
        assert program.ended() == 0
        assert {each["state"] for each in json.loads(program.output)} == {"free"}


def test_consoles_that_are_exchanged_are_told(hil: Any, inventory: Path, tmp_path: Path) -> None:
    def exchange(one: dict[str, Any], other: dict[str, Any]) -> None:
        one["console"], other["console"] = other["console"], one["console"]

    file = corrupted(inventory, exchange, tmp_path / "consoles.yaml")
    status, document = certify(hil, file, tmp_path, "--handset", "all", "--each")
    assert status == LAB
    told = [*document["tests"], *document["run"]["baselines"]]
    assert {test["cause"] for test in told if test["verdict"] != "PASS"} == {"lab"}
    for own, other in (("a01", "a02"), ("a02", "a01")):
        found = [each for each in faults(tmp_path / own) if "console" in each["what"]]
        assert {each["what"] for each in found} == {f"the console of {own} is that of {other}"}
        assert all("boot: MAC" in each["evidence"] for each in found)
