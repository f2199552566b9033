"""The doctor in a rack whose wires, PDU and consoles are real to it: namespaces, SNMP, terminals."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

import lan as lans
import pytest
from lan import OTHER_PHONE, PHONE, STRANGER, SUBNET, Lan
from programs import needed, started
from serial_lines import HOST

from hil.clock import WallClock
from hil.doctor import rack
from hil.doctor.examination import examine
from hil.doctor.findings import Finding, State
from hil.doctor.round import walk_rack
from hil.doctor.signs import Ear, introduction
from hil.doctor.walk import Pace
from hil.leases.record import Quarantine
from hil.leases.store import LeaseStore
from hil.net.attachment import attach
from hil.net.interface import Interface, Place
from hil.net.namespace import enter
from hil.net.raw_udp import BROADCAST_MAC, LinkSender, udp_packet
from hil.testbed.inventory import Testbed, load
from hil.virtual.pdu import VirtualPdu
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import BROADCAST_FLAG, Message, MessageType, Op, encode

enter()

MACS = {"a01": PHONE, "a02": OTHER_PHONE}
PACE = Pace(
    link_s=1.0, dark_s=0.3, silence_s=0.1, poll_s=0.05, power_s=20.0, straggle_s=0.3, asking_s=1.0
)

INVENTORY = """\
name: desk
kind: rack
state: {state}
network: {{interface: eth0, attach: macvlan, subnet: 198.51.100.0/24}}
pdus:
  - {{name: pdu1, driver: snmp, model: apc-rpdu, host: 127.0.0.1, port: {port}, outlets: 2, {more}}}
handsets:
  - name: a01
    mac: {a01}
    serial: "1"
    power: {{pdu: pdu1, outlet: 1}}
    minimum_off_s: 0.1
    timing: {{boot: 2}}
    console: {{url: "{directory}/a01"}}
  - name: a02
    mac: {a02}
    serial: "2"
    power: {{pdu: pdu1, outlet: 2}}
    minimum_off_s: 0.1
    timing: {{boot: 2}}
    console: {{url: "{directory}/a02"}}
