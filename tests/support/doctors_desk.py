"""Two phones on a LAN with a PDU that speaks SNMP and serial lines, for the doctor to look at."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from lan import OTHER_PHONE, PHONE, SUBNET, Lan

from hil.clock import WallClock
from hil.doctor import rack
from hil.doctor.bounds import Pace
from hil.doctor.examination import examine
from hil.doctor.findings import Finding
from hil.doctor.round import walk_rack
from hil.leases.store import LeaseStore
from hil.net.interface import Interface, Place
from hil.net.raw_udp import BROADCAST_MAC, LinkSender, udp_packet
from hil.testbed.inventory import Testbed, load
from hil.virtual.pdu import VirtualPdu
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import BROADCAST_FLAG, Message, MessageType, Op, encode

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
