"""A run on racked phones that somebody ends: what there is is told, and the phones are given back."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

MODULES = ("test_resync_on_reset.py", "test_web_reboot.py", "test_flash.py")
VERDICT_S = 90.0
END_S = 30.0
"""Time to cut a test short and to give a phone its power back, with none for a baseline exchange."""


@pytest.fixture(scope="module")
def rack(hil: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    inventory = tmp_path_factory.mktemp("rack") / "rack.yaml"
    with hil("rack", "--handsets", 2, "--inventory", inventory) as program:
        program.expect("ready: 2 handsets")
        yield inventory


@pytest.fixture(autouse=True)
def state(rack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone that one test puts aside is not missing in the next."""
    monkeypatch.setenv("HIL_STATE_DIR", str(tmp_path / "state"))


@pytest.mark.parametrize(
    ("handsets", "number", "status"),
    [
        (("a01",), signal.SIGINT, 130),
        (("a01", "a02"), signal.SIGINT, 130),
        (("a01", "a02"), signal.SIGTERM, 143),
    ],
)
def test_what_there_is_is_told_and_every_phone_is_given_back(
    hil: Any, rack: Path, tmp_path: Path, handsets: tuple[str, ...], number: int, status: int
) -> None:
    document = tmp_path / "results.json"
    options = ["--testbed", rack, "--quick", "--json", document, *MODULES]
    options += ["--each"] if len(handsets) > 1 else []
    for name in handsets:
        options += ["--handset", name]
    with hil("certify", *options) as program:
        program.expect("PASS  ", within=VERDICT_S)
        program.press(number)
        assert program.ended(END_S) == status, program.output
        assert "the run was interrupted" in program.output
        assert "without a verdict" in program.output
    run = json.loads(document.read_text())["run"]
    assert 0 < run["concluded"] < run["planned"]
    assert run["troubles"] == ["the run was interrupted"], program.output
    as_before(hil, rack)


def test_a_second_time_hurries(hil: Any, rack: Path, tmp_path: Path) -> None:
    document = tmp_path / "results.json"
    options = ["--testbed", rack, "--quick", "--json", document, "--handset", "a01", *MODULES]
    with hil("certify", *options) as program:
        program.expect(" tests, about", within=VERDICT_S)
        for _ in range(3):
            program.press()
        assert program.ended(END_S) == 130, program.output
    assert json.loads(document.read_text())["run"]["concluded"] == 0
    as_before(hil, rack)


def as_before(hil: Any, rack: Path) -> None:
    """Nobody has a phone, and each has its power."""
    with hil("leases", "list", "--testbed", rack) as program:
        assert program.ended() == 0
        assert program.output.count("free") == 2, program.output
    with hil("power", "status", "--all", "--testbed", rack) as program:
        assert program.ended() == 0
        assert " off" not in program.output
