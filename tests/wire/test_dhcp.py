"""The DHCPv4 message codec against RFC 2131, 2132 and 3396, and against hostile bytes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from hil.wire.dhcp import MAGIC_COOKIE, Message, MessageType, Op, decode, encode

MAC = bytes.fromhex("000e08aabbcc")
DISCOVER = Message(op=Op.BOOTREQUEST, xid=0x3903F326, chaddr=MAC, options=((53, b"\x01"),))
COOKIE_AT = 236

addresses = st.integers(0, 2**32 - 1).map(IPv4Address)
field = st.integers(0, 255)


def no_trailing_nul(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=size).map(lambda data: data.rstrip(b"\0"))


def carried(code: int) -> bool:
    return code not in (0, 52, 53, 255)


options = st.lists(
    st.tuples(field.filter(carried), st.binary(max_size=255))
    | st.sampled_from(MessageType).map(lambda kind: (53, bytes((kind,)))),
    max_size=12,
).map(tuple)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    chaddr = draw(st.binary(max_size=16))
    return Message(
        op=draw(st.sampled_from(Op)),
        xid=draw(st.integers(0, 2**32 - 1)),
        chaddr=chaddr,
        htype=draw(field),
        hlen=len(chaddr),
        hops=draw(field),
        secs=draw(st.integers(0, 65535)),
        flags=draw(st.integers(0, 65535)),
        ciaddr=draw(addresses),
        yiaddr=draw(addresses),
        siaddr=draw(addresses),
        giaddr=draw(addresses),
        sname=draw(no_trailing_nul(64)),
        file=draw(no_trailing_nul(128)),
        options=draw(options),
    )


def raw(message: Message, vend: bytes, *, file: bytes = b"", sname: bytes = b"") -> bytes:
    """Lay out a message whose options, file and sname fields are given byte for byte."""
    head = encode(replace(message, options=()))[:44]
    return head + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + MAGIC_COOKIE + vend


@given(messages())
@settings(deadline=None, max_examples=150)
def test_what_is_encoded_decodes_to_itself(message: Message) -> None:
    assert decode(encode(message)) == message


@given(messages(), st.integers(300, 900))
@settings(deadline=None, max_examples=150)
def test_a_message_keeps_within_its_limit_or_is_refused(message: Message, limit: int) -> None:
    message = replace(message, file=b"", sname=b"")
    try:
        data = encode(message, limit)
    except LocalProtocolError:
        assert len(encode(message)) > limit
        return
    assert len(data) <= limit
    assert decode(data) == message


@pytest.mark.parametrize(("size", "overloaded"), [(52, False), (53, True)])
def test_the_last_octet_within_the_limit_is_used_before_overload(
    size: int, overloaded: bool
) -> None:
    message = replace(DISCOVER, options=((53, b"\x01"), (15, b"d" * size), (12, b"")))
    data = encode(message, 300)
    assert len(data) == 300
    assert (data[240] == 52) is overloaded
    assert decode(data) == message


@given(st.binary(max_size=400) | st.binary(max_size=300).map(lambda tail: raw(DISCOVER, tail)))
@settings(deadline=None, max_examples=300)
def test_any_bytes_decode_or_raise_a_protocol_error(data: bytes) -> None:
    try:
        message = decode(data)
    except ProtocolError:
        return
    assert decode(encode(message)) == message


@given(st.binary(max_size=128), st.binary(max_size=64), st.integers(0, 4))
@settings(deadline=None, max_examples=150)
def test_any_bytes_in_the_overloaded_fields_decode_or_raise_a_protocol_error(
    file: bytes, sname: bytes, overload: int
) -> None:
    with suppress(ProtocolError):
        decode(raw(DISCOVER, bytes((52, 1, overload, 255)), file=file, sname=sname))


def test_header_fields_stand_where_rfc_2131_figure_1_puts_them() -> None:
    data = encode(
        Message(
            op=2,
            htype=1,
            hlen=6,
            hops=3,
            xid=0x01020304,
            secs=0x0506,
            flags=0x8000,
            ciaddr=IPv4Address("10.0.0.1"),
            yiaddr=IPv4Address("10.0.0.2"),
            siaddr=IPv4Address("10.0.0.3"),
            giaddr=IPv4Address("10.0.0.4"),
            chaddr=MAC,
            sname=b"server",
            file=b"boot",
            options=((53, b"\x02"), (12, b"phone")),
        )
    )
    assert data[:12] == bytes.fromhex("02 01 06 03 01020304 0506 8000")
    assert data[12:28] == bytes.fromhex("0a000001 0a000002 0a000003 0a000004")
    assert data[28:44] == MAC + bytes(10)
    assert data[44:108] == b"server".ljust(64, b"\0")
    assert data[108:236] == b"boot".ljust(128, b"\0")
    assert data[236:251] == b"\x63\x82\x53\x63" + b"\x35\x01\x02" + b"\x0c\x05phone" + b"\xff"


def test_a_message_is_padded_to_the_300_octets_of_bootp() -> None:
    assert len(encode(DISCOVER)) == 300
    assert set(encode(DISCOVER)[244:]) == {0}


def test_the_example_of_rfc_3396_is_one_file_name() -> None:
    split = b"\x43\x07/diskle" + b"\x43\x06ss/foo" + b"\xff"
    message = decode(raw(DISCOVER, split))
    assert message.options == ((67, b"/diskle"), (67, b"ss/foo"))
    assert message.option(67) == b"/diskless/foo"


@pytest.mark.parametrize("size", [256, 510, 511, 5000])
def test_a_long_value_is_split_into_options_of_255_octets_and_joined_again(size: int) -> None:
    value = bytes(at % 251 for at in range(size))
    message = decode(encode(replace(DISCOVER, options=((53, b"\x01"), (160, value), (15, b"x")))))
    assert [len(part) for code, part in message.options if code == 160] == [
        min(255, size - start) for start in range(0, size, 255)
    ]
    assert message.option(160) == value
    assert message.option(15) == b"x"


@pytest.mark.parametrize("size", [65_000, 65_535, 65_536, 1 << 20])
def test_an_option_that_fits_in_no_datagram_is_refused(size: int) -> None:
    with pytest.raises(LocalProtocolError, match="fit"):
        encode(replace(DISCOVER, options=((160, bytes(size)),)))


def test_a_datagram_full_of_one_option_is_decoded() -> None:
    piece = b"\xa0\xff" + bytes(255)
    message = decode(raw(DISCOVER, piece * 250 + b"\xff"))
    assert message.option(160) == bytes(250 * 255)


def test_options_continue_in_file_and_then_in_sname() -> None:
    message = decode(
        raw(
            DISCOVER,
            b"\x34\x01\x03" + b"\x35\x01\x01" + b"\x43\x01a\xff",
            file=b"\x43\x01b\xff",
            sname=b"\x43\x01c\xff",
        )
    )
    assert message.option(67) == b"abc"
    assert message.file == b""
    assert message.sname == b""


def test_fields_that_overload_does_not_name_are_left_alone() -> None:
    message = decode(raw(DISCOVER, b"\x34\x01\x01\xff", file=b"\x0f\x01x\xff", sname=b"\x0f\x01y"))
    assert message.option(15) == b"x"
    assert message.sname == b"\x0f\x01y"


def test_what_does_not_fit_within_the_limit_overflows_into_file_and_sname_in_order() -> None:
    options = (
        (53, b"\x02"),
        (15, b"d" * 200),
        (66, b"t" * 100),
        (67, b"f" * 58),
        (12, b"h"),
    )
    message = replace(DISCOVER, options=options)
    data = encode(message, limit=452)
    assert len(data) <= 452
    assert data[240:243] == b"\x34\x01\x03"
    assert decode(data) == message


def test_file_is_not_overloaded_where_it_names_a_file() -> None:
    message = replace(DISCOVER, file=b"boot", options=((15, b"d" * 60), (12, b"h" * 20)))
    data = encode(message, limit=310)
    assert data[240:243] == b"\x34\x01\x02"
    assert decode(data) == message


def test_options_beyond_the_limit_and_both_fields_are_refused() -> None:
    with pytest.raises(LocalProtocolError, match="do not fit"):
        encode(replace(DISCOVER, options=((15, b"d" * 200), (66, b"t" * 200))), limit=312)


@pytest.mark.parametrize(
    ("vend", "complaint"),
    [
        (b"\x35\x01\x01", "no end option"),
        (b"", "no end option"),
        (b"\x0c", "option 12 runs past"),
        (b"\x0c\x05abc", "option 12 runs past"),
        (b"\x35\x00\xff", "message type is empty"),
        (b"\x35\x02\x01\x01\xff", "message type is 0101"),
        (b"\x35\x01\x00\xff", "message type is 00"),
        (b"\x35\x01\x13\xff", "message type is 13"),
        (b"\x34\x01\x00\xff", "overload is 00"),
        (b"\x34\x01\x04\xff", "overload is 04"),
        (b"\x34\x00\xff", "overload is empty"),
        (b"\x34\x01\x01\x34\x01\x01\xff", "overload is 01"),
        (b"\x34\x01\x01\xff", "no end option in the file field"),
    ],
)
def test_malformed_options_are_told_apart(vend: bytes, complaint: str) -> None:
    with pytest.raises(RemoteProtocolError, match=complaint):
        decode(raw(DISCOVER, vend))


def test_overload_cannot_be_nested() -> None:
    with pytest.raises(RemoteProtocolError, match="inside the overloaded file"):
        decode(raw(DISCOVER, b"\x34\x01\x01\xff", file=b"\x34\x01\x02\xff"))


@pytest.mark.parametrize(
    ("at", "value", "complaint"),
    [(0, 0, "op is 0"), (0, 3, "op is 3"), (2, 17, "hlen is 17"), (COOKIE_AT, 1, "magic cookie")],
)
def test_malformed_headers_are_told_apart(at: int, value: int, complaint: str) -> None:
    data = bytearray(encode(DISCOVER))
    data[at] = value
    with pytest.raises(RemoteProtocolError, match=complaint):
        decode(bytes(data))


@pytest.mark.parametrize("size", [0, 1, 236, 239])
def test_a_message_shorter_than_header_and_cookie_is_refused(size: int) -> None:
    with pytest.raises(RemoteProtocolError, match=f"{size} octets"):
        decode(encode(DISCOVER)[:size])


def test_a_bootp_request_has_no_options_and_no_kind() -> None:
    bootp = raw(DISCOVER, bytes(60))[:COOKIE_AT] + bytes(64)
    message = decode(bootp)
    assert message.options == ()
    assert message.kind is None


def test_bytes_after_the_end_option_are_ignored() -> None:
    assert decode(raw(DISCOVER, b"\x35\x01\x01\xff\x0c\xff")).options == ((53, b"\x01"),)


def test_pad_options_may_stand_anywhere() -> None:
    assert decode(raw(DISCOVER, b"\0\0\x35\x01\x01\0\x0c\x01h\0\xff")).options == (
        (53, b"\x01"),
        (12, b"h"),
    )


@pytest.mark.parametrize("code", [-1, 0, 52, 255, 256])
def test_framing_is_not_an_option_to_send(code: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"option {code} "):
        encode(replace(DISCOVER, options=((code, b"\x01"),)))


@pytest.mark.parametrize(
    "change",
    [
        {"xid": 1 << 32},
        {"secs": -1},
        {"hops": 256},
        {"hlen": 7},
        {"chaddr": bytes(17), "hlen": 17},
        {"sname": bytes(65)},
        {"file": bytes(129)},
    ],
)
def test_a_field_out_of_range_is_refused(change: dict[str, int | bytes]) -> None:
    with pytest.raises(LocalProtocolError):
        encode(replace(DISCOVER, **change))


def test_kind_and_mac_and_broadcast_are_readable() -> None:
    assert DISCOVER.kind is MessageType.DISCOVER
    assert DISCOVER.mac == "00:0e:08:aa:bb:cc"
    assert not DISCOVER.broadcast
    assert replace(DISCOVER, flags=0x8000).broadcast
    assert DISCOVER.option(66) is None


def test_options_go_to_file_and_sname_on_demand_although_there_is_room() -> None:
    options = ((53, b"\x05"), (66, b"server"), (160, b"url"), (43, b"\x01\x01x"))
    message = Message(op=2, xid=1, chaddr=MAC, options=options)
    data = encode(message, in_file=(66, 43), in_sname=(160,))
    assert data[240:247] == b"\x34\x01\x03\x35\x01\x05\xff"
    assert data[108:236] == b"\x42\x06server\x2b\x03\x01\x01x\xff".ljust(128, b"\0")
    assert data[44:108] == b"\xa0\x03url\xff".ljust(64, b"\0")
    assert sorted(decode(data).options) == sorted(options)


def test_a_code_that_is_to_go_elsewhere_and_is_not_there_overloads_nothing() -> None:
    message = Message(op=2, xid=1, chaddr=MAC, file=b"boot", options=((53, b"\x05"),))
    assert encode(message, in_file=(66,)) == encode(message)


@pytest.mark.parametrize(
    ("fields", "where", "size"),
    [({}, "in_file", 126), ({}, "in_sname", 62), ({"file": b"boot"}, "in_file", 1)],
)
def test_an_option_that_does_not_fit_where_it_is_to_go_is_refused(
    fields: dict[str, bytes], where: str, size: int
) -> None:
    message = Message(op=2, xid=1, chaddr=MAC, options=((66, bytes(size)),), **fields)  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match="option 66 does not fit in the"):
        encode(message, **{where: (66,)})  # type: ignore[arg-type]


def test_what_has_no_place_of_its_own_overflows_behind_what_has() -> None:
    long = bytes(range(200))
    options = ((66, b"server"), (160, long), (43, bytes(90)))
    message = Message(op=2, xid=1, chaddr=MAC, options=options)
    data = encode(message, 240 + 3 + 202 + 1, in_file=(66,))
    assert data[108:116] == b"\x42\x06server"
    assert data[116:118] == b"\x2b\x5a"
    assert sorted(decode(data).options) == sorted(options)
