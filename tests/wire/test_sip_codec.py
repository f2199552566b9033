"""SIP messages against RFC 3261 section 7, the torture of RFC 4475, and hostile bytes."""

from __future__ import annotations

from contextlib import suppress

import pytest
import sip_torture as torture
from hypothesis import example, given
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from hil.wire.sip_codec import check, decode, encode, is_keep_alive, parse
from hil.wire.sip_headers import NameAddress, parse_name_address
from hil.wire.sip_message import Message, Request, Response, with_header, without_header
from hil.wire.sip_stream import Frame, Framed, Ping, StreamFramer

REGISTER = (
    b"REGISTER sip:192.0.2.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.16:5060;branch=z9hG4bK776;rport\r\n"
    b'From: "Line 1" <sip:line1@192.0.2.1>;tag=456248\r\n'
    b"To: <sip:line1@192.0.2.1>\r\n"
    b"Call-ID: 843817637684230@192.0.2.16\r\n"
    b"CSeq: 1826 REGISTER\r\n"
    b"Contact: <sip:line1@192.0.2.16:5060;transport=udp>;expires=3600\r\n"
    b"Expires: 7200\r\n"
    b"Event: message-summary;id=1\r\n"
    b"Content-Length: 0\r\n"
    b"\r\n"
)


def test_reads_a_register_request() -> None:
    message = decode(REGISTER)
    assert isinstance(message, Request)
    assert (message.method, message.uri) == ("REGISTER", "sip:192.0.2.1")
    assert message.via.branch == "z9hG4bK776"
    assert message.via.parameter("rport") == ""
    assert message.from_.display == "Line 1"
    assert message.from_.user == "line1"
    assert message.from_.tag == "456248"
    assert message.to.tag is None
    assert (message.cseq.number, message.cseq.method) == (1826, "REGISTER")
    assert message.contacts[0].expires == 3600
    assert message.contacts[0].sip_uri.transport == "udp"
    assert message.expires == 7200
    assert message.event is not None
    assert message.event.value == "message-summary"
    assert message.raw == REGISTER
    assert encode(message) == REGISTER


def test_reads_a_response() -> None:
    data = torture.message("x", "SIP/2.0 401 Unauthorized", "CSeq: 1 REGISTER", body="why")
    message = decode(data)
    assert isinstance(message, Response)
    assert (message.status, message.reason, message.body) == (401, "Unauthorized", b"why")


class TestTorture:
    @pytest.mark.parametrize("name", torture.VALID)
    def test_is_read_where_it_is_valid(self, name: str) -> None:
        message = decode(torture.VALID[name])
        again = decode(encode(message))
        assert without_header(again, "Content-Length") == without_header(message, "Content-Length")

    @pytest.mark.parametrize("name", torture.INVALID)
    def test_is_refused_where_it_is_not(self, name: str) -> None:
        with pytest.raises(RemoteProtocolError):
            decode(torture.INVALID[name])

    def test_white_space_and_folding_mean_nothing(self) -> None:
        message = decode(torture.WSINV)
        assert message.to.uri == "sip:vivekg@chair-dnrc.example.com"
        assert message.to.tag == "1918181833n"
        assert message.from_.display == 'J Rosenberg \\"'
        assert (message.cseq.number, message.cseq.method) == (9, "INVITE")
        assert [via.transport for via in message.vias] == ["UDP", "TCP", "UDP"]
        assert [via.branch for via in message.vias] == [
            "390skdjuw",
            "z9hG4bK9ikj8",
            "z9hG4bK30239",
        ]
        assert message.header("subject") == ""
        assert message.header("NewFangledHeader") == "newfangled value continued newfangled value"
        (contact,) = message.contacts
        assert contact.display == 'Quoted string ""'
        assert contact.parameters == (
            ("newparam", "newvalue"),
            ("secondparam", None),
            ("q", "0.33"),
        )
        assert len(message.body) == 150

    def test_unusual_characters_stay(self) -> None:
        message = decode(torture.INTMETH)
        assert isinstance(message, Request)
        assert message.method == torture.METHOD
        assert message.to.display == "BEL:\a NUL:\0 DEL:\x7f"
        assert message.from_.tag == "_token~1'+`*%!-."
        assert message.to.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"

    def test_an_escaped_user_is_unescaped_once(self) -> None:
        message = decode(torture.VALID["esc01"])
        assert isinstance(message, Request)
        uri = parse_name_address(f"<{message.uri}>").sip_uri
        assert (uri.user, uri.host) == ("sips:user@example.com", "example.net")

    def test_a_second_message_in_a_datagram_is_dropped(self) -> None:
        assert decode(torture.VALID["dblreq"]).body == b""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no empty line"),
        (b"REGISTER sip:a SIP/2.0\r\n", "no empty line"),
        (b"GET / HTTP/1.1\r\n\r\n", "no request line"),
        (REGISTER.replace(b"\r\nTo", b"\nTo"), "not CR LF"),
        (REGISTER.replace(b"Expires: 7200", b"Expires 7200"), "no header field"),
        (REGISTER.replace(b"line1", b"\xff\xfe"), "not UTF-8"),
        (REGISTER.replace(b"192.0.2.16:5060;branch", b"192.0.2.16:0;branch"), "port of 0"),
        (REGISTER.replace(b"192.0.2.16:5060;branch", b"192.0.2.16:70000;branch"), "a port is"),
        (REGISTER.replace(b"SIP/2.0/UDP", b"SIP/3.0/UDP"), "no Via of SIP/2.0"),
        (REGISTER.replace(b"Expires: 7200", b"a: b\r\n" * 300 + b"x: y"), "header fields, 256"),
        (REGISTER.replace(b"Contact: ", b"Contact: *, "), "no address"),
        (REGISTER + b"x" * 65536, "octets, 65535 is most"),
    ],
)
def test_says_shortly_what_is_wrong(data: bytes, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason) as caught:
        decode(data)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    "message",
    [
        Request("NO TIFY", "sip:a@b"),
        Request("NOTIFY", "sip:a b"),
        Request("NOTIFY", "sip:a@b", (("Event", "resync\r\nEvil: 1"),)),
        Request("NOTIFY", "sip:a@b", (("Ev ent", "resync"),)),
        Request("NOTIFY", "sip:a@b", (("Subject", "\ud800"),)),
        Response(99),
        Response(200, "O\nK"),
    ],
)
def test_what_is_no_message_is_not_written(message: Message) -> None:
    with pytest.raises(LocalProtocolError):
        encode(message)


