"""The virtual PoE switch as net-snmp's tools see it, and as hil's own drivers do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import net_snmp
import pytest

from hil.clock import WallClock
from hil.errors import EndpointError, PowerError, UsageError
from hil.history.events import PowerAction
from hil.power.poe import PoeSwitch
from hil.power.port_link import SwitchPortLink
from hil.power.snmp_agent import SnmpAgent
from hil.virtual.poe_switch import REFRESH_S, PluggedIn, PortFault, Traffic, VirtualPoeSwitch
from hil.virtual.snmp_agent import Access
from hil.virtual_clock import VirtualClock

pytestmark = pytest.mark.peer("snmpget")

PSE = ".1.3.6.1.2.1.105.1.1.1"
ADMIN, DETECTION = f"{PSE}.3.1", f"{PSE}.6.1"
IF, IF_X = ".1.3.6.1.2.1.2.2.1", ".1.3.6.1.2.1.31.1.1.1"
IF_OPER_STATUS, IF_LAST_CHANGE = ".1.3.6.1.2.1.2.2.1.8", ".1.3.6.1.2.1.2.2.1.9"
MACS = ("00:0e:08:ca:fe:01", "00:0e:08:ca:fe:02", "00:0e:08:ca:fe:03")
FAULTS = (PortFault.NONE, PortFault.STUCK_ON, PortFault.STUCK_OFF)
DETECT_S = 0.05


class Rack:
    """A switch of three ports, an honest one and two that lie, whose phones have a link with power."""

    def __init__(self, clock: WallClock) -> None:
        self.clock = clock
        self.fed: list[tuple[int, bool]] = []
        self.passed = dict.fromkeys(range(1, len(FAULTS) + 1), Traffic())
        plugged = [
            PluggedIn(f"Gi1/0/{number}", mac, fault)
            for number, (mac, fault) in enumerate(zip(MACS, FAULTS, strict=True), 1)
        ]
        self.switch = VirtualPoeSwitch(
            self.feed, plugged, Access(port=0), counted=self.counted, detect_s=DETECT_S
        )
        clock.run(self.switch.start())
        self.detected()

    def counted(self, port: int) -> Traffic:
        return self.passed[port]

    def feed(self, port: int, on: bool) -> None:
        self.fed.append((port, on))
        self.switch.changed(port, on)

    def detected(self) -> None:
        """Let the ports find their phones."""
        self.clock.run(asyncio.sleep(3 * DETECT_S))

    def tool(self, name: str, community: str, *arguments: str) -> tuple[int, str]:
        manner = ("-Oe", "-t", "5", "-r", "0", "-v2c", "-c", community)
        return net_snmp.tool(name, *manner, f"127.0.0.1:{self.switch.port}", *arguments)

    def get(self, oid: str) -> str:
        status, said = self.tool("snmpget", "public", oid)
        assert status == 0, said
        return said.partition(" = ")[2]

    def command(self, port: int, value: int) -> None:
        status, said = self.tool("snmpset", "private", f"{ADMIN}.{port}", "i", str(value))
        assert status == 0, said

    def agent(self) -> SnmpAgent:
        return SnmpAgent("127.0.0.1", self.switch.port)


@pytest.fixture
def rack() -> Iterator[Rack]:
    clock = WallClock()
    made = Rack(clock)
    yield made
    clock.run(made.switch.close())
    clock.close()


def test_every_port_that_is_honest_powers_its_phone_from_the_start(rack: Rack) -> None:
    assert sorted(rack.fed) == [(1, True), (2, True)]
    assert rack.get(f"{DETECTION}.1") == "INTEGER: 3"
    assert rack.get(f"{IF_OPER_STATUS}.1") == "INTEGER: 1"


def test_a_port_that_is_told_to_gives_power_and_takes_it_and_the_link_goes_with_it(
    rack: Rack,
) -> None:
    before = rack.get(f"{IF_LAST_CHANGE}.1")
    rack.command(1, 2)
    assert rack.fed[-1] == (1, False)
    assert rack.get(f"{DETECTION}.1") == "INTEGER: 1"
    assert rack.get(f"{IF_OPER_STATUS}.1") == "INTEGER: 2"
    assert rack.get(f"{IF_LAST_CHANGE}.1") != before
    rack.command(1, 1)
    assert rack.get(f"{DETECTION}.1") == "INTEGER: 2"
    rack.detected()
    assert rack.get(f"{DETECTION}.1") == "INTEGER: 3"
    assert rack.fed[-1] == (1, True)


def test_a_port_that_lies_says_what_it_was_told_and_the_link_tells_the_truth(rack: Rack) -> None:
    rack.command(2, 2)
    assert rack.get(f"{DETECTION}.2") == "INTEGER: 1"
    assert rack.get(f"{IF_OPER_STATUS}.2") == "INTEGER: 1"
    assert rack.get(f"{DETECTION}.3") == "INTEGER: 3"
    assert rack.get(f"{IF_OPER_STATUS}.3") == "INTEGER: 2"


def test_a_port_tells_what_passed_it(rack: Rack) -> None:
    rack.passed[2] = Traffic(2**32 + 7, 5, 2**33 + 9, 11)
    wide = {column: rack.get(f"{IF_X}.{column}.2") for column in (7, 9, 11, 13)}
    assert wide == {
        7: f"Counter64: {2**32 + 7}",
        9: "Counter64: 5",
        11: f"Counter64: {2**33 + 9}",
        13: "Counter64: 11",
    }
    assert [rack.get(f"{IF}.{column}.2") for column in (11, 17)] == ["Counter32: 7", "Counter32: 9"]
    assert rack.get(f"{IF_X}.7.1") == "Counter64: 0"


def test_a_port_whose_counters_are_late_shows_them_at_its_own_time() -> None:
    passed = [Traffic(1)]
    plugged = [PluggedIn("1", MACS[0], PortFault.LATE_COUNTERS)]
    with contextlib.closing(VirtualClock()) as clock:
        switch = VirtualPoeSwitch(
            lambda port, on: None, plugged, Access(port=0), counted=lambda port: passed[0]
        )
        clock.run(switch.start())
        passed[0] = Traffic(2)
        clock.run(asyncio.sleep(REFRESH_S / 2))
        assert switch.traffic(1) == Traffic(1)
        clock.run(asyncio.sleep(REFRESH_S))
        assert switch.traffic(1) == Traffic(2)
        clock.run(switch.close())


def test_the_tables_can_be_walked_and_tell_who_is_where(rack: Rack) -> None:
    status, names = rack.tool("snmpwalk", "public", ".1.3.6.1.2.1.31.1.1.1.1")
    assert status == 0
    assert [line.partition(" = ")[2] for line in names.splitlines()] == [
        f'STRING: "Gi1/0/{number}"' for number in (1, 2, 3)
    ]
    status, learned = rack.tool("snmpbulkwalk", "public", ".1.3.6.1.2.1.17.4.3.1.2")
    assert status == 0
    # The phone of the third port has no link, so its address is not there.
    assert [line.rpartition(" ")[2] for line in learned.splitlines()] == ["1", "2"]
    assert all(".0.14.8.202.254." in line for line in learned.splitlines())


@pytest.mark.parametrize(
    ("community", "oid", "kind", "value", "said"),
    [
        ("public", f"{ADMIN}.1", "i", "2", "noAccess"),
        ("private", f"{ADMIN}.1", "i", "3", "wrongValue"),
        ("private", f"{ADMIN}.1", "s", "2", "wrongType"),
        ("private", f"{ADMIN}.9", "i", "1", "noCreation"),
        ("private", f"{DETECTION}.1", "i", "1", "notWritable"),
    ],
)
def test_what_cannot_be_written_is_refused_and_does_nothing(
    rack: Rack, community: str, oid: str, kind: str, value: str, said: str
) -> None:
    before = list(rack.fed)
    status, text = rack.tool("snmpset", community, oid, kind, value)
    assert status != 0
    assert said in text or "authorizationError" in text
    assert rack.fed == before


def test_the_drivers_of_a_rack_switch_it_and_see_its_link(rack: Rack) -> None:
    poe, link = PoeSwitch(rack.agent()), SwitchPortLink(rack.agent(), "Gi1/0/1")

    async def told() -> list[Any]:
        seen: list[Any] = [await poe.state("Gi1/0/1"), await link.up()]
        number = await link.changes()
        await poe.off("Gi1/0/1")
        seen += [await poe.state("Gi1/0/1"), await link.up(), await link.changes() != number]
        await poe.on("Gi1/0/1")
        await asyncio.sleep(3 * DETECT_S)
        return [*seen, await poe.state("Gi1/0/1"), await link.up()]

    on, off = PowerAction.ON, PowerAction.OFF
    assert rack.clock.run(told()) == [on, True, off, False, True, on, True]
    with pytest.raises(PowerError, match="no port"):
        rack.clock.run(poe.state("Gi9/9/9"))


def test_a_switch_has_ports_and_a_socket_of_its_own(rack: Rack) -> None:
    with pytest.raises(UsageError, match="0 ports"):
        VirtualPoeSwitch(rack.feed, [], Access(port=0))
    with pytest.raises(UsageError, match="communities"):
        Access(read_community="same", write_community="same")
    other = VirtualPoeSwitch(rack.feed, [PluggedIn("1", MACS[0])], Access(port=rack.switch.port))
    with pytest.raises(EndpointError, match="cannot listen"):
        rack.clock.run(other.start())
