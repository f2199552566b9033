"""Retry_Reg_RSC, Reg_Retry_Intvl and Reg_Retry_Long_Intvl: when a failed registration is tried again.

The proxy refuses every REGISTER with the status that a test names; there is no backup.
"""

from __future__ import annotations

from hil.endpoints.faults import Silence
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_faults import SipStatus
from hil.history import History
from hil.history.events import Direction, SipMessage
from hil.marks import requirement
from hil.pace.timers import Pace
from hil.testbed.control import HandsetControl
from hil.testing import soon
from hil.testing.sip import (
    boot,
    expect_register,
    expect_retries,
    first_register,
    refusal,
    registered,
)


@requirement("sip.register_retry")
def test_a_code_of_retry_reg_rsc_is_tried_again_after_reg_retry_intvl(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(500), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="500")
    expect_retries(history, handset, refusal(history, handset, up, 500), 30, 30, 30)


@requirement("sip.register_retry")
def test_another_code_is_tried_again_after_reg_retry_long_intvl(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(403), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="500")
    expect_retries(history, handset, refusal(history, handset, up, 403), 1200, 1200)


@requirement("sip.register_retry")
def test_without_a_template_no_code_is_tried_again_soon(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """Retry_Reg_RSC is empty by default, and an empty template has no code."""
    sip.inject(SipStatus(500), name="REGISTER")
    up = boot(history, handset, sip)
    expect_retries(history, handset, refusal(history, handset, up, 500), 1200, 1200)


@requirement("sip.register_retry")
def test_both_intervals_are_parameters(
    handset: HandsetControl, sip: SipEndpoint, history: History, pace: Pace
) -> None:
    short = pace.timer("Reg_Retry_Intvl", 7)
    long = pace.timer("Reg_Retry_Long_Intvl", max(300, 3 * short), quick=3 * short)
    sip.inject(SipStatus(500), name="REGISTER", nth=range(1, 3))
    sip.inject(SipStatus(403), name="REGISTER", nth=range(3, 6))
    intervals = {"Reg_Retry_Intvl": str(short), "Reg_Retry_Long_Intvl": str(long)}
    up = boot(history, handset, sip, Retry_Reg_RSC="500", **intervals)
    refused = expect_retries(history, handset, refusal(history, handset, up, 500), short)
    asked = expect_register(history, handset, refused, short, short)
    refused = refusal(history, handset, asked, 403)
    expect_retries(history, handset, refused, long, long)


@requirement("sip.register_retry")
def test_with_a_long_interval_of_zero_the_line_gives_up(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(403), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="500", Reg_Retry_Long_Intvl="0")
    refused = refusal(history, handset, up, 403)
    history.expect_none(
        SipMessage,
        after=refused,
        within=86_400,
        direction=Direction.RECEIVED,
        method="REGISTER",
    )


@requirement("sip.register_retry")
def test_a_random_delay_comes_on_top(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(500), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="500", Reg_Retry_Random_Delay="60")
    refused = refusal(history, handset, up, 500)
    expect_retries(history, handset, refused, *[(30, 90)] * 6)


@requirement("sip.register_retry")
def test_a_random_long_delay_comes_on_top(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(403), name="REGISTER")
    up = boot(history, handset, sip, Reg_Retry_Long_Random_Delay="600")
    refused = refusal(history, handset, up, 403)
    expect_retries(history, handset, refused, *[(1200, 1800)] * 6)


@requirement("sip.register_retry")
def test_with_a_cap_the_interval_doubles_up_to_it(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(500), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="500", Reg_Retry_Intvl_Cap="200")
    expect_retries(history, handset, refusal(history, handset, up, 500), 30, 60, 120, 200, 200)


@requirement("sip.register_retry")
def test_the_retry_after_of_a_503_says_when(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(503, headers=(("Retry-After", "75"),)), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="503")
    expect_retries(history, handset, refusal(history, handset, up, 503), 75, 75)


@requirement("sip.register_retry")
def test_a_503_without_retry_after_is_like_any_other_code(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(503), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="503")
    expect_retries(history, handset, refusal(history, handset, up, 503), 30, 30)


@requirement("sip.register_retry")
def test_the_min_expires_of_another_code_than_423_is_not_asked_for(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(500, headers=(("Min-Expires", "7200"),)), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="500", Register_Expires_1_="600")
    refused = refusal(history, handset, up, 500)
    asked = expect_register(history, handset, refused, 30, 30)
    history.check("the lifetime that it asks for", seen=asked.expires, due=600)


@requirement("sip.register_retry")
def test_the_retry_after_of_another_code_than_503_says_nothing(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """The guides speak of a 503; with 500 this wait would be shorter than the interval."""
    sip.inject(SipStatus(500, headers=(("Retry-After", "10"),)), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="500")
    expect_retries(history, handset, refusal(history, handset, up, 500), 30)


@requirement("sip.register_retry")
def test_dual_registration_without_an_alternate_proxy_changes_nothing(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(500), name="REGISTER")
    dual = {"Dual_Registration_1_": "Yes", "Try_Backup_RSC": "500", "Retry_Reg_RSC": "500"}
    up = boot(history, handset, sip, **dual)
    expect_retries(history, handset, refusal(history, handset, up, 500), 30, 30)


@requirement("sip.register_retry")
def test_the_interval_begins_anew_once_a_registration_was_granted(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(SipStatus(500), name="REGISTER", nth=range(1, 4))
    doubling = {"Retry_Reg_RSC": "500", "Reg_Retry_Intvl_Cap": "200"}
    up = boot(history, handset, sip, Register_Expires_1_="600", **doubling)
    refused = expect_retries(history, handset, refusal(history, handset, up, 500), 30, 60)
    granted = registered(history, handset, expect_register(history, handset, refused, 120, 120))
    sip.inject(SipStatus(500), name="REGISTER")
    refused = refusal(history, handset, granted, 500, within=600 + soon(handset))
    expect_retries(history, handset, refused, 30, 60)


@requirement("sip.register_retry", "codes.x20")
def test_an_internal_code_is_one_of_the_templates_codes(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """Silence is over after 64 times T1, 32 s; the interval follows that."""
    sip.inject(Silence(), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="500,X20")
    asked = first_register(history, handset, up)
    for _ in range(3):
        asked = expect_register(history, handset, asked, 62, 62)