def test_a_length_of_ours_replaces_what_was_said() -> None:
    message = Request("MESSAGE", "sip:a@b", (("l", "9"), ("X", "1")), b"abc")
    assert encode(message) == (b"MESSAGE sip:a@b SIP/2.0\r\nX: 1\r\nContent-Length: 3\r\n\r\nabc")


def test_a_header_field_is_replaced_at_its_place() -> None:
    message = Request("X", "sip:a", (("A", "1"), ("b", "2"), ("B", "3"), ("C", "4")))
    assert with_header(message, "B", "5").headers == (("A", "1"), ("B", "5"), ("C", "4"))
    assert with_header(message, "D", "5").headers[-1] == ("D", "5")


@given(st.binary(max_size=400) | st.binary(max_size=60).map(lambda tail: REGISTER[:-20] + tail))
@example(torture.WSINV[:-1])
def test_hostile_bytes_raise_nothing_else(data: bytes) -> None:
    with suppress(RemoteProtocolError):
        message = parse(data)
        check(message)
        assert encode(message)


@given(st.integers(0, len(REGISTER) - 1), st.integers(0, 255))
def test_one_wrong_octet_raises_nothing_else(at: int, octet: int) -> None:
    data = REGISTER[:at] + bytes((octet,)) + REGISTER[at + 1 :]
    with suppress(ProtocolError):
        decode(data)


text = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=30)


@given(text, text, text.map(str.strip), st.binary(max_size=100))
def test_what_is_written_is_read_back(display: str, tag: str, value: str, body: bytes) -> None:
    value = " ".join(value.split())
    message = Request(
        "OPTIONS",
        "sip:a@b",
        (
            ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
            ("From", str(NameAddress("sip:a@b", display, (("tag", tag),)))),
            ("To", "<sip:a@b>"),
            ("Call-ID", "1"),
            ("CSeq", "1 OPTIONS"),
            ("Subject", value),
        ),
        body,
    )
    read = decode(encode(message))
    assert (read.from_.display, read.from_.tag) == (display, tag)
    assert without_header(read, "Content-Length") == message


class TestStream:
    @given(st.lists(st.integers(1, 60), max_size=60))
    def test_messages_are_cut_whatever_the_segments(self, sizes: list[int]) -> None:
        with_body = torture.message("b", "INFO sip:a@b SIP/2.0", "l: 4", body="\r\n\r\n")
        stream = REGISTER + b"\r\n" + with_body + b"\r\n\r\n" + REGISTER
        framer = StreamFramer()
        found: list[Framed] = []
        at = 0
        for size in [*sizes, len(stream)]:
            found += framer.receive(stream[at : at + size])
            at += size
        assert found == [Frame(REGISTER), Frame(with_body), Ping(), Frame(REGISTER)]
        assert framer.idle

    def test_a_message_under_way_is_not_idle(self) -> None:
        framer = StreamFramer()
        assert framer.receive(REGISTER[:-1]) == []
        assert not framer.idle

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (REGISTER.replace(b"Content-Length: 0\r\n", b""), "no Content-Length in a stream"),
            (REGISTER.replace(b"Length: 0", b"Length: 99999999"), "is most"),
            (REGISTER.replace(b"Length: 0", b"Length: 1\r\nl: 0"), "more than one"),
            (b"\rREGISTER", "not CR LF"),
            (b"x" * 65536, "header fields of more than 65535 octets"),
        ],
    )
    def test_a_stream_that_cannot_be_cut_is_an_error(self, data: bytes, reason: str) -> None:
        with pytest.raises(RemoteProtocolError, match=reason):
            StreamFramer().receive(data)

    @given(st.binary(max_size=200))
    def test_hostile_bytes_raise_nothing_else(self, data: bytes) -> None:
        with suppress(RemoteProtocolError):
            StreamFramer().receive(data)


@pytest.mark.parametrize(("data", "expected"), [(b"", True), (b"\r\n\r\n", True), (b"x", False)])
def test_a_keep_alive_is_nothing_but_line_ends(data: bytes, expected: bool) -> None:
    assert is_keep_alive(data) is expected
