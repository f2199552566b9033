"""The client of RFC 2217, octet by octet."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.console.telnet import (
    BINARY,
    COM_PORT,
    DO,
    DONT,
    ECHO,
    IAC,
    SB,
    SE,
    SUPPRESS_GO_AHEAD,
    WILL,
    WONT,
    Telnet,
)
from hil.errors import RemoteProtocolError


def sub(code: int, value: bytes) -> bytes:
    return bytes([IAC, SB, COM_PORT, code]) + value + bytes([IAC, SE])


def baud(rate: int) -> bytes:
    return sub(101, struct.pack("!I", rate))


def test_the_client_offers_com_port_control_and_binary() -> None:
    said = Telnet(115_200).begin()
    assert bytes([IAC, WILL, COM_PORT]) in said
    assert bytes([IAC, WILL, BINARY]) in said
    assert bytes([IAC, DO, BINARY]) in said


def test_it_sets_the_line_once_the_server_agrees_and_is_ready_once_it_did() -> None:
    telnet = Telnet(115_200)
    line, answer = telnet.receive(bytes([IAC, DO, COM_PORT]))
    assert line == b""
    # RFC 2217, section 3: SET-BAUDRATE in network order; data size 8, parity NONE 1, stop size 1.
    assert answer.startswith(sub(1, b"\x00\x01\xc2\x00"))
    assert sub(2, b"\x08") in answer
    assert sub(3, b"\x01") in answer
    assert sub(4, b"\x01") in answer
    assert not telnet.ready
    telnet.receive(baud(115_200))
    assert telnet.ready


def test_an_octet_255_of_a_value_is_doubled() -> None:
    telnet = Telnet(0xFFFF)
    _, answer = telnet.receive(bytes([IAC, DO, COM_PORT]))
    assert b"\x00\x00\xff\xff\xff\xff" in answer


def test_octet_255_of_the_line_is_doubled_both_ways() -> None:
    telnet = Telnet(9600)
    assert telnet.encode(b"a\xffb") == b"a\xff\xffb"
    assert telnet.receive(b"a\xff\xffb") == (b"a\xffb", b"")


@pytest.mark.parametrize(
    ("arrived", "reason"),
    [
        (bytes([IAC, DONT, COM_PORT]), "does not do COM port control"),
        (baud(9600), "9600 baud, not 115200"),
        (sub(101, b"\x00"), "no number"),
        (bytes([IAC, SB]) + b"x" * 300, "no end"),
    ],
)
def test_what_a_server_cannot_be_used_with_is_an_error(arrived: bytes, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason):
        Telnet(115_200).receive(arrived)


def test_options_that_are_unknown_are_refused_and_known_ones_answered_once() -> None:
    telnet = Telnet(9600)
    assert telnet.receive(bytes([IAC, WILL, 99, IAC, DO, 99])) == (
        b"",
        bytes([IAC, DONT, 99, IAC, WONT, 99]),
    )
    assert telnet.receive(bytes([IAC, WILL, ECHO]))[1] == bytes([IAC, DO, ECHO])
    # RFC 854: what changes nothing is not acknowledged, or two ends would go on for ever.
    assert telnet.receive(bytes([IAC, WILL, ECHO, IAC, DO, SUPPRESS_GO_AHEAD])) == (b"", b"")


def test_stray_ends_of_subnegotiations_are_nothing() -> None:
    assert Telnet(9600).receive(bytes([IAC, SE]) + b"x" + bytes([IAC, SB, IAC, SE])) == (b"x", b"")


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_no_input_is_another_error_nor_makes_it_talk_more_than_it_heard(
    chunks: list[bytes],
) -> None:
    telnet = Telnet(115_200)
    heard = said = 0
    try:
        for chunk in chunks:
            line, answer = telnet.receive(chunk)
            heard += len(chunk)
            said += len(answer)
            assert len(line) <= heard
    except RemoteProtocolError:
        return
    # The line's settings are said once at most each time that the server agrees anew.
    assert said <= 20 * heard


@given(st.binary(max_size=300), st.integers(1, 7))
def test_octets_are_the_same_however_they_are_torn(data: bytes, step: int) -> None:
    whole, torn = Telnet(9600), Telnet(9600)
    try:
        expected = whole.receive(data)
    except RemoteProtocolError:
        return
    parts = [torn.receive(data[at : at + step]) for at in range(0, len(data), step)]
    assert (b"".join(p[0] for p in parts), b"".join(p[1] for p in parts)) == expected
