"""``hil power`` on a rack whose switch and PDU are net-snmp's agent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from snmp_device import NEEDS_SNMPD, Device, serving
from snmp_switch import ADMIN_ENABLE, NOTHING_OF_ITS_OWN, OBEYS, ROOTS, switch_device

from hil.commands.power_switching import ATTEMPTS, Switchboard, asked_again
from hil.errors import PowerError
from hil.leases.record import Quarantine
from hil.leases.store import LeaseStore
from hil.testbed.inventory import Testbed, load

APC = "1.3.6.1.4.1.318.1.1.12.3"
RACK = """\
name: lab
kind: rack
state: {state}
network: {{interface: eth1, attach: macvlan, subnet: 192.0.2.0/24}}
pdus:
  - {{name: sw1, driver: poe, host: 127.0.0.1, port: {port}, settle_s: 0.2}}
  - {{name: pdu1, driver: snmp, model: apc-rpdu, host: 127.0.0.1, port: {port}}}
defaults: {{minimum_off_s: 0.1}}
handsets:
  - {{name: a01, mac: "00:0e:08:00:01:01", serial: A1, power: {{pdu: sw1, outlet: Gi1/0/7}}}}
  - {{name: a02, mac: "00:0e:08:00:01:02", serial: A2, power: {{pdu: sw1, outlet: 8}}}}
  - {{name: a03, mac: "00:0e:08:00:01:03", serial: A3, power: {{pdu: sw1, outlet: Gi2/0/4}}}}
  - {{name: a04, mac: "00:0e:08:00:01:04", serial: A4, power: {{pdu: pdu1, outlet: 3}}}}
  - {{name: a05, mac: "00:0e:08:00:01:05", serial: A5, power: {{pdu: sw1, outlet: 24}}}}
