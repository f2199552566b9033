"""A foreign DHCP server on the rack's cable stops the run as the lab's error; no phone is blamed."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from programs import Program, needed, started

from hil.net.child import make_macvlan
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.suite_location import suite_root
from hil.testbed.inventory import load

pytestmark = pytest.mark.peer("dnsmasq")

CABLE = "hilrack"
STRANGER = "02:00:5e:00:53:07"
PHONES = ("a01", "a02")
TIMING = {
    "early": 0.2, "late": 5, "boot": 5, "lease": 5, "step": 5, "store": 0.2, "give_up": 2,
    "restart": 3,
}  # fmt: skip
MODULE = "test_resync_on_reset.py"
RUN_S = 60.0
LAB = 3


@pytest.fixture(scope="module")
def inventory(hil: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    file = tmp_path_factory.mktemp("rack") / "rack.yaml"
    with hil("rack", "--handsets", len(PHONES), "--cable", CABLE, "--inventory", file) as program:
        program.expect(f"ready: {len(PHONES)} handsets")
        yield file


@contextlib.contextmanager
def rival(
    machine: Namespace, inventory: Path, tmp_path: Path, *options: str, cable: str = CABLE
) -> Iterator[Program]:
    """dnsmasq as somebody leaves it on the rack's LAN, with an address there."""
    subnet = load(inventory).network.subnet
    with contextlib.ExitStack() as undo:
        namespace = Namespace.create()
        undo.callback(namespace.close)
        make_macvlan(cable, machine, STRANGER, "eth0", namespace)
        station = undo.enter_context(contextlib.closing(Interface(namespace, "eth0")))
        station.up()
        station.configure(subnet[250], subnet.netmask)
        command = [
            needed("dnsmasq", "dnsmasq-base"), "--no-daemon", "--port=0", "--log-dhcp",
            "--conf-file=/dev/null", f"--dhcp-range={subnet[200]},{subnet[210]},120",
            f"--dhcp-leasefile={tmp_path}/leases", f"--pid-file={tmp_path}/pid", "--user=root",
            "--bind-interfaces", "--interface=eth0", "--no-ping", *options,
        ]  # fmt: skip
        with started(command, namespace) as peer:
            peer.expect("DHCP, IP range")
            yield peer


def certify(hil: Any, inventory: Path, out: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    """A run; its exit status, what its document says, and what it printed."""
    out.mkdir()
    results = out / "results.json"
    arguments = ["--testbed", inventory, "--quick", *options, "--out", out, "--json", results]
    with hil("certify", *arguments, MODULE) as program:
        status = program.ended(RUN_S)
        return status, json.loads(results.read_text()), program.output


def by_pytest(inventory: Path) -> list[str]:
    """The same module by pytest itself, a worker a handset."""
    module = suite_root() / "tests" / "certification" / MODULE
    options = ["-n", "2", "-p", "no:cacheprovider", f"--hil-testbed={inventory}", "--hil-quick"]
    # Whatever a test before has done in this process: `-n` is a plugin's.
    loaded = ["env", "-u", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", sys.executable]
    return [*loaded, "-m", "pytest", *options, str(module)]


def assert_left_as_found(hil: Any, inventory: Path, phones: Sequence[str] = PHONES) -> None:
    with hil("leases", "list", "--testbed", inventory, "--json") as program:
        assert program.ended() == 0
        standings = json.loads(program.output)
    assert [each["state"] for each in standings] == ["free"] * len(phones)
    for phone in phones:
        with hil("power", "status", phone, "--testbed", inventory) as program:
            assert program.ended() == 0
            assert " on" in program.output


@pytest.mark.parametrize(
    ("handsets", "known_alone"),
    [
        (["--handset", "a01"], False),
        (["--handset", "all"], True),
        (["--handset", "all", "--each"], False),
    ],
    ids=["one", "shared, a server of known clients", "each"],
)
def test_it_stops_the_run_before_a_test_and_blames_no_handset(
    hil: Any,
    machine: Namespace,
    inventory: Path,
    tmp_path: Path,
    handsets: list[str],
    known_alone: bool,
) -> None:
    known = [f"--dhcp-host={each.mac}" for each in load(inventory).handsets]
    options = [*known, "--dhcp-ignore=tag:!known"] if known_alone else []
    with rival(machine, inventory, tmp_path, *options):
        status, document, printed = certify(hil, inventory, tmp_path / "run", *handsets)
    address = str(load(inventory).network.subnet[250])
    assert status == LAB, printed
    assert document["tests"] == []
    assert document["run"]["baselines"] == []
    assert document["run"]["verdict"] == "ERROR"
    (trouble,) = document["run"]["troubles"]
    assert f"{STRANGER} at {address}" in trouble
    assert "next: find that MAC address on the switch" in trouble
    assert printed.count("another DHCP server is on the wire") == 1
    assert "1 trouble(s) outside the tests" in printed
    assert "quarantine" not in printed
    assert_left_as_found(hil, inventory)


def test_workers_of_xdist_blame_no_handset_either(
    hil: Any, machine: Namespace, inventory: Path, tmp_path: Path
) -> None:
    """There a run cannot be stopped by one of them; each test tells the server."""
    with rival(machine, inventory, tmp_path), started(by_pytest(inventory), machine) as program:
        assert program.ended(RUN_S) == LAB, program.output
    assert "another DHCP server is on the wire" in program.output
    assert "quarantine" not in program.output
    assert_left_as_found(hil, inventory)


def test_once_it_is_gone_the_next_run_judges(hil: Any, inventory: Path, tmp_path: Path) -> None:
    every = ("--handset", "all", "--each")
    status, document, printed = certify(hil, inventory, tmp_path / "run", *every)
    assert status == 0, printed
    assert [test["verdict"] for test in document["tests"]] == ["PASS"] * len(PHONES)


def test_a_phone_that_does_not_come_back_while_it_is_there_is_not_put_aside(
    hil: Any, machine: Namespace, tmp_path: Path
) -> None:
    """It turns up in the middle of a run; the phone dies after its first test."""
    file, cable = tmp_path / "rack.yaml", "hilmid"
    made = ["rack", "--handsets", 1, "--cable", cable, "--inventory", file]
    with hil(*made, "--ailment", "a01=dead@8x99") as rack:
        rack.expect("ready: 1 handsets")
        described = yaml.safe_load(file.read_text())
        described["handsets"][0]["timing"] = dict(TIMING)
        file.write_text(yaml.safe_dump(described))
        out = tmp_path / "run"
        modules = (MODULE, "test_web_reboot.py", "test_flash.py")
        with hil("certify", "--testbed", file, "--quick", "--out", out, *modules) as program:
            program.expect(f"PASS           {MODULE}", within=RUN_S)
            with rival(machine, file, tmp_path, cable=cable):
                assert program.ended(2 * RUN_S) == LAB, program.output
        assert "another DHCP server is on the wire" in program.output
        assert STRANGER in program.output
        assert "quarantine" not in program.output
        assert "test_flash.py::" not in program.output, "no test should follow"
        assert_left_as_found(hil, file, ("a01",))
