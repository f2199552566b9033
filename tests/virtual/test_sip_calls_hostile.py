"""Calls of the virtual phone with a peer that sends what cannot be read, and with a cut."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sip_lines import activity
from sip_peer import SDP

from hil.reference.dial_plan import Dialed
from hil.reference.line_decisions import REFERENCE_LINE
from hil.virtual.sip import Dialing, SipConfig
from hil.wire.sip_build import respond_to

NUMBER = "5551234"


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
