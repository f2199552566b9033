"""Several things ask for a resync at once: which one it is, and what becomes of the others.

All phones have their lease at 10 s of lab time and, unless a test is about it, no random delay.
"""

from __future__ import annotations

import pytest
from lives import MISSING, booted

from hil.reference.due import Due, Reason
from hil.reference.interpretations import DEFAULT
from hil.reference.phone import Action, Asker, BootCause, Phase, Purpose
from hil.reference.scheduling import sooner

GMT = {"Time_Zone": "GMT", "Daylight_Saving_Time_Enable": "No"}


def besides(life) -> list[tuple[float, float, str]]:
    return [(d.earliest / 1e9, d.latest / 1e9, d.reason.value) for d in life.phone.besides]


# --- two windows


def due(earliest: int, latest: int, reason: Reason = Reason.PERIODIC) -> Due:
    return Due(earliest, latest, reason, reason.value)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (due(10, 20), None, due(10, 20)),
        (None, None, None),
        (due(10, 20), due(30, 40, Reason.RETRY), due(10, 20)),
        # It may begin when either allows it, and must when the first one says so.
        (due(10, 50), due(30, 40, Reason.RETRY), due(10, 40, Reason.RETRY)),
        (due(10, 40), due(30, 40, Reason.RETRY), due(10, 40)),
    ],
)
def test_the_one_that_must_begin_first_counts(
    one: Due | None, other: Due | None, both: Due | None
) -> None:
    assert sooner(one, other) == both
    assert sooner(other, one) == both


def test_a_trigger_brings_a_resync_before_the_periodic_one() -> None:
    life = booted(Resync_Periodic="600", Resync_Trigger_1="$PRVTMR ge 100").begin(10).given(11)
    assert (life.due, life.clause) == ((110, 110, "1"), "resync.trigger")
    # It counts as one that succeeded, so the period begins anew.
    assert life.begin(110).given(111, Resync_Trigger_1="").due == (711, 711, "1")


def test_a_period_ends_before_a_trigger_turns_true() -> None:
    life = booted(Resync_Periodic="60", Resync_Trigger_1="$PRVTMR ge 100").begin(10).given(11)
    assert (life.due, life.clause) == ((71, 71, "1"), "resync.periodic")
    assert life.begin(71).given(72).due == (132, 132, "1")


def test_a_trigger_that_is_true_at_boot_up_takes_the_random_delay_away() -> None:
    life = booted(Resync_Random_Delay="40", Resync_Trigger_1='"a" eq "a"')
    assert (life.due, life.clause) == ((10, 10, "1"), "resync.trigger")
    life.begin(10).given(11, Resync_Periodic="0")
    assert life.due is None
    # The one after boot-up may be another one of its own.
    assert besides(life) == [(11, 50, "0")]


def test_of_an_open_window_and_a_retry_that_is_not_due_yet_the_open_one_begins() -> None:
    life = booted(Resync_At__HHmm_="0730", Resync_Error_Retry_Delay="2000", **GMT)
    life.told_time(10, "2026-03-02 07:00").begin(10).answer(11, MISSING)
    assert life.due == (1810, 2011, "2")
    assert life.begin(1900).phone.attempt.reason is Reason.PERIODIC
    assert besides(life) == []


def test_of_an_open_window_and_a_retry_that_is_due_the_retry_begins() -> None:
    life = booted(Resync_At__HHmm_="0730", Resync_Error_Retry_Delay="2000", **GMT)
    life.told_time(10, "2026-03-02 07:00").begin(10).answer(11, MISSING)
    assert life.begin(2011).phone.attempt.reason is Reason.RETRY
    assert besides(life.given(2012)) == [(2012, 2410, "1")]


def test_a_resync_that_somebody_asks_for_does_not_close_an_open_window() -> None:
    life = booted(Resync_Periodic="600+100").begin(10).given(11).ask(650)
    assert (life.due, besides(life)) == ((650, 650, "-1"), [(611, 711, "1")])
    assert besides(life.begin(650).given(651)) == [(651, 711, "1")]


