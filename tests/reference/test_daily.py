"""Resync_At on a phone whose clock is unknown, set, and set again.

A phone has its lease and its first resync at 10 s of lab time; unless a test says otherwise its clock
shows UTC, and at 20 s it is told that it is 07:00 on a Monday in March.
"""

from __future__ import annotations

import pytest
from lives import MISSING, SERVER, Life, booted

from hil.reference.interpretations import DEFAULT

GMT = {"Time_Zone": "GMT", "Daylight_Saving_Time_Enable": "No"}
BERLIN = {
    "Time_Zone": "GMT+01:00",
    "Daylight_Saving_Time_Enable": "Yes",
    "Daylight_Saving_Time_Rule": "start=3/-1/7/2;end=10/-1/7/3;save=1",
}
HOUR, DAY = 3600, 86_400
AT_7 = "2026-03-02 07:00"


def synced(reading: dict[str, str] | None = None, /, **parameters: str) -> Life:
    """A phone that has done its first resync, without a clock yet."""
    chosen = GMT | {"Resync_At__HHmm_": "0730"} | parameters
    interpretations = DEFAULT.choose(**(reading or {}))
    return booted(interpretations=interpretations, **chosen).begin(10).given(11)


def timed(reading: dict[str, str] | None = None, /, **parameters: str) -> Life:
    """The same phone once it has been told the time."""
    return synced(reading, **parameters).told_time(20, AT_7)


# --- the window


def test_the_resync_is_due_from_the_time_to_ten_minutes_after_it() -> None:
    life = timed()
    assert life.due == (20 + 1800, 20 + 2400, "1")
    assert life.clause == "resync.at"


@pytest.mark.parametrize(
    ("at", "delay", "due"),
    [
        ("0701", "600", (80, 680)),
        ("0000", "600", (20 + 17 * HOUR, 20 + 17 * HOUR + 600)),
        ("2400", "600", (20 + 17 * HOUR, 20 + 17 * HOUR + 600)),
        ("2359", "600", (20 + 17 * HOUR - 60, 20 + 17 * HOUR + 540)),
        # The clock shows it now, so it is shown next tomorrow.
        ("0700", "600", (20 + DAY, 20 + DAY + 600)),
        ("0730", "0", (1820, 2420)),
        ("0730", "601", (1820, 2420)),
        ("0730", "660", (1820, 2480)),
        ("0730", "65535", (1820, 1820 + 65_520)),
    ],
)
def test_the_window_of_a_time_and_of_a_delay(at: str, delay: str, due: tuple[int, int]) -> None:
    life = timed(Resync_At__HHmm_=at, Resync_At_Random_Delay=delay)
    assert life.due == (*due, "1")


def test_the_day_after_it_is_due_again() -> None:
    life = timed().begin(2000).given(2001)
    assert life.due == (1820 + DAY, 2420 + DAY, "1")
    life.begin(1820 + DAY).given(1821 + DAY)
    assert life.due == (1820 + 2 * DAY, 2420 + 2 * DAY, "1")


def test_a_resync_that_begins_a_moment_early_is_that_of_the_day() -> None:
    assert timed().begin(1819.999).given(1820).due == (1820 + DAY, 2420 + DAY, "1")


def test_a_failure_is_retried_and_the_day_after_it_is_due_again() -> None:
    life = timed(Resync_Error_Retry_Delay="5000,0").begin(2000).answer(2001, MISSING)
    assert life.due == (7001, 7001, "2")
    life.begin(7001).answer(7002, MISSING)
    assert life.due == (1820 + DAY, 2420 + DAY, "1")


def test_it_is_due_on_a_phone_that_has_not_resynced_before() -> None:
    life = booted(Resync_On_Reset="No", Resync_At__HHmm_="0730", **GMT).told_time(20, AT_7)
    assert life.due == (1820, 2420, "1")


