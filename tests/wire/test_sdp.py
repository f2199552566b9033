"""Session descriptions against RFC 4566 and the offer and answer of RFC 3264."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.sdp import (
    G722,
    G729,
    PCMA,
    PCMU,
    TELEPHONE_EVENT,
    Codec,
    Description,
    Direction,
    Media,
    agreed,
    answer,
    decode,
    encode,
    offer,
)

OURS = IPv4Address("192.0.2.1")
THEIRS = IPv4Address("192.0.2.16")
OFFERED = (
    b"v=0\r\n"
    b"o=- 20518 3 IN IP4 192.0.2.16\r\n"
    b"s=-\r\n"
    b"c=IN IP4 192.0.2.16\r\n"
    b"t=0 0\r\n"
    b"m=video 51372 RTP/AVP 99\r\n"
    b"a=rtpmap:99 h263-1998/90000\r\n"
    b"m=audio 16400 RTP/AVP 9 0 18 97 101\r\n"
    b"c=IN IP4 192.0.2.17\r\n"
    b"a=rtpmap:97 iLBC/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000/1\r\n"
    b"a=fmtp:101 0-15\r\n"
    b"a=ptime:20\r\n"
    b"a=sendonly\r\n"
)


def test_an_offer_of_a_phone() -> None:
    description = decode(OFFERED)
    assert (description.address, description.session_id, description.version) == (
        "192.0.2.16",
        20518,
        3,
    )
    audio = description.audio
    assert audio is not None
    assert (audio.port, audio.address, audio.direction) == (
        16400,
        "192.0.2.17",
        Direction.SENDONLY,
    )
    assert audio.codecs == (G722, PCMU, G729, Codec(97, "iLBC"), TELEPHONE_EVENT)
    assert description.media[0].codecs == (Codec(99, "h263-1998", 90000),)


def test_an_offer_of_ours_on_the_wire() -> None:
    assert encode(offer(OURS, 4000, (PCMU, TELEPHONE_EVENT), session_id=7)) == (
        b"v=0\r\n"
        b"o=- 7 1 IN IP4 192.0.2.1\r\n"
        b"s=-\r\n"
        b"c=IN IP4 192.0.2.1\r\n"
        b"t=0 0\r\n"
        b"m=audio 4000 RTP/AVP 0 101\r\n"
        b"a=rtpmap:0 PCMU/8000\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\n"
        b"a=fmtp:101 0-15\r\n"
        b"a=sendrecv\r\n"
    )


class TestAnswering:
    def test_takes_what_both_have_in_the_offers_order_and_refuses_other_media(self) -> None:
        answered = answer(decode(OFFERED), OURS, 5000, (PCMA, PCMU, G722, TELEPHONE_EVENT))
        assert answered is not None
        video, audio = answered.media
        assert (video.kind, video.port) == ("video", 0)
        assert audio.codecs == (G722, PCMU, TELEPHONE_EVENT)
        assert audio.direction is Direction.RECVONLY
        assert b"m=video 0 RTP/AVP 99\r\n" in encode(answered)
        assert [medium.port for medium in decode(encode(answered)).media] == [0, 5000]

    def test_numbers_are_the_offers(self) -> None:
        answered = answer(decode(OFFERED), OURS, 5000, (Codec(120, "ILBC"),))
        assert answered is not None
        assert answered.media[1].codecs == (Codec(97, "iLBC"),)

    @pytest.mark.parametrize(
        "codecs", [(PCMA,), (TELEPHONE_EVENT,), (Codec(0, "PCMU", 16000),), ()]
    )
    def test_no_common_codec_is_no_answer(self, codecs: tuple[Codec, ...]) -> None:
        assert answer(decode(OFFERED), OURS, 5000, codecs) is None

    def test_audio_that_is_refused_or_encrypted_is_none(self) -> None:
        for replaced in (b"m=audio 0 RTP/AVP", b"m=audio 16400 RTP/SAVP"):
            offered = decode(OFFERED.replace(b"m=audio 16400 RTP/AVP", replaced))
            assert answer(offered, OURS, 5000, (PCMU,)) is None


class TestAgreement:
    def test_is_what_the_answer_takes_from_the_offer(self) -> None:
        ours = offer(OURS, 4000, (PCMU, PCMA))
        assert agreed(ours, offer(THEIRS, 5000, (PCMA,))) == (PCMA,)

    @pytest.mark.parametrize("codecs", [(G729,), (Codec(96, "X-NONE"),), (TELEPHONE_EVENT,)])
    def test_is_none_where_a_codec_was_never_offered(self, codecs: tuple[Codec, ...]) -> None:
        ours = offer(OURS, 4000, (PCMU, TELEPHONE_EVENT))
        assert agreed(ours, offer(THEIRS, 5000, codecs)) == ()

    def test_is_none_where_the_audio_is_refused(self) -> None:
        ours = offer(OURS, 4000, (PCMU,))
        assert agreed(ours, Description("192.0.2.16", (Media("audio", 0, (PCMU,)),))) == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "version 0"),
        (b"v=1\r\n", "version 0"),
        (b"v=0\r\ns=-\r\n", "no origin"),
        (OFFERED.replace(b"20518", b"x"), "no origin"),
        (OFFERED.replace(b"audio 16400", b"audio 99999"), "no medium"),
        (
            OFFERED.replace(b"audio 16400 RTP/AVP 9 0 18 97 101", b"audio 16400 RTP/AVP"),
            "no medium",
        ),
        (OFFERED.replace(b"rtpmap:97 iLBC/8000", b"rtpmap:97"), "no rtpmap"),
        (OFFERED.replace(b"rtpmap:97", b"rtpmap:197"), "no rtpmap"),
        (OFFERED.replace(b"c=IN IP4 192.0.2.16\r\n", b""), "without a connection address"),
        (OFFERED.replace(b"c=IN IP4", b"c=ATM"), "no connection address"),
        (OFFERED.replace(b"a=ptime:20", b"ptime"), "no line"),
        (OFFERED.replace(b"s=-", b"s=\xff"), "not UTF-8"),
        (OFFERED + b"a=x\r\n" * 4000, "octets"),
    ],
)
def test_what_is_no_description(data: bytes, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason):
        decode(data)


def test_what_cannot_be_offered() -> None:
    for port, codecs in ((0, (PCMU,)), (65536, (PCMU,)), (4000, ())):
        with pytest.raises(LocalProtocolError):
            offer(OURS, port, codecs)
    with pytest.raises(LocalProtocolError):
        encode(Description("phone.example", ()))


lines = st.lists(
    st.tuples(st.sampled_from("vosctmab"), st.text(st.characters(codec="ascii"), max_size=30)),
    max_size=8,
).map(lambda pairs: "\r\n".join(["v=0", *(f"{k}={v}" for k, v in pairs)]).encode())


@given(st.binary(max_size=200) | lines)
def test_hostile_bytes_raise_nothing_else(data: bytes) -> None:
    with suppress(RemoteProtocolError):
        decode(data)


codecs = st.builds(
    Codec, st.integers(96, 127), st.from_regex(r"\A[A-Za-z][A-Za-z0-9-]{0,9}\Z"), st.just(8000)
)


@given(
    st.lists(codecs, min_size=1, max_size=6, unique_by=lambda codec: codec.payload),
    st.integers(1, 65535),
    st.sampled_from(Direction),
)
def test_what_is_written_is_read_back(codecs: list[Codec], port: int, direction: Direction) -> None:
    read = decode(encode(offer(OURS, port, codecs, direction=direction)))
    assert read.audio is not None
    assert (read.audio.codecs, read.audio.port) == (tuple(codecs), port)
    assert read.audio.direction is direction
