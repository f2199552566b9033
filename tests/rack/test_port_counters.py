"""Racked phones behind a wire that drops one protocol, and phones that are silent by themselves.

The rack is in another process. What the wire drops, nftables drops in the machine of the bench,
between the rack's cable and the bench's own interface: the phone's port has counted it, the bench
never sees it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from programs import Program, needed

from hil.net.namespace import Namespace

SOUND, UNHEARD, SILENT, LATE_AND_SILENT, UNANSWERED, SOUND_TOO = (f"a{n:02}" for n in range(1, 7))
MAC = "00:0e:08:ca:fe:{:02x}"
DROPS = f"""
table netdev firewall {{
  chain from_phones {{
    type filter hook ingress device hilrack priority 0;
    ether saddr {MAC.format(2)} udp dport 514 drop
  }}
  chain to_phones {{
    type filter hook egress device hilrack priority 0;
    ether daddr {MAC.format(5)} udp sport 5060 drop
  }}
}}
"""
REPORTED = "test_the_start_of_a_resync_is_reported"
REGISTERED = "test_a_line_answers_its_proxys_challenge"
RUN_S = 120.0


@dataclass(frozen=True)
class Outcome:
    """Two runs at the same time: their tests, and where the evidence of each handset is."""

    tests: list[dict[str, Any]]
    out: Path

    def test(self, handset: str, name: str) -> dict[str, Any]:
        """What is told of a handset's first test of that name."""
        return next(
            test
            for test in self.tests
            if test["handset"] == handset and test["id"].rpartition("::")[2].startswith(name)
        )

    def verdict(self, handset: str, name: str) -> tuple[str, str]:
        """The verdict of a test, and its cause."""
        test = self.test(handset, name)
        return test["verdict"], test["cause"]


@pytest.fixture(scope="module")
def rack(
    hil: Any, machine: Namespace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, Path]]:
    inventory = tmp_path_factory.mktemp("rack") / "rack.yaml"
    options = ["--handsets", 6, "--inventory", inventory]
    for name in (SILENT, LATE_AND_SILENT):
        options += ["--defect", f"{name}=request-not-logged"]
    options += ["--port-fault", f"{LATE_AND_SILENT}=late-counters"]
    nft = needed("nft", "nftables")
    with hil("rack", *options) as program:
        program.expect("ready: 6 handsets")
        with machine.entered():
            done = subprocess.run(
                [nft, "-f", "-"], input=DROPS, capture_output=True, text=True, timeout=20
            )
        assert not done.returncode, done.stderr
        yield program, inventory


@pytest.fixture(scope="module")
def outcome(hil: Any, rack: tuple[Program, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("run")
    tests: list[dict[str, Any]] = []
    runs = {
        REPORTED: (SOUND, UNHEARD, SILENT, LATE_AND_SILENT),
        f"{REGISTERED} and MD5": (UNANSWERED, SOUND_TOO),
    }
    with contextlib.ExitStack() as both:
        begun = []
        for number, (selected, handsets) in enumerate(runs.items()):
            options = [option for name in handsets for option in ("--handset", name)]
            options += ["--testbed", rack[1], "--each", "-k", selected]
            options += ["--out", out / str(number)]
            results = out / f"results{number}.json"
            begun.append((both.enter_context(hil("certify", *options, "--json", results)), results))
        for program, results in begun:
            program.ended(RUN_S)
            assert results.exists(), program.output
            tests += json.loads(results.read_text())["tests"]
    return Outcome(tests, out)


def test_a_sound_phone_passes(outcome: Outcome) -> None:
    assert outcome.verdict(SOUND, REPORTED) == ("PASS", "none")
    assert outcome.verdict(SOUND_TOO, REGISTERED) == ("PASS", "none")


def test_what_the_wire_drops_from_the_phone_is_not_the_phones_fault(outcome: Outcome) -> None:
    assert outcome.verdict(UNHEARD, REPORTED) == ("ERROR", "lab")
    (remark,) = outcome.test(UNHEARD, REPORTED)["remarks"]
    assert remark.startswith("the wire loses frames from the phone: switch 127.0.0.1:")


def test_what_the_wire_drops_to_the_phone_is_not_the_phones_fault(outcome: Outcome) -> None:
    assert outcome.verdict(UNANSWERED, REGISTERED) == ("ERROR", "lab")
    (remark,) = outcome.test(UNANSWERED, REGISTERED)["remarks"]
    assert remark.startswith("the wire loses frames to the phone: ")


def test_a_phone_that_is_silent_fails(outcome: Outcome) -> None:
    assert outcome.verdict(SILENT, REPORTED) == ("FAIL", "device")


def test_late_counters_accuse_nobody(outcome: Outcome) -> None:
    assert outcome.verdict(LATE_AND_SILENT, REPORTED) == ("FAIL", "device")


def test_the_stored_run_has_the_same_verdicts(outcome: Outcome, hil: Any) -> None:
    for handset, word in ((UNHEARD, "ERROR"), (UNANSWERED, "ERROR"), (SILENT, "FAIL")):
        (evidence,) = outcome.out.glob(f"*/{handset}")
        with hil("judge", evidence, "--json") as program:
            program.ended()
        again = json.loads(program.output)["tests"]
        assert word in {test["verdict"] for test in again}
        assert not any(test["changed"] for test in again)
