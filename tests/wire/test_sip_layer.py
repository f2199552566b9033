"""The table of transactions, and dialogs: two elements that talk over a bad link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.sip_build import Hop, cancel, request_head, respond_to
from hil.wire.sip_codec import decode, encode
from hil.wire.sip_dialog import (
    Dialog,
    dialog_id,
    dialog_of_callee,
    dialog_of_caller,
    next_hop_uri,
)
from hil.wire.sip_headers import NameAddress, Via
from hil.wire.sip_layer import (
    AckArrived,
    Key,
    LayerEvent,
    RequestArrived,
    ResponseArrived,
    TransactionEnded,
    TransactionFailed,
    TransactionLayer,
    Transmit,
    Unmatched,
)
from hil.wire.sip_message import Request, Response, with_header
from hil.wire.sip_timers import MILLISECOND, Cause

US = Hop("UDP", "192.0.2.1", 5060)
PHONE = Hop("UDP", "192.0.2.16", 5060)


def request(method: str, branch: str = "1", number: int = 1, **headers: str) -> Request:
    head = request_head(
        method=method,
        via=Via("UDP", PHONE.host, PHONE.port, (("branch", f"z9hG4bK{branch}"),)),
        from_=NameAddress("sip:line1@192.0.2.1").with_tag("a"),
        to=NameAddress("sip:line2@192.0.2.1"),
        call_id="call@192.0.2.16",
        cseq=number,
    )
    more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Request(
        method, "sip:line2@192.0.2.1", (*head, ("Contact", "<sip:line1@192.0.2.16>"), *more)
    )


def arrive(layer: TransactionLayer, asked: Request, now: int = 0) -> Key:
    (event,) = layer.receive(asked, PHONE, now)
    assert isinstance(event, RequestArrived)
    return event.key


def ok(asked: Request) -> Response:
    return respond_to(asked, 200, to_tag="b", headers=(("Contact", "<sip:line2@192.0.2.1>"),))


class TestTheServersSide:
    def test_a_repeated_request_is_answered_by_the_layer(self) -> None:
        layer = TransactionLayer()
        key = arrive(layer, request("OPTIONS"))
        assert layer.receive(request("OPTIONS"), PHONE, 1) == []
        answer = ok(request("OPTIONS"))
        assert layer.respond(key, answer, 2) == [Transmit(key, answer, PHONE)]
        assert layer.receive(request("OPTIONS"), PHONE, 3) == [Transmit(key, answer, PHONE)]
        assert layer.next_deadline() == 32000 * MILLISECOND + 2
        assert layer.timeout(32000 * MILLISECOND + 2) == [TransactionEnded(key)]
        assert layer.next_deadline() is None

    def test_an_answer_to_what_is_forgotten_is_our_mistake(self) -> None:
        layer = TransactionLayer()
        key = arrive(layer, request("OPTIONS"))
        layer.forget(key)
        with pytest.raises(LocalProtocolError):
            layer.respond(key, ok(request("OPTIONS")), 0)

    def test_same_branch_other_method_or_other_sender_is_another_transaction(self) -> None:
        layer = TransactionLayer()
        keys = {
            arrive(layer, request("OPTIONS")),
            arrive(layer, request("INFO")),
            arrive(layer, with_header(request("INFO"), "Via", "SIP/2.0/UDP b;branch=z9hG4bK1")),
        }
        assert len(keys) == 3

    def test_requests_of_rfc_2543_are_told_apart_by_themselves(self) -> None:
        layer = TransactionLayer()
        old = with_header(request("OPTIONS"), "Via", "SIP/2.0/UDP 192.0.2.16;branch=1")
        arrive(layer, old)
        assert layer.receive(old, PHONE, 0) == []
        arrive(layer, with_header(old, "CSeq", "2 OPTIONS"))

    def test_a_2xx_is_repeated_until_its_ack(self) -> None:
        layer = TransactionLayer()
        invite = request("INVITE")
        key = arrive(layer, invite)
        layer.respond(key, ok(invite), 0)
        assert layer.timeout(500 * MILLISECOND) == [Transmit(key, ok(invite), PHONE)]
        ack = with_header(request("ACK", "2"), "To", str(ok(invite).to))
        assert layer.receive(ack, PHONE, 600 * MILLISECOND) == [AckArrived(key, ack)]
        assert layer.receive(ack, PHONE, 700 * MILLISECOND) == []
        assert layer.timeout(31999 * MILLISECOND) == []
        assert layer.timeout(32000 * MILLISECOND) == [TransactionEnded(key)]

    def test_a_2xx_without_ack_is_given_up_after_32_s(self) -> None:
        layer = TransactionLayer()
        key = arrive(layer, request("INVITE"))
        layer.respond(key, ok(request("INVITE")), 0)
        found: list[LayerEvent] = []
        while (due := layer.next_deadline()) is not None:
            found += layer.timeout(due)
        assert len([event for event in found if isinstance(event, Transmit)]) == 10
        assert found[-2:] == [TransactionFailed(key, Cause.NO_ACK), TransactionEnded(key)]

    def test_the_ack_of_a_refusal_belongs_to_the_invite(self) -> None:
        layer = TransactionLayer()
        invite = request("INVITE")
        key = arrive(layer, invite)
        layer.respond(key, respond_to(invite, 486, to_tag="b"), 0)
        assert layer.receive(request("ACK"), PHONE, 1) == [AckArrived(key, request("ACK"))]

    def test_a_cancel_finds_its_invite_until_that_is_answered(self) -> None:
        layer = TransactionLayer()
        invite = request("INVITE")
        key = arrive(layer, invite)
        assert layer.invite_of(cancel(invite)) == key
        assert layer.invite_of(cancel(request("INVITE", "other"))) is None
        layer.respond(key, ok(invite), 0)
        assert layer.invite_of(cancel(invite)) is None

    @pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
    def test_what_is_abandoned_is_never_answered(self, method: str) -> None:
        layer = TransactionLayer()
        asked = request(method)
        key = arrive(layer, asked)
        layer.abandon(key, 0)
        assert layer.receive(asked, PHONE, 31999 * MILLISECOND) == []
        assert layer.next_deadline() == 32000 * MILLISECOND
        with pytest.raises(LocalProtocolError):
            layer.respond(key, ok(asked), 0)
        assert layer.timeout(32000 * MILLISECOND) == [TransactionEnded(key)]
        arrive(layer, asked)

    def test_stray_acks_and_responses_are_told(self) -> None:
        layer = TransactionLayer()
        stray = ok(request("INVITE"))
        assert layer.receive(request("ACK"), PHONE, 0) == [Unmatched(request("ACK"), PHONE)]
        assert layer.receive(stray, PHONE, 0) == [Unmatched(stray, PHONE)]

    def test_a_flood_opens_only_so_many(self) -> None:
        layer = TransactionLayer()
        for number in range(512):
            arrive(layer, request("OPTIONS", str(number)))
        assert layer.receive(request("OPTIONS", "one more"), PHONE, 0) == []


class TestTheClientsSide:
    def test_a_response_is_told_once(self) -> None:
        layer = TransactionLayer()
        asked = request("REGISTER")
        key, events = layer.request(asked, US, 0)
        assert events == [Transmit(key, asked, US)]
        assert layer.request_of(key) == asked
        assert layer.receive(ok(asked), US, 1) == [ResponseArrived(key, ok(asked))]
        assert layer.receive(ok(asked), US, 1) == []
        assert layer.answered(key)

    def test_a_branch_is_used_once(self) -> None:
        layer = TransactionLayer()
        layer.request(request("REGISTER"), US, 0)
        with pytest.raises(LocalProtocolError):
            layer.request(request("REGISTER"), US, 0)

    def test_what_cannot_be_delivered_has_failed(self) -> None:
        layer = TransactionLayer()
        key, _ = layer.request(request("REGISTER"), US, 0)
        assert layer.transport_failed(key) == [
            TransactionFailed(key, Cause.TRANSPORT),
            TransactionEnded(key),
        ]
        assert layer.transport_failed(key) == []
        assert layer.next_deadline() is None


class TestDialogs:
    INVITE = request("INVITE", Record_Route="<sip:p2;lr>, <sip:p1;lr>")
    VIA = Via("UDP", "192.0.2.1", 5060, (("branch", "z9hG4bKx"),))

    def both(self) -> tuple[Dialog, Dialog]:
        answer = respond_to(
            self.INVITE, 200, to_tag="b", headers=(("Contact", "<sip:line2@192.0.2.1:5062>"),)
        )
        return dialog_of_caller(self.INVITE, answer), dialog_of_callee(self.INVITE, answer)

    def test_both_sides_agree_crosswise(self) -> None:
        caller, callee = self.both()
        assert caller.id == ("call@192.0.2.16", "a", "b")
        assert callee.id == ("call@192.0.2.16", "b", "a")
        assert caller.target == "sip:line2@192.0.2.1:5062"
        assert callee.target == "sip:line1@192.0.2.16"
        assert caller.route == ("<sip:p1;lr>", "<sip:p2;lr>")
        assert callee.route == ("<sip:p2;lr>", "<sip:p1;lr>")

    def test_a_request_in_the_dialog(self) -> None:
        caller, callee = self.both()
        after, bye = caller.request("BYE", self.VIA)
        assert (bye.uri, str(bye.cseq)) == ("sip:line2@192.0.2.1:5062", "2 BYE")
        assert bye.values("Route") == ("<sip:p1;lr>", "<sip:p2;lr>")
        assert next_hop_uri(bye) == "sip:p1;lr"
        assert dialog_id(bye) == callee.id
        assert after.request("INFO", self.VIA)[1].cseq.number == 3
        assert str(caller.ack(1, self.VIA).cseq) == "1 ACK"

    def test_a_strict_router_gets_itself_as_the_uri(self) -> None:
        caller, _ = self.both()
        strict = Dialog(
            call_id="c",
            local=caller.local,
            remote=caller.remote,
            target="sip:t@h",
            route=("<sip:strict>", "<sip:p2;lr>"),
        )
        _, bye = strict.request("BYE", self.VIA)
        assert bye.uri == "sip:strict"
        assert bye.values("Route") == ("<sip:p2;lr>", "<sip:t@h>")

    @pytest.mark.parametrize("route", ["<sip:", "sip:", "<a b>"])
    def test_a_route_that_is_no_address_makes_no_dialog(self, route: str) -> None:
        invite = request("INVITE", Record_Route=route)
        answer = ok(invite)
        for make in (dialog_of_caller, dialog_of_callee):
            with pytest.raises(RemoteProtocolError):
                make(invite, answer)

    def test_a_route_without_a_sip_uri_is_no_strict_router(self) -> None:
        invite = request("INVITE", Record_Route="<urn:x>")
        _, bye = dialog_of_callee(invite, ok(invite)).request("BYE", self.VIA)
        assert (bye.uri, bye.values("Route")) == ("sip:line1@192.0.2.16", ("<urn:x>",))

    def test_numbers_only_grow(self) -> None:
        _, callee = self.both()
        newer = callee.receive(request("INVITE", number=5))
        assert newer is not None
        assert newer.remote_seq == 5
        assert newer.receive(request("BYE", number=4)) is None

    def test_a_reinvite_moves_the_target(self) -> None:
        _, callee = self.both()
        moved = with_header(request("INVITE", number=2), "Contact", "<sip:line1@192.0.2.99>")
        after = callee.receive(moved)
        assert after is not None
        assert after.target == "sip:line1@192.0.2.99"


@dataclass
class Element:
    """A layer, and what it has told its user."""

    name: str
    hop: Hop
    layer: TransactionLayer = field(default_factory=TransactionLayer)
    told: list[LayerEvent] = field(default_factory=list)


fates = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 300)), max_size=20)


@settings(deadline=None)
@given(fates, st.sampled_from(["OPTIONS", "INVITE"]), st.sampled_from([200, 486]))
def test_one_request_has_one_answer_however_bad_the_link(
    new_link: Callable[[Any], Any], fates: list[tuple[int, int]], method: str, status: int
) -> None:
    link = new_link(fates)
    phone, server = Element("phone", PHONE), Element("server", US)
    asked = request(method)
    acks = 0

    def handle(element: Element, events: list[LayerEvent], now: int) -> None:
        nonlocal acks
        for event in events:
            element.told.append(event)
            if isinstance(event, Transmit):
                to = "server" if element is phone else "phone"
                link.send(to, encode(event.message), now)
            elif isinstance(event, RequestArrived):
                answer = respond_to(event.request, status, to_tag="b")
                handle(element, element.layer.respond(event.key, answer, now), now)
            elif isinstance(event, ResponseArrived) and (method, status) == ("INVITE", 200):
                acks += 1
                dialog = dialog_of_caller(asked, event.response)
                via = Via("UDP", PHONE.host, PHONE.port, (("branch", f"z9hG4bKack{acks}"),))
                link.send("server", encode(dialog.ack(1, via)), now)

    _, events = phone.layer.request(asked, US, 0)
    handle(phone, events, 0)
    while True:
        arrival = link.next_arrival()
        dues = [element.layer.next_deadline() for element in (phone, server)]
        times = [time for time in (arrival, *dues) if time is not None]
        if not times:
            break
        now = min(times)
        if arrival == now:
            to, data = link.take()
            element = phone if to == "phone" else server
            source = US if element is phone else PHONE
            handle(element, element.layer.receive(decode(data), source, now), now)
        else:
            for element in (phone, server):
                handle(element, element.layer.timeout(now), now)

    arrived = [e for e in server.told if isinstance(e, RequestArrived)]
    answers = [e for e in phone.told if isinstance(e, ResponseArrived)]
    failures = [e for e in phone.told if isinstance(e, TransactionFailed)]
    assert len(arrived) <= 1
    if method == "INVITE" and status == 200:
        assert bool(answers) != bool(failures)
    else:
        assert len(answers) + len(failures) == 1
    if method == "INVITE" and arrived:
        confirmed = [e for e in server.told if isinstance(e, AckArrived)]
        given_up = [e for e in server.told if isinstance(e, TransactionFailed)]
        assert len(confirmed) + len(given_up) == 1