"""


def discover(
    mac: str,
    kind: MessageType = MessageType.DISCOVER,
    ciaddr: str = "0.0.0.0",
    options: tuple[tuple[int, bytes], ...] = (),
) -> bytes:
    message = Message(
        op=Op.BOOTREQUEST,
        xid=1,
        chaddr=bytes.fromhex(mac.replace(":", "")),
        flags=BROADCAST_FLAG,
        ciaddr=IPv4Address(ciaddr),
        options=(opt.MESSAGE_TYPE.pack(kind), *options),
    )
    return udp_packet(
        (IPv4Address(ciaddr), 68), (IPv4Address("255.255.255.255"), 67), encode(message)
    )


@dataclass
class Phone:
    """A station on the LAN and the far end of a serial line; it boots when it gets power."""

    station: Interface
    console: int
    asking: asyncio.TimerHandle | None = None

    def power(self, on: bool) -> None:
        if self.asking is not None:
            self.asking.cancel()
        if not on:
            self.station.down()
            return
        self.station.up()
        os.write(self.console, b"booting\r\n")
        self.ask(5)

    def ask(self, times: int) -> None:
        # A switch forwards nothing for a moment after a link came up, so clients ask again.
        place = Place(self.station, SUBNET[5], SUBNET.netmask)
        sender = LinkSender(place)
        with contextlib.closing(sender):
            sender.send(discover(self.station.mac), BROADCAST_MAC)
        if times > 1:
            self.asking = asyncio.get_running_loop().call_later(0.1, self.ask, times - 1)


@dataclass
class Desk:
    """Two phones, a PDU that speaks SNMP, and the machine that looks at them."""

    lan: Lan
    clock: WallClock
    directory: Path
    phones: dict[str, Phone] = field(default_factory=dict)
    plugs: dict[int, str] = field(default_factory=lambda: {1: "a01", 2: "a02"})
    thrown: list[tuple[int, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dropped = threading.Event()
        self.pdu = VirtualPdu(self.switch, outlets=2, port=0)
        self.store = LeaseStore(self.directory / "state", time.time)

    def switch(self, outlet: int, on: bool) -> None:
        self.thrown.append((outlet, on))
        self.dropped.set()
        self.phones[self.plugs[outlet]].power(on)

    def inventory(self, more: str = "version: v2c", **other: object) -> Testbed:
        known = {"port": self.pdu.port, "directory": self.directory, "state": self.store.state}
        file = self.directory / "desk.yaml"
        file.write_text(INVENTORY.format(**{**known, **MACS, "more": more, **other}))
        return load(file)

    def examined(self, testbed: Testbed | None = None) -> dict[tuple[str, str], Finding]:
        testbed = testbed or self.inventory()
        checks = rack.checks(
            testbed, testbed.handsets, self.store, self.clock, host=self.lan.machine
        )
        return {(each.check, each.concerns): each for each in examine(checks)}

    def walked(self, *names: str) -> tuple[Finding, ...]:
        return walk_rack(
            self.inventory(),
            names or tuple(MACS),
            self.store,
            self.clock,
            host=self.lan.machine,
            pace=PACE,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    socat = needed("socat", "socat")
    with contextlib.ExitStack() as stack:
        lan = stack.enter_context(lans.made())
        clock = WallClock()
        stack.callback(clock.close)
        desk = Desk(lan, clock, tmp_path)
        for name, mac in MACS.items():
            pty = f"pty,rawer,link={tmp_path / name}"
            line = [socat, "-d", "-d", pty, f"{pty}-far"]
            stack.enter_context(started(line, HOST)).expect("starting data transfer loop")
            far = os.open(tmp_path / f"{name}-far", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            stack.callback(os.close, far)
            desk.phones[name] = Phone(lan.station(mac), far)
        clock.run(desk.pdu.start())
        stack.callback(lambda: clock.run(desk.pdu.close()))
        yield desk


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


@pytest.mark.peer("udhcpc")
def test_a_boot_is_heard_from_a_client_that_others_wrote(desk: Desk) -> None:
    udhcpc = needed("udhcpc", "udhcpc")
    station = desk.phones["a01"].station

    async def ear() -> Ear:
        return Ear(desk.lan.interface, MACS.values())

    heard = desk.clock.run(ear())
    try:
        script = "/bin/true"
        command = [udhcpc, "-f", "-n", "-q", "-t", "1", "-T", "1", "-i", "eth0", "-s", script]
        with started(command, station.namespace) as client:
            client.ended()
        voices = {mac: heard.of(mac).said() for mac in MACS.values()}
    finally:

        async def close() -> None:
            heard.close()

        desk.clock.run(close())
    assert voices[PHONE] >= 1
    assert voices[OTHER_PHONE] == 0


OFFER_TAKEN = discover(PHONE, MessageType.REQUEST, options=(opt.SERVER_ID.pack(SUBNET[1]),))


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ((discover(PHONE),), True),
        ((discover(PHONE), OFFER_TAKEN), False),
        ((discover(PHONE), OFFER_TAKEN, discover(PHONE)), True),
        # Rebooted, with the address that it had (RFC 2131, section 4.3.2): nobody took an offer.
        ((discover(PHONE, MessageType.REQUEST),), True),
        ((discover(OTHER_PHONE),), False),
    ],
)
def test_a_phone_waits_for_a_lease_until_it_takes_one(
    desk: Desk, said: tuple[bytes, ...], waits: bool
) -> None:
    async def ear() -> Ear:
        return Ear(desk.lan.interface, MACS.values())

    async def close(made: Ear) -> None:
        made.close()

    heard = desk.clock.run(ear())
    try:
        place = Place(desk.phones["a01"].station, SUBNET[5], SUBNET.netmask)
        with contextlib.closing(LinkSender(place)) as sender:
            for each in said:
                sender.send(each, BROADCAST_MAC)
        until = desk.clock.now() + 5_000_000_000
        assert desk.clock.wait(lambda: sum(heard.boots.values()) == len(said), until)
        assert (heard.of(PHONE).unanswered() is not None) is waits
    finally:
        desk.clock.run(close(heard))


def test_a_phone_that_renews_its_lease_is_heard_and_has_not_booted(desk: Desk) -> None:
    async def ear() -> Ear:
        return Ear(desk.lan.interface, MACS.values())

    async def close(made: Ear) -> None:
        made.close()

    heard = desk.clock.run(ear())
    try:
        place = Place(desk.phones["a01"].station, SUBNET[5], SUBNET.netmask)
        with contextlib.closing(LinkSender(place)) as sender:
            sender.send(discover(PHONE, MessageType.REQUEST, str(SUBNET[5])), BROADCAST_MAC)
        until = desk.clock.now() + 5_000_000_000
        assert desk.clock.wait(lambda: heard.of(PHONE).frames() == 1, until)
        assert heard.of(PHONE).said() == 0
        assert heard.of(OTHER_PHONE).frames() == 0
    finally:
        desk.clock.run(close(heard))


ETHERNET = bytes(12) + b"\x08\x00"


@pytest.mark.parametrize(
    ("frame", "who"),
    [
        (ETHERNET + discover(PHONE), PHONE),
        (ETHERNET + discover(PHONE, MessageType.REQUEST), PHONE),
        (ETHERNET + discover(PHONE, MessageType.REQUEST, "198.51.100.7"), None),
        (ETHERNET + discover(PHONE, MessageType.INFORM, "198.51.100.7"), None),
        (ETHERNET + discover(PHONE)[:60], None),
        (b"", None),
        (bytes(12) + b"\x08\x06" + bytes(28), None),
    ],
)
def test_only_who_begins_a_lease_boots(frame: bytes, who: str | None) -> None:
    message = introduction(frame)
    assert (message and message.mac) == who
