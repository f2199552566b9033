"""Calls of the virtual phone, both ways: when a line is active, and what ends in X40, X20, X00, X60."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sip_peer import SDP, demanding, ok, refuse

from hil.net.virtual import LAB_ADDRESS
from hil.reference.dial_plan import Dialed
from hil.reference.line_decisions import REFERENCE_LINE
from hil.virtual.sip import Dialing, SipConfig
from hil.wire import sdp
from hil.wire.sip_build import respond_to
from hil.wire.sip_digest import Algorithm

GSM = sdp.Codec(3, "GSM")
NUMBER = "5551234"


def registrar(request):
    """Takes REGISTER and leaves the rest to the test; BYE and CANCEL are agreed to."""
    if request.method in ("REGISTER", "BYE", "CANCEL"):
        return ok(request)
    return None


@pytest.fixture
def ready(phone, peer):
    """A registered phone and the server that it is registered with."""

    def make(**values):
        server = peer(registrar)
        return server, phone(**values).start().wait("registered", 1)

    return make


def activity(ours):
    return [event[2] for event in ours.told.events if event[0] == "active"]


def failures(ours):
    return [event[1:] for event in ours.told.events if event[0] == "failed"]


def invited(server, *codecs, body=None, **parts):
    """Send an INVITE, with an offer unless ``body`` says otherwise."""
    body = server.offer(*codecs) if body is None else body
    invite = server.request("INVITE", *(SDP if body else ()), body=body, **parts)
    server.send(invite)
    return invite


# -- to the phone --------------------------------------------------------------------------------------


def test_it_rings_answers_and_is_active_until_the_bye(ready):
    server, ours = ready(config=SipConfig(ring_s=3.0))
    invite = invited(server)
    ringing = server.answered(180)
    assert activity(ours) == [True]
    accepted = server.answered(200)
    rang = [at for at, message in server.came if message in (ringing, accepted)]
    assert rang[1] - rang[0] >= 3_000_000_000
    assert ringing.to.tag == accepted.to.tag
    answer = sdp.decode(accepted.body)
    assert [codec.name for codec in answer.audio.codecs] == ["PCMU"]
    dialog = server.acknowledge(invite, accepted)
    server.pass_time(3600)
    assert activity(ours) == [True]
    server.bye(dialog)
    server.answered(200, 2)
    assert activity(ours) == [True, False]
    assert failures(ours) == []


def test_it_takes_the_codecs_that_it_has_in_the_order_of_the_offer(ready):
    server, _ = ready()
    invited(server, GSM, sdp.PCMA, sdp.PCMU, sdp.TELEPHONE_EVENT)
    answer = sdp.decode(server.answered(200).body)
    assert [codec.name for codec in answer.audio.codecs] == ["PCMA", "PCMU", "telephone-event"]


def test_use_pref_codec_only_leaves_one(ready):
    server, ours = ready(Preferred_Codec_1_="G722", Use_Pref_Codec_Only_1_="Yes")
    invited(server, sdp.PCMU)
    server.answered(488)
    assert activity(ours) == []
    invited(server, sdp.PCMU, sdp.G722)
    answer = sdp.decode(server.answered(200).body)
    assert [codec.name for codec in answer.audio.codecs] == ["G722"]


@pytest.mark.parametrize("body", [b"v=0\r\n", b"not sdp"])
def test_an_offer_that_cannot_be_read_is_not_acceptable(ready, body):
    server, _ = ready()
    invited(server, body=body)
    server.answered(488)


def test_a_call_that_is_cancelled_ends_the_ringing(ready):
    server, ours = ready(config=SipConfig(ring_s=30.0))
    invite = invited(server)
    server.answered(180)
    headers = tuple(
        (name, value.replace("INVITE", "CANCEL"))
        for name, value in invite.headers
        if name not in ("Contact", "Content-Type")
    )
    server.send(replace(invite, method="CANCEL", headers=headers, body=b""))
    server.answered(487)
    assert server.answered(200).cseq.method == "CANCEL"
    assert activity(ours) == [True, False]
    server.pass_time(60)
    assert [r.status for r in server.responses if r.cseq.method == "INVITE"].count(200) == 0


def test_without_an_ack_the_call_ends_with_x40(ready):
    server, ours = ready(SIP_T1="0.1")
    invited(server)
    server.answered(200, 3)
    ours.wait("failed", 1, "INVITE", "X40", within=30)
    assert activity(ours) == [True, False]
    assert server.expect("BYE").from_.uri == f"sip:1001@{server.phone.host}"
    assert ours.told.log[-1] == f"line 1: INVITE sip:lab@{LAB_ADDRESS} failed: X40"


@pytest.mark.parametrize(("codec", "code"), [(GSM, "X40"), (sdp.PCMA, None)])
def test_an_offer_of_ours_has_to_be_answered_in_the_ack_with_a_codec_of_ours(ready, codec, code):
    server, ours = ready()
    invite = invited(server, body=b"")
    accepted = server.answered(200)
    assert "PCMU" in [each.name for each in sdp.decode(accepted.body).audio.codecs]
    server.acknowledge(invite, accepted, codec)
    server.pass_time(5)
    assert failures(ours) == ([(1, "INVITE", code)] if code else [])
    assert activity(ours) == ([True, False] if code else [True])
    assert server.methods().count("BYE") == (1 if code else 0)


def test_a_line_has_one_call(ready):
    server, ours = ready()
    invited(server)
    server.answered(200)
    invited(server)
    server.answered(486)
    assert ours.dial(NUMBER) is Dialing.BUSY


def test_it_can_hang_up_while_ringing_and_while_talking(ready):
    server, ours = ready(config=SipConfig(ring_s=2.0))
    invited(server)
    server.answered(180)
    assert ours.hang_up() is True
    server.answered(486)
    invite = invited(server)
    server.acknowledge(invite, server.answered(200))
    ours.hang_up()
    server.expect("BYE")
    assert activity(ours) == [True, False, True, False]
    assert ours.hang_up() is False


def test_a_reinvite_keeps_the_call_and_a_stale_request_is_refused(ready):
    server, ours = ready()
    invite = invited(server, cseq=100)
    dialog = server.acknowledge(invite, server.answered(200))
    body = server.offer(sdp.PCMA)
    parts = {"call_id": dialog.call_id, "to_tag": dialog.remote.tag}
    again = server.request("INVITE", *SDP, body=body, cseq=101, **parts)
    server.send(again)
    answer = sdp.decode(server.answered(200, 2).body)
    assert [codec.name for codec in answer.audio.codecs] == ["PCMA"]
    server.acknowledge(again, server.answered(200, 2))
    server.send(server.request("BYE", cseq=99, **parts))
    server.answered(500)
    assert activity(ours) == [True]
    server.send(server.request("BYE", cseq=102, **parts))
    server.answered(200, 3)
    assert activity(ours) == [True, False]


@pytest.mark.parametrize(("allowed", "status"), [("No", 480), ("Yes", 180)])
def test_whether_it_is_called_without_registration_is_configured(phone, peer, allowed, status):
    server = peer(refuse(403))
    phone(Ans_Call_Without_Reg_1_=allowed).start().wait("failed", 1, "REGISTER", "403")
    invited(server)
    server.answered(status)


# -- from the phone ------------------------------------------------------------------------------------


def test_it_calls_what_the_dial_plan_makes_of_the_number(ready):
    server, ours = ready(Dial_Plan_1_="(<9:1408>xxxxxxx)")
    assert ours.dial("95550112") is Dialing.CALLING
    invite = server.expect("INVITE")
    assert invite.uri == f"sip:14085550112@{LAB_ADDRESS}"
    assert sdp.decode(invite.body).audio.codecs[0] == sdp.PCMU
    assert activity(ours) == [True]
    dialog = server.accept(invite)
    ack = server.expect("ACK")
    assert (ack.cseq.number, ack.to.tag) == (invite.cseq.number, "callee")
    server.pass_time(60)
    server.bye(dialog)
    server.answered(200)
    assert activity(ours) == [True, False]


@pytest.mark.parametrize("number", ["555", "alice", "", "1900555"])
def test_a_number_outside_the_dial_plan_is_x60_without_a_packet(ready, lab, number):
    server, ours = ready()
    lab.counter.frames()
    assert ours.dial(number) is Dialing.INVALID
    server.pass_time(60)
    assert lab.counter.frames() == []
    assert failures(ours) == [(1, "INVITE", "X60")]
    assert ours.told.log[-1] == f"line 1: INVITE to {number} failed: X60"
    assert activity(ours) == []


def test_a_200_that_is_repeated_is_acknowledged_again(ready):
    server, ours = ready()
    ours.dial(NUMBER)
    invite = server.expect("INVITE")
    server.accept(invite)
    server.expect("ACK")
    server.accept(invite)
    assert server.expect("ACK", 2) == server.expect("ACK", 1)


@pytest.mark.parametrize("algorithm", [Algorithm.MD5, Algorithm.SHA_256])
def test_it_answers_a_challenge_to_its_invite(ready, algorithm):
    server, ours = ready()
    demand = demanding(algorithm, status=407)

    def challenge(request):
        due = demand(request)
        return None if due is None or due.status == 200 else due

    server.reply = challenge
    ours.dial(NUMBER)
    again = server.expect("INVITE", 2)
    assert again.cseq.number == 2
    server.accept(again)
    server.expect("ACK", 2)
    assert activity(ours) == [True]
    assert failures(ours) == []


@pytest.mark.parametrize("status", [404, 486, 503, 603])
def test_a_refusal_is_its_own_code(ready, status):
    server, ours = ready()
    server.reply = refuse(status)
    ours.dial(NUMBER)
    ours.wait("failed", 1, "INVITE", str(status))
    assert activity(ours) == [True, False]
    assert ours.told.log[-1] == f"line 1: INVITE sip:{NUMBER}@{LAB_ADDRESS} failed: {status}"


def test_silence_is_x20(ready):
    server, ours = ready(SIP_T1="0.1")
    ours.dial(NUMBER)
    ours.wait("failed", 1, "INVITE", "X20", within=7)
    assert server.methods().count("INVITE") == 7
    assert activity(ours) == [True, False]


def test_an_icmp_error_is_x00(ready):
    server, ours = ready()
    ours.dial(NUMBER)
    server.expect("INVITE")
    server.unreachable(3)
    ours.wait("failed", 1, "INVITE", "X00", within=1)


@pytest.mark.parametrize(
    "answer",
    [lambda server: server.offer(GSM), lambda server: b"", lambda server: b"v=1\r\n"],
    ids=["unacceptable codec", "no answer", "unreadable answer"],
)
def test_a_200_without_an_acceptable_codec_is_acknowledged_ended_and_x40(ready, answer):
    server, ours = ready()
    ours.dial(NUMBER)
    server.accept(server.expect("INVITE"), body=answer(server))
    server.expect("ACK")
    server.expect("BYE")
    assert failures(ours) == [(1, "INVITE", "X40")]
    assert activity(ours) == [True, False]


def test_a_call_that_rings_too_long_is_cancelled(ready):
    server, ours = ready(config=SipConfig(no_answer_s=20.0))
    ours.dial(NUMBER)
    invite = server.expect("INVITE")
    server.send(respond_to(invite, 180, to_tag="callee"))
    server.expect("CANCEL")
    assert server.times("CANCEL")[0] - server.times("INVITE")[0] == pytest.approx(20, abs=0.1)
    server.send(respond_to(invite, 487, to_tag="callee"))
    server.expect("ACK")
    assert failures(ours) == []
    assert activity(ours) == [True, False]


def test_a_hang_up_waits_for_the_first_provisional_response(ready):
    server, ours = ready()
    ours.dial(NUMBER)
    invite = server.expect("INVITE")
    ours.hang_up()
    assert "CANCEL" not in server.methods()
    server.send(respond_to(invite, 100))
    assert server.expect("CANCEL").via.branch == invite.via.branch


def test_an_answer_that_crosses_the_hang_up_is_ended(ready):
    server, ours = ready()
    ours.dial(NUMBER)
    invite = server.expect("INVITE")
    ours.hang_up()
    server.accept(invite)
    server.expect("ACK")
    server.expect("BYE")
    assert activity(ours) == [True, False]


def test_a_code_of_try_backup_rsc_takes_the_call_to_the_backup(ready, peer):
    values = {"Dual_Registration_1_": "Yes", "Alternate_Proxy_1_": f"{LAB_ADDRESS}:5070"}
    server, ours = ready(Try_Backup_RSC="5??", **values)
    backup = peer(registrar, port=5070)
    server.reply = refuse(503)
    ours.dial(NUMBER)
    backup.accept(backup.expect("INVITE"))
    backup.expect("ACK")
    assert activity(ours) == [True]


def test_whether_it_calls_without_registration_is_configured(phone, peer):
    server = peer(refuse(403))
    ours = phone().start().wait("failed", 1, "REGISTER", "403")
    assert ours.dial(NUMBER) is Dialing.NOT_ALLOWED
    ours.configure(Make_Call_Without_Reg_1_="Yes")
    assert ours.dial(NUMBER) is Dialing.CALLING
    server.expect("INVITE")


def test_a_disabled_line_cannot_call(ready):
    _, ours = ready()
    assert ours.dial(NUMBER, line=2) is Dialing.NOT_ALLOWED


# -- what is hostile -----------------------------------------------------------------------------------


def test_a_200_with_a_route_that_cannot_be_read_is_x40(ready):
    server, ours = ready()
    ours.dial(NUMBER)
    invite = server.expect("INVITE")
    route = ("Record-Route", "<sip:")
    body = server.offer()
    server.send(respond_to(invite, 200, to_tag="x", headers=(route, *SDP), body=body))
    ours.wait("failed", 1, "INVITE", "X40")
    assert activity(ours) == [True, False]


@pytest.mark.parametrize(("route", "answer"), [("<sip:", 400), ("<urn:x>", 200)])
def test_an_invite_with_a_route_that_cannot_be_read_does_no_harm(ready, route, answer):
    server, ours = ready()
    body = server.offer()
    server.send(server.request("INVITE", *SDP, ("Record-Route", route), body=body))
    server.answered(answer)
    ours.hang_up()
    server.pass_time(100)
    assert not ours.phone.active(1)
    assert ours.phone.registered(1)
    assert ours.dial(NUMBER) is Dialing.CALLING


@pytest.mark.parametrize("header", [("Require", '"x'), ("Content-Type", "<"), ("Event", "<;=")])
@pytest.mark.parametrize("method", ["INVITE", "NOTIFY", "BYE", "OPTIONS"])
def test_any_header_that_cannot_be_read_gets_an_answer(ready, header, method):
    server, ours = ready(Auth_Resync_Reboot_1_="No")
    server.send(server.request(method, header, body=b"x"))
    server.wait(lambda: len(server.responses) > 0)
    assert ours.crashes == []


@pytest.mark.parametrize("sent", ["a@b-", "a@", "@b", "x y"])
def test_a_substitution_that_is_no_address_does_no_harm(ready, sent):
    server, ours = ready(Dial_Plan_1_=f"(<1:{sent}>)")
    ours.dial("1")
    server.pass_time(100)
    assert ours.crashes == []


def test_a_cut_in_a_call_says_nothing(ready, lab):
    server, ours = ready()
    ours.dial(NUMBER)
    server.accept(server.expect("INVITE"))
    server.expect("ACK")
    lab.counter.frames()
    ours.stop()
    server.pass_time(100)
    assert lab.counter.frames() == []
    assert activity(ours) == [True]
    assert not ours.phone.active(1)


def test_a_defect_can_ignore_the_dial_plan(ready):
    def anything(parameters, line, number):
        return Dialed(number)

    server, ours = ready(config=SipConfig(decisions=replace(REFERENCE_LINE, dial=anything)))
    assert ours.dial("555") is Dialing.CALLING
    server.expect("INVITE")
