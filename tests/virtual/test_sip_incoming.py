"""Calls to the virtual phone: when a line is active, and what ends in X40."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sip_lines import activity, failures
from sip_peer import SDP, refuse

from hil.net.virtual import LAB_ADDRESS
from hil.virtual.sip import Dialing, SipConfig
from hil.wire import sdp

GSM = sdp.Codec(3, "GSM")
NUMBER = "5551234"


def invited(server, *codecs, body=None, **parts):
    """Send an INVITE, with an offer unless ``body`` says otherwise."""
    body = server.offer(*codecs) if body is None else body
    invite = server.request("INVITE", *(SDP if body else ()), body=body, **parts)
    server.send(invite)
    return invite


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
