"""What was found becomes an inventory that loads, and says where somebody has to fill it in."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from switch_tables import FIRST, SECOND, as_walked, catalyst

from hil.testbed.discovery.sighting import Sighting, devices
from hil.testbed.discovery.switch import understand
from hil.testbed.discovery.writing import MARK, Proposal, environment, write
from hil.testbed.inventory import Testbed, load

ENVIRONMENT = {"SW1_READ_COMMUNITY": "reader", "SW1_WRITE_COMMUNITY": "writer"}
SWITCH = understand(as_walked(catalyst()))
HOST = IPv4Address("192.0.2.10")


def proposal(*heard: Sighting, switch: bool = False, **more: object) -> Proposal:
    asked = {"host": HOST, "switch": SWITCH} if switch else {}
    known = devices([*heard, *(SWITCH.sightings if switch else ())])
    return Proposal("rack", "eth1", known, **{**asked, **more})  # type: ignore[arg-type]


def loaded(text: str, directory: Path) -> Testbed:
    file = directory / "rack.yaml"
    file.write_text(text)
    return load(file, ENVIRONMENT)


def test_a_switch_s_phones_get_their_ports_vlans_and_what_they_told(tmp_path):
    made = proposal(switch=True)
    text, gaps = write(made, "x.json")
    testbed = loaded(text, tmp_path)
    assert (testbed.kind, testbed.network.attach, testbed.network.interface) == (
        "rack",
        "vlan",
        "eth1",
    )
    first, second = testbed.handsets
    assert (first.mac.replace(":", ""), second.mac.replace(":", "")) == (FIRST, SECOND)
    assert (first.power.pdu, first.power.outlet, first.vlan) == ("sw1", "Gi1/0/7", 107)
    assert (second.serial, second.firmware.swver) == ("FCH2233ABCD", "sip7832.12-0-5MPP0101-77")
    assert second.capabilities.poe_class == 2
    assert [pdu.driver for pdu in testbed.pdus] == ["poe"]
    assert "rack 3, left, delivers power" in text
    # The first one's serial number is on its label alone, and so is where the subnet is free.
    assert [gap.what.split()[-1] for gap in gaps] == ["one", "label"]
    assert list(environment(made)) == list(ENVIRONMENT)


def test_every_place_to_fill_in_is_marked_on_its_line(tmp_path):
    text, gaps = write(proposal(Sighting(mac="00:0e:08:aa:bb:cc", source="LLDP", phone=True)), "x")
    lines = text.splitlines()
    assert gaps
    assert [number for number, line in enumerate(lines, 1) if f"# {MARK}" in line] == [
        gap.line for gap in gaps
    ]
    assert loaded(text, tmp_path).handset().mac == "00:0e:08:aa:bb:cc"


def test_of_several_devices_those_that_are_no_phones_are_told_in_a_comment(tmp_path):
    heard = (
        Sighting(mac="00:0e:08:aa:bb:cc", source="LLDP", phone=True),
        Sighting(mac="52:54:00:00:00:01", source="DHCP", description="udhcp 1.35.0"),
    )
    text, _ = write(proposal(*heard), "x")
    assert len(loaded(text, tmp_path).handsets) == 1
    assert "#   52:54:00:00:00:01  DHCP: udhcp 1.35.0" in text
    text, _ = write(proposal(*heard, chosen=frozenset({"52:54:00:00:00:01"})), "x")
    assert len(loaded(text, tmp_path).handsets) == 2


def test_where_nobody_was_there_is_a_place_for_one_phone(tmp_path):
    text, gaps = write(proposal(), "x")
    assert loaded(text, tmp_path).handset().name == "p01"
    assert any("MAC address" in gap.what for gap in gaps)


def test_a_hundred_phones_without_a_switch_have_outlets_of_several_pdus(tmp_path):
    heard = [Sighting(mac=f"00:0e:08:00:00:{n:02x}", source="CDP", phone=True) for n in range(100)]
    testbed = loaded(write(proposal(*heard), "x")[0], tmp_path)
    assert [pdu.outlets for pdu in testbed.pdus] == [48, 48, 8]
    assert testbed.handsets[99].power.pdu == "pdu3"


def test_a_phone_behind_an_uplink_has_no_port_of_this_switch(tmp_path):
    made = proposal(switch=True, chosen=frozenset({"0a:00:00:00:00:01"}))
    text, _ = write(made, "x")
    behind = loaded(text, tmp_path).handsets[-1]
    assert (behind.mac, behind.power.pdu) == ("0a:00:00:00:00:01", "pdu1")


FOREIGN = st.text(max_size=90) | st.sampled_from(["x\nkind: virtual", "#", "null", 'a"b\\', "{"])


@given(FOREIGN, FOREIGN, FOREIGN, FOREIGN)
@settings(max_examples=60, deadline=None)
def test_whatever_a_device_says_the_inventory_loads(tmp_path_factory, name, said, serial, hwver):
    told = Sighting(
        mac="00:0e:08:aa:bb:cc",
        source="LLDP",
        name=name,
        description=said,
        serial=serial,
        hwver=hwver,
        phone=True,
    )
    testbed = loaded(write(proposal(told), "x")[0], tmp_path_factory.getbasetemp())
    assert [entry.mac for entry in testbed.handsets] == ["00:0e:08:aa:bb:cc"]
