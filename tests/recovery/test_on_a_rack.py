"""Phones that hang are brought back by real protocols, on a rack in a process of its own.

All of them at the same time, each on a bench of its own. A baseline exchange is what a test is to the
handset. With the first one it is switched on twice after the rack did so: to be told what it is to
hold, and for itself. So the second one begins with the fourth power-on, with which the phone falls ill.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import yaml
from programs import started

from hil.clients.web import PhoneWeb
from hil.errors import LabError
from hil.history import History
from hil.history import events as ev
from hil.history.events import RecoveryPhase
from hil.judge import Judgement, Word
from hil.net.namespace import Namespace, enter
from hil.recovery.rack import rack_ladder
from hil.testbed.baseline import baseline
from hil.testbed.inventory import Testbed, load
from hil.testbed.rack_bench import RackBench, rack_bench

enter()

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
TIMING = {
    "early": 0.2, "late": 5, "boot": 5, "lease": 5, "step": 5, "store": 0.2, "give_up": 2,
    "restart": 3,
}  # fmt: skip
LINE = {"Proxy_1_": "198.51.100.{lab}", "User_ID_1_": "line1", "Password_1_": "password1"}
SKIPPED, FAILED = RecoveryPhase.SKIPPED, RecoveryPhase.FAILED
SUCCEEDED = RecoveryPhase.SUCCEEDED
AILMENTS = {
    "a01": "hung@4",
    "a02": "hung-deaf@4",
    "a03": "hung-pageless@4x2",
    "a04": "stackless@4",
    "a05": "dead@4x99",
}
SPOILED, BETWEEN = "a06", "a07"
LONGEST_S = 240


@dataclass(frozen=True)
class Story:
    """What became of a phone: its second verdict, each rung's phase, why it was put aside."""

    judgement: Judgement
    phases: Mapping[str, RecoveryPhase]
    quarantined: tuple[str, ...]


def described(text: str) -> str:
    """The rack's own inventory, for phones that are quick and have a line each."""
    rack = yaml.safe_load(text)
    rack["network"]["subnet"] = "198.51.100.0/24"
    for handset in rack["handsets"]:
        number = int(handset["name"][1:])
        handset["timing"] = dict(TIMING)
        handset["parameters"] |= {k: v.format(lab=number) for k, v in LINE.items()}
        handset["capabilities"] = {"factory_reset": "web" if handset["name"] == SPOILED else "none"}
    return yaml.safe_dump(rack)


def nothing(bench: RackBench) -> None:
    """The phone is left as its first exchange left it."""


def spoil(bench: RackBench) -> None:
    """Store parameters with which nobody can provision it any more, behind the bench's back."""
    after = bench.history.mark()
    spoiled = {"Provision_Enable": "No", "Admin_Password": "nobody knows it"}
    somebody = PhoneWeb(
        bench.place, bench.clock, History(bench.clock), lambda: bench.admission.address
    )
    assert somebody.submit(**spoiled).status == 200
    bench.history.wait(ev.DhcpMessage, kind="ACK", after=after, within=20)
    bench.history.sleep(1)


def bring_back(bench: RackBench) -> None:
    """Between two groups, for a phone that is sound in truth."""
    bench.handset.recover(LabError("it could not hold an exchange"))


def lived(testbed: Testbed, name: str, meanwhile: Callable[[RackBench], None]) -> Story:
    """Two exchanges on a bench of its own, and what happened ``meanwhile``."""
    quarantined: list[str] = []
    ladder = rack_ladder(quarantined.append)
    with contextlib.closing(rack_bench(testbed, testbed.handset(name), ladder=ladder)) as bench:
        first = baseline(bench, "before").judgement
        assert first.word is Word.PASS, first
        assert not bench.history.all(ev.RecoveryStep)
        meanwhile(bench)
        second = baseline(bench, "after").judgement
        steps = bench.history.all(ev.RecoveryStep)
    return Story(second, {step.rung: step.phase for step in steps}, tuple(quarantined))


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Story]]]:
    """What becomes of each phone of the rack."""
    inventory = tmp_path_factory.mktemp("rack") / "rack.yaml"
    made = [
        *HIL, "rack", "--handsets", str(len(AILMENTS) + 2), "--inventory", str(inventory),
        "--cable", f"hilrec{os.getpid() % 100_000}",
    ]  # fmt: skip
    ill = [f"--ailment={name}={ailment}" for name, ailment in AILMENTS.items()]
    with started([*made, *ill], Namespace.host()) as rack:
        rack.expect("ready")
        inventory.write_text(described(inventory.read_text()))
        testbed = load(inventory)
        lives = dict.fromkeys(AILMENTS, nothing) | {SPOILED: spoil, BETWEEN: bring_back}
        with ThreadPoolExecutor(len(lives)) as crew:
            yield {name: crew.submit(lived, testbed, name, what) for name, what in lives.items()}


@pytest.mark.parametrize(
    ("name", "phases"),
    [
        ("a01", {"sip-reboot": SUCCEEDED}),
        ("a02", {"sip-reboot": SKIPPED, "web-reboot": SUCCEEDED}),
        ("a03", {"sip-reboot": FAILED, "web-reboot": SKIPPED, "poe": SUCCEEDED}),
        ("a04", {"sip-reboot": SKIPPED, "web-reboot": SKIPPED, "poe": SUCCEEDED}),
    ],
)
def test_a_phone_that_hangs_is_brought_back_and_passes_its_test(stories, name, phases):
    story = stories[name].result(LONGEST_S)

    assert story.phases == phases
    assert story.judgement.word is Word.PASS, story.judgement
    assert not story.quarantined


def test_parameters_that_break_provisioning_take_a_factory_reset(stories):
    story = stories[SPOILED].result(LONGEST_S)

    assert story.phases == {
        "sip-reboot": FAILED,
        "web-reboot": FAILED,
        "poe": FAILED,
        "pdu": SKIPPED,
        "factory-reset": SUCCEEDED,
    }
    assert story.judgement.word is Word.PASS, story.judgement
    assert not story.quarantined


def test_a_dead_phone_is_quarantined_and_no_phone_is_blamed(stories):
    story = stories["a05"].result(LONGEST_S)

    assert (story.judgement.word, story.judgement.cause) == (Word.ERROR, ev.Cause.LAB)
    assert story.phases["poe"] is FAILED
    assert story.phases["factory-reset"] is SKIPPED
    (reason,) = story.quarantined
    assert "does not boot" in reason
    assert "Next: look at the handset" in reason


def test_between_groups_a_handset_is_brought_back_outside_of_any_test(stories):
    story = stories[BETWEEN].result(LONGEST_S)

    assert story.phases == {"sip-reboot": SUCCEEDED}
    assert story.judgement.word is Word.PASS, story.judgement
