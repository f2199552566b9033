"""What a switch port counted, at net-snmp's agent with the counters of RFC 2863."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from snmp_device import NEEDS_SNMPD, Device, serving
from snmp_switch import IF_NAME, NOTHING_OF_ITS_OWN, ROOTS

from hil.clock import WallClock
from hil.errors import PowerError
from hil.power import SnmpAgent, SnmpVersion
from hil.power.port_counts import PortCounts, SwitchPortCounts

pytestmark = NEEDS_SNMPD

WIDE, NARROW, NONSENSE = 7, 4, 5
IF_X, IF = "1.3.6.1.2.1.31.1.1.1", "1.3.6.1.2.1.2.2.1"


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    device = Device(tmp_path_factory.mktemp("switch") / "device.json")
    for row in (WIDE, NARROW, NONSENSE):
        device.values[f"{IF_NAME}.{row}"] = ("string", f"Gi1/0/{row}")
        device.values[f"{IF}.11.{row}"] = ("counter", str(2**32 - 5))
        device.values[f"{IF}.17.{row}"] = ("counter", "9")
    for column, value in ((7, 2**40), (9, 12), (11, 2**40 + 1)):
        device.values[f"{IF_X}.{column}.{WIDE}"] = ("counter64", str(value))
    device.values[f"{IF_X}.19.{WIDE}"] = ("timeticks", "77")
    device.integer(f"{IF_X}.7.{NONSENSE}", -3)
    with serving(device, ROOTS, *NOTHING_OF_ITS_OWN):
        yield device


def read(
    clock: WallClock, device: Device, port: int, version: SnmpVersion = SnmpVersion.V2C
) -> PortCounts:
    agent = SnmpAgent("127.0.0.1", device.port, timeout_s=10.0, version=version)
    return clock.run(SwitchPortCounts(agent, f"Gi1/0/{port}").read())


def test_wide_counters_are_preferred(wall_clock: WallClock, device: Device):
    counts = read(wall_clock, device, WIDE)
    assert counts == PortCounts((2**40, 12), 2**40 + 1, 64, broadcasts=True, since=77)


def test_a_port_without_them_has_narrow_ones_and_no_broadcasts(
    wall_clock: WallClock, device: Device
):
    counts = read(wall_clock, device, NARROW)
    assert counts == PortCounts((2**32 - 5,), 9, 32, broadcasts=False, since=0)


def test_snmpv1_cannot_carry_wide_ones(wall_clock: WallClock, device: Device):
    assert read(wall_clock, device, WIDE, SnmpVersion.V1).bits == 32


def test_a_number_that_no_counter_has_is_an_error(wall_clock: WallClock, device: Device):
    with pytest.raises(PowerError, match="cannot be -3"):
        read(wall_clock, device, NONSENSE)


def test_a_port_that_there_is_not(wall_clock: WallClock, device: Device):
    with pytest.raises(PowerError, match="has no port"):
        read(wall_clock, device, 99)
