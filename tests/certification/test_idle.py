"""A phone does not resync while one of its lines is active, whatever asks for the resync.

Forced_Resync_Delay is 0 in these tests, so that a resync begins when the last line has become idle.
"""

from __future__ import annotations

import pytest

from hil.clients.screen import Operator
from hil.clients.web import PhoneWeb
from hil.endpoints.ntp import NtpEndpoint
from hil.history import History
from hil.marks import reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testing import DEFAULT_PATH
from hil.testing.calls import Telephone
from hil.testing.clock import GMT, told, utc
from hil.testing.sip import expect_request

AT_ONCE = {"Forced_Resync_Delay": "0"}


@reading(forced_resync_delay=("idle-countdown", "wait-idle"))
@requirement("resync.idle")
def test_a_periodic_resync_does_not_begin_in_a_call(telephone: Telephone) -> None:
    telephone.synced(Resync_Periodic="600", **AT_ONCE)
    call = telephone.talk()
    telephone.expect_none(7200)
    telephone.expect_soon(telephone.hang_up(call))


@reading(forced_resync_delay=("idle-countdown", "wait-idle"))
@requirement("resync.idle")
def test_a_periodic_resync_does_not_begin_in_a_call_of_the_phone_s_own(
    telephone: Telephone, screen: Operator, history: History
) -> None:
    telephone.synced(Resync_Periodic="600", **AT_ONCE)
    mark = history.mark()
    screen.dial("5551234")
    expect_request(history, telephone.handset, mark, "INVITE")
    telephone.expect_none(7200)
    mark = history.mark()
    screen.hang_up()
    idle = expect_request(history, telephone.handset, mark, "BYE")
    telephone.expect_soon(idle)


@reading(forced_resync_delay=("idle-countdown", "wait-idle"), random_delay_unit="seconds")
@requirement("resync.idle")
def test_the_resync_after_boot_up_does_not_begin_in_a_call(telephone: Telephone) -> None:
    telephone.boot(Resync_Random_Delay="300", **AT_ONCE)
    call = telephone.talk()
    telephone.expect_none(1200)
    telephone.expect_soon(telephone.hang_up(call))


@reading(forced_resync_delay=("idle-countdown", "wait-idle"))
@requirement("resync.idle")
def test_a_retry_does_not_begin_in_a_call(telephone: Telephone) -> None:
    telephone.tftp.serve(DEFAULT_PATH, flat_profile())
    telephone.synced(Resync_Error_Retry_Delay="300", Profile_Rule_B="/none.xml", **AT_ONCE)
    call = telephone.talk()
    telephone.expect_none(3600)
    telephone.expect_soon(telephone.hang_up(call))


@reading(forced_resync_delay=("idle-countdown", "wait-idle"))
@requirement("resync.idle")
def test_a_resync_at_a_time_of_the_day_does_not_begin_in_a_call(
    telephone: Telephone, ntp: NtpEndpoint, history: History
) -> None:
    ntp.set(utc("2026-03-02 07:00"))
    timed = {"Resync_At__HHmm_": "0730", "Primary_NTP_Server": ntp.address}
    up, _ = telephone.boot(**timed, **GMT, **AT_ONCE)
    told(history, telephone.handset, up)
    call = telephone.talk()
    telephone.expect_none(7200)
    telephone.expect_soon(telephone.hang_up(call))


@reading(
    forced_resync_delay=("idle-countdown", "wait-idle"),
    resync_trigger=("becomes-true", "as-periodic"),
)
@requirement("resync.idle")
def test_a_triggered_resync_does_not_begin_in_a_call(telephone: Telephone) -> None:
    telephone.synced(Resync_Periodic="0", Resync_Trigger_1="$PRVTMR ge 600", **AT_ONCE)
    call = telephone.talk()
    telephone.expect_none(3600)
    telephone.expect_soon(telephone.hang_up(call))


@reading(forced_resync_delay=("idle-countdown", "wait-idle"))
@requirement("resync.idle")
@pytest.mark.parametrize("way", ["web", "SIP", "screen"])
def test_a_resync_that_somebody_asks_for_does_not_begin_in_a_call(
    way: str, telephone: Telephone, web: PhoneWeb, screen: Operator
) -> None:
    telephone.synced(Resync_Periodic="0", **AT_ONCE)
    call = telephone.talk()
    if way == "web":
        web.resync()
    elif way == "SIP":
        telephone.sip.notify("resync")
    else:
        screen.press_resync()
    telephone.expect_none(3600)
    telephone.expect_soon(telephone.hang_up(call))


@reading(forced_resync_delay=("idle-countdown", "wait-idle"))
@requirement("resync.idle")
def test_a_call_of_the_second_line_counts_too(telephone: Telephone) -> None:
    telephone.synced((1, 2), Resync_Periodic="600", **AT_ONCE)
    call = telephone.talk(line=2)
    telephone.expect_none(3600)
    telephone.expect_soon(telephone.hang_up(call))


@reading(forced_resync_delay=("idle-countdown", "wait-idle"))
@requirement("resync.idle")
def test_of_two_calls_the_last_one_counts(telephone: Telephone) -> None:
    telephone.synced((1, 2), Resync_Periodic="600", **AT_ONCE)
    first, second = telephone.talk(line=1), telephone.talk(line=2)
    telephone.expect_none(1200)
    telephone.hang_up(second)
    telephone.expect_none(1200)
    telephone.expect_soon(telephone.hang_up(first))
