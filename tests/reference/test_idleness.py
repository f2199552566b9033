"""Idle lines and Forced_Resync_Delay, under all four published readings.

All phones have their lease at 10 s of lab time, their first resync from 10 to 11 s, and a period of
600 s, so that the next resync is due at 611 s; Forced_Resync_Delay is 300 s.
"""

from __future__ import annotations

import pytest
from lives import Life, booted

from hil.reference.interpretations import DEFAULT

COUNTDOWN = "idle-countdown"
READINGS = (COUNTDOWN, "wait-idle", "busy-limit", "due-plus-delay")
CLAUSE = "resync.forced_delay"


def synced(reading: str = COUNTDOWN, **parameters: str) -> Life:
    chosen = {"Resync_Periodic": "600", "Forced_Resync_Delay": "300"} | parameters
    interpretations = DEFAULT.choose(forced_resync_delay=reading)
    return booted(interpretations=interpretations, **chosen).begin(10).given(11)


# --- without a call


@pytest.mark.parametrize("reading", READINGS)
def test_a_phone_that_nobody_has_called_waits_for_nothing(reading: str) -> None:
    assert synced(reading).due == (611, 611, "1")


# --- a call before the resync is due


@pytest.mark.parametrize(
    ("reading", "due", "clause"),
    [
        (COUNTDOWN, (860, 860, "1"), CLAUSE),
        ("wait-idle", (611, 611, "1"), "resync.periodic"),
        ("busy-limit", (611, 611, "1"), "resync.periodic"),
        ("due-plus-delay", (611, 611, "1"), "resync.periodic"),
    ],
)
def test_a_call_that_ends_before_it_is_due(
    reading: str, due: tuple[int, int, str], clause: str
) -> None:
    life = synced(reading).call(500).hang_up(560)
    assert (life.due, life.clause) == (due, clause)


@pytest.mark.parametrize("reading", READINGS)
def test_a_call_that_ended_long_before_does_not_matter(reading: str) -> None:
    assert synced(reading).call(100).hang_up(200).due == (611, 611, "1")


def test_the_timer_ends_in_the_midst_of_a_window() -> None:
    life = synced(Resync_Periodic="600+300").call(400).hang_up(500)
    assert (life.due, life.clause) == ((800, 911, "1"), CLAUSE)


# --- a call while it is due


@pytest.mark.parametrize(
    ("reading", "during", "after"),
    [
        (COUNTDOWN, None, (1100, 1100, "1")),
        ("wait-idle", None, (800, 800, "1")),
        ("busy-limit", (911, 911, "1"), (800, 800, "1")),
        ("due-plus-delay", (911, 911, "1"), (911, 911, "1")),
    ],
)
def test_a_call_during_which_it_falls_due(
    reading: str, during: tuple[int, int, str] | None, after: tuple[int, int, str]
) -> None:
    life = synced(reading).call(550)
    assert life.due == during
    assert life.hang_up(800).due == after


@pytest.mark.parametrize(
    ("reading", "during"),
    [
        (COUNTDOWN, None),
        ("wait-idle", None),
        ("busy-limit", (911, 911, "1")),
        ("due-plus-delay", (911, 911, "1")),
    ],
)
def test_a_call_that_lasts_longer_than_the_delay(
    reading: str, during: tuple[int, int, str] | None
) -> None:
    assert synced(reading).call(550).due == during


# --- a call after that


def test_a_second_call_starts_the_timer_anew() -> None:
    life = synced().call(550).hang_up(650).call(700)
    assert life.due is None
    assert life.hang_up(750).due == (1050, 1050, "1")


def test_a_call_after_the_resync_matters_to_the_next_one() -> None:
    life = synced().begin(611).given(612).call(1100).hang_up(1200)
    assert life.due == (1500, 1500, "1")


# --- two lines


def test_the_timer_starts_when_all_lines_are_idle() -> None:
    life = synced().call(550, 1).call(560, 2).hang_up(650, 1)
    assert life.due is None
    assert life.hang_up(700, 2).due == (1000, 1000, "1")


def test_a_line_that_is_told_idle_twice_is_so_since_the_first_time() -> None:
    assert synced().call(550).hang_up(650).hang_up(700).due == (950, 950, "1")


# --- every kind of resync


def test_the_resync_after_boot_up_waits() -> None:
    life = booted(Resync_Random_Delay="100", Forced_Resync_Delay="300").call(20)
    assert life.due is None
    assert life.hang_up(50).due == (350, 350, "0")


def test_a_retry_waits() -> None:
    life = booted(Resync_Error_Retry_Delay="600", Forced_Resync_Delay="300").begin(10).fails(11)
    assert life.call(550).hang_up(700).due == (1000, 1000, "2")


def test_a_resync_that_somebody_asks_for_waits() -> None:
    life = synced(Resync_Periodic="0").call(100).ask(150).hang_up(200)
    assert (life.due, life.clause) == ((500, 500, "-1"), CLAUSE)
    assert synced(Resync_Periodic="0").call(100).hang_up(200).ask(300).due == (500, 500, "-1")


def test_a_resync_at_a_time_of_the_day_waits() -> None:
    life = synced(
        Resync_At__HHmm_="0730", Time_Zone="GMT", Daylight_Saving_Time_Enable="No"
    ).told_time(20, "2026-03-02 07:00")
    assert life.due == (1820, 2420, "1")
    assert life.call(1000).hang_up(3000).due == (3300, 3300, "1")
    # It is served with that, so the next one is that of the next day.
    assert life.begin(3300).given(3301).due == (1820 + 86_400, 2420 + 86_400, "1")


def test_a_triggered_resync_waits() -> None:
    life = synced(Resync_Trigger_1="$PRVTMR ge 600", Resync_Periodic="0")
    assert life.call(550).hang_up(700).due == (1000, 1000, "1")


# --- the delay


@pytest.mark.parametrize(("delay", "due"), [("0", 700), ("14400", 15_100), ("65535", 66_235)])
def test_the_delay_ranges_from_0_to_65535(delay: str, due: int) -> None:
    life = synced(Forced_Resync_Delay=delay).call(550).hang_up(700)
    assert life.due == (due, due, "1")


def test_the_default_is_14400_seconds() -> None:
    life = booted(Resync_Periodic="600").begin(10).given(11).call(550).hang_up(700)
    assert life.due == (700 + 14_400, 700 + 14_400, "1")


def test_a_reboot_stops_the_timer() -> None:
    life = synced().call(550).hang_up(560).power_off(570).power_on(571).lease(580)
    assert life.due == (580, 580, "0")
