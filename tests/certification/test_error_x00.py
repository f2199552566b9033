"""X00: "Transport layer (or ICMP) error when sending a SIP request."

What the phone calls the failure shows in its log, and in what the parameters that name codes make
of it. The log's wording is not published: only the code is looked for, and Syslog_Server is set for it.
"""

from __future__ import annotations

import pytest

from hil.clients.screen import Operator
from hil.endpoints.faults import Reset
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import CallState
from hil.endpoints.sip_faults import Unreachable
from hil.endpoints.syslog import SyslogEndpoint
from hil.history import History
from hil.history.events import Direction, SipMessage
from hil.marks import needs, quick, requirement
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
CLOSED = 5099
"""A port of the bench that nobody listens on."""


@requirement("codes.x00")
@pytest.mark.parametrize("what", ["port", "host"])
def test_an_icmp_error_is_x00_in_the_log(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    what: str,
) -> None:
    sip.inject(Unreachable(what), name="REGISTER")
    up = boot(history, handset, sip, Syslog_Server=syslog.address)
    asked = first_register(history, handset, up)
    expect_code(history, handset, asked, "X00", within=soon(handset))


@requirement("codes.x00")
@pytest.mark.parametrize("port", [1, 65535])
def test_the_first_and_the_last_port_are_asked_like_any_other(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    port: int,
) -> None:
    up = boot(history, handset, sip, Syslog_Server=syslog.address, Proxy_1_=f"{sip.address}:{port}")
    within = handset.boot_limit + handset.timing.boot
    expect_code(history, handset, up, "X00", within=within)


@requirement("codes.x00")
@pytest.mark.parametrize("what", ["port", "host"])
def test_an_icmp_error_is_x00_to_retry_reg_rsc(
    handset: HandsetControl, sip: SipEndpoint, history: History, what: str
) -> None:
    sip.inject(Unreachable(what), name="REGISTER")
    asked = first_register(history, handset, boot(history, handset, sip, Retry_Reg_RSC="X00"))
    for _ in range(2):
        asked = expect_register(history, handset, asked, 30, 30)


@requirement("codes.x00")
def test_an_icmp_error_is_not_x20(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(Unreachable("port"), name="REGISTER")
    asked = first_register(history, handset, boot(history, handset, sip, Retry_Reg_RSC="X20"))
    expect_register(history, handset, asked, 1200, 1200)


@requirement("codes.x00")
@pytest.mark.parametrize("what", ["port", "host"])
def test_an_icmp_error_is_x00_to_try_backup_rsc(
    handset: HandsetControl,
    sip: SipEndpoint,
    backup_sip: SipEndpoint,
    history: History,
    what: str,
) -> None:
    sip.inject(Unreachable(what), name="REGISTER")
    up = boot(history, handset, sip, Try_Backup_RSC="X00", **backup(sip))
    asked = first_register(history, handset, up)
    history.sleep(3 * soon(handset))
    seen = backup_sip.registered(1)
    history.check("line 1 is registered with its backup", seen=seen, due=True)
    same = {"call_id": asked.call_id, "cseq": asked.cseq, "status": 0}
    again = history.all(SipMessage, after=asked, source="sip", **same)
    history.check("repetitions of what was refused", seen=len(again), due=0)


@requirement("codes.x00")
@pytest.mark.parametrize("transport", ["TCP", pytest.param("TLS", marks=needs("https"))])
def test_a_reset_connection_is_x00(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    transport: str,
) -> None:
    sip.inject(Reset(), name="REGISTER")
    up = boot(
        history,
        handset,
        sip,
        SIP_Transport_1_=transport,
        Retry_Reg_RSC="X00",
        Syslog_Server=syslog.address,
    )
    asked = first_register(history, handset, up)
    expect_code(history, handset, asked, "X00", within=soon(handset))
    expect_register(history, handset, asked, 30, 30)


@quick
@requirement("codes.x00")
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_a_port_that_nobody_listens_on_is_x00(
    handset: HandsetControl,
    sip: SipEndpoint,
    backup_sip: SipEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    transport: str,
) -> None:
    """Over UDP the kernel answers with ICMP port unreachable, over TCP it refuses the connection."""
    up = boot(
        history,
        handset,
        sip,
        **backup(sip),
        Proxy_1_=f"{sip.address}:{CLOSED}",
        SIP_Transport_1_=transport,
        Try_Backup_RSC="X00",
        Syslog_Server=syslog.address,
    )
    within = handset.boot_limit + handset.timing.boot
    expect_code(history, handset, up, "X00", within=within)
    history.expect(
        SipMessage,
        after=up,
        within=within,
        source="backup-sip",
        direction=Direction.RECEIVED,
        method="REGISTER",
        transport=transport,
    )


@requirement("codes.x00")
def test_an_icmp_error_ends_a_call_with_x00(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    screen: Operator,
    history: History,
) -> None:
    granted = boot_registered(history, handset, sip, Syslog_Server=syslog.address)
    sip.inject(Unreachable("port"), name="INVITE")
    screen.dial(NUMBER)
    asked = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    expect_code(history, handset, asked, "X00", within=soon(handset))
    call = sip.call(1)
    free = call.wait(CallState.ESTABLISHED, within=120)
    history.check("a call to the line", seen=str(call), due="established", passed=free)
