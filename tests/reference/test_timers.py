"""Which values of timers are shorter than a firmware allows."""

from __future__ import annotations

import pytest

from hil.reference.parameters import TABLE, Parameters
from hil.reference.timers import TIMERS, seconds_of, shorter_than


def shorter(minimum_s: float, accepted: dict[str, str] | None = None, **values: str) -> set[str]:
    return set(shorter_than(minimum_s, Parameters(values), accepted or {}))


def test_every_timer_is_a_parameter_that_holds_seconds() -> None:
    defaults = Parameters({})
    for name in TIMERS:
        assert name in TABLE
        assert seconds_of(defaults, name), name


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("29", True),
        ("30", False),
        ("600,29,900", True),
        ("600, 30", False),
        ("29+600", True),
        ("30+1", False),
        ("0+600", True),
        ("0", False),
        ("600,0,5", False),
        ("", False),
        ("soon", False),
    ],
)
def test_each_time_of_a_schedule_counts_by_its_earliest_second(value: str, found: bool) -> None:
    assert shorter(30, Resync_Periodic=value) == ({"Resync_Periodic"} if found else set())


def test_a_number_may_be_written_in_any_way_and_a_zero_is_no_time() -> None:
    assert shorter(30, Reg_Retry_Long_Intvl="0x1d") == {"Reg_Retry_Long_Intvl"}
    assert shorter(30, Reg_Retry_Long_Intvl="0x1e") == set()
    assert shorter(30, Forced_Resync_Delay="0") == set()


def test_what_is_no_timer_may_be_as_small_as_it_likes() -> None:
    values = {"Resync_Random_Delay": "1", "SIP_T1": "0.1", "Reg_Min_Expires": "1"}
    assert shorter(30, **values, Resync_Trigger_1="$PRVTMR ge 1") == set()


def test_what_the_firmware_has_by_default_it_allows() -> None:
    assert shorter(90) == set()
    assert shorter(90, Reg_Retry_Intvl="0x1e", Resync_Error_Retry_Delay="60,120") == set()
    assert shorter(90, Reg_Retry_Intvl="31") == {"Reg_Retry_Intvl"}


def test_what_is_known_to_be_taken_is_allowed_in_that_parameter_alone() -> None:
    known = {"Resync_Periodic": "20"}
    values = {"Resync_Periodic": "20", "Upgrade_Error_Retry_Delay": "20"}
    assert shorter(30, known, **values) == {"Upgrade_Error_Retry_Delay"}
