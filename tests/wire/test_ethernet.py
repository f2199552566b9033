"""Frames: two kinds, told apart by the two octets after the addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.ethernet import Frame, decode, encode

A, B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


def test_an_ethertype_begins_at_0x0600() -> None:
    assert decode(A + B + b"\x06\x00" + b"x" * 46) == Frame(A, B, 0x0600, b"x" * 46)


def test_below_that_it_is_a_length_with_snap() -> None:
    data = A + B + b"\x00\x0a" + bytes.fromhex("aaaa03 00000c 2000") + b"hi" + bytes(36)
    assert decode(data) == Frame(A, B, 0x2000, b"hi", b"\x00\x00\x0c")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (A + B, "12 octets"),
        (A + B + b"\x00\x08" + bytes(7), "says 8 octets and has 7"),
        (A + B + b"\x00\x03\x42\x42\x03", "no LLC and SNAP"),
        (A + B + b"\x00\x08\x42\x42\x03" + bytes(43), "LLC is 424203"),
    ],
)
def test_what_is_neither_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason):
        decode(data)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(A, B[:5], 0x88CC, b""),
        Frame(A, B, 0x88CC, bytes(1501)),
        Frame(A, B, 0x10000, b""),
        Frame(A, B, 0x2000, bytes(1493), b"\0\0\x0c"),
    ],
)
def test_what_fits_in_no_frame_is_refused(frame: Frame) -> None:
    with pytest.raises(LocalProtocolError):
        encode(frame)


@given(st.binary(max_size=80))
def test_no_octets_raise_anything_else(data: bytes) -> None:
    try:
        frame = decode(data)
    except RemoteProtocolError:
        return
    assert decode(encode(frame)).payload[: len(frame.payload)] == frame.payload
