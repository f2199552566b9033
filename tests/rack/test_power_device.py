"""A power device that fails as a whole is told once, and no phone that hangs on it is blamed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

MODULE = "test_resync_on_reset.py"
MODULES = (MODULE, "test_web_reboot.py", "test_flash.py")
"""One for each phone: a phone that comes to nothing does not find out what feeds it."""
PHONES = ("a01", "a02", "a03")
RUN_S = 120.0
LAB = 3


@pytest.fixture(scope="module")
def inventory(hil: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    file = tmp_path_factory.mktemp("rack") / "rack.yaml"
    with hil("rack", "--handsets", len(PHONES), "--inventory", file) as program:
        program.expect(f"ready: {len(PHONES)} handsets")
        yield file


def changed(
    inventory: Path, file: Path, device: dict[str, Any], on_it: tuple[str, ...] = PHONES
) -> tuple[Path, str]:
    """The inventory with these phones behind a device that is another, and the device's address.

    The others hang on the same switch as it is, which is another device to them.
    """
    content = yaml.safe_load(inventory.read_text())
    (switch,) = content["pdus"]
    bad = switch | {"name": "bad"} | device
    # One device twice, with other credentials, is an inventory that contradicts itself.
    content["pdus"] = [bad] if on_it == PHONES else [switch | {"name": "good"}, bad]
    for handset in content["handsets"]:
        handset["power"]["pdu"] = "bad" if handset["name"] in on_it else "good"
    file.write_text(yaml.safe_dump(content))
    return file, f"{bad['host']}:{bad['port']}"


def certify(
    hil: Any, inventory: Path, out: Path, *options: str, modules: tuple[str, ...] = (MODULE,)
) -> tuple[int, dict[str, Any], str]:
    """A run; its exit status, what its document says, and what it printed."""
    results = out / "results.json"
    out.mkdir()
    arguments = ["--testbed", inventory, "--quick", *options, "--out", out, "--json", results]
    with hil("certify", *arguments, *modules) as program:
        status = program.ended(RUN_S)
        return status, json.loads(results.read_text()), program.output


def standings(hil: Any, inventory: Path) -> dict[str, str]:
    with hil("leases", "list", "--testbed", inventory, "--json") as program:
        assert program.ended() == 0
        return {each["handset"]: each["state"] for each in json.loads(program.output)}


def nobody_there() -> dict[str, Any]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        return {"port": unused.getsockname()[1]}


WRONG = {"write_community": "wrong"}


@pytest.mark.parametrize(
    ("device", "chosen", "evidence"),
    [
        (WRONG, "all", "no answer within 2 s"),
        (WRONG, "a01", "no answer within 2 s"),
        (nobody_there(), "all", "cannot be reached: Connection refused"),
        (nobody_there(), "a01", "cannot be reached: Connection refused"),
    ],
    ids=["community, all", "community, one", "dead, all", "dead, one"],
)
def test_it_stops_the_run_of_all_that_hang_on_it_with_one_trouble(
    hil: Any, inventory: Path, tmp_path: Path, device: dict[str, Any], chosen: str, evidence: str
) -> None:
    bad, address = changed(inventory, tmp_path / "bad.yaml", device)
    status, document, printed = certify(hil, bad, tmp_path / "run", "--handset", chosen)
    assert status == LAB, printed
    assert document["run"]["verdict"] == "ERROR"
    assert document["tests"] == []
    (trouble,) = document["run"]["troubles"]
    assert trouble.startswith(f"bad (PoE switch {address}): the power device fails, and with it")
    assert "with it a01, a02 and a03" in trouble
    assert evidence in trouble
    assert "next: check" in trouble
    assert printed.count("the power device fails") == 1
    assert "quarantine" not in printed
    assert standings(hil, inventory) == dict.fromkeys(PHONES, "free")


@pytest.mark.parametrize("each", [False, True], ids=["shared", "each"])
def test_others_go_on(hil: Any, inventory: Path, tmp_path: Path, each: bool) -> None:
    bad, _ = changed(inventory, tmp_path / "bad.yaml", nobody_there(), ("a01", "a02"))
    options = ["--handset", "all", *(["--each"] if each else [])]
    modules = (MODULE,) if each else MODULES
    status, document, printed = certify(hil, bad, tmp_path / "run", *options, modules=modules)
    assert status == LAB, printed
    (trouble,) = document["run"]["troubles"]
    assert "the power device fails, and with it a01 and a02" in trouble
    words = {(test["handset"], test["verdict"]) for test in document["tests"]}
    lost = {("a01", "ERROR"), ("a02", "ERROR")} if each else set()
    assert words == {("a03", "PASS"), *lost}, printed
    assert "quarantine" not in printed
    assert standings(hil, inventory) == dict.fromkeys(PHONES, "free")


def test_an_outlet_that_refuses_is_the_phones_own_place(
    hil: Any, inventory: Path, tmp_path: Path
) -> None:
    content = yaml.safe_load(inventory.read_text())
    content["handsets"][0]["power"]["outlet"] = "1/47"
    file = tmp_path / "other.yaml"
    file.write_text(yaml.safe_dump(content))
    _, document, printed = certify(hil, file, tmp_path / "run", "--handset", "all", "--each")
    verdicts = {(test["handset"], test["verdict"]) for test in document["tests"]}
    assert verdicts == {("a01", "ERROR"), ("a02", "PASS"), ("a03", "PASS")}, printed
    assert "the power device fails" not in printed