def test_it_is_not_due_if_provision_enable_is_no() -> None:
    life = booted(Provision_Enable="No", Resync_At__HHmm_="0730", **GMT)
    assert life.told_time(20, AT_7).due is None


# --- Resync_Periodic


def test_resync_periodic_is_ignored() -> None:
    life = timed(Resync_Periodic="600")
    assert life.due == (1820, 2420, "1")
    assert life.begin(2000).given(2001).due == (1820 + DAY, 2420 + DAY, "1")


@pytest.mark.parametrize("invalid", ["", "2401", "0960", "730", "9:59", "soon"])
def test_an_invalid_time_is_ignored(invalid: str) -> None:
    life = timed(Resync_At__HHmm_=invalid, Resync_Periodic="600")
    assert (life.due, life.clause) == ((611, 611, "1"), "resync.periodic")


def test_a_profile_that_sets_a_time_ends_the_period() -> None:
    life = booted(Resync_Periodic="600", **GMT).told_time(10, "2026-03-02 07:00").begin(10)
    assert life.given(11, Resync_At__HHmm_="0730").due == (1810, 2410, "1")


def test_a_profile_that_empties_the_time_begins_a_period() -> None:
    life = timed(Resync_Periodic="600").begin(2000).given(2001, Resync_At__HHmm_="")
    assert life.due == (2601, 2601, "1")


# --- the clock is unknown


def test_without_a_clock_nothing_is_due() -> None:
    assert synced(Resync_Periodic="600").due is None


def test_by_another_reading_resync_periodic_counts_until_the_time_is_known() -> None:
    life = synced({"resync_at_no_clock": "periodic"}, Resync_Periodic="600")
    assert life.due == (611, 611, "1")
    assert life.told_time(20, AT_7).due == (1820, 2420, "1")


def test_who_learns_within_the_range_that_it_is_late_may_resync_and_need_not() -> None:
    life = synced().told_time(20, "2026-03-02 07:33")
    # Owed is the resync of the next day.
    assert life.due == (20 + DAY - 180, 20 + DAY + 420, "1")
    assert [(e.earliest, e.latest) for e in life.phone.besides] == [
        (20_000_000_000, 440_000_000_000)
    ]
    life.begin(300)
    assert (life.url, life.phone.attempt.reason.value) == (f"tftp://{SERVER}:69/7832-3PCC.xml", "1")
    assert life.given(301).due == (20 + DAY - 180, 20 + DAY + 420, "1")


def test_a_boot_forgets_the_time() -> None:
    life = timed().power_off(100).power_on(101).lease(110).begin(110).given(111)
    assert life.due is None


# --- the clock is set again


def test_a_clock_that_is_put_forward_brings_the_time_nearer() -> None:
    assert timed().told_time(320, "2026-03-02 07:15").due == (320 + 900, 320 + 1500, "1")


def test_a_clock_that_is_put_back_takes_it_further_away() -> None:
    assert timed().told_time(320, "2026-03-02 06:30").due == (320 + HOUR, 320 + HOUR + 600, "1")


def test_a_clock_that_is_right_changes_nothing() -> None:
    life = timed()
    before = life.phone.due
    assert life.told_time(320, "2026-03-02 07:05").phone.due is before


def test_a_clock_that_is_put_over_the_time_jumps_as_in_spring() -> None:
    assert timed().told_time(320, "2026-03-02 08:00").due == (320, 920, "1")
    skipped = timed({"resync_at_gap": "skipped"}).told_time(320, "2026-03-02 08:00")
    assert skipped.due == (320 + DAY - 1800, 320 + DAY - 1200, "1")


def test_after_such_a_jump_it_is_due_the_day_after() -> None:
    life = timed().told_time(320, "2026-03-02 08:00").begin(400).given(401)
    assert life.due == (320 + DAY - 1800, 320 + DAY - 1200, "1")


