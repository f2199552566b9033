"""From a switch's tables follows which phone hangs on which port, and which port powers it."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switch_tables import FIRST, SECOND, UPSTREAM, as_walked, catalyst, snmpd

from hil.errors import LabError
from hil.power.snmp_agent import SnmpAgent, SnmpVersion
from hil.testbed.discovery.sighting import devices
from hil.testbed.discovery.survey import ask
from hil.testbed.discovery.switch import Switch, understand
from hil.testbed.discovery.switch_tables import COLUMNS

needs_snmpd = pytest.mark.skipif(
    shutil.which("snmpd") is None, reason="net-snmp's agent is missing: apt install snmpd"
)


def colons(mac: str) -> str:
    return bytes.fromhex(mac).hex(":")


def check_catalyst(switch: Switch) -> None:
    """What `catalyst` says, whichever way it came."""
    seen = {device.mac: device for device in devices(switch.sightings)}
    first, second = seen[colons(FIRST)], seen[colons(SECOND)]
    assert (first.phone, first.sources) == (True, "the switch's CDP, bridge table")
    assert (second.phone, second.model) == (True, "CP-7832-3PCC")
    assert (second.serial, second.swver) == ("FCH2233ABCD", "sip7832.12-0-5MPP0101-77")
    assert not seen[colons(UPSTREAM)].phone
    port = switch.ports[first.interface]
    assert (port.name, port.alias, port.vlan) == ("Gi1/0/7", "rack 3, left", 107)
    assert (port.poe, port.poe_by, port.powered, port.poe_class) == ("1/7", "cisco", True, 2)
    assert switch.ports[second.interface].name == "Gi1/0/8"
    uplink = switch.ports[10148]
    assert (uplink.addresses, uplink.powered, uplink.poe_class) == (8, False, None)


def test_a_catalyst_leads_from_power_to_interface_by_its_own_mib():
    check_catalyst(understand(as_walked(catalyst())))


def test_a_vlan_s_table_of_addresses_is_as_good_as_the_bridge_s():
    rows = catalyst()
    table = rows.pop("dot1dTpFdbPort")
    rows["dot1qTpFdbPort"] = {f"4001.{address}": port for address, port in table.items()}
    check_catalyst(understand(as_walked(rows)))


def test_where_ports_have_the_interfaces_numbers_they_are_the_same():
    rows = catalyst()
    numbers = range(1, 5)
    rows["ifName"] = {str(n): f"g{n}".encode() for n in numbers}
    rows["pethPsePortDetectionStatus"] = {f"1.{n}": 3 for n in numbers}
    del rows["cpeExtPsePortEntPhyIndex"]
    ports = understand(as_walked(rows)).ports
    assert [(p.name, p.poe, p.poe_by) for p in ports.values()] == [
        (f"g{n}", f"1/{n}", "if-index") for n in numbers
    ]


def test_without_either_a_number_that_only_one_name_has_is_a_guess():
    rows = catalyst()
    del rows["cpeExtPsePortEntPhyIndex"]
    rows["ifName"]["11101"] = b"Te1/1/1"
    ports = understand(as_walked(rows)).ports
    assert (ports[10107].poe, ports[10107].poe_by) == ("1/7", "number")
    # Gi1/0/1 and Te1/1/1 may both be port 1 of group 1.
    assert ports[10101].poe is None
    assert ports[11101].poe is None


def test_a_switch_with_none_of_the_tables_knows_nothing():
    assert understand({}) == Switch({}, ())


TEXT = st.text(max_size=12) | st.sampled_from(["1.7", "0.8.1", "10107", "7", "3", "\\x00\\x0e", ""])


@given(
    st.dictionaries(
        st.sampled_from(sorted(COLUMNS)), st.dictionaries(TEXT, TEXT, max_size=6), max_size=8
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_a_switch_answers_is_understood_or_left_out(tables):
    told = as_walked(catalyst()) | tables
    switch = understand(told)
    assert all(port.index == index for index, port in switch.ports.items())
    assert all(len(each.mac) == 17 for each in switch.sightings)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with snmpd(tmp_path_factory.mktemp("switch"), catalyst()) as port:
        yield port


@pytest.mark.peer("snmpd")
@needs_snmpd
class TestNetSnmpsAgent:
    @pytest.mark.parametrize("version", [SnmpVersion.V1, SnmpVersion.V2C])
    def test_its_tables_are_read(self, port, version):
        check_catalyst(ask(SnmpAgent("127.0.0.1", port, version, "reader")))

    def test_a_wrong_community_is_an_error_that_says_what_to_do(self, port):
        agent = SnmpAgent("127.0.0.1", port, read_community="hunter2", timeout_s=0.3)
        with pytest.raises(LabError, match="tables cannot be read") as caught:
            ask(agent)
        assert "community" in caught.value.next_step
        assert "hunter2" not in str(caught.value)
