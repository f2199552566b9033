"""The doctor in a rack whose wires, PDU and consoles are real to it: namespaces, SNMP, terminals."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from pathlib import Path

import lan as lans
import pytest
from doctors_desk import MACS, Desk
from lan import OTHER_PHONE, PHONE, STRANGER, SUBNET
from programs import needed, started
from serial_lines import HOST

from hil.doctor.findings import State
from hil.leases.record import Quarantine
from hil.net.attachment import attach
from hil.net.interface import Interface
from hil.net.namespace import enter
from hil.virtual.pdu import VirtualPdu

enter()

pytestmark = pytest.mark.peer("socat")


def test_a_sound_rack_is_found_sound(desk: Desk) -> None:
    found = desk.examined()
    assert {each.state for each in found.values()} == {State.OK}, found
    assert [check for check, _ in found] == [
        "state directory", "lease", "interface", "wire", "foreign dhcp", "capture", "power",
        "console", "lease", "power", "console",
    ]  # fmt: skip
    assert found["power", "pdu1/2 (a02)"].what.endswith("says it is on")
    assert desk.thrown == []
    assert lans.names(desk.lan.machine) == {"lo", "eth0"}


@pytest.mark.peer("dnsmasq")
def test_a_foreign_dhcp_server_is_found(desk: Desk) -> None:
    rival = desk.lan.station(STRANGER, SUBNET[250])
    command = [
        needed("dnsmasq", "dnsmasq-base"), "--no-daemon", "--port=0", "--log-dhcp", "--no-ping",
        "--conf-file=/dev/null", f"--dhcp-range={SUBNET[200]},{SUBNET[210]},120", "--user=root",
        f"--dhcp-leasefile={desk.directory}/dnsmasq", f"--pid-file={desk.directory}/pid",
        "--bind-interfaces", "--interface=eth0",
    ]  # fmt: skip
    with started(command, rival.namespace) as peer:
        peer.expect("DHCP, IP range")
        found = desk.examined()
    trouble = found["foreign dhcp", "a01"]
    assert trouble.state is State.TROUBLE
    assert STRANGER in trouble.evidence
    assert found["capture", "a01"].state is State.SKIPPED


def test_each_of_many_troubles_is_told_with_what_to_do(desk: Desk) -> None:
    desk.lan.cable(plugged=False)
    (desk.directory / "a02").unlink()
    desk.store.quarantine(
        Quarantine(
            handset="a02", mac=OTHER_PHONE, testbed="desk", reason="smells", since=0.0, by="me"
        )
    )
    found = desk.examined(desk.inventory(more="read_community: wrong"))
    wrong = {key for key, each in found.items() if each.state is State.TROUBLE}
    assert wrong >= {
        ("interface", "eth0"),
        ("power", "pdu1/1 (a01)"),
        ("power", "pdu1/2 (a02)"),
        ("console", "a02"),
        ("lease", "a02"),
    }
    assert found["foreign dhcp", "a01"].state is State.SKIPPED
    assert found["console", "a01"].state is State.OK
    assert all(found[key].next_step for key in wrong)
    assert "wrong" not in " ".join(each.evidence for each in found.values())


def test_a_state_directory_that_cannot_be_used_is_a_finding(desk: Desk) -> None:
    desk.store.state.write_text("somebody's file")
    found = desk.examined()
    assert found["state directory", str(desk.store.state)].state is State.TROUBLE
    assert found["power", "pdu1/1 (a01)"].state is State.TROUBLE
    assert found["console", "a01"].state is State.OK


def test_a_wire_that_a_bench_has_is_left_to_it(desk: Desk) -> None:
    wiring = lans.wiring()
    with attach(wiring, PHONE, host=desk.lan.machine):
        found = desk.examined()
    assert found["wire", "a01"].state is State.SKIPPED
    assert found["capture", "a01"].state is State.SKIPPED


def test_a_console_that_somebody_has_with_the_handset_is_left_to_him(desk: Desk) -> None:
    desk.store.take("a01", PHONE, "desk", ttl_s=60, by_person=True)
    holding = (
        "import sys; held = open(sys.argv[1], 'rb', 0); print('held', flush=True); held.read()"
    )
    line = str(desk.directory / "a01")
    with started([sys.executable, "-c", holding, line], HOST) as holder:
        holder.expect("held")
        found = desk.examined()
    assert found["console", "a01"].state is State.SKIPPED
    assert "held by" in found["lease", "a01"].what
    assert found["console", "a02"].state is State.OK


def test_the_walk_over_a_rack_that_is_right(desk: Desk) -> None:
    findings = desk.walked()
    assert [each.state for each in findings] == [State.OK, State.OK], findings
    assert "(DHCP, console)" in findings[0].what
    # Nobody gives them a lease, so that one was heard after power-on proves nothing at first.
    assert desk.thrown == [(1, False), (1, True)] * 2 + [(2, False), (2, True)] * 2
    assert all(desk.store.standing(mac).free for mac in MACS.values())


def test_the_walk_finds_plugs_that_are_swapped(desk: Desk) -> None:
    desk.plugs = {1: "a02", 2: "a01"}
    first, second = desk.walked()
    assert first.what == "its outlet and that of a02 are swapped"
    assert second.what == "its outlet and that of a01 are swapped"
    assert desk.pdu.is_on(1)
    assert desk.pdu.is_on(2)


def test_the_walk_leaves_alone_what_somebody_has(desk: Desk) -> None:
    desk.store.take("a01", PHONE, "desk", ttl_s=60, by_person=True)
    findings = desk.walked()
    assert [each.state for each in findings] == [State.SKIPPED, State.OK]
    assert "somebody else has the handset" in findings[0].what
    assert set(desk.thrown) == {(2, False), (2, True)}


@pytest.fixture
def remote(desk: Desk) -> Desk:
    """The same with a PDU that the machine's own programs reach."""
    with contextlib.closing(Interface(desk.lan.machine, "lo")) as loopback:
        loopback.up()
    desk.clock.run(desk.pdu.close())
    desk.pdu = VirtualPdu(desk.switch, outlets=2, port=0, socket_factory=desk.lan.machine.socket)
    desk.clock.run(desk.pdu.start())
    return desk


