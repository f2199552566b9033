"""Local time against the published notations, literal days, and Python's own reading of such rules."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hil.errors import SpecificationError
from hil.reference.local_time import (
    Change,
    DaylightSaving,
    TimeZone,
    next_showing,
    parse_time_offset,
    parse_time_zone,
)

SECOND = 1_000_000_000
HOUR = 3600
PACIFIC = "start=3/8/7/2;end=11/1/7/2;save=1"
EUROPE = "start=3/-1/7/2;end=10/-1/7/3;save=1"
SYDNEY = "start=10/1/7/2;end=4/1/7/3;save=1"
LORD_HOWE = "start=10/1/7/2;end=4/1/7/2;save=0:30"


def utc(text: str) -> int:
    """Nanoseconds since 1970 of a UTC instant such as ``2026-03-08 10:00``."""
    since = datetime.fromisoformat(f"{text}+00:00") - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1000


def shown(instant: int) -> str:
    return str(datetime.fromtimestamp(instant // SECOND, UTC).replace(tzinfo=None))


def zone(name: str, rule: str = "") -> TimeZone:
    return TimeZone(parse_time_zone(name), DaylightSaving.parse(rule))


def local(zone: TimeZone, utc_ns: int) -> datetime:
    """What the wall clock shows, to the second."""
    utc_s = utc_ns // SECOND
    return datetime(1970, 1, 1) + timedelta(seconds=utc_s + zone.utc_offset(utc_s))


# -- the notations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("GMT", 0),
        ("GMT-08:00", -8 * HOUR),
        ("GMT-1:00", -HOUR),
        ("GMT-0:00", 0),
        ("GMT-03:30", -(3 * HOUR + 1800)),
        ("GMT+05:45", 5 * HOUR + 2700),
        ("GMT-12:00", -12 * HOUR),
        ("GMT+13:00", 13 * HOUR),
        (" GMT+01:00\n", HOUR),
    ],
)
def test_a_time_zone_is_seconds_east_of_utc(text, seconds):
    assert parse_time_zone(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "UTC", "GMT+14:00", "GMT+13:01", "GMT-12:01", "GMT+01:60", "GMT+1", "GMT 01:00", "gmt",
     "GMT+01:00x", "GMT+٠1:00"],
)  # fmt: skip
def test_what_is_no_time_zone(text):
    with pytest.raises(SpecificationError):
        parse_time_zone(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0), ("00/00", 0), ("01/30", 5400), ("+1/5", 3900), ("-0/30", -1800), ("-23/59", -86_340)],
)
def test_a_time_offset_is_hours_and_minutes(text, seconds):
    assert parse_time_offset(text) == seconds


@pytest.mark.parametrize("text", ["1", "24/00", "00/60", "1:30", "1/2/3", "--1/0", "/30"])
def test_what_is_no_time_offset(text):
    with pytest.raises(SpecificationError):
        parse_time_offset(text)


@pytest.mark.parametrize(
    "text",
    ["start=4/1/7/0:0:0;end=10/-1/7/0:0:0;save=1", "start=4/1/7;end=10/-1/7;save=1",
     "start=4/1/7/0;end=10/-1/7/0;save=1", "Start = 4/1/7 ; end = 10/-1/7 ; save = +01:00:00 ;"],
)  # fmt: skip
def test_the_published_forms_of_one_rule_mean_the_same(text):
    expected = DaylightSaving(Change(4, 1, 7, 0), Change(10, -1, 7, 0), HOUR)
    assert DaylightSaving.parse(text) == expected


def test_minutes_and_seconds_count_and_saving_may_subtract():
    rule = DaylightSaving.parse("start=1/15/0/23:59:58;end=6/-30/3/0:5;save=-0:20:30")
    assert rule == DaylightSaving(Change(1, 15, 0, 86_398), Change(6, -30, 3, 300), -1230)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_rule_saves_nothing(text):
    assert DaylightSaving.parse(text) is None


@pytest.mark.parametrize(
    "text",
    ["3/-1/7/2;end=10/-1/7/2;save=1", "start=13/1/7;end=10/1/7;save=1", "start=0/1/7;end=1/1/7;save=1",
     "start=3/32/7;end=10/1/7;save=1", "start=3/0/7;end=10/1/7;save=1", "start=3/1/8;end=10/1/7;save=1",
     "start=3/-1/0;end=10/1/7;save=1", "start=3/1/7/24;end=10/1/7;save=1", "start=3/1/7;end=10/1/7",
     "start=3/1/7;end=10/1/7;save=", "start=3/1/7;end=10/1/7;save=1;save=1", "x" * 100_000],
)  # fmt: skip
def test_what_is_no_rule(text):
    with pytest.raises(SpecificationError):
        DaylightSaving.parse(text)
    with pytest.raises(SpecificationError):
        Change.parse(text)


# -- the days of a change --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        ("3/8/7/2", 2026, "2026-03-08 02:00:00"),
        ("3/8/7/2", 2025, "2025-03-09 02:00:00"),
        ("11/1/7/2", 2026, "2026-11-01 02:00:00"),
        ("10/-1/7", 2026, "2026-10-25 00:00:00"),
        ("2/-1/7", 2024, "2024-02-25 00:00:00"),
        ("12/-1/4", 2026, "2026-12-31 00:00:00"),
        # "the last Monday (before April 8)" and "the first Wednesday (after May 8)".
        ("4/-8/1", 2026, "2026-04-06 00:00:00"),
        ("5/8/3", 2026, "2026-05-13 00:00:00"),
        ("10/4/0/2:0:0", 2009, "2009-10-04 02:00:00"),
        # Days that the month does not have.
        ("4/-31/5", 2026, "2026-04-24 00:00:00"),
        ("2/30/0", 2026, "2026-03-02 00:00:00"),
        ("12/31/1", 2026, "2027-01-04 00:00:00"),
    ],
)
def test_the_day_of_a_change(text, year, expected):
    assert shown(Change.parse(text).local(year) * SECOND) == expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-03-08 09:59:59", "2026-03-08 01:59:59"),
        ("2026-03-08 10:00:00", "2026-03-08 03:00:00"),
        ("2026-11-01 08:59:59", "2026-11-01 01:59:59"),
        ("2026-11-01 09:00:00", "2026-11-01 01:00:00"),
        ("2026-11-01 09:59:59", "2026-11-01 01:59:59"),
        ("2026-11-01 10:00:00", "2026-11-01 02:00:00"),
        ("2027-01-01 07:59:59", "2026-12-31 23:59:59"),
    ],
)
def test_the_wall_clock_of_the_pacific_coast(instant, expected):
    assert str(local(zone("GMT-08:00", PACIFIC), utc(instant))) == expected


def test_the_shown_time_is_whole_seconds():
    assert local(zone("GMT"), utc("2026-01-01 00:00:00") + SECOND - 1) == datetime(2026, 1, 1)


# -- the next instant ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "hhmm", "expected"),
    [
        ("2026-01-01 17:58:59", "0959", "2026-01-01 17:59:00"),
        ("2026-01-01 17:59:00", "0959", "2026-01-02 17:59:00"),
        ("2026-01-01 17:59:30", "0959", "2026-01-02 17:59:00"),
        ("2026-01-01 07:59:59", "0000", "2026-01-01 08:00:00"),
        ("2026-01-01 07:58:59", "2359", "2026-01-01 07:59:00"),
        # The ends of a month, of a leap February and of a year.
        ("2026-02-01 07:59:30", "2359", "2026-02-02 07:59:00"),
        ("2024-02-29 08:00:00", "0000", "2024-03-01 08:00:00"),
        ("2027-01-01 07:59:00", "2359", "2027-01-02 07:59:00"),
        ("2026-12-31 12:00:00", "0000", "2027-01-01 08:00:00"),
        # Days of 23 and of 25 hours.
        ("2026-03-07 17:59:00", "0959", "2026-03-08 16:59:00"),
        ("2026-10-31 16:59:00", "0959", "2026-11-01 17:59:00"),
    ],
)
def test_the_next_time_that_the_clock_of_the_pacific_coast_shows(now, hhmm, expected):
    minutes = int(hhmm[:2]) * 60 + int(hhmm[2:])
    assert shown(next_showing(zone("GMT-08:00", PACIFIC), minutes, utc(now))) == expected


@pytest.mark.parametrize("minutes", [120, 150, 179])
def test_a_time_that_the_clock_jumps_over_is_due_at_the_jump_or_the_day_after(minutes):
    pacific, before = (
        zone("GMT-08:00", PACIFIC),
        utc("2026-03-08 00:00:00") + 10 * HOUR * SECOND - 1,
    )
    assert shown(next_showing(pacific, minutes, before)) == "2026-03-08 10:00:00"
    at = next_showing(pacific, minutes, before, gap="skipped")
    assert at == utc("2026-03-09 07:00:00") + minutes * 60 * SECOND
    assert next_showing(pacific, minutes, utc("2026-03-08 10:00:00")) == at


def test_a_time_that_the_clock_shows_twice_is_due_once_or_twice():
    pacific = zone("GMT-08:00", PACIFIC)
    first = next_showing(pacific, 90, utc("2026-10-31 12:00:00"))
    assert shown(first) == "2026-11-01 08:30:00"
    assert shown(next_showing(pacific, 90, first)) == "2026-11-02 09:30:00"
    assert shown(next_showing(pacific, 90, first, overlap="both")) == "2026-11-01 09:30:00"


def test_the_end_of_yesterday_comes_again_where_the_clock_is_put_back_after_midnight():
    late = zone("GMT", "start=3/1/0;end=10/1/0/0:30;save=1")
    # 23:45 of summer time is 22:45 UTC; at 23:10 UTC the clock shows 00:10, at 23:45 it is back.
    now = utc("2026-09-30 23:10")
    assert shown(next_showing(late, 23 * 60 + 45, now, overlap="both")) == "2026-09-30 23:45:00"
    assert shown(next_showing(late, 23 * 60 + 45, now)) == "2026-10-01 23:45:00"


@pytest.mark.parametrize("minutes", [-1, 1440])
def test_a_minute_that_no_day_has_is_refused(minutes):
    with pytest.raises(SpecificationError):
        next_showing(zone("GMT"), minutes, 0)


@pytest.mark.parametrize("instant", [-(10**30), 10**30])
def test_an_instant_beyond_all_calendars_is_refused(instant):
    pacific = zone("GMT-08:00", PACIFIC)
    with pytest.raises(SpecificationError):
        local(pacific, instant)
    with pytest.raises(SpecificationError):
        next_showing(pacific, 0, instant)


# -- against zoneinfo ------------------------------------------------------------------------------


def posix(offset: int, rule: str = "") -> ZoneInfo:
    """The zone of a POSIX TZ rule: a TZif file (RFC 8536) that has nothing but its footer."""
    sign, rest = ("-" if offset > 0 else ""), abs(offset)
    text = f"STD{sign}{rest // HOUR}:{rest // 60 % 60:02d}{rule}"
    block = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block += struct.pack(">lbb", offset, 0, 0) + b"STD\0"
    return ZoneInfo.from_file(io.BytesIO(block + block + b"\n" + text.encode() + b"\n"))


ZONES = {
    "Los Angeles": (zone("GMT-08:00", PACIFIC), posix(-8 * HOUR, "DST,M3.2.0,M11.1.0")),
    "Berlin": (zone("GMT+01:00", EUROPE), posix(HOUR, "DST,M3.5.0,M10.5.0/3")),
    "Sydney": (zone("GMT+10:00", SYDNEY), posix(10 * HOUR, "DST,M10.1.0,M4.1.0/3")),
    "Lord Howe": (
        TimeZone(parse_time_zone("GMT+10:00") + 1800, DaylightSaving.parse(LORD_HOWE)),
        posix(10 * HOUR + 1800, "DST-11,M10.1.0,M4.1.0"),
    ),
    "Kathmandu": (zone("GMT+05:45"), posix(5 * HOUR + 2700)),
    "the default": (
        zone("GMT-08:00", "start=3/-1/7/2;end=10/-1/7/2;save=1"),
        posix(-8 * HOUR, "DST,M3.5.0,M10.5.0"),
    ),
}
INSTANTS = st.integers(utc("2008-01-01 00:00"), utc("2099-12-31 00:00"))
MINUTES = st.integers(0, 1439)


def of_zoneinfo(other: ZoneInfo, instant: int) -> datetime:
    seconds = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant // SECOND)
    return seconds.astimezone(other).replace(tzinfo=None)


@pytest.mark.parametrize("name", ZONES)
@settings(deadline=None, max_examples=200)
@given(instant=INSTANTS)
@example(instant=utc("2026-03-08 10:00"))
@example(instant=utc("2026-10-25 01:00"))
@example(instant=utc("2026-10-25 00:59:59"))
@example(instant=utc("2028-12-31 23:59:59"))
def test_the_wall_clock_is_that_of_zoneinfo(name, instant):
    ours, other = ZONES[name]
    assert local(ours, instant) == of_zoneinfo(other, instant).replace(fold=0)


@settings(deadline=None, max_examples=300)
@given(
    start=st.tuples(st.integers(2, 5), st.sampled_from([1, 2, 3, 4, 5]), st.integers(1, 7)),
    end=st.tuples(st.integers(8, 11), st.sampled_from([1, 2, 3, 4, 5]), st.integers(1, 7)),
    hours=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    save=st.integers(1, 180),
    offset=st.integers(-12 * 60, 13 * 60),
    southern=st.booleans(),
    instant=INSTANTS,
)
def test_any_rule_by_weeks_is_read_as_zoneinfo_reads_it(
    start, end, hours, save, offset, southern, instant
):
    if southern:
        start, end = end, start

    def changes(part, hour):
        month, week, weekday = part
        day = -1 if week == 5 else 7 * week - 6
        return f"{month}/{day}/{weekday}/{hour}", f"M{month}.{week}.{weekday % 7}/{hour}"

    ours_start, other_start = changes(start, hours[0])
    ours_end, other_end = changes(end, hours[1])
    text = f"start={ours_start};end={ours_end};save={save // 60}:{save % 60}"
    total = offset + save
    dst = f"DST{'-' if total > 0 else ''}{abs(total) // 60}:{abs(total) % 60:02d}"
    other = posix(offset * 60, f"{dst},{other_start},{other_end}")
    ours = TimeZone(offset * 60, DaylightSaving.parse(text))
    assert local(ours, instant) == of_zoneinfo(other, instant).replace(fold=0)


@pytest.mark.parametrize("name", ZONES)
@settings(deadline=None, max_examples=60)
@given(now=INSTANTS, minutes=MINUTES)
@example(now=utc("2026-03-08 09:00"), minutes=150)
@example(now=utc("2026-11-01 08:15"), minutes=90)
@example(now=utc("2026-10-25 00:45"), minutes=150)
def test_the_next_instant_is_the_first_that_a_search_minute_by_minute_finds(name, now, minutes):
    ours, other = ZONES[name]
    found = next_showing(ours, minutes, now, gap="skipped", overlap="both")
    minute = now // (60 * SECOND) + 1
    while True:
        local = of_zoneinfo(other, minute * 60 * SECOND)
        if local.hour * 60 + local.minute == minutes:
            break
        minute += 1
    assert found == minute * 60 * SECOND


@pytest.mark.parametrize("name", ZONES)
@settings(deadline=None, max_examples=100)
@given(now=INSTANTS, minutes=MINUTES)
def test_every_day_has_one_and_they_are_a_day_and_a_change_apart(name, now, minutes):
    ours, _ = ZONES[name]
    first = next_showing(ours, minutes, now)
    second = next_showing(ours, minutes, first)
    assert now < first <= now + 25 * HOUR * SECOND
    assert 23 * HOUR * SECOND <= second - first <= 25 * HOUR * SECOND
    assert local(ours, second).date() - local(ours, first).date() == timedelta(days=1)
