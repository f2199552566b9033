"""When a resync is due: after boot-up, after a success, after a failure.

All phones have their lease at 10 s of lab time and, unless a test is about it, no random delay.
"""

from __future__ import annotations

import pytest
from lives import SERVER, Life, booted

from hil.reference.interpretations import Interpretations
from hil.reference.phone import Phase

DEFAULT_URL = f"tftp://{SERVER}:69/7832-3PCC.xml"


# --- after boot-up


def test_nothing_is_due_before_the_phone_has_an_address() -> None:
    life = Life().power_on()
    assert (life.phone.phase, life.due, life.duties) == (Phase.BOOTING, None, ())


@pytest.mark.parametrize(("delay", "latest"), [("0", 10), ("40", 50), ("65535", 65545)])
def test_the_power_up_resync_begins_within_the_random_delay(delay: str, latest: int) -> None:
    assert booted(Resync_Random_Delay=delay).due == (10, latest, "0")


def test_the_default_random_delay_is_two_seconds_and_another_reading_has_forty() -> None:
    assert Life().power_on().lease(10).due == (10, 12, "0")
    twenty = Interpretations().choose(random_delay_unit="twenty-seconds")
    assert Life(interpretations=twenty).power_on().lease(10).due == (10, 50, "0")


def test_no_resync_after_a_reboot_if_resync_on_reset_is_no() -> None:
    life = booted(Resync_On_Reset="No")
    assert (life.phone.phase, life.due) == (Phase.WAITING, None)


def test_no_resync_of_any_kind_if_provision_enable_is_no() -> None:
    life = booted(Provision_Enable="No")
    assert life.due is None
    assert life.begin(10).duties == ()
    assert life.phone.phase is Phase.WAITING


def test_the_default_rule_asks_the_server_of_dhcp_for_psn_xml() -> None:
    life = booted().begin(10)
    assert (life.url, life.fetching.rule, life.fetching.method) == (
        DEFAULT_URL,
        "Profile_Rule",
        "GET",
    )
    assert life.phone.phase is Phase.RESYNCING
    assert life.due is None


def test_without_any_server_the_attempt_fails() -> None:
    life = booted(options={}).begin(10)
    assert life.finished is not None
    assert not life.finished.succeeded
    assert life.due == (70, 70, "2")


# --- Resync_Periodic


def periodic(value: str, *times: float) -> list[tuple[float, float, str] | None]:
    """The windows after successes at these times."""
    life, found = booted(Resync_Periodic=value), []
    for at in times:
        life.begin(at - 0.5).given(at)
        found.append(life.due)
    return found


def test_an_integer_is_the_delay_after_each_success() -> None:
    assert periodic("3000", 11, 3011) == [(3011, 3011, "1"), (6011, 6011, "1")]


def test_multiple_integers_are_taken_one_after_another_and_the_last_is_repeated() -> None:
    assert periodic("600 , 1200 , 300", 11, 611, 1811, 2111) == [
        (611, 611, "1"),
        (1811, 1811, "1"),
        (2111, 2111, "1"),
        (2411, 2411, "1"),
    ]


def test_a_time_range_is_a_window() -> None:
    assert periodic("2400+30", 11) == [(2411, 2441, "1")]


def test_zero_disables_periodic_resynchronization() -> None:
    assert periodic("0", 11) == [None]


def test_the_default_is_an_hour() -> None:
    assert booted().begin(10).given(11).due == (3611, 3611, "1")


def test_the_timer_is_not_active_before_the_first_success() -> None:
    assert booted(Resync_On_Reset="No", Resync_Periodic="60").due is None
    failed = booted(Resync_Periodic="60", Resync_Error_Retry_Delay="0").begin(10).fails(12)
    assert failed.due is None


def test_a_list_goes_on_after_a_retry_and_begins_anew_after_a_reboot() -> None:
    life = booted(Resync_Periodic="100,200,300", Resync_Error_Retry_Delay="5")
    life.begin(10).given(11).begin(111).fails(112)
    assert life.due == (117, 117, "2")
    assert life.begin(117).given(118).due == (318, 318, "1")
    assert life.power_off(200).power_on(201).lease(210).begin(210).given(211).due == (311, 311, "1")


def test_another_list_begins_with_its_first_element() -> None:
    life = booted(Resync_Periodic="100,200,300").begin(10).given(11)
    assert life.begin(111).given(112, Resync_Periodic="40,50").due == (152, 152, "1")
    assert life.begin(152).given(153, Resync_Periodic="40,50").due == (203, 203, "1")


def test_another_list_by_assignment_begins_with_its_first_element_too() -> None:
    rule = f'("$PRVST" eq "1")? (Resync_Periodic="40,50";)! /b | tftp://{SERVER}/a'
    life = booted(Resync_Periodic="100,200,300", Profile_Rule=rule).begin(10).given(11)
    assert life.due == (111, 111, "1")
    assert life.begin(111).given(112).due == (152, 152, "1")


@pytest.mark.parametrize(
    ("reading", "expected"),
    [("repeat-last", (311, 311, "1")), ("cycle", (211, 211, "1")), ("stop", None)],
)
def test_readings_of_an_exhausted_list(
    reading: str, expected: tuple[float, float, str] | None
) -> None:
    chosen = Interpretations().choose(list_exhaustion=reading)
    life = Life(interpretations=chosen, Resync_Random_Delay="0", Resync_Periodic="100,200")
    life.power_on().lease(10).begin(10).given(11).begin(11).given(11).begin(11).given(111)
    assert life.due == expected


# --- Resync_Error_Retry_Delay


def retries(value: str, *times: float) -> list[tuple[float, float, str] | None]:
    """The windows after failures at these times."""
    life, found = booted(Resync_Error_Retry_Delay=value), []
    for at in times:
        life.begin(at - 0.5).fails(at)
        found.append(life.due)
    return found


def test_an_integer_is_the_delay_after_each_failure() -> None:
    assert retries("300", 11, 311) == [(311, 311, "2"), (611, 611, "2")]


def test_multiple_integers_are_delays_after_one_failure_after_another() -> None:
    assert retries("600 , 1200 , 300", 11, 611, 1811, 2111) == [
        (611, 611, "2"),
        (1811, 1811, "2"),
        (2111, 2111, "2"),
        (2411, 2411, "2"),
    ]


def test_a_retry_may_have_a_range() -> None:
    assert retries("2400+30", 11) == [(2411, 2441, "2")]


def test_zero_means_no_further_attempt() -> None:
    assert retries("0", 11) == [None]
    assert retries("600,0", 11, 611) == [(611, 611, "2"), None]


def test_the_published_default_backs_off_to_a_day() -> None:
    published = "60,120,240,480,960,1920,3840,7680,15360,30720,61440,86400"
    delays = [int(delay) for delay in published.split(",")]
    life, at, found = booted(), 10.0, []
    for _ in range(13):
        assert life.begin(at).fails(at).due is not None
        found.append(life.due[0] - at)
        at = life.due[0]
    assert found == [*delays, 86_400]


def test_the_list_begins_anew_after_a_success_unless_read_otherwise() -> None:
    def after_success(reading: str) -> tuple[float, float, str] | None:
        chosen = Interpretations().choose(list_restart=reading)
        life = Life(interpretations=chosen, Resync_Random_Delay="0", Resync_Error_Retry_Delay="5,7")
        life.power_on().lease(10).begin(10).fails(10).begin(15).given(15)
        return life.begin(3615).fails(3615).due

    assert after_success("after-success") == (3620, 3620, "2")
    assert after_success("never") == (3622, 3622, "2")
