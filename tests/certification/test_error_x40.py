"""X40: "General SIP protocol error (for example, unacceptable codec in SDP in 200 and ACK messages,
or times out while waiting for ACK)."

Both examples belong to calls, so no parameter that chooses by codes of registrations can meet them:
they show in the phone's log, and in how the phone ends the call. The log's wording is not published:
only the code is looked for, and Syslog_Server is set for it.
"""

from __future__ import annotations

import pytest

from hil.clients.screen import Operator
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import CallState
from hil.endpoints.sip_faults import NoAck, WrongSdp
from hil.endpoints.syslog import SyslogEndpoint
from hil.history import History
from hil.history.events import Direction, SipMessage, SyslogMessage
from hil.marks import quick, requirement
from hil.testbed.control import HandsetControl
from hil.testing import soon
from hil.testing.sip import boot_registered, expect_answer, expect_code, expect_request

NUMBER = "5551234"
KINDS = ["codec", "refused", "missing", "noise"]


@requirement("codes.x40")
@pytest.mark.parametrize("kind", KINDS)
def test_an_unacceptable_answer_in_a_200_is_x40(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    screen: Operator,
    history: History,
    kind: str,
) -> None:
    """The 200 is acknowledged all the same, and the call ended (RFC 3261 section 13.2.2.4)."""
    granted = boot_registered(history, handset, sip, Syslog_Server=syslog.address)
    sip.inject(WrongSdp(kind), name="INVITE")
    screen.dial(NUMBER)
    invite = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    expect_code(history, handset, invite, "X40", within=2 * soon(handset))
    expect_request(history, handset, invite, "ACK", within=2 * soon(handset))
    expect_request(history, handset, invite, "BYE", within=2 * soon(handset))


@quick
@requirement("codes.x40")
@pytest.mark.parametrize("kind", KINDS)
def test_an_unacceptable_answer_in_an_ack_is_x40(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    kind: str,
) -> None:
    """The INVITE has no offer, so the phone's 200 makes it and the ACK answers."""
    granted = boot_registered(history, handset, sip, Syslog_Server=syslog.address)
    sip.inject(WrongSdp(kind), name="ACK")
    sip.call(1, codecs=())
    answered = expect_answer(history, handset, granted, "INVITE", 200, within=120)
    expect_code(history, handset, answered, "X40", within=2 * soon(handset))
    expect_request(history, handset, answered, "BYE", within=2 * soon(handset))


@requirement("codes.x40")
def test_an_ack_that_does_not_come_in_time_is_x40(
    handset: HandsetControl, sip: SipEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    """The 200 is given up 64 times T1 after it was sent first, 32 s (section 13.3.1.4)."""
    granted = boot_registered(history, handset, sip, Syslog_Server=syslog.address)
    sip.inject(NoAck())
    sip.call(1)
    answered = expect_answer(history, handset, granted, "INVITE", 200, within=120)
    expect_code(history, handset, answered, "X40", within=32)
    expect_request(history, handset, answered, "BYE", within=32 + soon(handset))


@requirement("codes.x40")
def test_the_line_is_free_after_an_x40(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    granted = boot_registered(history, handset, sip)
    sip.inject(WrongSdp("codec"), name="INVITE", nth=1)
    screen.dial(NUMBER)
    expect_request(history, handset, granted, "BYE", within=10 * soon(handset))
    call = sip.call(1)
    free = call.wait(CallState.ESTABLISHED, within=120)
    history.check("a call to the line", seen=str(call), due="established", passed=free)


@requirement("codes.x40")
def test_a_call_that_is_in_order_has_no_code(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    screen: Operator,
    history: History,
) -> None:
    granted = boot_registered(history, handset, sip, Syslog_Server=syslog.address)
    screen.dial(NUMBER)
    invite = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    history.sleep(60)
    told = [e.text for e in history.all(SyslogMessage, after=invite) if "X40" in e.text]
    history.check("messages of X40", seen=told, due=[])
    ended = history.all(SipMessage, after=invite, direction=Direction.RECEIVED, method="BYE")
    history.check("BYEs", seen=len(ended), due=0)
