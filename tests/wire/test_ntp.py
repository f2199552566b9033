"""NTP packets: literal octets, the eras, what a client refuses, and hostile bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.ntp import Leap, Mode, Packet, timestamp, unusable, utc_ns

SECOND = 1_000_000_000
WORD = st.integers(0, 2**32 - 1)
STAMP = st.integers(0, 2**64 - 1)
OCTET = st.integers(-128, 127)

ANSWER = bytes.fromhex(
    "1c 01 06 ec 00000a3d 00000f5c 47505300"
    "ed00140000000000 ed00141112345678 ed00141280000000 ed00141280000001"
)
"""Version 3, mode server, stratum 1, poll 2^6 s, precision 2^-20 s, reference GPS."""


def instant(text: str) -> int:
    moment = datetime.fromisoformat(text)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1000


def test_a_servers_answer_field_by_field() -> None:
    packet = Packet.parse(ANSWER)
    assert packet == Packet(
        Mode.SERVER,
        Leap.NO_WARNING,
        version=3,
        stratum=1,
        poll=6,
        precision=-20,
        root_delay=0xA3D,
        root_dispersion=0xF5C,
        reference_id=b"GPS\0",
        reference=0xED00140000000000,
        origin=0xED00141112345678,
        receive=0xED00141280000000,
        transmit=0xED00141280000001,
    )
    assert packet.pack() == ANSWER


def test_a_clients_request_is_48_octets_that_begin_with_0x23() -> None:
    assert Packet(Mode.CLIENT, transmit=0x0102030405060708).pack() == (
        b"\x23" + bytes(39) + bytes(range(1, 9))
    )


@pytest.mark.parametrize("leap", list(Leap))
def test_the_leap_indicator_has_the_two_highest_bits(leap: Leap) -> None:
    data = Packet(Mode.SERVER, leap).pack()
    assert data[0] >> 6 == leap.value
    assert Packet.parse(data).leap is leap


def test_what_follows_the_header_is_kept() -> None:
    trailer = b"\0\0\0\x01" + bytes(range(16))
    packet = Packet.parse(ANSWER + trailer)
    assert packet.trailer == trailer
    assert packet.pack() == ANSWER + trailer


@given(
    st.builds(
        Packet,
        mode=st.sampled_from(Mode),
        leap=st.sampled_from(Leap),
        version=st.integers(1, 4),
        stratum=st.integers(0, 255),
        poll=OCTET,
        precision=OCTET,
        root_delay=WORD,
        root_dispersion=WORD,
        reference_id=st.binary(min_size=4, max_size=4),
        reference=STAMP,
        origin=STAMP,
        receive=STAMP,
        transmit=STAMP,
        trailer=st.binary(max_size=40).map(lambda data: data[: len(data) // 4 * 4]),
    )
)
def test_any_packet_survives_the_wire(packet: Packet) -> None:
    assert Packet.parse(packet.pack()) == packet


@given(st.binary(max_size=120))
def test_hostile_octets_are_a_packet_or_an_error_and_nothing_else(data: bytes) -> None:
    try:
        packet = Packet.parse(data)
    except RemoteProtocolError:
        return
    assert packet.pack() == data
    assert packet.kiss_code.isalnum() or packet.kiss_code == ""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "of 0 octets"),
        (ANSWER[:47], "of 47 octets"),
        (ANSWER + b"\0", "of 49 octets"),
        (bytes(65_536), "of 65536 octets"),
        (b"\x03" + ANSWER[1:], "version 0"),
        (b"\x2b" + ANSWER[1:], "version 5"),
        (b"\x20" + ANSWER[1:], "mode 0"),
        (b"\x26" + ANSWER[1:], "mode 6"),
        (b"\x27" + ANSWER[1:], "mode 7"),
    ],
)
def test_what_is_no_packet_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason):
        Packet.parse(data)


@pytest.mark.parametrize(
    "packet",
    [
        Packet(Mode.CLIENT, version=0),
        Packet(Mode.CLIENT, version=5),
        Packet(Mode.CLIENT, stratum=256),
        Packet(Mode.CLIENT, precision=-129),
        Packet(Mode.CLIENT, transmit=1 << 64),
        Packet(Mode.CLIENT, root_delay=-1),
        Packet(Mode.CLIENT, reference_id=b"GPS"),
        Packet(Mode.CLIENT, trailer=b"abc"),
        Packet(Mode.CLIENT, trailer=bytes(65_508)),
    ],
)
def test_a_field_that_cannot_hold_its_value_is_the_callers_error(packet: Packet) -> None:
    with pytest.raises(LocalProtocolError):
        packet.pack()


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        # RFC 5905 figure 4, in era 0 and era 1.
        (2_208_988_800 << 32, "1970-01-01T00:00:00Z"),
        (2_272_060_800 << 32, "1972-01-01T00:00:00Z"),
        (4_294_944_000 << 32, "2036-02-07T00:00:00Z"),
        (63_104 << 32, "2036-02-08T00:00:00Z"),
        (0xED00141280000000, "2025-12-31T21:28:50.500000Z"),
        # The ends of what RFC 4330 section 3 can tell apart.
        (0x80000000 << 32, "1968-01-20T03:14:08Z"),
        (0x7FFFFFFF << 32, "2104-02-26T09:42:23Z"),
    ],
)
def test_a_timestamp_is_an_instant(stamp: int, text: str) -> None:
    assert utc_ns(stamp) == instant(text)
    assert timestamp(instant(text)) == stamp


def test_the_era_is_that_of_the_instant_nearby() -> None:
    stamp = timestamp(instant("2026-01-01T00:00:00Z"))
    assert utc_ns(stamp, near_ns=instant("2090-01-01T00:00:00Z")) == instant("2026-01-01T00:00:00Z")
    era = 2**32 * SECOND
    assert utc_ns(stamp, near_ns=instant("2100-01-01T00:00:00Z")) == utc_ns(stamp) + era
    assert utc_ns(stamp, near_ns=instant("1950-01-01T00:00:00Z")) == utc_ns(stamp) - era


@given(st.integers(instant("1968-01-20T03:14:08Z"), instant("2104-02-26T09:42:23Z")))
def test_every_nanosecond_of_those_years_survives_the_wire(ns: int) -> None:
    assert utc_ns(timestamp(ns)) == ns


@given(st.integers(-(10**20), 10**20), st.integers(-(2**31) * SECOND + 1, 2**31 * SECOND - 1))
def test_every_instant_within_68_years_of_one_that_is_known_survives(ns: int, away: int) -> None:
    assert utc_ns(timestamp(ns), near_ns=ns + away) == ns


def test_an_instant_never_becomes_the_timestamp_of_a_clock_without_time() -> None:
    turn = instant("2036-02-07T06:28:16Z")
    assert timestamp(turn) == 1
    assert utc_ns(1) == turn


# -- what a client takes -------------------------------------------------------------------------

ASKED = Packet(Mode.CLIENT, transmit=0xED00141112345678)


def test_an_answer_of_a_synchronized_server_is_taken() -> None:
    good = Packet.parse(ANSWER)
    assert unusable(good, ASKED) == ""
    assert unusable(replace(good, stratum=15, leap=Leap.LAST_MINUTE_61), ASKED) == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mode": Mode.BROADCAST}, "mode broadcast"),
        ({"mode": Mode.CLIENT}, "mode client"),
        ({"origin": ASKED.transmit + 1}, "another question"),
        ({"origin": 0}, "another question"),
        ({"stratum": 0, "reference_id": b"RATE"}, "kiss-o'-death RATE"),
        ({"stratum": 0, "reference_id": b"\xff\0\0\0"}, "kiss-o'-death ff000000"),
        ({"stratum": 16}, "stratum 16"),
        ({"leap": Leap.UNSYNCHRONIZED}, "not synchronized"),
        ({"transmit": 0}, "no time"),
    ],
)
def test_what_a_client_takes_no_time_from(change: dict[str, object], reason: str) -> None:
    assert reason in unusable(replace(Packet.parse(ANSWER), **change), ASKED)


def test_a_kiss_code_is_four_characters_or_fewer_of_a_servers_stratum_0() -> None:
    kiss = Packet(Mode.SERVER, stratum=0, reference_id=b"DENY")
    assert kiss.kiss_code == "DENY"
    assert replace(kiss, reference_id=b"AB\0\0").kiss_code == "AB"
    assert replace(kiss, stratum=1).kiss_code == ""
    assert replace(kiss, mode=Mode.CLIENT).kiss_code == ""
    assert replace(kiss, reference_id=bytes(4)).kiss_code == ""
