"""What one frame tells of its sender, and what several sightings say together."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from hil.net.raw_udp import udp_packet
from hil.reference.identity import Identity
from hil.testbed.discovery.ear import hear
from hil.testbed.discovery.sighting import Sighting, devices, harmless
from hil.virtual.neighbours import NeighbourConfig, cdp_announcement, lldpdu
from hil.wire import cdp, dhcp, lldp
from hil.wire import dhcp_options as opt

PHONE = Identity("00:0e:08:aa:bb:cc")
SOURCE = bytes.fromhex(PHONE.ma)
NOWHERE, EVERYBODY = IPv4Address(0), IPv4Address("255.255.255.255")
BY_LLDP = lldp.encode_frame(lldpdu(PHONE, None, NeighbourConfig()), SOURCE)
BY_CDP = cdp.encode_frame(
    cdp_announcement(PHONE, IPv4Address("192.0.2.16"), NeighbourConfig()), SOURCE
)


def request(*options: tuple[int, bytes], op: int = dhcp.Op.BOOTREQUEST, port: int = 67) -> bytes:
    message = dhcp.Message(op=op, xid=1, chaddr=SOURCE, options=options)
    packet = udp_packet((NOWHERE, 68), (EVERYBODY, port), dhcp.encode(message))
    return b"\xff" * 6 + SOURCE + b"\x08\x00" + packet


BY_DHCP = request(
    opt.MESSAGE_TYPE.pack(dhcp.MessageType.DISCOVER),
    (60, b"CP-7832-3PCC\0"),
    (12, b"SEP000E08AABBCC"),
    opt.REQUESTED_ADDRESS.pack(IPv4Address("192.0.2.17")),
)


def test_lldp_tells_the_name_the_load_the_power_class_and_that_it_is_a_telephone():
    told = hear(BY_LLDP, vlan=101)
    assert told == Sighting(
        mac=PHONE.mac,
        source="LLDP",
        name="SEP000E08AABBCC",
        description=PHONE.swver,
        poe_class=2,
        phone=True,
        vlan=101,
    )


def test_cdp_tells_the_model_the_load_and_the_address():
    told = hear(BY_CDP)
    assert told is not None
    assert (told.source, told.phone, told.address) == ("CDP", True, "192.0.2.16")
    assert told.description == f"{PHONE.pn} {PHONE.swver}"


def test_a_request_by_dhcp_tells_vendor_class_host_name_and_the_last_address():
    told = hear(BY_DHCP)
    assert told == Sighting(
        mac=PHONE.mac,
        source="DHCP",
        name="SEP000E08AABBCC",
        description="CP-7832-3PCC",
        address="192.0.2.17",
    )


def test_answers_and_other_datagrams_introduce_nobody():
    assert hear(request(op=dhcp.Op.BOOTREPLY)) is None
    assert hear(request(port=69)) is None
    fragment = bytearray(BY_DHCP)
    fragment[14 + 7] = 5
    assert hear(bytes(fragment)) is None


@given(
    st.one_of(
        st.binary(max_size=400),
        st.tuples(
            st.sampled_from((BY_LLDP, BY_CDP, BY_DHCP)), st.integers(0, 500), st.binary(max_size=4)
        ).map(lambda spoilt: spoilt[0][: spoilt[1]] + spoilt[2] + spoilt[0][spoilt[1] + 1 :]),
    )
)
def test_whatever_the_frame_is_there_is_a_sighting_or_none(frame):
    told = hear(frame)
    assert told is None or len(told.mac) == 17


class TestADevice:
    def test_what_several_sources_say_of_one_address_belongs_together(self):
        told = [hear(frame) for frame in (BY_LLDP, BY_CDP, BY_DHCP, BY_LLDP)]
        (device,) = devices(filter(None, told))
        assert device.sources == "LLDP, CDP, DHCP"
        assert (device.model, device.swver) == ("CP-7832-3PCC", PHONE.swver)
        assert (device.phone, device.poe_class) == (True, 2)

    def test_a_vendor_class_alone_makes_a_phone(self):
        told = [Sighting(mac="00:0e:08:00:00:01", source="DHCP", description="Cisco CP-8841-3PCC")]
        assert [(d.phone, d.model) for d in devices(told)] == [(True, "CP-8841-3PCC")]

    def test_anything_else_is_none(self):
        told = [Sighting(mac="00:0e:08:00:00:01", source="DHCP", description="udhcp 1.35.0")]
        assert [(d.phone, d.model, d.swver) for d in devices(told)] == [(False, None, None)]

    def test_what_an_inventory_could_not_hold_is_no_serial_number_or_load(self):
        told = [
            Sighting(mac="00:0e:08:00:00:01", source="LLDP", serial="two words"),
            Sighting(mac="00:0e:08:00:00:01", source="LLDP", description="sip7832.x " + "y" * 99),
        ]
        (device,) = devices(told)
        assert (device.serial, device.swver) == (None, None)

    def test_whoever_says_ever_new_things_of_itself_fills_no_line(self):
        told = [Sighting(mac="00:0e:08:00:00:01", source="DHCP", name=f"n{n}") for n in range(99)]
        assert [each.remarks for each in devices(told)] == ["n0; n1; n2; n3"]

    def test_foreign_text_becomes_one_short_printable_line(self):
        assert harmless("a\nname: b\x1b[31m\u2028") == "a?name: b?[31m?"
        assert len(harmless("x" * 1000)) == 60
