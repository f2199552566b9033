"""Phones that hang are brought back by real protocols, on a rack in a process of its own.

A baseline exchange is what a test is to the handset. The first one takes the boots 1 to 4: that of the
rack, the one in which it is told what to hold, the restart for that, and its own. The second one begins
with boot 5, in which the phone falls ill.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from programs import started

from hil.errors import LabError
from hil.history import events as ev
from hil.history.events import RecoveryPhase
from hil.judge import Judgement, Word
from hil.net.namespace import Namespace, enter
from hil.recovery.rack import rack_ladder
from hil.testbed.baseline import baseline
from hil.testbed.inventory import load
from hil.testbed.rack_bench import RackBench, rack_bench

enter()

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
TIMING = {
    "early": 0.2, "late": 3, "boot": 4, "lease": 3, "step": 3, "store": 0.2, "give_up": 1.5,
    "restart": 2,
}  # fmt: skip
LINE = {"Proxy_1_": "198.51.100.1", "User_ID_1_": "line1", "Password_1_": "password1"}
SKIPPED, FAILED = RecoveryPhase.SKIPPED, RecoveryPhase.FAILED
SUCCEEDED = RecoveryPhase.SUCCEEDED


def described(text: str, factory_reset: str) -> str:
    """The rack's own inventory, for a phone that is quick and has a line."""
    rack = yaml.safe_load(text)
    rack["network"]["subnet"] = "198.51.100.0/24"
    (handset,) = rack["handsets"]
    handset["timing"] = TIMING
    handset["parameters"] |= LINE
    handset["capabilities"] = {"factory_reset": factory_reset}
    return yaml.safe_dump(rack)


@dataclass
class Ward:
    """A bench on a rack whose phone falls ill."""

    bench: RackBench
    quarantined: list[str] = field(default_factory=list)

    def judged(self, name: str) -> Judgement:
        """The verdict of one more exchange."""
        return baseline(self.bench, name).judgement

    @property
    def phases(self) -> dict[str, RecoveryPhase]:
        """What became of each rung that was looked at."""
        return {step.rung: step.phase for step in self.bench.history.all(ev.RecoveryStep)}


@contextlib.contextmanager
def ward(place: Path, ailment: str = "", factory_reset: str = "none") -> Iterator[Ward]:
    """A rack with one phone, and the bench of it, which has passed one exchange."""
    inventory = place / "rack.yaml"
    ill = ["--ailment", f"a01={ailment}"] if ailment else []
    cable = f"hilrec{os.getpid() % 100_000}"
    made = [*HIL, "rack", "--handsets", "1", "--cable", cable, "--inventory", str(inventory)]
    with started([*made, *ill], Namespace.host()) as rack:
        rack.expect("ready")
        inventory.write_text(described(inventory.read_text(), factory_reset))
        testbed = load(inventory)
        quarantined: list[str] = []
        bench = rack_bench(testbed, testbed.handset(), ladder=rack_ladder(quarantined.append))
        with contextlib.closing(bench):
            made_ward = Ward(bench, quarantined)
            judgement = made_ward.judged("before")
            assert judgement.word is Word.PASS, judgement
            assert not made_ward.phases
            yield made_ward


@pytest.mark.parametrize(
    ("ailment", "phases"),
    [
        ("hung@5", {"sip-reboot": SUCCEEDED}),
        ("hung-deaf@5", {"sip-reboot": SKIPPED, "web-reboot": SUCCEEDED}),
        ("hung-pageless@5-6", {"sip-reboot": FAILED, "web-reboot": SKIPPED, "poe": SUCCEEDED}),
        ("stackless@5", {"sip-reboot": SKIPPED, "web-reboot": SKIPPED, "poe": SUCCEEDED}),
    ],
)
def test_a_phone_that_hangs_is_brought_back_and_passes_its_test(tmp_path, ailment, phases):
    with ward(tmp_path, ailment) as made:
        assert made.judged("after").word is Word.PASS

        assert made.phases == phases
        assert not made.quarantined


def test_parameters_that_break_provisioning_take_a_factory_reset(tmp_path):
    with ward(tmp_path, factory_reset="web") as made:
        spoiled = {"Provision_Enable": "No", "Admin_Password": "nobody knows it"}
        assert made.bench.web.submit(**spoiled).status == 200
        made.bench.history.wait(ev.DhcpMessage, kind="ACK", within=10)
        made.bench.history.sleep(1)

        assert made.judged("after").word is Word.PASS

        assert made.phases == {
            "sip-reboot": FAILED,
            "web-reboot": FAILED,
            "poe": FAILED,
            "pdu": SKIPPED,
            "factory-reset": SUCCEEDED,
        }
        assert not made.quarantined


def test_a_dead_phone_is_quarantined_and_no_phone_is_blamed(tmp_path):
    with ward(tmp_path, "dead@5-99") as made:
        judgement = made.judged("after")
        assert (judgement.word, judgement.cause) == (Word.ERROR, ev.Cause.LAB)

        assert made.phases["poe"] is FAILED
        assert made.phases["factory-reset"] is SKIPPED
        (reason,) = made.quarantined
        assert "does not boot" in reason
        assert "Next: look at the handset" in reason


def test_between_groups_a_handset_is_brought_back_outside_of_any_test(tmp_path):
    with ward(tmp_path) as made:
        made.bench.handset.recover(LabError("it could not hold an exchange"))

        assert made.phases == {"sip-reboot": SUCCEEDED}
        assert made.judged("after").word is Word.PASS
