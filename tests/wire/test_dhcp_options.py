"""Typed values of DHCP options against the formats that RFC 2132 and its successors draw."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from hil.wire import dhcp_options as options
from hil.wire.dhcp import Message, MessageType, decode, encode
from hil.wire.dhcp_options import BY_CODE, VendorBlock

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")

EXAMPLES: list[tuple[options.Option[Any, Any], Any, str]] = [
    (options.SUBNET_MASK, IPv4Address("255.255.255.0"), "ffffff00"),
    (options.TIME_OFFSET, 3600, "00000e10"),
    (options.TIME_OFFSET, -18000, "ffffb9b0"),
    (options.ROUTER, (A,), "c0000201"),
    (options.DOMAIN_SERVER, (A, B), "c0000201c0000202"),
    (options.HOST_NAME, "SEP7832", "53455037383332"),
    (options.DOMAIN_NAME, "lab.example", "6c61622e6578616d706c65"),
    (options.NTP_SERVERS, (B,), "c0000202"),
    (options.VENDOR_SPECIFIC, ((1, b"acs"), (2, b"")), "0103616373" + "0200"),
    (options.REQUESTED_ADDRESS, A, "c0000201"),
    (options.LEASE_TIME, 0xFFFFFFFF, "ffffffff"),
    (options.MESSAGE_TYPE, MessageType.NAK, "06"),
    (options.SERVER_ID, A, "c0000201"),
    (options.PARAMETER_LIST, (1, 3, 66, 150), "01034296"),
    (options.ERROR_TEXT, "no", "6e6f"),
    (options.MAXIMUM_SIZE, 1500, "05dc"),
    (options.RENEWAL_TIME, 1800, "00000708"),
    (options.REBINDING_TIME, 3150, "00000c4e"),
    (options.VENDOR_CLASS, "CP-7832-3PCC", "43502d373833322d33504343"),
    (options.CLIENT_ID, b"\x01\x00\x0e\x08\xaa\xbb\xcc", "01000e08aabbcc"),
    (options.TFTP_SERVER_NAME, "192.0.2.1", "3139322e302e322e31"),
    (options.BOOTFILE_NAME, "/$PSN.xml", "2f2450534e2e786d6c"),
    (options.RELAY_AGENT, b"\x01\x02ab", "01026162"),
    (options.VENDOR_IDENTIFYING, (VendorBlock(9, b"\x01\x01x"), VendorBlock(3561, b"")),
     "00000009" "03" "010178" "00000de9" "00"),
    (options.TFTP_SERVER_ADDRESSES, (A, B), "c0000201c0000202"),
    (options.PROVISIONING_ADDRESSES, (A,), "c0000201"),
    (options.PROVISIONING_URL, "http://192.0.2.1/$MA.xml",
     "687474703a2f2f3139322e302e322e312f244d412e786d6c"),
]  # fmt: skip

WRONG_BYTES = [
    (1, b"abc"), (2, b"abc"), (3, b""), (3, b"abcde"), (6, b"abc"), (15, b"\xff\xfe"),
    (42, b"abcdef"), (43, b"\x01"), (43, b"\x01\x05ab"), (50, b""), (51, b"abc"), (53, b""),
    (53, b"\x00"), (53, b"\x01\x01"), (54, b"abcde"), (57, b"\x01"), (58, b"a"), (59, b"abcde"),
    (60, b"\xc3"), (66, b"\x80"), (125, b"\0\0\0\x09"), (125, b"\0\0\0\x09\x02a"), (150, b"abc"),
    (159, b"http://xy"), (160, b"\xff"),
]  # fmt: skip

WRONG_VALUES: list[tuple[int, Any]] = [
    (2, 1 << 31), (3, ()), (6, []), (12, ""), (15, "\ud800"), (43, [(0, b"x")]),
    (43, [(255, b"x")]), (43, [(1, bytes(256))]), (51, -1), (51, 1 << 32), (55, [256]), (57, 65536),
    (125, [VendorBlock(1 << 32, b"")]), (125, [VendorBlock(9, bytes(256))]),
]  # fmt: skip


@pytest.mark.parametrize(("option", "value", "wire"), EXAMPLES)
def test_each_option_has_its_octets(
    option: options.Option[Any, Any], value: Any, wire: str
) -> None:
    code, data = option.pack(value)
    assert code == option.code
    assert data == bytes.fromhex(wire)
    assert option.parse(data) == value


def test_the_table_has_every_option_once_and_every_one_has_an_example() -> None:
    assert set(BY_CODE) == {option.code for option, _, _ in EXAMPLES}
    assert all(code == option.code for code, option in BY_CODE.items())


@pytest.mark.parametrize(("code", "data"), WRONG_BYTES)
def test_bytes_that_are_no_such_value_are_refused_by_code_and_name(code: int, data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match=rf"^option {code} \("):
        BY_CODE[code].parse(data)


@pytest.mark.parametrize(("code", "value"), WRONG_VALUES)
def test_a_value_that_the_option_cannot_hold_is_refused(code: int, value: Any) -> None:
    with pytest.raises(LocalProtocolError, match=rf"^option {code} \("):
        BY_CODE[code].pack(value)


@given(st.sampled_from(sorted(BY_CODE)), st.binary(max_size=300))
@settings(deadline=None, max_examples=300)
def test_any_bytes_parse_or_raise_a_protocol_error(code: int, data: bytes) -> None:
    with suppress(ProtocolError):
        BY_CODE[code].parse(data)


@given(st.lists(st.tuples(st.integers(1, 254), st.binary(max_size=255)), max_size=6).map(tuple))
@settings(deadline=None, max_examples=60)
def test_suboptions_come_back(suboptions: tuple[tuple[int, bytes], ...]) -> None:
    option = options.VENDOR_SPECIFIC
    assert option.parse(option.encode(suboptions)) == suboptions


def test_pad_and_end_frame_suboptions() -> None:
    assert options.parse_suboptions(b"\0\x01\x01a\0\xff\x02\x01b") == ((1, b"a"),)


def test_a_trailing_nul_is_no_part_of_a_text() -> None:
    assert options.VENDOR_CLASS.parse(b"CP-7832-3PCC\0") == "CP-7832-3PCC"


def test_read_takes_the_typed_value_out_of_a_message() -> None:
    message = Message(
        op=2,
        xid=1,
        chaddr=bytes(6),
        options=(options.MESSAGE_TYPE.pack(MessageType.OFFER), options.ROUTER.pack([A])),
    )
    received = decode(encode(message))
    assert options.ROUTER.read(received) == (A,)
    assert options.LEASE_TIME.read(received) is None
    assert options.MESSAGE_TYPE.read(received) is MessageType.OFFER


def test_a_split_option_125_is_read_whole() -> None:
    blocks = tuple(VendorBlock(number, bytes(200)) for number in range(4))
    message = Message(
        op=2, xid=1, chaddr=bytes(6), options=(options.VENDOR_IDENTIFYING.pack(blocks),)
    )
    assert options.VENDOR_IDENTIFYING.read(decode(encode(message))) == blocks