"""
HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
A01 = "00:0e:08:00:01:01"
WRITTEN = f"{ADMIN_ENABLE}.{OBEYS}"


class Rack:
    def __init__(self, place: Path, device: Device) -> None:
        self.device = device
        self.file = place / "rack.yaml"
        self.file.write_text(RACK.format(state=place / "state", port=device.port))
        self.store = LeaseStore(place / "state", time.time)

    @property
    def testbed(self) -> Testbed:
        return load(self.file)

    @property
    def options(self) -> tuple[str, str]:
        return "--testbed", str(self.file)


@pytest.fixture
def rack(tmp_path: Path) -> Iterator[Rack]:
    device = switch_device(tmp_path / "device.json")
    for value in (1, 2):
        device.command(f"{APC}.3.1.1.4.3", value, {f"{APC}.5.1.1.4.3": value})
    device.integer(f"{APC}.3.1.1.4.3", 1)
    device.integer(f"{APC}.5.1.1.4.3", 1)
    with serving(device, ROOTS, *NOTHING_OF_ITS_OWN):
        yield Rack(tmp_path, device)


class TestOnARack:
    pytestmark = NEEDS_SNMPD

    def test_a_handset_is_switched_and_both_witnesses_say_so(self, hil, rack: Rack):
        answers = {
            asked: hil("power", asked, "a01", *rack.options) for asked in ("on", "off", "cycle")
        }
        assert {answer.code for answer in answers.values()} == {0}
        assert rack.device.taken == [(WRITTEN, value) for value in (1, 2, 2, 1)]
        where = f"PoE switch 127.0.0.1:{rack.device.port} outlet Gi1/0/7"
        assert answers["on"].out == f"a01  on       {where}  link up\n"
        assert answers["off"].out == f"a01  off      {where}  link down\n"
        assert answers["cycle"].err.splitlines() == [
            f"a01: {where} is told off",
            "a01: it is off",
            f"a01: {where} is told on",
            "a01: it is on",
            "a01: its link is up",
        ]
        assert rack.store.standing(A01).lease is None, "nobody has it any more"

    def test_status_switches_nothing_and_tells_of_all(self, hil, rack: Rack):
        answer = hil("power", "status", "--all", "--json", *rack.options)
        assert answer.code == 3, "a05's port is in fault"
        rows = {row["handset"]: row for row in answer.json}
        assert list(rows) == ["a01", "a02", "a03", "a04", "a05"]
        assert (rows["a01"]["state"], rows["a01"]["link"]) == ("off", "down")
        assert (rows["a04"]["state"], rows["a04"]["link"], rows["a04"]["witness"]) == ("on", "", "")
        assert "in fault" in rows["a05"]["trouble"]
        assert rows["a05"]["state"] == ""
        assert "Error: a05: " in answer.err
        assert rack.device.taken == []

    def test_a_pdu_without_a_witness_is_believed(self, hil, rack: Rack):
        answer = hil("power", "cycle", "a04", "--json", *rack.options)
        assert answer.code == 0
        (row,) = answer.json
        assert (row["state"], row["commands"], row["trouble"]) == ("on", 2, "")
        assert rack.device.taken == [(f"{APC}.3.1.1.4.3", 2), (f"{APC}.3.1.1.4.3", 1)]

    def test_what_fails_is_said_and_the_others_are_switched(self, hil, rack: Rack):
        answer = hil("power", "on", "a02", "a01", "--json", *rack.options)
        assert answer.code == 3
        nobody, obeys = answer.json
        assert (nobody["state"], nobody["commands"]) == ("", 3)
        assert "searching" in nobody["trouble"]
        assert "plugged into this port" in nobody["trouble"]
        assert (obeys["state"], obeys["link"], obeys["trouble"]) == ("on", "up", "")

    def test_a_link_that_does_not_follow_is_trouble(self, rack: Rack):
        board = Switchboard(rack.testbed, rack.store, lambda event: None, link_s=0.3)
        (outcome,) = board.run("on", [rack.testbed.handset("a03")])
        assert (outcome.state, outcome.link) == ("on", "down")
        assert outcome.trouble == "the outlet is on, but its link is down after 0.3 s"

    def test_a_cycle_that_the_link_did_not_see_is_trouble(self, hil, rack: Rack):
        """The outlet of another phone: this one's link stays up all the time."""
        device = rack.device
        device.commands[WRITTEN]["2"] = [
            effect for effect in device.commands[WRITTEN]["2"] if ".2.2.1." not in effect[1]
        ]
        device.tell()
        assert hil("power", "on", "a01", *rack.options).code == 0
        answer = hil("power", "cycle", "a01", *rack.options)
        assert answer.code == 3
        assert answer.out.startswith("a01  on (not cycled)")
        assert "never went down" in answer.err

    def test_a_switch_that_is_silent(self, hil, rack: Rack, tmp_path: Path):
        rack.file.write_text(
            rack.file.read_text().replace(
                "driver: poe, host: 127.0.0.1", "driver: poe, host: 127.0.0.2"
            )
        )
        answer = hil("power", "status", "a02", *rack.options)
        assert answer.code == 3
        assert "cannot be reached: Connection refused" in answer.err
        assert answer.out == f"a02  ?        PoE switch 127.0.0.2:{rack.device.port} outlet 8\n"


