"""X20: "SIP request times out while waiting for a response."

A request times out 64 times T1 after it was sent first, 32 s (RFC 3261 section 17). What the phone
calls the failure shows in its log, and in what the parameters that name codes make of it. The log's
wording is not published: only the code is looked for, and Syslog_Server is set for it.
"""

from __future__ import annotations

import pytest

from hil.clients.screen import Operator
from hil.endpoints.faults import Delay, Silence
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import CallState
from hil.endpoints.sip_faults import MalformedSip
from hil.endpoints.syslog import SyslogEndpoint
from hil.history import History
from hil.history.events import SyslogMessage
from hil.marks import requirement
from hil.testbed.control import HandsetControl
from hil.testing import soon
from hil.testing.sip import (
    backup,
    boot,
    boot_registered,
    expect_code,
    expect_register,
    expect_request,
    first_register,
)

NUMBER = "5551234"


@requirement("codes.x20")
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_silence_is_x20_in_the_log(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    transport: str,
) -> None:
    sip.inject(Silence(), name="REGISTER")
    values = {"SIP_Transport_1_": transport, "Syslog_Server": syslog.address}
    asked = first_register(history, handset, boot(history, handset, sip, **values))
    told = expect_code(history, handset, asked, "X20", within=32)
    before = [e for e in history.all(SyslogMessage, after=asked) if "X00" in e.text]
    history.check("messages of X00", seen=[e.text for e in before], due=[])
    early = (told.at - asked.at) / 1e9
    history.check("seconds to X20", seen=early, due="32 or more", passed=early >= 32 - 0.1)


@requirement("codes.x20")
def test_silence_is_x20_to_retry_reg_rsc(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(Silence(), name="REGISTER")
    asked = first_register(history, handset, boot(history, handset, sip, Retry_Reg_RSC="X20"))
    for _ in range(2):
        asked = expect_register(history, handset, asked, 32 + 30, 32 + 30)


@requirement("codes.x20")
def test_silence_is_not_x00(handset: HandsetControl, sip: SipEndpoint, history: History) -> None:
    sip.inject(Silence(), name="REGISTER")
    asked = first_register(history, handset, boot(history, handset, sip, Retry_Reg_RSC="X00"))
    expect_register(history, handset, asked, 32 + 1200, 32 + 1200)


@requirement("codes.x20")
def test_silence_is_x20_to_try_backup_rsc(
    handset: HandsetControl, sip: SipEndpoint, backup_sip: SipEndpoint, history: History
) -> None:
    sip.inject(Silence(), name="REGISTER")
    up = boot(history, handset, sip, Try_Backup_RSC="X20", **backup(sip))
    first_register(history, handset, up)
    history.sleep(32 + 3 * soon(handset))
    seen = backup_sip.registered(1)
    history.check("line 1 is registered with its backup", seen=seen, due=True)


@requirement("codes.x20")
def test_an_answer_that_comes_too_late_is_none(
    handset: HandsetControl, sip: SipEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    """It comes 40 s after the request, when that has timed out and the retry is not due yet."""
    sip.authenticate(None)
    sip.inject(Delay(40), name="REGISTER", nth=1)
    values = {"Retry_Reg_RSC": "X20", "Syslog_Server": syslog.address}
    asked = first_register(history, handset, boot(history, handset, sip, **values))
    expect_code(history, handset, asked, "X20", within=32)
    expect_register(history, handset, asked, 32 + 30, 32 + 30)


@requirement("codes.x20")
@pytest.mark.parametrize("kind", ["status-line", "noise"])
def test_an_answer_that_cannot_be_read_is_none(
    handset: HandsetControl, sip: SipEndpoint, syslog: SyslogEndpoint, history: History, kind: str
) -> None:
    """What is no SIP response is discarded (RFC 3261 section 18.1.2), so the request times out."""
    sip.inject(MalformedSip(kind), name="REGISTER")
    values = {"Retry_Reg_RSC": "X20", "Syslog_Server": syslog.address}
    asked = first_register(history, handset, boot(history, handset, sip, **values))
    expect_code(history, handset, asked, "X20", within=32)
    expect_register(history, handset, asked, 32 + 30, 32 + 30)


@requirement("codes.x20")
def test_a_call_that_nobody_answers_for_ends_with_x20(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    screen: Operator,
    history: History,
) -> None:
    granted = boot_registered(history, handset, sip, Syslog_Server=syslog.address)
    sip.inject(Silence(), name="INVITE")
    screen.dial(NUMBER)
    asked = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    expect_code(history, handset, asked, "X20", within=32)
    call = sip.call(1)
    free = call.wait(CallState.ESTABLISHED, within=120)
    history.check("a call to the line", seen=str(call), due="established", passed=free)
