"""Calls between the SIP endpoint and a handset, both ways."""

from __future__ import annotations

import pytest
from sip_calling import answer_with, open_endpoint, registered_phone, seen
from sip_phone import LOCAL, OFFER, SipPhone, challenging, ok

from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import CallState
from hil.history.event import Direction
from hil.wire import sdp
from hil.wire.sip_build import Hop, cancel, respond_to
from hil.wire.sip_codec import decode, encode
from hil.wire.sip_dialog import dialog_of_callee, dialog_of_caller

SECOND = 1_000_000_000
G729_ONLY = sdp.encode(sdp.offer(LOCAL, 16384, (sdp.G729,)))


@pytest.fixture
def sip(bench) -> SipEndpoint:
    return open_endpoint(bench)


@pytest.fixture
def phone(bench, sip) -> SipPhone:
    return registered_phone(bench)


def seconds_of(events) -> list[float]:
    return [round((event.at - events[0].at) / SECOND, 1) for event in events]


class TestToTheHandset:
    def test_rings_is_answered_and_hung_up(self, bench, sip, phone):
        phone.on_request = lambda request: None if request.method == "INVITE" else ok(request)
        call = sip.call(1, caller="200")
        assert not call.wait(CallState.RINGING, within=1)
        phone.respond("INVITE", lambda request: ok(request, status=180))
        assert call.wait(CallState.RINGING, within=1)
        phone.respond("INVITE", lambda request: ok(request, OFFER))
        assert call.wait(CallState.ESTABLISHED, within=1)
        assert (call.line, call.outgoing, call.status) == (1, True, 200)
        bench.let_pass(60)
        assert call.state is CallState.ESTABLISHED

        call.hang_up()
        assert call.wait(CallState.ENDED, within=1)
        assert [r.method for r in phone.requests] == ["INVITE", "BYE"]
        assert phone.requests[0].from_.user == "200"
        (ack,) = phone.acks
        assert (ack.uri, ack.body) == ("sip:line1@192.0.2.16:5060", b"")

    def test_each_repetition_of_the_200_is_acknowledged(self, bench, sip, phone):
        phone.on_request = answer_with(OFFER)
        assert sip.call(1).wait(CallState.ESTABLISHED, within=1)
        final = encode(ok(phone.requests[0], OFFER))
        for _ in range(2):
            phone.udp.send(final, 5060)
        bench.let_pass(0.1)
        assert len(seen(bench, Direction.SENT, method="ACK")) == 3

    def test_the_handset_hangs_up(self, bench, sip, phone):
        phone.on_request = answer_with(OFFER)
        call = sip.call(1)
        assert call.wait(CallState.ESTABLISHED, within=1)
        invite = phone.requests[0]
        _, bye = dialog_of_callee(invite, ok(invite, OFFER)).request("BYE", phone.via())
        assert phone.ask(bye).status == 200
        assert (call.state, call.reason) == (CallState.ENDED, "hung up by the handset")
        _, again = dialog_of_callee(invite, ok(invite, OFFER)).request("BYE", phone.via())
        assert phone.ask(again).status == 481

    @pytest.mark.parametrize("status", [302, 486, 503, 603])
    def test_a_refusal_is_told_and_acknowledged(self, bench, sip, phone, status):
        phone.on_request = lambda request: respond_to(request, status, to_tag="p")
        call = sip.call(1)
        assert call.wait(CallState.ENDED, within=1)
        assert call.status == status
        assert len(phone.acks) == 1
        assert phone.failures == []

    def test_a_ringing_call_is_cancelled(self, bench, sip, phone):
        phone.on_request = lambda request: None if request.method == "INVITE" else ok(request)
        call = sip.call(1)
        bench.let_pass(0.1)
        phone.respond("INVITE", lambda request: ok(request, status=180))
        assert call.wait(CallState.RINGING, within=1)
        call.hang_up()
        call.hang_up()
        bench.let_pass(0.1)
        phone.respond("INVITE", lambda request: respond_to(request, 487, to_tag="phone"))
        assert call.wait(CallState.ENDED, within=1)
        assert (call.status, call.reason) == (487, "Request Terminated")
        assert [r.method for r in phone.requests] == ["INVITE", "CANCEL"]

    def test_a_cancel_waits_for_the_first_response(self, bench, sip, phone):
        phone.on_request = lambda request: None if request.method == "INVITE" else ok(request)
        call = sip.call(1)
        call.hang_up()
        bench.let_pass(1)
        assert seen(bench, Direction.SENT, method="CANCEL") == []
        phone.respond("INVITE", lambda request: ok(request, status=180))
        bench.let_pass(1)
        assert len(seen(bench, Direction.SENT, method="CANCEL")) == 1

    def test_an_answer_that_crosses_the_hanging_up_is_ended_with_bye(self, bench, sip, phone):
        phone.on_request = lambda request: None if request.method == "INVITE" else ok(request)
        call = sip.call(1)
        bench.let_pass(0.1)
        call.hang_up()
        phone.respond("INVITE", lambda request: ok(request, OFFER))
        assert call.wait(CallState.ENDED, within=1)
        assert [r.method for r in phone.requests] == ["INVITE", "BYE"]

    def test_an_unacceptable_answer_is_ended_with_bye(self, bench, sip, phone):
        phone.on_request = answer_with(G729_ONLY)
        call = sip.call(1)
        assert call.wait(CallState.ENDED, within=1)
        assert [r.method for r in phone.requests] == ["INVITE", "BYE"]

    def test_without_an_offer_the_ack_has_the_answer(self, bench, sip, phone):
        phone.on_request = answer_with(OFFER)
        assert sip.call(1, codecs=()).wait(CallState.ESTABLISHED, within=1)
        assert phone.requests[0].body == b""
        (ack,) = seen(bench, Direction.SENT, method="ACK")
        audio = sdp.decode(decode(ack.data).body).audio
        assert audio.codecs == (sdp.PCMU, sdp.G722)

    def test_a_challenge_is_answered(self, sip, phone):
        check = challenging()
        phone.on_request = lambda request: (
            check(request) if check(request).status == 401 else ok(request, OFFER)
        )
        assert sip.call(1).wait(CallState.ESTABLISHED, within=1)
        assert [r.cseq.number for r in phone.requests] == [1, 2]
        assert [ack.cseq.number for ack in phone.acks] == [1, 2]

    def test_silence_is_an_end_after_32_s(self, bench, sip, phone):
        phone.on_request = lambda request: None
        before = bench.clock.now()
        call = sip.call(1)
        assert call.wait(CallState.ENDED, within=40) is True
        assert (call.status, call.reason) == (0, "timeout")
        assert bench.clock.now() - before == pytest.approx(32 * SECOND, abs=SECOND // 100)
        sent = seen(bench, Direction.SENT, method="INVITE")
        assert seconds_of(sent) == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]


