"""LLDP and LLDP-MED: octets by hand, the rules of IEEE 802.1AB, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire import ethernet, lldp
from hil.wire import lldp_extensions as ext
from hil.wire.lldp import Capability, Identifier, Lldpdu, Organisational, decode, encode

MAC = bytes.fromhex("000e08aabbcc")
CHASSIS = b"\x02\x06\x05\x01\xc0\x00\x02\x10"
PORT = b"\x04\x07\x03" + MAC
TTL = b"\x06\x02\x00\xb4"
MANDATORY = CHASSIS + PORT + TTL
SHORT = Lldpdu(
    chassis_id=Identifier(5, lldp.network_address(IPv4Address("192.0.2.16"))),
    port_id=Identifier(3, MAC),
    ttl=180,
)


def test_the_mandatory_tlvs_have_these_octets() -> None:
    assert encode(SHORT) == MANDATORY + b"\0\0"


def test_the_other_basic_tlvs_follow_in_the_order_of_their_types() -> None:
    said = replace(
        SHORT,
        port_description="Port 1",
        system_name="SEP000E08AABBCC",
        system_description="phone",
        capabilities=(Capability.BRIDGE | Capability.TELEPHONE, Capability.TELEPHONE),
    )
    assert encode(said) == (
        MANDATORY
        + b"\x08\x06Port 1"
        + b"\x0a\x0fSEP000E08AABBCC"
        + b"\x0c\x05phone"
        + b"\x0e\x04\x00\x24\x00\x20"
        + b"\0\0"
    )
    assert decode(encode(said)) == said


@pytest.mark.parametrize(
    ("extension", "value", "octets"),
    [
        (ext.MAC_PHY, ext.MacPhy(3, 0x6C00, 16), "00120f 01 03 6c00 0010"),
        # The wire has PoE class 2 as 3.
        (ext.POWER_VIA_MDI, ext.PowerViaMdi(2), "00120f 02 00 01 03"),
        (
            ext.MED_CAPABILITIES,
            ext.MedCapabilities(ext.MedCapability(0x33), ext.MedClass.COMMUNICATION_DEVICE),
            "0012bb 01 0033 03",
        ),
        (ext.NETWORK_POLICY, ext.NetworkPolicy(unknown=True), "0012bb 02 01 800000"),
        (
            ext.NETWORK_POLICY,
            ext.NetworkPolicy(tagged=True, vlan=100, priority=5, dscp=46),
            "0012bb 02 01 40c96e",
        ),
        (ext.MED_POWER, ext.MedPower(1, 3, 0, 6400), "0012bb 04 70 0040"),
        (ext.FIRMWARE_REVISION, "11.3", "0012bb 06 31312e33"),
    ],
)
def test_an_organisations_tlv_has_these_octets(extension, value, octets) -> None:
    data = bytes.fromhex(octets)
    said = replace(SHORT, organisational=(extension.pack(value),))
    assert encode(said) == MANDATORY + bytes((0xFE, len(data))) + data + b"\0\0"
    assert extension.read(decode(encode(said))) == value


def test_an_end_mark_may_be_missing_and_what_follows_one_does_not_count() -> None:
    assert decode(MANDATORY) == SHORT
    assert decode(MANDATORY + b"\0\0" + b"\xff" * 20) == SHORT


def test_identifiers_are_written_as_what_they_are() -> None:
    said = decode(encode(SHORT))
    assert lldp.chassis_text(said.chassis_id) == "192.0.2.16"
    assert lldp.port_text(said.port_id) == "00:0e:08:aa:bb:cc"
    assert lldp.port_text(Identifier(5, b"Gi1/0/1")) == "Gi1/0/1"
    assert lldp.chassis_text(Identifier(5, b"\x02" + bytes(16))) == "02" + "00" * 16


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "begins with"),
        (PORT + CHASSIS + TTL, "begins with"),
        (CHASSIS + PORT + b"\0\0" + TTL, "begins with"),
        (CHASSIS + PORT + b"\x06\x01\x00", "1 octets"),
        (b"\x02\x01\x05" + PORT + TTL, "chassis id of 1 octets"),
        (CHASSIS + b"\x04\x00" + TTL, "port id of 0 octets"),
        (MANDATORY + TTL, "TLV 3 occurs again"),
        (MANDATORY + b"\x0a\x01a\x0a\x01b", "TLV 5 occurs again"),
        (MANDATORY + b"\x0e\x02\x00\x20", "capabilities of 2"),
        (MANDATORY + b"\xfe\x03\x00\x12\xbb", "organisation's TLV of 3"),
        (MANDATORY + b"\x0a", "header runs past"),
        (MANDATORY + b"\x0b\xff" + b"x" * 510, "TLV 5 at octet 21 runs past"),
        (MANDATORY + b"\x00\x01\x00", "end mark with a value"),
    ],
)
def test_what_is_no_lldpdu_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason):
        decode(data)


@pytest.mark.parametrize(
    ("extension", "octets"),
    [
        (ext.MAC_PHY, "03"),
        (ext.POWER_VIA_MDI, "0001"),
        (ext.POWER_VIA_MDI, "000100"),
        (ext.MED_CAPABILITIES, "0033"),
        (ext.NETWORK_POLICY, "0180"),
        (ext.MED_POWER, "70"),
    ],
)
def test_an_organisations_tlv_that_makes_no_sense_is_refused_when_it_is_read(
    extension, octets
) -> None:
    tlv = Organisational(extension.organisation, extension.subtype, bytes.fromhex(octets))
    with pytest.raises(RemoteProtocolError, match=extension.name):
        extension.read(replace(SHORT, organisational=(tlv,)))


@pytest.mark.parametrize(
    "said",
    [
        replace(SHORT, ttl=65536),
        replace(SHORT, chassis_id=Identifier(5, b"")),
        replace(SHORT, system_name="x" * 256),
        replace(SHORT, organisational=(Organisational(b"\0\0", 1, b""),)),
        replace(SHORT, organisational=(Organisational(b"\0\0\0", 1, bytes(508)),)),
        replace(SHORT, others=((128, b""),)),
    ],
)
def test_what_no_tlv_holds_is_refused(said: Lldpdu) -> None:
    with pytest.raises(LocalProtocolError):
        encode(said)


@pytest.mark.parametrize(
    ("extension", "value"),
    [
        (ext.POWER_VIA_MDI, ext.PowerViaMdi(5)),
        (ext.NETWORK_POLICY, ext.NetworkPolicy(vlan=4095)),
        (ext.MED_POWER, ext.MedPower(1, 4, 0, 100)),
        (ext.SERIAL_NUMBER, "x" * 33),
    ],
)
def test_what_an_extension_cannot_say_is_refused(extension, value) -> None:
    with pytest.raises(LocalProtocolError, match=extension.name):
        extension.pack(value)


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(MANDATORY.__add__)))
def test_no_octets_raise_anything_else(data: bytes) -> None:
    try:
        said = decode(data)
    except RemoteProtocolError:
        return
    assert decode(encode(said)).chassis_id == said.chassis_id


def test_the_frame_goes_to_the_nearest_bridge() -> None:
    data = lldp.encode_frame(SHORT, MAC)
    assert data[:14] == bytes.fromhex("0180c200000e 000e08aabbcc 88cc")
    frame = ethernet.decode(data)
    assert lldp.is_lldp(frame)
    assert decode(frame.payload) == SHORT
