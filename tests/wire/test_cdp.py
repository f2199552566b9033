"""CDP: octets of one message by hand, its checksum, and what is refused."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire import cdp, ethernet
from hil.wire.cdp import Announcement, Capability, checksum, decode, encode

MAC = bytes.fromhex("000e08aabbcc")
PHONE = Announcement(
    device_id="SEP000E08AABBCC",
    addresses=(IPv4Address("192.0.2.16"),),
    port_id="Port 1",
    capabilities=Capability.HOST | Capability.PHONE,
    software="sip7832.11-3-2MPP0001-609",
    platform="CP-7832-3PCC",
    full_duplex=True,
    power_mw=6490,
)


def with_checksum(message: bytes) -> bytes:
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def test_each_tlv_has_its_octets() -> None:
    data = encode(PHONE)
    assert data[:2] == bytes((2, 180))
    assert data[4:] == (
        b"\x00\x01\x00\x13SEP000E08AABBCC"
        b"\x00\x02\x00\x11\x00\x00\x00\x01\x01\x01\xcc\x00\x04\xc0\x00\x02\x10"
        b"\x00\x03\x00\x0aPort 1"
        b"\x00\x04\x00\x08\x00\x00\x00\x90"
        b"\x00\x05\x00\x1dsip7832.11-3-2MPP0001-609"
        b"\x00\x06\x00\x10CP-7832-3PCC"
        b"\x00\x0b\x00\x05\x01"
        b"\x00\x10\x00\x06\x19\x5a"
    )


def test_what_was_encoded_is_decoded() -> None:
    assert decode(encode(PHONE)) == PHONE


@pytest.mark.parametrize(
    ("message", "due"),
    [
        # RFC 1071's sum for an even length.
        (b"\x02\xb4\x00\x00\x00\x01", 0xFD4A),
        # The last octet in the low half: 0x02b4 + 0x0041.
        (b"\x02\xb4\x00\x00\x41", 0xFD0A),
        # Signed and one too little: 0x02b4 + 0xff7f, the carry added, complemented.
        (b"\x02\xb4\x00\x00\x80", 0xFDCB),
    ],
    ids=["even", "odd", "odd-negative"],
)
def test_checksum_adds_an_odd_octet_as_a_signed_number_in_the_low_half(
    message: bytes, due: int
) -> None:
    assert checksum(message) == due


def test_an_address_of_another_protocol_is_kept_as_octets() -> None:
    ipv6 = b"\0\0\0\1\x02\x08\xaa\xaa\x03\0\0\0\x86\xdd\0\x10" + bytes(16)
    said = decode(encode(Announcement(others=((2, ipv6),))))
    assert said.addresses is None
    assert said.others == ((2, ipv6),)


def test_a_tlv_that_nobody_knows_and_one_that_comes_again_are_kept() -> None:
    others = ((0x1234, b"x"), (1, b"again"))
    said = decode(encode(Announcement(device_id="first", others=others)))
    assert said.device_id == "first"
    assert said.others == others


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x02\xb4\x00", "3 octets"),
        (b"\x03\xb4\x00\x00", "version 3"),
        (encode(PHONE)[:-1] + b"\x00", "checksum"),
        (with_checksum(b"\x02\xb4\0\0\0\1\0"), "header runs past"),
        (with_checksum(b"\x02\xb4\0\0\0\1\0\3"), "length 3"),
        (with_checksum(b"\x02\xb4\0\0\0\1\0\x05"), "length 5"),
        (with_checksum(b"\x02\xb4\0\0\0\4\0\x06\0\1"), "0x0004 of 2 octets"),
        (with_checksum(b"\x02\xb4\0\0\0\x10\0\x05\1"), "0x0010 of 1 octets"),
    ],
)
def test_what_is_no_message_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason):
        decode(data)


@pytest.mark.parametrize(
    "said",
    [Announcement(power_mw=65536), Announcement(hold_s=256), Announcement(others=((-1, b""),))],
)
def test_what_no_tlv_holds_is_refused(said: Announcement) -> None:
    with pytest.raises(LocalProtocolError):
        encode(said)


@given(st.binary(max_size=200))
def test_no_octets_raise_anything_else(data: bytes) -> None:
    for message in (data, with_checksum(b"\x02" + data.ljust(3, b"\0"))):
        try:
            said = decode(message)
        except RemoteProtocolError:
            continue
        again = decode(encode(said))
        assert again == said


def test_the_frame_has_llc_and_snap_headers_and_its_length() -> None:
    data = cdp.encode_frame(PHONE, MAC)
    payload = encode(PHONE)
    assert data[:12] == bytes.fromhex("01000ccccccc 000e08aabbcc")
    assert data[12:22] == struct.pack("!H", 8 + len(payload)) + bytes.fromhex("aaaa03 00000c 2000")
    frame = ethernet.decode(data)
    assert cdp.is_cdp(frame)
    assert frame.mac == "00:0e:08:aa:bb:cc"
    assert frame.payload == payload


def test_padding_of_a_short_frame_is_no_part_of_the_message() -> None:
    short = Announcement(device_id="x")
    data = cdp.encode_frame(short, MAC)
    assert len(data) == 60
    assert decode(ethernet.decode(data).payload) == short