class TestFromTheHandset:
    def invite(self, phone, body=OFFER, callee="200"):
        return phone.request("INVITE", callee=callee, body=body)

    def statuses(self, bench):
        return [m.status for m in seen(bench, Direction.SENT, method="INVITE")]

    def test_rings_and_is_answered(self, bench, sip, phone):
        sip.answer_calls(after_s=3)
        invite = self.invite(phone)
        assert phone.ask(invite).status == 180
        bench.let_pass(2.6)
        final = phone.answer_to(invite)
        assert sdp.decode(final.body).audio.codecs == (sdp.PCMU, sdp.G722)
        phone.transmit(dialog_of_caller(invite, final).ack(1, phone.via()))
        (call,) = sip.calls
        assert call.wait(CallState.ESTABLISHED, within=1)
        assert (call.line, call.outgoing) == (1, False)
        assert self.statuses(bench) == [100, 180, 200]

        call.hang_up()
        bench.let_pass(1)
        assert phone.requests[-1].method == "BYE"
        assert phone.requests[-1].call_id == invite.call_id
        assert call.state is CallState.ENDED

    def test_is_hung_up_by_the_handset(self, bench, sip, phone):
        invite = self.invite(phone)
        final = phone.ask(invite)
        dialog = dialog_of_caller(invite, final)
        phone.transmit(dialog.ack(1, phone.via()))
        _, bye = dialog.request("BYE", phone.via())
        assert phone.ask(bye).status == 200
        assert sip.calls[0].state is CallState.ENDED

    def test_is_put_on_hold(self, bench, sip, phone):
        invite = self.invite(phone)
        final = phone.ask(invite)
        dialog = dialog_of_caller(invite, final)
        phone.transmit(dialog.ack(1, phone.via()))
        held = sdp.encode(sdp.offer(LOCAL, 16384, (sdp.PCMU,), direction=sdp.Direction.SENDONLY))
        contact = ("Contact", "<sip:line1@192.0.2.16>")
        typed = ("Content-Type", "application/sdp")
        _, again = dialog.request("INVITE", phone.via(), headers=(contact, typed), body=held)
        answer = phone.ask(again)
        assert sdp.decode(answer.body).audio.direction is sdp.Direction.RECVONLY
        _, bad = dialog.request("INVITE", phone.via(), headers=(contact, typed), body=G729_ONLY)
        assert phone.ask(bad).status == 488

    @pytest.mark.parametrize("status", [302, 404, 486, 503, 603])
    def test_is_refused_with_any_status(self, bench, sip, phone, status):
        sip.answer_calls(status, headers={"Retry-After": "7"})
        refused = phone.ask(self.invite(phone))
        assert (refused.status, refused.header("Retry-After")) == (status, "7")
        assert sip.calls[0].state is CallState.ENDED
        bench.let_pass(40)
        assert self.statuses(bench) == [100, 180, status]

    def test_rings_for_ever_until_cancelled(self, bench, sip, phone):
        sip.answer_calls(None)
        invite = self.invite(phone)
        phone.ask(invite)
        bench.let_pass(600)
        assert sip.calls[0].state is CallState.RINGING
        assert phone.ask(cancel(invite)).status == 200
        assert phone.answer_to(invite).status == 487
        assert (sip.calls[0].state, sip.calls[0].status) == (CallState.ENDED, 487)

    def test_a_policy_is_for_one_user(self, sip, phone):
        sip.answer_calls(486, user="911")
        assert phone.ask(self.invite(phone, callee="911")).status == 486
        assert phone.ask(self.invite(phone, callee="912")).status == 200

    def test_no_common_codec_is_not_acceptable(self, sip, phone):
        assert phone.ask(self.invite(phone, body=G729_ONLY)).status == 488

    def test_without_an_offer_gets_one(self, sip, phone):
        final = phone.ask(self.invite(phone, body=b""))
        assert sdp.PCMU in sdp.decode(final.body).audio.codecs

    def test_a_200_is_repeated_until_it_is_given_up_with_bye(self, bench, sip, phone):
        phone.ask(self.invite(phone))
        bench.let_pass(40)
        finals = seen(bench, Direction.SENT, method="INVITE", status=200)
        assert seconds_of(finals) == [
            0.0,
            0.5,
            1.5,
            3.5,
            7.5,
            11.5,
            15.5,
            19.5,
            23.5,
            27.5,
            31.5,
        ]
        assert [r.method for r in phone.requests] == ["BYE"]
        assert (sip.calls[0].state, sip.calls[0].reason) == (CallState.ENDED, "no ACK")

    def test_a_call_that_was_not_answered_is_refused_by_hanging_up(self, bench, sip, phone):
        sip.answer_calls(None)
        invite = self.invite(phone)
        phone.ask(invite)
        sip.calls[0].hang_up()
        bench.let_pass(1)
        assert phone.answer_to(invite).status == 480


def test_the_hop_of_a_line_is_where_it_registered_from(sip, phone):
    assert sip.binding(1).target == Hop("UDP", "192.0.2.16", 5060)
