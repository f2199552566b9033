"""The timers of RFC 3261 section 17, with T1 0.5 s, T2 4 s and T4 5 s where no parameter says else.

Times are literal: a request other than INVITE comes again after T1, then after twice as long each
time, at most T2 (timer E); an INVITE goes on doubling (timer A); a 200 to an INVITE is like the
former (section 13.3.1.4). All end after 64 times T1, 32 s.
"""

from __future__ import annotations

import pytest

from hil.clients.screen import Operator
from hil.endpoints.faults import Silence
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import CallState
from hil.endpoints.sip_faults import NoAck
from hil.history import History
from hil.history.events import Direction, SipMessage
from hil.marks import needs, requirement
from hil.pace.timers import Pace
from hil.testbed.control import HandsetControl
from hil.testing import soon
from hil.testing.sip import (
    boot,
    boot_registered,
    expect_answer,
    expect_register,
    expect_request,
    expect_times,
    first_register,
)

NUMBER = "5551234"
CAPPED = (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)
DOUBLED = (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)


@requirement("sip.transactions")
def test_an_unanswered_register_is_repeated_at_t1_and_doubling_up_to_t2(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(Silence(), name="REGISTER")
    first = first_register(history, handset, boot(history, handset, sip))
    expect_times(history, handset, first, CAPPED, until=60)


@requirement("sip.transactions")
def test_an_unanswered_register_is_given_up_after_64_times_t1(
    handset: HandsetControl, sip: SipEndpoint, history: History, pace: Pace
) -> None:
    """That is 32 s; the next try follows Reg_Retry_Intvl after it."""
    interval = pace.timer("Reg_Retry_Intvl", 10)
    sip.inject(Silence(), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="X20", Reg_Retry_Intvl=str(interval))
    first = first_register(history, handset, up)
    expect_register(history, handset, first, 32 + interval, 32 + interval)


@requirement("sip.transactions")
def test_an_unanswered_invite_is_repeated_at_t1_and_doubling(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    granted = boot_registered(history, handset, sip)
    sip.inject(Silence(), name="INVITE")
    screen.dial(NUMBER)
    first = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    expect_times(history, handset, first, DOUBLED, until=60)


@requirement("sip.transactions")
def test_an_unanswered_bye_is_repeated_like_any_request(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    boot_registered(history, handset, sip)
    call = sip.call(1)
    if not call.wait(CallState.ESTABLISHED, within=30):
        history.check("the call", seen=str(call), due="established", requirement="sip.calls")
    sip.inject(Silence(), name="BYE")
    marked = history.mark()
    screen.hang_up()
    first = expect_request(history, handset, marked, "BYE")
    expect_times(history, handset, first, CAPPED, until=60)


@requirement("sip.transactions")
def test_a_provisional_response_ends_the_repetitions_of_an_invite(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    granted = boot_registered(history, handset, sip)
    sip.answer_calls(None)
    screen.dial(NUMBER)
    first = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    expect_times(history, handset, first, (), until=60)


@requirement("sip.transactions")
@pytest.mark.parametrize("transport", ["TCP", pytest.param("TLS", marks=needs("https"))])
def test_over_a_stream_nothing_is_repeated(
    handset: HandsetControl, sip: SipEndpoint, history: History, transport: str
) -> None:
    sip.inject(Silence(), name="REGISTER")
    up = boot(history, handset, sip, SIP_Transport_1_=transport)
    first = first_register(history, handset, up)
    expect_times(history, handset, first, (), until=60)


@requirement("sip.transactions")
def test_a_200_to_an_invite_is_repeated_until_its_ack(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    granted = boot_registered(history, handset, sip)
    sip.inject(NoAck())
    sip.call(1)
    first = expect_answer(history, handset, granted, "INVITE", 200, within=60)
    expect_times(history, handset, first, CAPPED, until=60)


@requirement("sip.transactions")
def test_an_acknowledged_200_is_not_repeated(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    granted = boot_registered(history, handset, sip)
    sip.call(1)
    first = expect_answer(history, handset, granted, "INVITE", 200, within=60)
    expect_times(history, handset, first, (), until=60)


@requirement("sip.transactions")
@pytest.mark.parametrize("status", [404, 486, 603])
def test_a_refused_invite_is_acknowledged_in_its_transaction(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History, status: int
) -> None:
    granted = boot_registered(history, handset, sip)
    sip.answer_calls(status)
    screen.dial(NUMBER)
    invite = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    ack = expect_request(history, handset, invite, "ACK", call_id=invite.call_id)
    history.check("its CSeq number", seen=ack.cseq, due=invite.cseq)
    refused = history.all(SipMessage, after=invite, direction=Direction.SENT, status=status)
    history.sleep(5)
    again = history.all(SipMessage, after=ack, direction=Direction.SENT, status=status)
    history.check("refusals before the ACK, and after", seen=(len(refused), len(again)), due=(1, 0))


@requirement("sip.transactions")
@pytest.mark.parametrize("t1", ["0.2", ".2"])
def test_sip_t1_and_sip_t2_are_parameters(
    t1: str, handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.inject(Silence(), name="REGISTER")
    first = first_register(history, handset, boot(history, handset, sip, SIP_T1=t1, SIP_T2="1"))
    # 64 times 0.2 s is 12.8 s.
    times = (0.2, 0.6, 1.4, *(2.4 + each for each in range(11)))
    expect_times(history, handset, first, times, until=30)
