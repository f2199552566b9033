"""Transactions against RFC 3261 section 17 and RFC 6026: timetables in ms, states, matching."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import LocalProtocolError
from hil.wire.sip_build import (
    Hop,
    ack_refusal,
    cancel,
    note_source,
    reply_hop,
    request_head,
    respond_to,
)
from hil.wire.sip_client import ClientTransaction
from hil.wire.sip_client import State as ClientState
from hil.wire.sip_headers import NameAddress, Via
from hil.wire.sip_message import Message, Request, Response, with_header
from hil.wire.sip_server import Acceptance, ServerTransaction
from hil.wire.sip_server import State as ServerState
from hil.wire.sip_timers import MILLISECOND, Arrived, Cause, Ended, Event, Failed, Send, Timers

CONTACT = ("Contact", "<sip:line1@192.0.2.16:5060>")


def request(method: str, branch: str = "z9hG4bK1", number: int = 1) -> Request:
    head = request_head(
        method=method,
        via=Via("UDP", "192.0.2.16", 5060, (("branch", branch),)),
        from_=NameAddress("sip:line1@192.0.2.1").with_tag("a"),
        to=NameAddress("sip:line2@192.0.2.1"),
        call_id="call@192.0.2.16",
        cseq=number,
    )
    return Request(method, "sip:line2@192.0.2.1", (*head, CONTACT))


INVITE = request("INVITE")
OPTIONS = request("OPTIONS")


def response(status: int, to: Request = INVITE) -> Response:
    return respond_to(to, status, to_tag="b")


def timetable(
    machine: ClientTransaction | ServerTransaction | Acceptance, until: int = 10**6
) -> list[tuple[int, str]]:
    """Let time pass up to ``until`` ms and note at which ms what happened."""
    found: list[tuple[int, str]] = []
    while (due := machine.next_deadline()) is not None and due <= until * MILLISECOND:
        events = machine.timeout(due)
        assert machine.timeout(due) == []
        found += [(due // MILLISECOND, name(event)) for event in events]
    return found


def name(event: Event) -> str:
    match event:
        case Send(Request(method=method)):
            return method
        case Send(Response(status=status)):
            return str(status)
        case Failed(cause):
            return cause.name
    return type(event).__name__


def sent(events: list[Event]) -> list[Message]:
    return [event.message for event in events if isinstance(event, Send)]


class TestInviteClient:
    def test_repeats_at_doubled_pauses_and_times_out_after_32_s(self) -> None:
        client = ClientTransaction(INVITE, reliable=False)
        assert client.start(0) == [Send(INVITE)]
        assert timetable(client) == [
            (500, "INVITE"),
            (1500, "INVITE"),
            (3500, "INVITE"),
            (7500, "INVITE"),
            (15500, "INVITE"),
            (31500, "INVITE"),
            (32000, "TIMEOUT"),
            (32000, "Ended"),
        ]

    def test_over_tcp_repeats_nothing(self) -> None:
        client = ClientTransaction(INVITE, reliable=True)
        client.start(0)
        assert timetable(client) == [(32000, "TIMEOUT"), (32000, "Ended")]

    def test_other_timers_stretch_it(self) -> None:
        client = ClientTransaction(INVITE, reliable=False, timers=Timers(t1=100 * MILLISECOND))
        client.start(0)
        assert [at for at, _ in timetable(client)][:4] == [100, 300, 700, 1500]

    def test_rings_for_ever(self) -> None:
        client = ClientTransaction(INVITE, reliable=False)
        client.start(0)
        assert client.receive(response(180), 700 * MILLISECOND) == [Arrived(response(180))]
        assert client.next_deadline() is None
        assert client.state is ClientState.PROCEEDING

    def test_hands_on_each_2xx_for_32_s(self) -> None:
        client = ClientTransaction(INVITE, reliable=False)
        client.start(0)
        ok = response(200)
        assert client.receive(ok, 0) == [Arrived(ok)]
        assert client.receive(ok, 500 * MILLISECOND) == [Arrived(ok)]
        assert client.receive(response(486), 500 * MILLISECOND) == []
        assert timetable(client) == [(32000, "Ended")]

    def test_acknowledges_a_refusal_and_its_repetitions(self) -> None:
        client = ClientTransaction(INVITE, reliable=False)
        client.start(0)
        busy = response(486)
        ack = ack_refusal(INVITE, busy)
        assert client.receive(busy, 0) == [Send(ack), Arrived(busy)]
        assert client.receive(busy, 500 * MILLISECOND) == [Send(ack)]
        assert timetable(client) == [(32000, "Ended")]
        assert client.receive(busy, 33000 * MILLISECOND) == []

    def test_over_tcp_a_refusal_is_the_end(self) -> None:
        client = ClientTransaction(INVITE, reliable=True)
        client.start(0)
        assert [name(event) for event in client.receive(response(486), 0)] == [
            "ACK",
            "Arrived",
            "Ended",
        ]

    def test_the_transport_fails(self) -> None:
        client = ClientTransaction(INVITE, reliable=False)
        client.start(0)
        assert client.transport_failed() == [Failed(Cause.TRANSPORT), Ended()]
        assert client.transport_failed() == []
        assert client.next_deadline() is None


class TestOtherClient:
    def test_repeats_at_pauses_up_to_t2_and_times_out_after_32_s(self) -> None:
        client = ClientTransaction(OPTIONS, reliable=False)
        client.start(0)
        assert timetable(client) == [
            (500, "OPTIONS"),
            (1500, "OPTIONS"),
            (3500, "OPTIONS"),
            (7500, "OPTIONS"),
            (11500, "OPTIONS"),
            (15500, "OPTIONS"),
            (19500, "OPTIONS"),
            (23500, "OPTIONS"),
            (27500, "OPTIONS"),
            (31500, "OPTIONS"),
            (32000, "TIMEOUT"),
            (32000, "Ended"),
        ]

    def test_after_a_provisional_response_repeats_every_4_s_and_still_times_out(self) -> None:
        client = ClientTransaction(OPTIONS, reliable=False)
        client.start(0)
        client.receive(response(100, OPTIONS), 100 * MILLISECOND)
        found = timetable(client)
        assert found[:3] == [(500, "OPTIONS"), (4500, "OPTIONS"), (8500, "OPTIONS")]
        assert found[-2:] == [(32000, "TIMEOUT"), (32000, "Ended")]

    def test_swallows_repeated_responses_for_5_s(self) -> None:
        client = ClientTransaction(OPTIONS, reliable=False)
        client.start(0)
        ok = response(200, OPTIONS)
        assert client.receive(ok, 0) == [Arrived(ok)]
        assert client.receive(ok, 1) == []
        assert timetable(client) == [(5000, "Ended")]

    def test_a_late_look_at_the_time_shifts_no_later_repetition(self) -> None:
        client = ClientTransaction(OPTIONS, reliable=False)
        client.start(0)
        assert sent(client.timeout(600 * MILLISECOND)) == [OPTIONS]
        assert client.next_deadline() == 1500 * MILLISECOND

    def test_an_ack_has_no_transaction(self) -> None:
        with pytest.raises(LocalProtocolError):
            ClientTransaction(request("ACK"), reliable=False)

    def test_is_started_once(self) -> None:
        client = ClientTransaction(OPTIONS, reliable=False)
        client.start(0)
        with pytest.raises(LocalProtocolError):
            client.start(0)


class TestInviteServer:
    def test_says_trying_after_200_ms_of_silence(self) -> None:
        server = ServerTransaction(INVITE, 0, reliable=False)
        assert timetable(server) == [(200, "100")]
        assert [name(event) for event in server.receive(INVITE, 0)] == ["100"]

    def test_says_no_trying_once_it_rings(self) -> None:
        server = ServerTransaction(INVITE, 0, reliable=False)
        server.respond(response(180), 0)
        assert server.next_deadline() is None
        assert server.receive(INVITE, 0) == [Send(response(180))]

    def test_repeats_a_refusal_until_it_gives_up(self) -> None:
        server = ServerTransaction(INVITE, 0, reliable=False)
        assert server.respond(response(486), 0) == [Send(response(486))]
        assert timetable(server) == [
            (500, "486"),
            (1500, "486"),
            (3500, "486"),
            (7500, "486"),
            (11500, "486"),
            (15500, "486"),
            (19500, "486"),
            (23500, "486"),
            (27500, "486"),
            (31500, "486"),
            (32000, "NO_ACK"),
            (32000, "Ended"),
        ]

    def test_the_ack_stops_it(self) -> None:
        server = ServerTransaction(INVITE, 0, reliable=False)
        server.respond(response(486), 0)
        ack = ack_refusal(INVITE, response(486))
        assert server.receive(ack, 600 * MILLISECOND) == [Arrived(ack)]
        assert server.receive(ack, 600 * MILLISECOND) == []
        assert server.receive(INVITE, 600 * MILLISECOND) == []
        assert server.state is ServerState.CONFIRMED
        assert timetable(server) == [(5600, "Ended")]

    def test_over_tcp_it_waits_for_the_ack_and_no_longer(self) -> None:
        server = ServerTransaction(INVITE, 0, reliable=True)
        server.respond(response(486), 0)
        assert server.next_deadline() == 32000 * MILLISECOND
        ack = ack_refusal(INVITE, response(486))
        assert server.receive(ack, 0) == [Arrived(ack), Ended()]

    def test_swallows_repetitions_after_a_2xx(self) -> None:
        server = ServerTransaction(INVITE, 0, reliable=False)
        server.respond(response(200), 0)
        assert server.receive(INVITE, 1) == []
        assert timetable(server) == [(32000, "Ended")]

    def test_answers_once(self) -> None:
        server = ServerTransaction(INVITE, 0, reliable=False)
        server.respond(response(200), 0)
        with pytest.raises(LocalProtocolError):
            server.respond(response(486), 0)


class TestOtherServer:
    def test_repeats_its_response_to_each_repetition_for_32_s(self) -> None:
        server = ServerTransaction(OPTIONS, 0, reliable=False)
        assert server.receive(OPTIONS, 0) == []
        ok = response(200, OPTIONS)
        server.respond(ok, 0)
        assert server.receive(OPTIONS, 31999 * MILLISECOND) == [Send(ok)]
        assert timetable(server) == [(32000, "Ended")]
        assert server.receive(OPTIONS, 32000 * MILLISECOND) == []

    def test_over_tcp_the_response_is_the_end(self) -> None:
        server = ServerTransaction(OPTIONS, 0, reliable=True)
        assert server.respond(response(200, OPTIONS), 0) == [Send(response(200, OPTIONS)), Ended()]


class TestAcceptance:
    """Section 13.3.1.4."""

    def test_repeats_a_2xx_until_it_gives_up(self) -> None:
        assert timetable(Acceptance(response(200), 0)) == [
            (500, "200"),
            (1500, "200"),
            (3500, "200"),
            (7500, "200"),
            (11500, "200"),
            (15500, "200"),
            (19500, "200"),
            (23500, "200"),
            (27500, "200"),
            (31500, "200"),
            (32000, "NO_ACK"),
            (32000, "Ended"),
        ]

    def test_only_the_ack_of_its_dialog_stops_it(self) -> None:
        acceptance = Acceptance(response(200), 0)
        ack = with_header(request("ACK", "z9hG4bK2"), "To", str(response(200).to))
        assert acceptance.is_for(ack)
        assert not acceptance.is_for(with_header(ack, "To", "<sip:x@y>;tag=other"))
        assert not acceptance.is_for(with_header(ack, "CSeq", "2 ACK"))
        assert acceptance.acknowledged(ack) == [Arrived(ack), Ended()]
        assert acceptance.acknowledged(ack) == []
        assert acceptance.next_deadline() is None


class TestMessagesByRule:
    def test_an_ack_of_a_refusal(self) -> None:
        invite = with_header(INVITE, "Route", "<sip:proxy;lr>")
        ack = ack_refusal(invite, response(486))
        assert (ack.method, ack.uri, str(ack.cseq)) == ("ACK", INVITE.uri, "1 ACK")
        assert ack.via == INVITE.via
        assert ack.to.tag == "b"
        assert ack.from_ == INVITE.from_
        assert ack.header("Route") == "<sip:proxy;lr>"
        assert ack.header("Contact") is None

    def test_a_cancel(self) -> None:
        cancelled = cancel(INVITE)
        assert (cancelled.uri, str(cancelled.cseq)) == (INVITE.uri, "1 CANCEL")
        assert cancelled.via == INVITE.via
        assert cancelled.to == INVITE.to
        assert cancelled.call_id == INVITE.call_id

    def test_a_response_copies_what_identifies_the_request(self) -> None:
        asked = Request("INVITE", "sip:x@y", (*INVITE.headers, ("Record-Route", "<sip:p;lr>")))
        ok = respond_to(asked, 200, to_tag="t", headers=(("X", "1"),), body=b"b")
        assert ok.reason == "OK"
        assert (ok.via, ok.from_, ok.cseq) == (asked.via, asked.from_, asked.cseq)
        assert ok.to.tag == "t"
        assert ok.header("Record-Route") == "<sip:p;lr>"
        assert ok.header("Max-Forwards") is None
        assert respond_to(asked, 100).to.tag is None
        with pytest.raises(LocalProtocolError):
            respond_to(asked, 200)

    @pytest.mark.parametrize(
        ("parameters", "port"),
        [((), 5060), ((("rport", None),), 40000), ((("rport", "1"),), 40000)],
    )
    def test_a_response_goes_where_the_request_came_from(
        self, parameters: tuple[tuple[str, str | None], ...], port: int
    ) -> None:
        via = Via("UDP", "phone.example", 5060, parameters)
        came = Hop("UDP", "192.0.2.16", 40000)
        noted = note_source(with_header(OPTIONS, "Via", str(via)), came.host, came.port)
        assert noted.via.parameter("received") == "192.0.2.16"
        assert reply_hop(noted, came) == Hop("UDP", "192.0.2.16", port)
        stream = Hop("TCP", "192.0.2.16", 40000, 7)
        assert reply_hop(noted, stream) == stream

    def test_the_other_vias_stay(self) -> None:
        two = with_header(OPTIONS, "Via", "SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b;branch=2")
        noted = note_source(two, "192.0.2.16", 5060)
        assert [via.host for via in noted.vias] == ["a", "b"]
        assert noted.vias[1].parameter("received") is None


steps = st.lists(
    st.tuples(st.integers(0, 5000), st.sampled_from([0, 100, 180, 200, 404, 600])), max_size=20
)


@given(steps, st.booleans(), st.sampled_from([INVITE, OPTIONS]))
def test_every_client_ends_or_waits_for_a_person(
    steps: list[tuple[int, int]], reliable: bool, asked: Request
) -> None:
    client = ClientTransaction(asked, reliable=reliable)
    events = client.start(0)
    now = 0
    for pause, status in steps:
        now += pause * MILLISECOND
        events += client.timeout(now)
        if status:
            events += client.receive(response(status, asked), now)
    while (due := client.next_deadline()) is not None:
        events += client.timeout(max(due, now))
    finals = [e for e in events if isinstance(e, Failed)] + [
        e for e in events if isinstance(e, Arrived) and name(e) and _final(e)
    ]
    if client.state is ClientState.PROCEEDING:
        assert asked.method == "INVITE"
        assert finals == []
    else:
        assert client.state is ClientState.TERMINATED
        assert events.count(Ended()) == 1
        assert events[-1] == Ended()
        assert len(finals) == 1 or all(
            isinstance(e, Arrived) and 200 <= _status(e) < 300 for e in finals
        )


def _status(event: Arrived) -> int:
    return event.message.status if isinstance(event.message, Response) else 0


def _final(event: Arrived) -> bool:
    return _status(event) >= 200
