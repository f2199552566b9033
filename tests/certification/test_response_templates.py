"""The data type RscTmplt, seen by what Retry_Reg_RSC makes of a failed registration.

A code that the template has is tried again after Reg_Retry_Intvl (30 s), any other one after
Reg_Retry_Long_Intvl (1200 s).
"""

from __future__ import annotations

import pytest

from hil.endpoints.faults import Fault, Silence
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_faults import SipStatus, Unreachable
from hil.history import History
from hil.marks import needs, requirement
from hil.testbed.control import HandsetControl
from hil.testing.sip import boot, expect_register, first_register

SOON, LATE = 30, 1200
TIMED_OUT = 32
"""Seconds after which silence is a failure: 64 times T1."""


def expect_delay(
    history: History,
    handset: HandsetControl,
    sip: SipEndpoint,
    template: str,
    fault: Fault,
    delay: int,
) -> None:
    """Have every registration fail, and expect the second try so many seconds after the first failed.

    The authenticated repetition after a challenge is no second try: nobody is challenged.
    """
    sip.inject(fault, name="REGISTER")
    asked = first_register(history, handset, boot(history, handset, sip, Retry_Reg_RSC=template))
    failed = TIMED_OUT if isinstance(fault, Silence) else 0
    expect_register(history, handset, asked, failed + delay, failed + delay)


@requirement("codes.templates")
@pytest.mark.parametrize(("template", "delay"), [("404", SOON), ("403", LATE), ("40", LATE)])
def test_a_code_stands_for_itself(
    handset: HandsetControl, sip: SipEndpoint, history: History, template: str, delay: int
) -> None:
    expect_delay(history, handset, sip, template, SipStatus(404), delay)


@requirement("codes.templates")
@pytest.mark.parametrize(
    ("template", "status", "delay"),
    [
        ("5??", 503, SOON),
        ("5??", 404, LATE),
        ("5?", 503, LATE),
        ("40?", 408, SOON),
        ("40?", 480, LATE),
        ("?03", 603, SOON),
        ("4?8", 488, SOON),
        ("???", 404, SOON),
    ],
)
def test_a_question_mark_is_one_character(
    handset: HandsetControl,
    sip: SipEndpoint,
    history: History,
    template: str,
    status: int,
    delay: int,
) -> None:
    expect_delay(history, handset, sip, template, SipStatus(status), delay)


@requirement("codes.templates")
@pytest.mark.parametrize(
    ("template", "status", "delay"),
    [
        ("5*", 500, SOON),
        ("5*", 404, LATE),
        ("48*", 486, SOON),
        ("48*", 404, LATE),
        ("*", 603, SOON),
    ],
)
def test_an_asterisk_is_the_rest(
    handset: HandsetControl,
    sip: SipEndpoint,
    history: History,
    template: str,
    status: int,
    delay: int,
) -> None:
    expect_delay(history, handset, sip, template, SipStatus(status), delay)


@requirement("codes.templates")
@pytest.mark.parametrize(
    ("template", "status", "delay"),
    [
        ("404, 5*", 404, SOON),
        ("404, 5*", 500, SOON),
        ("404, 5*", 403, LATE),
        ("407, 408, 487, 481", 481, SOON),
        ("404,61?,5??", 503, SOON),
        ("400,402,404,405,406,408,410,413,414,416", 416, SOON),
        pytest.param(" 500 ,404 ", 404, SOON, marks=needs("flash_access")),
    ],
)
def test_elements_stand_between_commas(
    handset: HandsetControl,
    sip: SipEndpoint,
    history: History,
    template: str,
    status: int,
    delay: int,
) -> None:
    expect_delay(history, handset, sip, template, SipStatus(status), delay)


@requirement("codes.templates")
@pytest.mark.parametrize(
    ("template", "delay"),
    [
        ("X20", SOON),
        ("X*", SOON),
        ("X2?", SOON),
        ("404,X?0", SOON),
        ("x20", SOON),
        ("X0?", LATE),
        ("4??,5??,6??", LATE),
        ("4*", LATE),
    ],
)
def test_internal_codes_are_chosen_like_any_other(
    handset: HandsetControl, sip: SipEndpoint, history: History, template: str, delay: int
) -> None:
    """The failure is X20: the proxy is silent."""
    expect_delay(history, handset, sip, template, Silence(), delay)


@requirement("codes.templates")
@pytest.mark.parametrize(
    ("template", "delay"), [("X00", SOON), ("X0?", SOON), ("X*", SOON), ("X2?", LATE)]
)
def test_internal_codes_are_told_apart(
    handset: HandsetControl, sip: SipEndpoint, history: History, template: str, delay: int
) -> None:
    """The failure is X00: the proxy's port is unreachable."""
    expect_delay(history, handset, sip, template, Unreachable("port"), delay)


@requirement("codes.templates")
def test_an_empty_template_has_no_code(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    expect_delay(history, handset, sip, "", SipStatus(500), LATE)
