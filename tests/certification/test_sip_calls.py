"""Calls in both directions on both lines, how they end, and what is asked outside of them."""

from __future__ import annotations

import re

import pytest

from hil.clients.screen import Operator
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import Call, CallState
from hil.history import History
from hil.history.events import Direction, SipMessage
from hil.marks import needs, quick, requirement, smoke
from hil.testbed.control import HandsetControl
from hil.testing import soon
from hil.testing.sip import (
    account,
    boot,
    boot_registered,
    expect_answer,
    expect_request,
    registered,
)
from hil.wire.sdp import G722, G729, PCMA, PCMU, Codec

NUMBER = "5551234"
TRANSPORTS = ("UDP", "TCP", pytest.param("TLS", marks=needs("https")))
RINGING_S = 120.0
"""A generous time for whoever answers at the phone."""
FROM_PHONE = {"direction": Direction.RECEIVED, "status": 0}


def established(history: History, call: Call) -> Call:
    """Check that a call comes about."""
    there = call.wait(CallState.ESTABLISHED, within=RINGING_S)
    history.check("the call", seen=str(call), due="established", passed=there)
    return call


def ended(history: History, call: Call, handset: HandsetControl) -> None:
    """Check that a call ends soon."""
    over = call.wait(CallState.ENDED, within=2 * soon(handset))
    history.check("the call", seen=str(call), due="ended", passed=over)


def formats(message: SipMessage) -> list[str]:
    """The payload formats of the audio line of a message's session description."""
    found = re.search(rb"^m=audio [0-9]+ [^ ]+ ([0-9 ]+)", message.data, re.MULTILINE)
    return found[1].decode().split() if found else []


def on_line_two(history: History, handset: HandsetControl, sip: SipEndpoint) -> SipMessage:
    """Boot with both lines and wait until the second one is registered, too."""
    up = boot(history, handset, sip, **account(sip, 2))
    registered(history, handset, up, line=1)
    return registered(history, handset, up, line=2)


# -- calls to the phone ------------------------------------------------------------------------------


@quick
@requirement("sip.calls")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_to_the_phone_rings_is_answered_and_ended_by_the_caller(
    handset: HandsetControl, sip: SipEndpoint, history: History, transport: str
) -> None:
    granted = boot_registered(history, handset, sip, SIP_Transport_1_=transport)
    call = sip.call(1)
    expect_answer(history, handset, granted, "INVITE", 180, within=5 * soon(handset))
    established(history, call)
    marked = history.mark()
    call.hang_up()
    expect_answer(history, handset, marked, "BYE", 200)