def command(desk: Desk, *options: str) -> list[str]:
    desk.inventory()
    hil = str(Path(sys.executable).with_name("hil"))
    file, out = str(desk.directory / "desk.yaml"), str(desk.directory / "out")
    return [hil, "doctor", "--testbed", file, "--out", out, *options]


def test_the_command_tells_what_it_found_as_json(remote: Desk) -> None:
    (remote.directory / "a02").unlink()
    with started(command(remote, "--json"), remote.lan.machine) as running:
        assert running.ended(within=40) == 3
    told = json.loads(running.output[running.output.index("{") :].splitlines()[0])
    assert told["kind"] == "rack"
    assert told["ok"] is False
    by_check = {(each["check"], each["concerns"]): each["state"] for each in told["findings"]}
    assert by_check["console", "a02"] == "trouble"
    assert by_check["console", "a01"] == "ok"
    assert by_check["power", "pdu1/1 (a01)"] == "ok"
    assert by_check["foreign dhcp", "a01"] == "ok"


def test_a_walk_that_is_interrupted_leaves_no_phone_dark_and_no_lease(remote: Desk) -> None:
    with started(command(remote, "--walk", "--handset", "a01"), remote.lan.machine) as running:
        assert remote.dropped.wait(40), running.output
        running.process.send_signal(signal.SIGINT)
        assert running.ended(within=40) == 130
    assert remote.pdu.is_on(1)
    assert (1, True) in remote.thrown
    assert all(remote.store.standing(mac).free for mac in MACS.values())
