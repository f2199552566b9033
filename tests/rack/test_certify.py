"""The suite on racked phones: a rack in one process, the laboratory in others, a wire between them.

Nothing is shared but what a real rack would share: frames on a cable (macvlan children at both of its
ends), an SNMP agent, serial consoles over RFC 2217. Time is real.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lan import has_vlans
from programs import Program

from hil.net.namespace import Namespace
from hil.net.rtnetlink import LinkEvents, connected

MODULES = ("test_resync_on_reset.py", "test_web_reboot.py")
SOUND, SOUND_TOO, BROKEN, UNPLUGGABLE = "a01", "a02", "a03", "a04"
RUN_S = 120.0


@dataclass(frozen=True)
class Outcome:
    """A run on all phones: the exit status, the results, and where the evidence is."""

    status: int
    results: dict[str, Any]
    out: Path

    def tests(self, handset: str) -> list[dict[str, Any]]:
        """What is told of each test of a handset, and of its baseline exchanges that did not pass."""
        told = [*self.results["tests"], *self.results["run"]["baselines"]]
        return [test for test in told if test["handset"] == handset]

    def words(self, handset: str) -> list[str]:
        """The verdicts of a handset."""
        return [test["verdict"] for test in self.tests(handset)]

    def events(self, handset: str) -> list[dict[str, Any]]:
        """What the bench of a handset recorded."""
        history = self.out / handset / "history.jsonl"
        return [json.loads(line) for line in history.read_text().splitlines()]


@pytest.fixture(scope="module")
def rack(hil: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Path]]:
    inventory = tmp_path_factory.mktemp("rack") / "rack.yaml"
    options = ["--handsets", 4, "--inventory", inventory]
    options += ["--defect", f"{BROKEN}=web-reboot-ignored"]
    options += ["--port-fault", f"{UNPLUGGABLE}=stuck-on"]
    with hil("rack", *options) as program:
        program.expect("ready: 4 handsets")
        yield program, inventory


@pytest.fixture(scope="module")
def outcome(hil: Any, rack: tuple[Program, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The quick tests of two modules, on each of the phones at the same time."""
    out = tmp_path_factory.mktemp("run")
    results = out / "results.json"
    options = ["--testbed", rack[1], "--quick", "--handset", "all", "--each"]
    with hil("certify", *options, "--out", out, "--json", results, *MODULES) as program:
        status = program.ended(RUN_S)
        assert results.exists(), program.output
    return Outcome(status, json.loads(results.read_text()), out)


def test_reference_phones_pass(outcome: Outcome) -> None:
    for handset in (SOUND, SOUND_TOO):
        assert outcome.words(handset) == ["PASS"] * len(MODULES)


def test_a_defective_phone_fails_by_its_clause(outcome: Outcome) -> None:
    failed = [test for test in outcome.tests(BROKEN) if test["verdict"] != "PASS"]
    assert [test["id"].rpartition("::")[2] for test in failed] == ["test_the_phone_reboots"]
    assert failed[0]["verdict"] == "FAIL"
    assert {finding["requirement"] for finding in failed[0]["findings"]} == {"web.reboot"}


def test_a_port_that_lies_is_the_laboratorys_fault(outcome: Outcome) -> None:
    assert set(outcome.words(UNPLUGGABLE)) == {"ERROR"}
    assert {test["cause"] for test in outcome.tests(UNPLUGGABLE)} == {"lab"}


def test_the_worst_verdict_is_the_exit_status(outcome: Outcome) -> None:
    assert outcome.status == 1


def test_each_phone_is_told_what_to_hold_before_it_is_judged(outcome: Outcome) -> None:
    names = [event["event"] for event in outcome.events(SOUND)]
    begun = [at for at, name in enumerate(names) if name == "TestStarted"]
    for start, end in zip(begun, [*begun[1:], len(names)], strict=True):
        part = names[start:end]
        preparing, prepared = part.index("HandsetPreparing"), part.index("HandsetPrepared")
        assert "WebRequested" in part[preparing:prepared]
        assert "TransferEnded" in part[preparing:prepared]


def test_the_console_says_what_the_wire_says(outcome: Outcome) -> None:
    events = outcome.events(SOUND)
    leased = {e["yiaddr"] for e in events if e["event"] == "DhcpMessage" and e["kind"] == "ACK"}
    lines = [e["text"] for e in events if e["event"] == "ConsoleLine"]
    (address,) = leased
    assert any(line.endswith(f"dhcp: bound to {address}") for line in lines)
    assert any("boot: starting sip7832" in line for line in lines)


def test_the_link_witnesses_every_power_command(outcome: Outcome) -> None:
    events = outcome.events(SOUND)
    switched = [e for e in events if e["event"] == "PowerSwitched"]
    changes = [e["up"] for e in events if e["event"] == "LinkChanged"]
    assert len(switched) >= 3 * 2
    # One for the link that the bench finds, and one a command.
    assert changes == [True, *(e["action"] == "on" for e in switched)]


def test_the_phones_are_left_with_power(
    outcome: Outcome, hil: Any, rack: tuple[Program, Path]
) -> None:
    for handset in (SOUND, BROKEN):
        with hil("power", "status", handset, "--testbed", rack[1]) as program:
            assert program.ended() == 0
            assert " on" in program.output


def test_a_rack_leaves_nothing(
    outcome: Outcome, rack: tuple[Program, Path], machine: Namespace
) -> None:
    program, _ = rack
    assert interfaces(machine) == {"lo", "hilrack"}
    program.process.terminate()
    assert program.ended() == 0
    assert interfaces(machine) == {"lo"}


def test_a_rack_that_is_killed_leaves_nothing_either(hil: Any, machine: Namespace) -> None:
    with LinkEvents(machine) as events, hil("rack", "--handsets", 1, "--cable", "c1") as program:
        program.expect("ready")
        program.process.kill()
        program.ended()
        until = time.monotonic() + 10
        while "c1" in interfaces(machine) and events.wait(until - time.monotonic()):
            continue
    assert interfaces(machine) == {"lo"}


def test_a_vlan_for_each_phone(hil: Any, machine: Namespace, tmp_path: Path) -> None:
    if not has_vlans(machine):
        pytest.skip(
            "this kernel has no 802.1Q (module 8021q): racks with VLANs are NOT proven here"
        )
    inventory = tmp_path / "rack.yaml"
    with hil("rack", "--handsets", 2, "--attach", "vlan", "--inventory", inventory) as program:
        program.expect("ready")
        options = ["--testbed", inventory, "--quick", "--handset", "a02"]
        with hil("certify", *options, "test_resync_on_reset.py") as run:
            assert run.ended(RUN_S) == 0, run.output


def interfaces(machine: Namespace) -> set[str]:
    with connected(machine) as route:
        return {link.get("ifname") for link in route.get_links()}
