"""Forced_Resync_Delay: how long all lines have been idle before a resync begins.

"The device has a timer that begins counting down when all of its lines become idle. This parameter is
the initial value of the counter. Resync events are delayed until this counter decrements to zero."
"""

from __future__ import annotations

import pytest

from hil.clients.screen import Operator
from hil.clients.web import PhoneWeb
from hil.endpoints.ntp import NtpEndpoint
from hil.history import History
from hil.marks import reading, requirement
from hil.pace.timers import Pace
from hil.reference.phone import Phone
from hil.reference.profile_builder import flat_profile
from hil.testing import DEFAULT_PATH, first_resync
from hil.testing.calls import Telephone
from hil.testing.clock import GMT, seconds_until, told, utc
from hil.testing.sip import expect_request


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay")
@pytest.mark.parametrize("seconds", [300, 65535])
def test_a_resync_that_fell_due_in_a_call_begins_that_long_after_it(
    seconds: int, telephone: Telephone
) -> None:
    telephone.synced(Resync_Periodic="600", Forced_Resync_Delay=str(seconds))
    call = telephone.talk()
    telephone.expect_none(3600)
    telephone.expect(telephone.hang_up(call), seconds)


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay.default", "resync.forced_delay")
def test_the_default_is_four_hours(telephone: Telephone) -> None:
    telephone.synced(Resync_Periodic="600")
    call = telephone.talk()
    telephone.expect_none(1200)
    telephone.expect(telephone.hang_up(call), 14_400)


@reading(forced_resync_delay=("idle-countdown", "wait-idle"))
@requirement("resync.forced_delay")
def test_with_0_it_begins_when_the_call_is_over(telephone: Telephone, pace: Pace) -> None:
    period = pace.timer("Resync_Periodic", 600, quick=10)
    telephone.synced(Resync_Periodic=str(period), Forced_Resync_Delay="0")
    call = telephone.talk()
    telephone.expect_none(2 * period)
    telephone.expect(telephone.hang_up(call), 0)


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay")
def test_a_resync_that_falls_due_while_the_timer_runs_waits_for_it(
    telephone: Telephone, pace: Pace
) -> None:
    period = pace.timer("Resync_Periodic", 600, quick=10)
    delay = pace.timer("Forced_Resync_Delay", 1800, quick=period + 15)
    telephone.synced(Resync_Periodic=str(period), Forced_Resync_Delay=str(delay))
    # The call is over long before the resync is due.
    telephone.expect(telephone.hang_up(telephone.talk()), delay)