def test_a_period_that_is_not_over_ends_with_a_resync_that_somebody_asks_for() -> None:
    life = booted(Resync_Periodic="600").begin(10).given(11).ask(500).begin(500).given(501)
    assert (life.due, besides(life)) == ((1101, 1101, "1"), [])


# --- requests


def test_a_request_made_twice_is_met_by_one_resync_and_perhaps_by_two() -> None:
    life = booted(Resync_Periodic="0").begin(10).given(11).call(20).ask(30).ask(40).hang_up(50)
    life.begin(50 + 14_400).given(14_451)
    assert life.due is None
    assert besides(life) == [(14_451, 14_451, "-1")]


def test_requests_by_two_rules_are_met_by_two_resyncs() -> None:
    life = booted(Resync_Periodic="0").begin(10).given(11).call(20)
    life.ask(30, rule="/a.xml").ask(40, rule="/b.xml").hang_up(50)
    assert life.begin(50 + 14_400).url.endswith("/a.xml")
    assert life.given(14_451).due == (14_451, 14_451, "-1")
    assert life.begin(14_451).url.endswith("/b.xml")
    assert life.given(14_452).due is None


def test_a_request_waits_for_the_end_of_an_upgrade() -> None:
    rule = "http://192.0.2.1/sip7832.11-3-2MPP0001-700.loads"
    life = booted(Resync_Periodic="0", Upgrade_Rule=rule, Upgrade_Error_Retry_Delay="0")
    life.begin(10).given(11).begin(11, Purpose.UPGRADE)
    assert life.ask(12, by=Asker.SIP).due is None
    assert life.fails(20).due == (20, 20, "-1")


def test_what_fell_due_while_the_phone_was_busy_may_begin_then() -> None:
    rule = "http://192.0.2.1/report"
    life = booted(Resync_Periodic="600", Report_Rule=rule).begin(10).given(11)
    life.ask(600, Action.REPORT).begin(600, Purpose.REPORT)
    assert life.due is None
    assert life.fails(700).due == (611, 700, "1")


# --- a call that comes as a resync begins


def test_a_resync_may_have_begun_at_the_moment_at_which_a_call_comes() -> None:
    life = booted(Resync_Periodic="600+100").begin(10).given(11).call(650)
    assert life.due is None
    assert besides(life) == [(650, 650, "1")]
    assert life.begin(650).phone.attempt.reason is Reason.PERIODIC


def test_before_it_is_due_it_cannot_have_begun() -> None:
    assert besides(booted(Resync_Periodic="600").begin(10).given(11).call(600)) == []


def test_what_may_come_besides_waits_for_idle_lines_too() -> None:
    life = booted(Resync_Periodic="600+100").begin(10).given(11).ask(650).begin(650).given(651)
    life.call(660)
    assert life.begin(670).phone.phase is Phase.RESYNCING
    # Nothing of it was due: it is taken for one that nobody explains.
    assert life.phone.attempt.reason is Reason.EXPLICIT


# --- reboots


@pytest.mark.parametrize(
    ("cause", "parameters", "resyncs"),
    [
        (BootCause.POWER, {}, True),
        (BootCause.RESTART, {}, True),
        (BootCause.UPDATE, {}, False),
        (BootCause.UPGRADE, {}, True),
        (BootCause.UPGRADE, {"Resync_After_Upgrade_Attempt": "No"}, False),
        (BootCause.UPGRADE, {"Resync_On_Reset": "No"}, True),
        (BootCause.RESTART, {"Resync_On_Reset": "No"}, False),
    ],
)
def test_a_resync_follows_every_reboot_but_those_of_updates_and_upgrades(
    cause: BootCause, parameters: dict[str, str], resyncs: bool
) -> None:
    life = booted(Resync_Periodic="0", **parameters).begin(10).given(11)
    life.power_on(100, cause).lease(110)
    assert (life.due is not None) is resyncs


def test_by_other_readings_updates_are_followed_by_one() -> None:
    reading = DEFAULT.choose(resync_after_update="performed")
    life = booted(interpretations=reading, Resync_Periodic="0").begin(10).given(11)
    assert life.power_on(100, BootCause.UPDATE).lease(110).due == (110, 110, "0")
