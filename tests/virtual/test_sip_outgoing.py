"""Calls that the virtual phone makes: when a line is active, and what ends in X40, X20, X00, X60."""

from __future__ import annotations

import pytest
from sip_lines import activity, failures, registrar
from sip_peer import demanding, refuse

from hil.net.virtual import LAB_ADDRESS
from hil.virtual.sip import Dialing, SipConfig
from hil.wire import sdp
from hil.wire.sip_build import respond_to
from hil.wire.sip_digest import Algorithm

GSM = sdp.Codec(3, "GSM")
NUMBER = "5551234"


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
