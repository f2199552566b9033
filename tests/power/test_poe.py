"""Power over Ethernet at net-snmp's agent with the objects of RFC 3621 and RFC 2863."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from snmp_device import NEEDS_SNMPD, Device, serving
from snmp_switch import (
    ADMIN_ENABLE,
    DETECTS_S,
    IF_DESCR,
    IF_NAME,
    IF_OPER_STATUS,
    NOTHING_OF_ITS_OWN,
    OBEYS,
    ROOTS,
    switch_device,
)

from hil.clock import WallClock
from hil.errors import DeviceRefused, PowerDeviceError, PowerError, PowerRefused
from hil.history import History
from hil.history import events as ev
from hil.history.events import PowerAction
from hil.power import (
    Numbering,
    Outlet,
    PoeSwitch,
    PowerPolicy,
    SnmpAgent,
    SnmpVersion,
    SwitchPortLink,
)
from hil.power.poe import Detection
from hil.snmp import UsmUser

pytestmark = NEEDS_SNMPD

ON, OFF = PowerAction.ON, PowerAction.OFF


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    device = switch_device(tmp_path_factory.mktemp("switch") / "device.json")
    with serving(device, ROOTS, *NOTHING_OF_ITS_OWN):
        yield device


def agent(device: Device, **options: object) -> SnmpAgent:
    # The rows come from a program of the agent's, which a busy machine keeps waiting.
    patient = {"timeout_s": 10.0, **options}
    return SnmpAgent("127.0.0.1", device.port, **patient)  # type: ignore[arg-type]


def switch(device: Device, numbering: Numbering = Numbering.IF_INDEX) -> PoeSwitch:
    return PoeSwitch(agent(device), numbering)


class TestPower:
    @pytest.mark.parametrize("version", list(SnmpVersion))
    @pytest.mark.parametrize("name", ["7", "1/7", "1.7", "Gi1/0/7", "GigabitEthernet1/0/7"])
    def test_a_port_is_switched_and_its_detection_read_back(
        self, wall_clock: WallClock, device: Device, user: UsmUser, version: SnmpVersion, name: str
    ):
        poe = PoeSwitch(agent(device, version=version, user=user))
        outlet = Outlet(poe, name, History(wall_clock), PowerPolicy(minimum_off_s=0))
        before = len(device.taken)
        wall_clock.run(outlet.on())
        assert wall_clock.run(poe.detection(name)) is Detection.DELIVERING_POWER
        wall_clock.run(outlet.off())
        assert wall_clock.run(poe.state(name)) is OFF
        written = f"{ADMIN_ENABLE}.{OBEYS}"
        assert device.taken[before:] == [(written, 1), (written, 2)]

    def test_a_module_is_a_group_of_ports(self, wall_clock: WallClock, device: Device):
        wall_clock.run(switch(device).on("2/4"))
        assert device.taken[-1] == (f"{ADMIN_ENABLE}.2.4", 1)
        wall_clock.run(switch(device).off("Gi2/0/4"))
        assert device.taken[-1] == (f"{ADMIN_ENABLE}.2.4", 2)

    def test_a_phone_that_is_found_late_is_waited_for(self, wall_clock: WallClock, device: Device):
        history = History(wall_clock)
        outlet = Outlet(switch(device), "9", history, PowerPolicy(minimum_off_s=0, poll_s=0.05))
        begun = wall_clock.now()
        assert wall_clock.run(outlet.on()).attempts == 1
        assert wall_clock.now() - begun >= DETECTS_S * 1e9

    def test_a_port_with_nobody_at_its_end_is_a_fault_of_the_lab_and_is_named(
        self, wall_clock: WallClock, device: Device
    ):
        history = History(wall_clock)
        policy = PowerPolicy(minimum_off_s=0, settle_s=0.2, attempts=2)
        with pytest.raises(PowerError, match="could not be switched on in 2") as error:
            wall_clock.run(Outlet(switch(device), "8", history, policy).cycle())
        assert "accepted, but 0.2 s later the port is enabled and searching" in error.value.evidence
        assert "plugged into this port" in error.value.next_step
        assert history.last(ev.PowerFailed, action=ON) is not None
        assert history.last(ev.PowerSwitched, action=OFF) is not None

    @pytest.mark.parametrize(
        ("status", "said"),
        [(4, "in fault"), (5, "test mode"), (6, "otherFault"), (9, "none of RFC 3621")],
    )
    def test_a_port_that_gives_no_power_is_neither_on_nor_off(
        self, wall_clock: WallClock, device: Device, status: int, said: str
    ):
        with pytest.raises(PowerError, match=said) as error:
            wall_clock.run(switch(device).state(str(20 + status)))
        assert f"pethPsePortDetectionStatus {status}" in error.value.evidence
        assert error.value.next_step

    def test_who_may_only_read_is_refused(self, wall_clock: WallClock, device: Device):
        poe = PoeSwitch(agent(device, write_community="public"))
        with pytest.raises(DeviceRefused, match="noAccess"):
            wall_clock.run(poe.off("7"))

    def test_a_port_that_the_switch_does_not_have(self, wall_clock: WallClock, device: Device):
        with pytest.raises(PowerRefused, match="noSuchInstance") as error:
            wall_clock.run(switch(device).state("47"))
        assert not isinstance(error.value, PowerDeviceError)

    @pytest.mark.parametrize("version", [SnmpVersion.V1, SnmpVersion.V2C])
    @pytest.mark.parametrize("name", ["Gi1/0/48", "gi1/0/7", "0", "1/0", "", "x" * 256, "Vlan1"])
    def test_a_name_that_is_no_port_with_power(
        self, wall_clock: WallClock, device: Device, version: SnmpVersion, name: str
    ):
        poe, before = PoeSwitch(agent(device, version=version)), device.taken
        with pytest.raises(PowerError, match="no port") as error:
            wall_clock.run(poe.off(name))
        assert "ifName" in error.value.next_step
        assert device.taken == before


class TestNumbering:
    def test_cisco_leads_from_the_interface_over_the_entity_to_the_port(
        self, wall_clock: WallClock, device: Device
    ):
        wall_clock.run(switch(device, Numbering.CISCO).on("Te1/1/1"))
        assert device.taken[-1] == (f"{ADMIN_ENABLE}.{OBEYS}", 1)

    def test_and_back(self, wall_clock: WallClock, device: Device):
        link = SwitchPortLink(agent(device), "1/7", Numbering.CISCO)
        assert wall_clock.run(link.up()) is False
        with pytest.raises(PowerError, match="no port '1/8'"):
            wall_clock.run(SwitchPortLink(agent(device), "1/8", Numbering.CISCO).up())

    def test_two_interfaces_of_one_name_are_none(self, wall_clock: WallClock, tmp_path: Path):
        device = switch_device(tmp_path / "device.json")
        device.values[f"{IF_NAME}.8"] = ("string", "Gi1/0/7")
        with (
            serving(device, ROOTS, *NOTHING_OF_ITS_OWN),
            pytest.raises(PowerError, match="told from") as error,
        ):
            wall_clock.run(switch(device).off("Gi1/0/7"))
        assert "2 rows" in error.value.evidence
        assert device.taken == []

    def test_interfaces_that_were_numbered_anew_are_looked_for_again(
        self, wall_clock: WallClock, tmp_path: Path
    ):
        """A switch that started again must not lose the power of another phone."""
        device = switch_device(tmp_path / "device.json")
        with serving(device, ROOTS, *NOTHING_OF_ITS_OWN):
            poe = switch(device)
            wall_clock.run(poe.on("Gi1/0/7"))
            device.values[f"{IF_NAME}.7"] = ("string", "Gi1/0/8")
            device.values[f"{IF_NAME}.8"] = ("string", "Gi1/0/7")
            device.tell()
            wall_clock.run(poe.on("Gi1/0/7"))
            assert [oid for oid, _ in device.taken] == [
                f"{ADMIN_ENABLE}.1.7",
                f"{ADMIN_ENABLE}.1.8",
            ]
            del device.values[f"{IF_NAME}.8"]
            device.values[f"{IF_DESCR}.8"] = ("string", "other")
            device.values[f"{IF_DESCR}.7"] = ("string", "other")
            device.tell()
            with pytest.raises(PowerError, match="no port"):
                wall_clock.run(poe.off("Gi1/0/7"))


class TestLink:
    def test_it_goes_and_comes_with_the_power_of_the_port(
        self, wall_clock: WallClock, device: Device
    ):
        link, poe = SwitchPortLink(agent(device), "Gi1/0/7"), switch(device)
        seen = []
        for action in (poe.off, poe.on, poe.off):
            wall_clock.run(action("Gi1/0/7"))
            seen.append((wall_clock.run(link.up()), wall_clock.run(link.changes())))
        assert seen == [(False, 8400), (True, 4200), (False, 8400)]

    def test_it_tells_whether_the_port_delivers_power(self, wall_clock: WallClock, device: Device):
        link, poe = SwitchPortLink(agent(device), "Gi1/0/7"), switch(device)
        seen = []
        for action in (poe.off, poe.on):
            wall_clock.run(action("Gi1/0/7"))
            seen.append(wall_clock.run(link.powered()))
        assert seen == [False, True]

    def test_a_switch_without_a_power_table_tells_nothing_of_power(
        self, wall_clock: WallClock, tmp_path: Path
    ):
        device = switch_device(tmp_path / "device.json")
        device.integer(f"{IF_OPER_STATUS}.7", 1)
        with serving(device, ROOTS, *NOTHING_OF_ITS_OWN):
            assert wall_clock.run(SwitchPortLink(agent(device), "99").powered()) is None

    @pytest.mark.parametrize(
        ("status", "up"), [(1, True), (2, False), (5, False), (6, False), (7, False)]
    )
    def test_only_a_link_that_is_up_is_up(
        self, wall_clock: WallClock, tmp_path: Path, status: int, up: bool
    ):
        device = switch_device(tmp_path / "device.json")
        device.integer(f"{IF_OPER_STATUS}.7", status)
        with serving(device, ROOTS, *NOTHING_OF_ITS_OWN):
            assert wall_clock.run(SwitchPortLink(agent(device), "7").up()) is up

    @pytest.mark.parametrize(("status", "said"), [(3, "testing"), (4, "unknown"), (99, "unknown")])
    def test_a_link_of_which_nobody_knows_is_an_error(
        self, wall_clock: WallClock, tmp_path: Path, status: int, said: str
    ):
        device = switch_device(tmp_path / "device.json")
        device.integer(f"{IF_OPER_STATUS}.7", status)
        with serving(device, ROOTS, *NOTHING_OF_ITS_OWN), pytest.raises(PowerError, match=said):
            wall_clock.run(SwitchPortLink(agent(device), "7").up())

    @pytest.mark.parametrize("version", [SnmpVersion.V1, SnmpVersion.V2C])
    def test_the_interfaces_of_net_snmp_itself(
        self, wall_clock: WallClock, tmp_path: Path, version: SnmpVersion
    ):
        """Here nothing is ours: the loopback interface in the agent's own IF-MIB."""
        with serving(Device(tmp_path / "device.json"), ["1.3.6.1.2.1.105"]) as device:
            link = SwitchPortLink(agent(device, version=version), "lo")
            assert wall_clock.run(link.up()) is True
            assert wall_clock.run(link.changes()) >= 0