class TestWhatOthersHold:
    pytestmark = NEEDS_SNMPD

    def test_a_handset_of_a_living_run_is_left_alone(self, hil, rack: Rack):
        rack.store.take("a01", A01, "lab", ttl_s=120, command="hil certify")
        answer = hil("power", "off", "a01", *rack.options)
        assert answer.code == 3
        assert "Error: a01: somebody else has the handset" in answer.err
        assert "hil certify" in answer.err
        assert rack.device.taken == []
        assert hil("power", "status", "a01", *rack.options).code == 0

    def test_force_switches_it_and_its_lease_says_so(self, hil, rack: Rack):
        lease = rack.store.take("a01", A01, "lab", ttl_s=120, command="hil certify").lease
        assert hil("power", "off", "a01", "--force", *rack.options).code == 0
        assert rack.store.owned(lease).power_off_since is not None
        assert hil("power", "on", "a01", "--force", *rack.options).code == 0
        assert rack.device.taken == [(WRITTEN, 2), (WRITTEN, 1)]

    def test_a_person_switches_what_they_took(self, hil, rack: Rack):
        lease = rack.store.take("a01", A01, "lab", ttl_s=120, by_person=True).lease
        assert hil("power", "off", "a01", *rack.options).code == 0
        assert rack.store.owned(lease).power_off_since is not None
        assert hil("power", "on", "a01", *rack.options).code == 0
        assert rack.store.owned(lease).power_off_since is None

    def test_a_handset_in_quarantine_is_switched_by_whoever_mends_it(self, hil, rack: Rack):
        rack.store.quarantine(
            Quarantine(handset="a01", mac=A01, testbed="lab", reason="dark", since=1.0, by="x")
        )
        assert hil("power", "on", "a01", *rack.options).code == 0
        assert rack.store.standing(A01).quarantine is not None


class TestWhenItIsEnded:
    pytestmark = NEEDS_SNMPD

    @pytest.fixture
    def cycling(self, rack: Rack) -> Iterator[subprocess.Popen[str]]:
        """A cycle that is in the middle of its minimum off time."""
        rack.file.write_text(
            rack.file.read_text().replace("minimum_off_s: 0.1", "minimum_off_s: 600")
        )
        with subprocess.Popen(
            [*HIL, "power", "cycle", "a01", *rack.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            assert any(line == "a01: it is off\n" for line in process.stderr)
            yield process
            process.kill()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_it_switches_on_first(
        self, rack: Rack, cycling: subprocess.Popen[str], number: signal.Signals
    ):
        cycling.send_signal(number)
        assert cycling.wait(timeout=20) == 130
        assert rack.device.taken == [(WRITTEN, 2), (WRITTEN, 1)]
        assert rack.store.standing(A01).lease is None

    def test_killed_it_leaves_a_lease_that_owes_the_handset_its_power(
        self, hil, rack: Rack, cycling: subprocess.Popen[str]
    ):
        os.kill(cycling.pid, signal.SIGKILL)
        cycling.wait()
        standing = rack.store.standing(A01)
        assert standing.reclaimable == "its process is gone"
        assert standing.lease is not None
        assert standing.lease.power_off_since is not None
        answer = hil("leases", "reap", *rack.options)
        assert answer.code == 0, answer.err
        assert rack.device.taken == [(WRITTEN, 2), (WRITTEN, 1)]


class TestUsage:
    def test_a_virtual_handset_has_no_outlet_to_switch(self, refused):
        virtual = Path(__file__).parents[2] / "testbeds" / "virtual.yaml"
        assert "while a bench stands" in refused("power", "on", "v1", "--testbed", str(virtual))

    @pytest.mark.parametrize("whom", [(), ("a01", "--all")])
    def test_whom_must_be_said_once(self, refused, tmp_path: Path, whom: tuple[str, ...]):
        rack = Rack(tmp_path, Device(tmp_path / "none", port=9))
        assert "their names, or --all" in refused("power", "off", *whom, *rack.options)

    def test_a_handset_that_is_not_there(self, refused, tmp_path: Path):
        rack = Rack(tmp_path, Device(tmp_path / "none", port=9))
        assert "no handset is called 'b01'" in refused("power", "off", "b01", *rack.options)


@pytest.mark.parametrize("lost", range(ATTEMPTS + 1))
def test_a_link_whose_answer_is_lost_is_asked_for_again(lost: int) -> None:
    asked: list[None] = []

    async def up() -> bool:
        asked.append(None)
        if len(asked) <= lost:
            raise PowerError("no answer within 2 s")
        return True

    if lost == ATTEMPTS:
        with pytest.raises(PowerError, match="no answer"):
            asyncio.run(asked_again(up))
    else:
        assert asyncio.run(asked_again(up))
    assert len(asked) == min(lost + 1, ATTEMPTS)
