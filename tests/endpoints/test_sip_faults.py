"""What goes wrong on purpose between the SIP endpoint and a handset."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct

import pytest
from sip_calling import answer_with, open_endpoint, registered_phone, seen
from sip_phone import OFFER, SipPhone

from hil.endpoints import faults as fl
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import CallState
from hil.endpoints.sip_faults import (
    MALFORMATIONS,
    SDP_FLAWS,
    MalformedSip,
    NoAck,
    SipStatus,
    Unreachable,
    WrongSdp,
)
from hil.errors import RemoteProtocolError, UsageError
from hil.history import events as ev
from hil.history.event import Direction
from hil.wire import sdp
from hil.wire.sip_codec import decode, encode
from hil.wire.sip_timers import Cause

IP_RECVERR = 11
ICMP = 2
"""SO_EE_ORIGIN_ICMP (ip(7))."""


@pytest.fixture
def sip(bench) -> SipEndpoint:
    return open_endpoint(bench)


@pytest.fixture
def phone(bench, sip) -> SipPhone:
    return registered_phone(bench)


def acceptable(body: bytes) -> bool:
    try:
        return bool(sdp.agreed(sdp.decode(OFFER), sdp.decode(body)))
    except RemoteProtocolError:
        return False


class TestFaults:
    def applied(self, bench):
        return [e.fault for e in bench.history.all(ev.FaultInjected)]

    def test_silence(self, bench, sip, phone):
        sip.inject(fl.Silence(), nth=1, name="OPTIONS")
        assert phone.ask(phone.request("OPTIONS"), 40) is None
        assert [failure.cause for failure in phone.failures] == [Cause.TIMEOUT]
        assert phone.ask(phone.request("OPTIONS")).status == 200
        assert self.applied(bench) == ["Silence"]

    def test_an_invite_meets_silence_without_so_much_as_a_100(self, bench, sip, phone):
        sip.inject(fl.Silence(), name="INVITE")
        assert phone.ask(phone.request("INVITE", callee="200", body=OFFER), 40) is None

    @pytest.mark.parametrize("status", [302, 404, 503, 606])
    def test_a_status_with_headers(self, bench, sip, phone, status):
        sip.inject(SipStatus(status, headers=(("Retry-After", "20"),)), name="REGISTER")
        refused = phone.ask(phone.request("REGISTER"))
        assert (refused.status, refused.header("Retry-After")) == (status, "20")
        assert self.applied(bench) == ["SipStatus"]

    def test_a_reason_phrase_of_ones_own(self, sip, phone):
        sip.inject(SipStatus(699, "Never"))
        refused = phone.ask(phone.request("OPTIONS"))
        assert (refused.status, refused.reason) == (699, "Never")

    @pytest.mark.parametrize("kind", MALFORMATIONS)
    def test_a_malformed_response_to_each_repetition(self, bench, sip, phone, kind):
        sip.inject(MalformedSip(kind), nth=1)
        assert phone.ask(phone.request("OPTIONS"), 40) is None
        assert len(phone.garbage) == 11
        for data in phone.garbage:
            with pytest.raises(RemoteProtocolError):
                decode(data)
        assert phone.ask(phone.request("OPTIONS")).status == 200
        assert self.applied(bench) == ["MalformedSip"]
        sent = seen(bench, Direction.SENT, method="OPTIONS")
        assert [m.data for m in sent[:11]] == phone.garbage
        assert [m.malformed for m in sent] == [True] * 11 + [False]

    def test_a_late_answer(self, bench, sip, phone):
        sip.inject(fl.Delay(40), nth=1)
        late = phone.request("OPTIONS")
        assert phone.ask(late, 39) is None
        assert [failure.cause for failure in phone.failures] == [Cause.TIMEOUT]
        bench.let_pass(2)
        answers = seen(bench, Direction.SENT, method="OPTIONS")
        assert [m.status for m in answers] == [200]

    def test_a_late_refusal(self, bench, sip, phone):
        sip.inject(fl.Delay(5))
        sip.inject(SipStatus(503))
        assert phone.ask(phone.request("OPTIONS"), 4.9) is None
        bench.let_pass(0.2)
        assert phone.responses[-1].status == 503

    @pytest.mark.parametrize("kind", SDP_FLAWS)
    def test_a_wrong_session_in_the_200(self, bench, sip, phone, kind):
        sip.inject(WrongSdp(kind), nth=1)
        final = phone.ask(phone.request("INVITE", callee="200", body=OFFER))
        assert final.status == 200
        assert not acceptable(final.body)
        assert self.applied(bench) == ["WrongSdp"]

    def test_a_wrong_session_in_the_ack(self, bench, sip, phone):
        sip.inject(WrongSdp("codec"), name="ACK")
        phone.on_request = answer_with(OFFER)
        sip.call(1)
        bench.let_pass(1)
        assert self.applied(bench) == []
        sip.call(1, codecs=())
        bench.let_pass(1)
        ack = decode(seen(bench, Direction.SENT, method="ACK")[-1].data)
        assert not acceptable(ack.body)
        assert self.applied(bench) == ["WrongSdp"]

    def test_no_ack_is_ever_sent(self, bench, sip, phone):
        sip.inject(NoAck())
        phone.on_request = answer_with(OFFER)
        call = sip.call(1)
        assert call.wait(CallState.ESTABLISHED, within=1)
        bench.let_pass(40)
        assert seen(bench, Direction.SENT, method="ACK") == []
        assert len(seen(bench, Direction.RECEIVED, method="INVITE", status=200)) == 11
        assert [failure.cause for failure in phone.failures] == [Cause.NO_ACK]
        assert self.applied(bench) == ["NoAck"]

    @pytest.mark.parametrize(
        ("what", "code", "number"),
        [("port", 3, errno.ECONNREFUSED), ("host", 1, errno.EHOSTUNREACH)],
    )
    def test_icmp_reaches_the_socket_that_sent_the_datagram(
        self, bench, sip, phone, what, code, number
    ):
        sip.inject(Unreachable(what), name="OPTIONS")
        asked = phone.request("OPTIONS")
        opened = phone.udp.socket
        opened.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)

        async def told():
            bench.clock.loop.remove_reader(opened)
            phone.udp.send(encode(asked), 5060)
            phone.udp.send(encode(asked), 5060)
            await asyncio.sleep(0.1)
            return [opened.recvmsg(2048, 512, socket.MSG_ERRQUEUE) for _ in range(2)]

        for quoted, ((_, _, error),), _, to in bench.clock.run(told()):
            assert struct.unpack_from("=IBBB", error) == (number, ICMP, 3, code)
            assert to == ("192.0.2.1", 5060)
            assert len(quoted) >= 8
            assert encode(asked).startswith(quoted)
        assert self.applied(bench) == ["Unreachable"]
        assert seen(bench, Direction.SENT, method="OPTIONS") == []

    def test_faults_say_what_they_cannot_be(self, sip):
        for make in (
            lambda: SipStatus(180),
            lambda: MalformedSip("x"),
            lambda: WrongSdp("x"),
            lambda: Unreachable("network"),
            lambda: sip.inject(fl.Truncate(3)),
            lambda: sip.inject(fl.ExpiredCertificate()),
            lambda: sip.answer_calls(180),
            lambda: sip.grant(10, least=20),
        ):
            with pytest.raises(UsageError):
                make()