@requirement("sip.calls")
def test_a_call_to_the_phone_can_be_ended_at_the_phone(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    boot_registered(history, handset, sip)
    call = established(history, sip.call(1))
    marked = history.mark()
    screen.hang_up()
    expect_request(history, handset, marked, "BYE")
    ended(history, call, handset)


@requirement("sip.calls")
def test_the_second_line_can_be_called(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    on_line_two(history, handset, sip)
    call = established(history, sip.call(2))
    call.hang_up()
    ended(history, call, handset)


@requirement("sip.calls")
def test_a_caller_who_gives_up_leaves_the_phone_free(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """CANCEL while it rings: 200 to the CANCEL and 487 to the INVITE (RFC 3261 section 9.2)."""
    boot_registered(history, handset, sip)
    call = sip.call(1)
    if not call.wait(CallState.RINGING, within=RINGING_S):
        history.check("the call", seen=str(call), due="ringing")
    marked = history.mark()
    call.hang_up()
    expect_answer(history, handset, marked, "CANCEL", 200)
    expect_answer(history, handset, marked, "INVITE", 487)
    established(history, sip.call(1))


@requirement("sip.calls")
def test_a_busy_line_answers_486(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    boot_registered(history, handset, sip)
    first = established(history, sip.call(1))
    marked = history.mark()
    second = sip.call(1, caller="200")
    expect_answer(history, handset, marked, "INVITE", 486, within=5 * soon(handset))
    ended(history, second, handset)
    history.check("the first call", seen=first.state, due=CallState.ESTABLISHED)


@requirement("sip.calls")
def test_a_line_is_free_again_after_a_call(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    boot_registered(history, handset, sip)
    for _ in range(3):
        call = established(history, sip.call(1))
        call.hang_up()
        ended(history, call, handset)


# -- calls from the phone ----------------------------------------------------------------------------


@requirement("sip.calls")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_from_the_phone_is_acknowledged_and_ended_at_the_phone(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History, transport: str
) -> None:
    granted = boot_registered(history, handset, sip, SIP_Transport_1_=transport)
    screen.dial(NUMBER)
    invite = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    history.check("how it is called", seen=invite.transport, due=transport)
    history.check("who is called", seen=invite.to_user, due=NUMBER)
    history.check("who calls", seen=invite.from_user, due="line1")
    expect_request(history, handset, invite, "ACK", call_id=invite.call_id)
    marked = history.mark()
    screen.hang_up()
    expect_request(history, handset, marked, "BYE", call_id=invite.call_id)


@smoke
@quick
@requirement("sip.calls")
def test_a_call_from_the_phone_can_be_ended_by_the_other_side(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    granted = boot_registered(history, handset, sip)
    screen.dial(NUMBER)
    expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    (call,) = sip.calls
    established(history, call)
    marked = history.mark()
    call.hang_up()
    expect_answer(history, handset, marked, "BYE", 200)


@requirement("sip.calls")
def test_the_second_line_calls_with_its_own_account(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    sip.authenticate(methods=("REGISTER", "INVITE"))
    granted = on_line_two(history, handset, sip)
    screen.dial(NUMBER, line=2)
    expect_request(history, handset, granted, "INVITE", within=5 * soon(handset), from_user="line2")
    (call,) = (each for each in sip.calls if each.line == 2)
    established(history, call)


@requirement("sip.calls")
def test_who_hangs_up_before_the_answer_cancels(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    granted = boot_registered(history, handset, sip)
    sip.answer_calls(None)
    screen.dial(NUMBER)
    invite = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    history.sleep(soon(handset))
    marked = history.mark()
    screen.hang_up()
    expect_request(history, handset, marked, "CANCEL", call_id=invite.call_id)
    expect_request(history, handset, marked, "ACK", call_id=invite.call_id)


@requirement("sip.calls")
@pytest.mark.parametrize("status", [404, 486, 500, 603])
def test_a_refused_call_leaves_the_line_free(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History, status: int
) -> None:
    granted = boot_registered(history, handset, sip)
    sip.answer_calls(status)
    screen.dial(NUMBER)
    expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    history.sleep(soon(handset))
    established(history, sip.call(1))


@requirement("sip.calls")
def test_an_unregistered_line_does_not_call(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    """Make_Call_Without_Reg_n_ is No by default."""
    sip.account(1, "line1", "another password")
    up = boot(history, handset, sip, Password_1_="password1")
    history.wait(SipMessage, after=up, within=handset.boot_limit, method="REGISTER")
    history.sleep(handset.timing.boot)
    marked = history.mark()
    screen.dial(NUMBER)
    history.expect_none(SipMessage, after=marked, within=60, method="INVITE")


@requirement("sip.calls")
def test_make_call_without_reg_lets_an_unregistered_line_call(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    up = boot(history, handset, sip, Register_1_="No", Make_Call_Without_Reg_1_="Yes")
    history.sleep(handset.boot_limit + handset.timing.boot)
    screen.dial(NUMBER)
    within = handset.boot_limit + handset.timing.boot + 5 * soon(handset)
    expect_request(history, handset, up, "INVITE", within=within)


# -- codecs ------------------------------------------------------------------------------------------


@requirement("sip.calls")
@pytest.mark.parametrize(
    ("codecs", "answered"),
    [((PCMU,), "0"), ((PCMA,), "8"), ((G722,), "9"), ((G729, PCMA), "8 18")],
    ids=["G711u", "G711a", "G722", "G729a and G711a"],
)
def test_an_offer_is_answered_with_codecs_out_of_it(
    handset: HandsetControl,
    sip: SipEndpoint,
    history: History,
    codecs: tuple[Codec, ...],
    answered: str,
) -> None:
    granted = boot_registered(history, handset, sip)
    call = sip.call(1, codecs=codecs)
    answer = expect_answer(history, handset, granted, "INVITE", 200, within=RINGING_S)
    seen = set(formats(answer)) - {"101"}
    good = bool(seen) and seen <= set(answered.split())
    history.check("the formats of the answer", seen=sorted(seen), due=answered, passed=good)
    established(history, call)


@requirement("sip.calls")
def test_an_offer_without_a_known_codec_is_refused(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """488 Not Acceptable Here (RFC 3261 section 13.3.1.3)."""
    granted = boot_registered(history, handset, sip)
    sip.call(1, codecs=(Codec(96, "X-UNHEARD-OF", 16000),))
    expect_answer(history, handset, granted, "INVITE", 488, within=RINGING_S)


@requirement("sip.calls")
@pytest.mark.parametrize(("codec", "number"), [("G711u", "0"), ("G711a", "8"), ("G722", "9")])
def test_preferred_codec_is_offered_first(
    handset: HandsetControl,
    sip: SipEndpoint,
    screen: Operator,
    history: History,
    codec: str,
    number: str,
) -> None:
    granted = boot_registered(history, handset, sip, Preferred_Codec_1_=codec)
    screen.dial(NUMBER)
    invite = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    history.check("the first format of the offer", seen=formats(invite)[:1], due=[number])


@requirement("sip.calls")
def test_use_pref_codec_only_offers_no_other(
    handset: HandsetControl, sip: SipEndpoint, screen: Operator, history: History
) -> None:
    only = {"Preferred_Codec_1_": "G711a", "Use_Pref_Codec_Only_1_": "Yes"}
    granted = boot_registered(history, handset, sip, **only)
    screen.dial(NUMBER)
    invite = expect_request(history, handset, granted, "INVITE", within=5 * soon(handset))
    # Numbers from 96 on are not those of a codec by themselves; 101 is the digits' usual one.
    codecs = [each for each in formats(invite) if int(each) < 96]
    history.check("the codecs of the offer", seen=codecs, due=["8"])


# -- outside of calls --------------------------------------------------------------------------------


@quick
@requirement("sip.calls")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_options_are_answered_with_what_the_phone_understands(
    handset: HandsetControl, sip: SipEndpoint, history: History, transport: str
) -> None:
    granted = boot_registered(history, handset, sip, SIP_Transport_1_=transport)
    final = sip.request("OPTIONS")
    history.check("the answer to OPTIONS", seen=final.status, due=200)
    answer = expect_answer(history, handset, granted, "OPTIONS", 200)
    allowed = re.search(rb"^Allow: (.*)\r$", answer.data, re.MULTILINE | re.IGNORECASE)
    methods = {each.strip() for each in allowed[1].decode().split(",")} if allowed else set()
    wanted = {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "NOTIFY"}
    history.check("the methods of Allow", seen=sorted(wanted & methods), due=sorted(wanted))


@requirement("sip.calls")
def test_a_bye_outside_of_any_call_is_refused(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """481 (RFC 3261 section 15.1.2)."""
    boot_registered(history, handset, sip)
    final = sip.request("BYE")
    history.check("the answer to BYE", seen=final.status, due=481)


@requirement("sip.calls")
def test_an_unknown_method_is_refused(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """405 (RFC 3261 section 8.2.1), or 501 (section 21.5.2)."""
    boot_registered(history, handset, sip)
    final = sip.request("PUBLISH")
    good = final.status in (405, 501)
    history.check("the answer to PUBLISH", seen=final.status, due="405 or 501", passed=good)


@requirement("sip.calls")
def test_an_extension_that_is_required_and_unknown_is_refused(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """420 with the extension in Unsupported (RFC 3261 section 8.2.2.3)."""
    granted = boot_registered(history, handset, sip)
    sip.request("OPTIONS", headers=(("Require", "time-travel"),))
    answer = expect_answer(history, handset, granted, "OPTIONS", 420)
    seen = b"Unsupported: time-travel\r\n" in answer.data
    history.check("Unsupported: time-travel", seen=seen, due=True)