def test_a_clock_that_is_put_back_over_a_served_time_shows_it_twice() -> None:
    back = (2300, "2026-03-02 06:38")
    assert timed().begin(2000).given(2001).told_time(*back).due == (
        2300 + DAY + 52 * 60,
        2300 + DAY + 62 * 60,
        "1",
    )
    both = timed({"resync_at_overlap": "both"}).begin(2000).given(2001).told_time(*back)
    assert both.due == (2300 + 52 * 60, 2300 + 62 * 60, "1")


def test_a_clock_that_is_put_back_by_days_has_a_time_on_its_new_day() -> None:
    life = timed().begin(2000).given(2001).told_time(2300, "2026-02-20 07:38")
    assert life.due == (2300 + DAY - 480, 2300 + DAY + 120, "1")


def test_a_small_correction_does_not_bring_the_time_back() -> None:
    """The clock was half a second fast when the resync began at its 07:30:00.2."""
    life = timed(Resync_At_Random_Delay="600").begin(1820.2).given(1820.3)
    life.told_time(1820.4, "2026-03-02 07:30")
    assert life.due == (1820.4 + DAY, 2420.4 + DAY, "1")


def test_an_open_window_stays_open_whatever_becomes_of_the_clock() -> None:
    assert timed().told_time(1900, "2026-03-02 07:31:20").due == (1820, 2420, "1")
    assert timed().told_time(1900, "2026-03-02 09:00").due == (1820, 2420, "1")
    # The time is shown again: then the window is open until the end of the later range.
    assert timed().told_time(1900, "2026-03-02 07:20").due == (1820, 1900 + 1200, "1")


# --- time zone and daylight saving time


def test_the_time_is_that_of_the_zone_and_of_daylight_saving_time() -> None:
    life = synced(**BERLIN).told_time(20, "2026-03-28 06:00")
    assert life.due == (20 + 1800, 20 + 2400, "1")
    # The last Sunday of March is an hour shorter.
    assert life.begin(1820).given(1821).due == (20 + 1800 + 23 * HOUR, 20 + 2400 + 23 * HOUR, "1")


def test_by_another_reading_a_day_has_24_hours() -> None:
    life = synced({"resync_at_dst": "elapsed-day"}, **BERLIN).told_time(20, "2026-03-28 06:00")
    assert life.begin(1820).given(1821).due == (1820 + DAY, 2420 + DAY, "1")


def test_option_2_counts_if_it_is_not_ignored() -> None:
    """A lease that is renewed with another offset has the clock jump."""
    options = {66: SERVER.encode(), 2: (HOUR).to_bytes(4, "big")}
    life = booted(options=options, Resync_At__HHmm_="0930", Ignore_DHCP_Time_Offset="No", **GMT)
    life.begin(10).given(11).told_time(20, AT_7)
    assert life.due == (20 + 1.5 * HOUR, 20 + 1.5 * HOUR + 600, "1")
    later = {66: SERVER.encode(), 2: (2 * HOUR).to_bytes(4, "big")}
    assert life.lease(320, later).due == (20 + 0.5 * HOUR, 20 + 0.5 * HOUR + 600, "1")


# --- beside other resyncs


def test_a_resync_in_the_range_that_somebody_asks_for_leaves_that_of_the_day_open() -> None:
    life = timed().ask(2000).begin(2000).given(2001)
    assert life.due == (1820 + DAY, 2420 + DAY, "1")
    assert [(e.earliest, e.latest) for e in life.phone.besides] == [
        (2_001_000_000_000, 2_420_000_000_000)
    ]


def test_a_resync_that_lasts_over_the_time_leaves_it_open() -> None:
    life = timed().ask(1810).begin(1810).given(1830)
    assert life.due == (1820 + DAY, 2420 + DAY, "1")
    assert [(e.earliest, e.latest) for e in life.phone.besides] == [
        (1_830_000_000_000, 2_420_000_000_000)
    ]


def test_what_may_come_besides_is_gone_with_the_next_resync() -> None:
    life = timed().ask(1810).begin(1810).given(1830).begin(1900).given(1901)
    assert life.phone.besides == ()
