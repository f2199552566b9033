"""Whatever a handset sends, the SIP endpoint goes on; the bench's fixture fails on any crash."""

from __future__ import annotations

import pytest
import sip_torture as torture
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sip_phone import OFFER, SipPhone, ok

from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_faults import MalformedSip, SipStatus, WrongSdp
from hil.history import events as ev
from hil.wire.sip_codec import encode
from hil.wire.sip_message import with_header

quickly = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
edits = st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=4)


@pytest.fixture
def sip(bench) -> SipEndpoint:
    started = bench.start(SipEndpoint)
    bench.configure_phone()
    return started


@pytest.fixture
def phone(bench, sip) -> SipPhone:
    return SipPhone(bench)


def edited(data: bytes, edits: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for at, octet in edits:
        changed[at % len(changed)] = octet
    return bytes(changed)


@pytest.mark.parametrize("name", [*torture.VALID, *torture.INVALID])
def test_torture_is_survived(bench, sip, phone, name):
    data = {**torture.VALID, **torture.INVALID}[name]
    phone.udp.send(data, 5060)
    bench.let_pass(40)
    assert len(bench.history.all(ev.Refused)) == (name in torture.INVALID)
    assert phone.ask(phone.request("OPTIONS")).status == 200


@quickly
@given(st.sampled_from(["REGISTER", "INVITE", "SUBSCRIBE", "BYE", "CANCEL", "ACK"]), edits)
def test_edited_requests_are_survived(bench, sip, phone, method, edits):
    body = OFFER if method == "INVITE" else b""
    request = phone.request(method, ("Event", "message-summary"), callee="200", body=body)
    request = with_header(request, "Authorization", 'Digest realm="hil", nonce="n", uri="sip:a"')
    phone.udp.send(edited(encode(request), edits), 5060)
    bench.let_pass(0.1)
    assert sip.listening


@quickly
@given(edits)
@example([])
def test_edited_answers_to_a_call_are_survived(bench, sip, phone, edits):
    sip.authenticate(None)
    phone.user = "line1"
    phone.on_request = lambda request: None
    phone.ask(phone.request("REGISTER"), 0.1)
    call = sip.call(1)
    bench.let_pass(0.1)
    invite = phone.requests[-1]
    answer = with_header(ok(invite, OFFER), "Record-Route", "<sip:192.0.2.16;lr>")
    data = encode(answer)
    phone.udp.send(edited(data, edits) if edits else data, 5060)
    bench.let_pass(0.1)
    call.hang_up()
    phone.layer.clear()
    sip.reset()


@quickly
@given(st.binary(max_size=300), edits)
def test_edited_challenges_are_survived(bench, sip, phone, noise, edits):
    sip.authenticate(None)
    phone.ask(phone.request("REGISTER"), 0.1)
    challenge = b'Digest realm="p\\\0hone", nonce="n", qop="auth", algorithm=MD5'
    text = edited(challenge, edits).decode("latin-1").replace("\r", "").replace("\n", "")
    refusing = lambda request: with_header(  # noqa: E731 - one expression, used once
        ok(request, status=401), "WWW-Authenticate", text
    )
    phone.on_request = refusing
    assert sip.notify("resync").status == 401
    phone.udp.send(noise, 5060)


@pytest.mark.parametrize("fault", [MalformedSip(), SipStatus(503), WrongSdp("noise")])
def test_faults_meet_torture(bench, sip, phone, fault):
    sip.inject(fault)
    for data in torture.VALID.values():
        phone.udp.send(data, 5060)
    bench.let_pass(40)
    sip.reset()
    assert phone.ask(phone.request("OPTIONS")).status == 200
