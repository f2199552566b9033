"""Resync_At and its random delay, from the chapter's text and the readings of what it leaves open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import SpecificationError
from hil.reference import resync_at
from hil.reference.interpretations import DEFAULT
from hil.reference.local_time import DaylightSaving, TimeZone
from hil.reference.parameters import Parameters
from hil.reference.windows import Window

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
GMT = TimeZone(0)
PACIFIC = TimeZone(-8 * 3600, DaylightSaving.parse("start=3/8/7/2;end=11/1/7/2;save=1"))
NEXT_MINUTE = DEFAULT.choose(resync_at_rounding="next-minute")
ELAPSED_DAY = DEFAULT.choose(resync_at_dst="elapsed-day")


def utc(text):
    since = datetime.fromisoformat(f"{text}+00:00") - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1000


def configured(at, delay=None, interpretations=DEFAULT):
    values = {"Resync_At__HHmm_": at}
    if delay is not None:
        values["Resync_At_Random_Delay"] = delay
    return Parameters(values, interpretations)


def window(at, now, *, delay=None, interpretations=DEFAULT, zone=GMT, **options):
    return resync_at.next_window(
        configured(at, delay, interpretations),
        interpretations,
        utc_ns_now=None if now is None else utc(now),
        time_zone=zone,
        **options,
    )


# -- "a four-digit number ranging from 0000 to 2400" -----------------------------------------------


@pytest.mark.parametrize("at", ["0000", "0959", "2359", "2400", " 0959 "])
def test_a_valid_time_is_set_and_has_resync_periodic_ignored(at):
    assert resync_at.is_set(configured(at))
    assert resync_at.replaces_periodic(configured(at), DEFAULT, True)


@pytest.mark.parametrize("at", ["", "959", "00959", "9:59", "2401", "2500", "0960", "-959", "abcd"])
def test_an_invalid_time_is_ignored(at):
    assert not resync_at.is_set(configured(at))
    assert not resync_at.replaces_periodic(configured(at), DEFAULT, True)
    assert window(at, "2026-01-01 00:00") is None
    with pytest.raises(SpecificationError):
        resync_at.due_instant(configured(at), DEFAULT, utc_ns_now=0, time_zone=GMT)


@pytest.mark.parametrize(
    ("at", "reading", "due"),
    [
        ("2400", {"resync_at_2400": "midnight"}, "2026-01-02 00:00"),
        ("2400", {"resync_at_2400": "invalid"}, None),
        ("0960", {"resync_at_minutes": "invalid"}, None),
        ("0960", {"resync_at_minutes": "carried"}, "2026-01-01 10:00"),
        ("2399", {"resync_at_minutes": "carried"}, "2026-01-02 00:39"),
    ],
)
def test_readings_of_2400_and_of_minutes_above_59(at, reading, due):
    found = window(at, "2026-01-01 09:00", interpretations=DEFAULT.choose(**reading))
    assert (found and found.due_utc_ns) == (due and utc(due))


# -- the window --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "now", "earliest_s", "latest_s"),
    [
        ("0959", "2026-01-01 09:58:30", 30, 630),
        ("0959", "2026-01-01 09:59:00", 86_400, 87_000),
        ("0000", "2026-12-31 23:59:59", 1, 601),
        ("2359", "2026-02-28 23:58:00", 60, 660),
        ("2400", "2026-06-30 12:00:00", 43_200, 43_800),
    ],
)
def test_the_resync_is_due_from_the_time_to_the_time_plus_ten_minutes(
    at, now, earliest_s, latest_s
):
    found = window(at, now)
    assert (found.earliest_ns, found.latest_ns) == (earliest_s * SECOND, latest_s * SECOND)
    assert found.due_utc_ns == utc(now) + found.earliest_ns


def test_the_window_is_told_to_the_nanosecond():
    found = resync_at.next_window(configured("0001"), DEFAULT, utc_ns_now=MINUTE - 1, time_zone=GMT)
    assert (found.earliest_ns, found.latest_ns) == (1, 600 * SECOND + 1)


@given(st.integers(0, 4_000_000_000 * SECOND), st.integers(0, 1439), st.integers(0, 65_535))
def test_the_next_window_is_always_ahead_and_within_a_day_and_an_hour(now, minutes, delay):
    found = resync_at.next_window(
        configured(f"{minutes // 60:02d}{minutes % 60:02d}", str(delay)),
        DEFAULT,
        utc_ns_now=now,
        time_zone=PACIFIC,
    )
    assert 0 < found.earliest_ns <= DAY + 60 * MINUTE
    assert 600 * SECOND <= found.latest_ns - found.earliest_ns <= 65_580 * SECOND


# -- Resync_At_Random_Delay --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delay", "nearest", "rounded_up"),
    [
        (None, 600, 600),
        ("600", 600, 600),
        ("601", 600, 660),
        ("629", 600, 660),
        ("630", 660, 660),
        ("660", 660, 660),
        ("661", 660, 720),
        ("65535", 65_520, 65_580),
        # "If the value is less than 600, the random delay interval is between 0 and 600."
        ("599", 600, 600),
        ("1", 600, 600),
        ("0", 600, 600),
        ("0x258", 600, 600),
    ],
)
def test_the_delay_is_whole_minutes_by_either_rounding(delay, nearest, rounded_up):
    set_to = configured("0959", delay)
    assert resync_at.random_delay(set_to, DEFAULT) == Window(0, nearest)
    assert resync_at.random_delay(set_to, NEXT_MINUTE) == Window(0, rounded_up)


def test_a_delay_of_0_is_none_where_it_is_read_as_disabled():
    disabled = DEFAULT.choose(resync_at_zero_delay="disabled")
    found = window("0959", "2026-01-01 09:58:00", delay="0", interpretations=disabled)
    assert (found.earliest_ns, found.latest_ns) == (MINUTE, MINUTE)


# -- the clock ---------------------------------------------------------------------------------------


def test_without_a_clock_there_is_no_window_in_either_reading():
    periodic = DEFAULT.choose(resync_at_no_clock="periodic")
    assert window("0959", None) is None
    assert window("0959", None, interpretations=periodic) is None


@pytest.mark.parametrize(
    ("reading", "known", "ignored"),
    [
        ("wait-for-clock", False, True),
        ("wait-for-clock", True, True),
        ("periodic", False, False),
        ("periodic", True, True),
    ],
)
def test_readings_of_what_counts_while_the_phone_does_not_know_the_time(reading, known, ignored):
    chosen = DEFAULT.choose(resync_at_no_clock=reading)
    set_to = configured("0959")
    assert resync_at.replaces_periodic(set_to, chosen, known) is ignored


# -- daylight saving time ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "wall_clock", "elapsed_day"),
    [
        ("2026-03-07 17:59", "2026-03-08 16:59", "2026-03-08 17:59"),
        ("2026-10-31 16:59", "2026-11-01 17:59", "2026-11-01 16:59"),
        ("2026-06-01 16:59", "2026-06-02 16:59", "2026-06-02 16:59"),
    ],
)
def test_readings_of_a_change_of_the_clock(last, wall_clock, elapsed_day):
    options = {"zone": PACIFIC, "last_due_utc_ns": utc(last)}
    assert window("0959", last, **options).due_utc_ns == utc(wall_clock)
    found = window("0959", last, interpretations=ELAPSED_DAY, **options)
    assert found.due_utc_ns == utc(elapsed_day)


def test_elapsed_days_begin_where_the_clock_showed_the_time_first_and_skip_what_is_past():
    first = window("0959", "2026-03-07 12:00", zone=PACIFIC, interpretations=ELAPSED_DAY)
    assert first.due_utc_ns == utc("2026-03-07 17:59")
    later = window(
        "0959",
        "2026-03-10 18:00",
        zone=PACIFIC,
        interpretations=ELAPSED_DAY,
        last_due_utc_ns=first.due_utc_ns,
    )
    assert later.due_utc_ns == utc("2026-03-11 17:59")


def test_a_clock_put_back_does_not_bring_the_elapsed_day_forward():
    found = window(
        "0959", "2026-03-01 00:00", interpretations=ELAPSED_DAY,
        last_due_utc_ns=utc("2026-03-07 09:59"),
    )  # fmt: skip
    assert found.due_utc_ns == utc("2026-03-08 09:59")


def test_a_time_in_the_gap_is_due_at_the_jump_and_one_that_comes_twice_is_due_once():
    gap = window("0230", "2026-03-08 09:00", zone=PACIFIC)
    assert gap.due_utc_ns == utc("2026-03-08 10:00")
    first = window("0130", "2026-11-01 08:00", zone=PACIFIC)
    assert first.due_utc_ns == utc("2026-11-01 08:30")
    second = window("0130", "2026-11-01 08:30", zone=PACIFIC)
    assert second.due_utc_ns == utc("2026-11-02 09:30")


def test_other_readings_of_the_gap_and_of_the_time_that_comes_twice():
    gap = window("0230", "2026-03-08 09:00", zone=PACIFIC, gap="skipped")
    assert gap.due_utc_ns == utc("2026-03-09 09:30")
    second = window("0130", "2026-11-01 08:30", zone=PACIFIC, overlap="both")
    assert second.due_utc_ns == utc("2026-11-01 09:30")


# -- what a defect replaces --------------------------------------------------------------------------


def test_each_decision_can_be_replaced_on_its_own():
    found = window("0959", "2026-01-01 09:58:00", delay=None)
    late = resync_at.next_window(
        configured("0959"),
        DEFAULT,
        utc_ns_now=utc("2026-01-01 09:58:00"),
        time_zone=GMT,
        delay=lambda parameters, interpretations: Window(0, 1),
    )
    assert late == replace(found, latest_ns=61 * SECOND)
    utc_only = resync_at.next_window(
        configured("0959"),
        DEFAULT,
        utc_ns_now=utc("2026-01-01 09:58:00"),
        time_zone=PACIFIC,
        due=lambda *args, **named: resync_at.due_instant(*args, **{**named, "time_zone": GMT}),
    )
    assert utc_only == found
