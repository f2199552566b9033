"""TFTP packets against RFC 1350 and 2347, against tftpy and scapy, and against hostile bytes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from hil.wire.tftp import (
    Ack,
    Data,
    Error,
    Mode,
    OptionAck,
    Packet,
    Request,
    decode,
    encode,
    from_netascii,
    option,
    to_netascii,
)

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
ascii_text = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=12)
options = st.dictionaries(ascii_text.map(str.lower).filter(bool), ascii_text, max_size=5).map(
    lambda pairs: tuple(pairs.items())
)
words = st.integers(0, 65535)
packets: st.SearchStrategy[Packet] = st.one_of(
    st.builds(Request, text.filter(bool), st.sampled_from(Mode), options, st.booleans()),
    st.builds(Data, words, st.binary(max_size=1500)),
    st.builds(Ack, words),
    st.builds(Error, words, text),
    st.builds(OptionAck, options.filter(bool)),
)

EXAMPLES: list[tuple[Packet, bytes]] = [
    (Request("foobar"), b"\0\x01foobar\0octet\0"),
    (Request("a", Mode.NETASCII, write=True), b"\0\x02a\0netascii\0"),
    (
        Request("foobar", options=(("blksize", "1432"),)),
        b"\0\x01foobar\0octet\0blksize\x001432\0",
    ),
    (Data(1, b"abc"), b"\0\x03\0\x01abc"),
    (Data(65535, b""), b"\0\x03\xff\xff"),
    (Ack(0x1234), b"\0\x04\x12\x34"),
    (Error(1, "File not found"), b"\0\x05\0\x01File not found\0"),
    (OptionAck((("blksize", "1432"),)), b"\0\x06blksize\x001432\0"),
    (
        Request("foobar", options=(("windowsize", "16"),)),
        b"\0\x01foobar\0octet\0windowsize\x0016\0",
    ),
]


@pytest.mark.parametrize(("packet", "wire"), EXAMPLES)
def test_each_packet_has_its_octets(packet: Packet, wire: bytes) -> None:
    assert encode(packet) == wire
    assert decode(wire) == packet


@given(packets)
@settings(deadline=None, max_examples=200)
def test_what_is_encoded_decodes_to_itself(packet: Packet) -> None:
    assert decode(encode(packet)) == packet


@given(st.binary(max_size=600) | st.binary(max_size=80).map(lambda tail: b"\0\x01" + tail))
@settings(deadline=None, max_examples=300)
def test_any_bytes_decode_or_raise_a_protocol_error(data: bytes) -> None:
    with suppress(ProtocolError):
        decode(data)


@pytest.mark.parametrize(
    ("wire", "complaint"),
    [
        (b"", "0 octets"),
        (b"\0\x04\0", "3 octets"),
        (b"\0\x04\0\x01x", "ACK of 5 octets"),
        (b"\0\x07\0\0", "opcode 7"),
        (b"\x01\x01ab", "opcode 257"),
        (b"\0\x01foobar", "no NUL"),
        (b"\0\x01foobar\0octet", "no NUL"),
        (b"\0\x01foobar\0", "without a mode"),
        (b"\0\x01\0octet\0", "without a file name"),
        (b"\0\x01a\0mail\0", "unknown transfer mode"),
        (b"\0\x01a\0\0", "unknown transfer mode"),
        (b"\0\x01\xff\xfe\0octet\0", "no known character set"),
        (b"\0\x01a\0\xe4\0", "no known character set"),
        (b"\0\x01a\0octet\0blksize\0", "without a value"),
        (b"\0\x01a\0octet\0\x00512\0", "without a name"),
        (b"\0\x01a\0octet\0tsize\x000\0TSIZE\x000\0", "named twice"),
        (b"\0\x01a\0octet\0x\0\xff\0", "not ASCII"),
        (b"\0\x01a\0octet\0x\0" + b"9" * 600 + b"\0", "octets, 512 is most"),
        (b"\0\x06blksize", "no NUL"),
        (b"\0\x03\0\x01" + bytes(65465), "block of 65465"),
    ],
)
def test_malformed_packets_are_told_apart(wire: bytes, complaint: str) -> None:
    with pytest.raises(RemoteProtocolError, match=complaint):
        decode(wire)


@pytest.mark.parametrize(
    "packet",
    [
        Ack(65536),
        Data(-1, b""),
        Data(1, bytes(65465)),
        Error(65536, ""),
        Error(1, "a\0b"),
        Request(""),
        Request("a\0b"),
        Request("\udcff"),
        Request("a" * 600),
        OptionAck((("a", "b" * 600),)),
    ],
)
def test_what_cannot_be_written_is_refused(packet: Packet) -> None:
    with pytest.raises(LocalProtocolError):
        encode(packet)


@pytest.mark.parametrize("spelling", [b"octet", b"OCTET", b"OcTeT"])
def test_the_mode_is_read_in_any_case(spelling: bytes) -> None:
    assert decode(b"\0\x01a\0" + spelling + b"\0") == Request("a")


def test_option_names_are_read_in_any_case() -> None:
    packet = decode(b"\0\x01a\0octet\0BlkSize\x001432\0")
    assert isinstance(packet, Request)
    assert option(packet.options, "blksize") == "1432"
    assert option(packet.options, "tsize") is None


@pytest.mark.parametrize("wire", [b"\0\x05\0\x01gone", b"\0\x05\0\x01gone\0junk"])
def test_an_error_text_is_read_even_if_it_is_not_ended_well(wire: bytes) -> None:
    assert decode(wire) == Error(1, "gone")


@pytest.mark.parametrize(
    ("plain", "wire"),
    [
        (b"a\nb", b"a\r\nb"),
        (b"a\rb", b"a\r\0b"),
        (b"a\r\nb", b"a\r\0\r\nb"),
        (b"", b""),
        (b"\n\n\r\r", b"\r\n\r\n\r\0\r\0"),
    ],
)
def test_netascii_is_that_of_rfc_764(plain: bytes, wire: bytes) -> None:
    assert to_netascii(plain) == wire
    assert from_netascii(wire) == plain


@given(st.binary())
@settings(deadline=None, max_examples=60)
def test_netascii_is_reversible(data: bytes) -> None:
    assert from_netascii(to_netascii(data)) == data