@requirement("resync.forced_delay")
def test_a_resync_that_falls_due_later_than_that_is_in_time(telephone: Telephone) -> None:
    synced = telephone.synced(Resync_Periodic="3600", Forced_Resync_Delay="300")
    telephone.hang_up(telephone.talk())
    telephone.expect(synced, 3600)


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay")
def test_another_call_starts_the_timer_anew(telephone: Telephone, pace: Pace) -> None:
    period = pace.timer("Resync_Periodic", 600, quick=10)
    delay = pace.timer("Forced_Resync_Delay", 1200, quick=period + 14)
    telephone.synced(Resync_Periodic=str(period), Forced_Resync_Delay=str(delay))
    telephone.hang_up(telephone.talk())
    telephone.expect_none(3 * delay // 4)
    telephone.expect(telephone.hang_up(telephone.talk()), delay)


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay")
def test_the_timer_starts_when_the_last_line_becomes_idle(telephone: Telephone) -> None:
    telephone.synced((1, 2), Resync_Periodic="600", Forced_Resync_Delay="1200")
    first, second = telephone.talk(line=1), telephone.talk(line=2)
    telephone.hang_up(first)
    telephone.expect_none(1500)
    telephone.expect(telephone.hang_up(second), 1200)


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay")
def test_a_call_of_the_phone_s_own_starts_it_too(
    telephone: Telephone, screen: Operator, history: History
) -> None:
    telephone.synced(Resync_Periodic="600", Forced_Resync_Delay="1200")
    mark = history.mark()
    screen.dial("5551234")
    expect_request(history, telephone.handset, mark, "ACK")
    mark = history.mark()
    screen.hang_up()
    telephone.expect(expect_request(history, telephone.handset, mark, "BYE"), 1200)


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay")
@pytest.mark.parametrize("way", ["web", "SIP", "screen"])
def test_a_resync_that_somebody_asks_for_waits_as_well(
    way: str, telephone: Telephone, web: PhoneWeb, screen: Operator
) -> None:
    telephone.synced(Resync_Periodic="0", Forced_Resync_Delay="1200")
    idle = telephone.hang_up(telephone.talk())
    if way == "web":
        web.resync()
    elif way == "SIP":
        telephone.sip.notify("resync")
    else:
        screen.press_resync()
    telephone.expect(idle, 1200)


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay")
def test_a_resync_at_a_time_of_the_day_waits_as_well(
    telephone: Telephone, ntp: NtpEndpoint, history: History
) -> None:
    ntp.set(utc("2026-03-02 07:00"))
    timed = {"Resync_At__HHmm_": "0730", "Primary_NTP_Server": ntp.address}
    up, _ = telephone.boot(Forced_Resync_Delay="1200", **timed, **GMT)
    told(history, telephone.handset, up)
    call = telephone.talk()
    telephone.expect_none(seconds_until(history, ntp, "2026-03-02 08:00", history.mark()))
    telephone.expect(telephone.hang_up(call), 1200)


@reading(forced_resync_delay="idle-countdown", resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.forced_delay")
def test_a_triggered_resync_waits_as_well(telephone: Telephone) -> None:
    telephone.synced(
        Resync_Periodic="0", Resync_Trigger_1="$PRVTMR ge 600", Forced_Resync_Delay="1200"
    )
    call = telephone.talk()
    telephone.expect_none(3600)
    # How often a phone looks at its triggers no text says.
    latest = 1200 + round(telephone.handset.timing.trigger)
    telephone.expect(telephone.hang_up(call), (1200, latest))


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay")
def test_a_retry_waits_as_well(telephone: Telephone, history: History) -> None:
    up, _ = telephone.boot(
        Profile_Rule="/missing.xml", Resync_Error_Retry_Delay="600", Forced_Resync_Delay="1200"
    )
    first_resync(history, telephone.handset, up)
    call = telephone.talk()
    telephone.expect_none(3600)
    telephone.expect(telephone.hang_up(call), 1200)


@reading(forced_resync_delay="idle-countdown", random_delay_unit="seconds")
@requirement("resync.forced_delay")
def test_the_resync_after_boot_up_waits_as_well(telephone: Telephone) -> None:
    telephone.boot(Resync_Random_Delay="300", Forced_Resync_Delay="1200")
    telephone.expect(telephone.hang_up(telephone.talk()), 1200)


@requirement("resync.forced_delay")
def test_without_a_call_no_timer_runs(telephone: Telephone) -> None:
    synced = telephone.synced(Resync_Periodic="600", Forced_Resync_Delay="65535")
    telephone.expect(synced, 600, 600)


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay")
def test_a_profile_sets_it(telephone: Telephone) -> None:
    telephone.synced(Resync_Periodic="600", Forced_Resync_Delay="0")
    telephone.tftp.serve(DEFAULT_PATH, flat_profile(Forced_Resync_Delay="900"))
    call = telephone.talk()
    telephone.expect_none(1200)
    telephone.expect(telephone.hang_up(call), 0)
    call = telephone.talk()
    telephone.expect_none(1200)
    telephone.expect(telephone.hang_up(call), 900)


@reading(forced_resync_delay="idle-countdown")
@requirement("resync.forced_delay.range", "resync.forced_delay")
@pytest.mark.parametrize("value", ["65536", "-1", "soon"])
def test_a_value_out_of_its_range_is_not_taken(
    value: str, telephone: Telephone, reference: Phone
) -> None:
    """The chapter does not say what becomes of one: `invalid_value`."""
    telephone.synced(Resync_Periodic="600", Forced_Resync_Delay="900")
    telephone.tftp.serve(DEFAULT_PATH, flat_profile(Forced_Resync_Delay=value))
    telephone.expect(telephone.history.mark(), (0, 600))
    kept = reference.interpretations.invalid_value == "keep-previous"
    call = telephone.talk()
    telephone.expect_none(1200)
    telephone.expect(telephone.hang_up(call), 900 if kept else 14_400)
