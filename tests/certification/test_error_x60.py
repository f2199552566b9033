"""X60: "Dialed number invalid according to given dial plan."

The notation of Dial_Plan_n_ is that of the administration guides. A number that the plan does not have
leaves no trace on the network; the code shows in the phone's log, whose wording is not published:
only the code is looked for, and Syslog_Server is set for it.
"""

from __future__ import annotations

import pytest

from hil.clients.screen import Operator
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.history import History
from hil.history.events import SipMessage, SyslogMessage
from hil.marks import quick, requirement
from hil.testbed.control import HandsetControl
from hil.testing import soon
from hil.testing.sip import (
    account,
    boot,
    boot_registered,
    expect_code,
    expect_request,
    registered,
)

INVALID = [
    ("(xxxx)", "12345"),
    ("(xxxx)", "123"),
    ("([2-9]xxx)", "1234"),
    ("(911|0)", "912"),
    ("(9,[2-9]xxxxxx)", "91234567"),
    ("(1xxx|1900!)", "1900"),
    ("(1900!|1xxx)", "1900"),
    ("(19xx|190!|1900!)", "1900"),
    ("(19xx|1xxx|1900!)", "1900"),
    ("(*xx)", "*7"),
    ("(12x.)", "1"),
    ("(01.)", "012"),
    ("(x.#)", "123"),
    ("(xx|xxxx)", "123"),
    ("([35-7*]x)", "20"),
    ("([35-7*]x)", "40"),
    ("([35-7*]x)", "80"),
    ("(<9:>xxx)", "8123"),
    ("(<98:>xx)", "9012"),
    ("L:20,S:4,(xxxx)", "123"),
    ("(xxxxS0)", "123"),
]
VALID = [
    ("(xxxx)", "1234", "1234"),
    ("([2-9]xxx)", "2345", "2345"),
    ("(911|0)", "0", "0"),
    ("(9,[2-9]xxxxxx)", "92345678", "92345678"),
    ("(1xxx|1900!)", "1901", "1901"),
    ("(<9:>xxxx)", "91234", "1234"),
    ("(<0:555>xxx)", "0123", "555123"),
    ("(12x.)", "12", "12"),
    ("(12x.)", "1234567", "1234567"),
    ("(01.)", "0", "0"),
    ("(01.)", "0111", "0111"),
    ("(x.#)", "123#", "123#"),
    ("(x.2x)", "1223", "1223"),
    ("(x[1-3].2)", "0132", "0132"),
    ("([35-7*]x)", "30", "30"),
    ("([35-7*]x)", "59", "59"),
    ("([35-7*]x)", "60", "60"),
    ("([35-7*]x)", "70", "70"),
    ("([35-7*]x)", "*0", "*0"),
    ("([4-4]xx)", "412", "412"),
    ("(1xx|[2-9]xx|0)", "345", "345"),
    ("(<:1>xx|<:2>x2)", "12", "112"),
    ("(x<:55>x)", "12", "1552"),
    ("(<98:7>xx)", "9812", "712"),
    ("(<[1-3]:7>x)", "25", "75"),
    ("(<9:>x.)", "9123", "123"),
    ("(x.<9:0>x)", "1294", "1204"),
    ("(1900!|1xxx)", "1800", "1800"),
    ("( 9, x [2-4] x )", "9031", "9031"),
    ("L:20,(xxxx)", "1234", "1234"),
    ("L:20,S:4,(9,xxxS0|8xxL5)", "9123", "9123"),
    ("(9,xxx|P2#x)", "#1", "#1"),
]


@requirement("codes.x60")
@pytest.mark.parametrize(("plan", "number"), INVALID)
def test_a_number_that_the_plan_does_not_have_is_x60_and_no_packet(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    screen: Operator,
    history: History,
    plan: str,
    number: str,
) -> None:
    values = {"Dial_Plan_1_": plan, "Syslog_Server": syslog.address}
    boot_registered(history, handset, sip, **values)
    marked = history.mark()
    screen.dial(number)
    expect_code(history, handset, marked, "X60", within=5 * soon(handset))
    history.expect_none(SipMessage, after=marked, within=60, method="INVITE")


@requirement("codes.x60")
@pytest.mark.parametrize(("plan", "number", "sent"), VALID)
def test_a_number_that_the_plan_has_is_called(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    screen: Operator,
    history: History,
    plan: str,
    number: str,
    sent: str,
) -> None:
    values = {"Dial_Plan_1_": plan, "Syslog_Server": syslog.address}
    boot_registered(history, handset, sip, **values)
    marked = history.mark()
    screen.dial(number)
    # Where longer numbers would fit, a phone waits for more digits first.
    invite = expect_request(history, handset, marked, "INVITE", within=30)
    history.check("the number that is called", seen=invite.to_user, due=sent)
    told = [e.text for e in history.all(SyslogMessage, after=marked) if "X60" in e.text]
    history.check("messages of X60", seen=told, due=[])


@quick
@requirement("codes.x60")
def test_each_line_has_its_own_plan(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    screen: Operator,
    history: History,
) -> None:
    plans = {"Dial_Plan_1_": "(1xx)", "Dial_Plan_2_": "(2xx)", "Syslog_Server": syslog.address}
    up = boot(history, handset, sip, **account(sip, 2), **plans)
    registered(history, handset, up, line=1)
    registered(history, handset, up, line=2)
    marked = history.mark()
    screen.dial("123", line=2)
    expect_code(history, handset, marked, "X60", within=5 * soon(handset))
    screen.dial("234", line=2)
    expect_request(history, handset, marked, "INVITE", within=30, from_user="line2")
    numbers = [each.to_user for each in history.all(SipMessage, after=marked, method="INVITE")]
    history.check("the numbers that were called", seen=set(numbers), due={"234"})
