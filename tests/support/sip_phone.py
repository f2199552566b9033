"""A telephone made of the wire machines and one UDP socket, for tests of the bench's SIP server."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from hil.errors import RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.wire import sdp
from hil.wire.sip_build import Hop, request_head, respond_to
from hil.wire.sip_codec import decode, encode
from hil.wire.sip_digest import Challenge, answer, parse_challenge
from hil.wire.sip_headers import NameAddress, Via
from hil.wire.sip_layer import (
    AckArrived,
    Key,
    LayerEvent,
    RequestArrived,
    ResponseArrived,
    TransactionFailed,
    TransactionLayer,
    Transmit,
)
from hil.wire.sip_message import Headers, Request, Response, with_header

LOCAL = IPv4Address("192.0.2.16")
SERVER = "192.0.2.1"
PASS = "password1"
OFFER = sdp.encode(sdp.offer(LOCAL, 16384, (sdp.PCMU, sdp.G722)))


@dataclass
class SipPhone:
    """What it has seen is in lists; ``on_request`` answers requests, with 200 by default."""

    bench: Any
    server_port: int = 5060
    user: str = "line1"
    responses: list[Response] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    acks: list[Request] = field(default_factory=list)
    failures: list[TransactionFailed] = field(default_factory=list)
    garbage: list[bytes] = field(default_factory=list)
    on_request: Callable[[Request], Response | None] | None = None

    def __post_init__(self) -> None:
        self.layer = TransactionLayer(auto_trying=False)
        self.udp = self.bench.phone.udp(5060)
        self.udp.on_receive = self._got
        self._numbers = itertools.count(1)
        self._timer: Any = None
        self.pending: dict[str, tuple[Key, Request]] = {}
        """Requests left without an answer, by method."""

    @property
    def hop(self) -> Hop:
        return Hop("UDP", SERVER, self.server_port)

    def via(self) -> Via:
        return Via("UDP", str(LOCAL), 5060, (("branch", f"z9hG4bKphone{next(self._numbers)}"),))

    def request(
        self,
        method: str,
        *headers: tuple[str, str],
        callee: str | None = None,
        call_id: str = "",
        number: int = 1,
        body: bytes = b"",
    ) -> Request:
        head = request_head(
            method=method,
            via=self.via(),
            from_=NameAddress(f"sip:{self.user}@{SERVER}").with_tag("phone"),
            to=NameAddress(f"sip:{callee or self.user}@{SERVER}"),
            call_id=call_id or f"{method}{next(self._numbers)}@phone",
            cseq=number,
        )
        contact = ("Contact", f"<sip:{self.user}@{LOCAL}:5060>")
        typed = (("Content-Type", "application/sdp"),) if body else ()
        more: Headers = tuple(headers)
        if not any(name == "Contact" for name, _ in headers):
            more = (contact, *more)
        uri = f"sip:{SERVER}" if method == "REGISTER" else f"sip:{callee or self.user}@{SERVER}"
        return Request(method, uri, (*head, *more, *typed), body)

    def send(self, request: Request) -> None:
        async def sending() -> None:
            self._do(self.layer.request(request, self.hop, self.bench.clock.now())[1])

        self.bench.clock.run(sending())

    def ask(self, request: Request, seconds: float = 0.5) -> Response | None:
        """Send a request and give the last response of its transaction so far."""
        self.send(request)
        self.bench.let_pass(seconds)
        return self.answer_to(request)

    def answer_to(self, request: Request) -> Response | None:
        mine = [
            response
            for response in self.responses
            if response.via.branch == request.via.branch and response.cseq.method == request.method
        ]
        return mine[-1] if mine else None

    def register(self, password: str = PASS, expires: int = 3600) -> Response | None:
        """Register with digest authentication, and give the final response."""
        first = self.request("REGISTER", ("Expires", str(expires)))
        challenged = self.ask(first)
        if challenged is None or challenged.status != 401:
            return challenged
        return self.ask(self.with_credentials(first, challenged, password))

    def with_credentials(self, request: Request, response: Response, password: str) -> Request:
        challenge = parse_challenge(response.header("WWW-Authenticate") or "")
        shown = answer(
            challenge,
            username=self.user,
            password=password,
            method=request.method,
            uri=request.uri,
            cnonce="phone",
        )
        again = with_header(request, "Via", str(self.via()))
        again = with_header(again, "CSeq", f"{request.cseq.number + 1} {request.method}")
        return with_header(again, "Authorization", str(shown))

    def respond(self, method: str, response: Callable[[Request], Response]) -> None:
        """Answer the pending request of this method."""
        key, request = self.pending[method]

        async def responding() -> None:
            self._do(self.layer.respond(key, response(request), self.bench.clock.now()))

        self.bench.clock.run(responding())

    def transmit(self, message: Request) -> None:
        """Send what has no transaction: an ACK."""
        self.udp.send(encode(message), self.server_port)

    # -- inside ------------------------------------------------------------------------------------

    def _got(self, data: bytes, peer: tuple[str, int]) -> None:
        try:
            message = decode(data)
        except RemoteProtocolError:
            self.garbage.append(data)
            return
        self._do(self.layer.receive(message, Hop("UDP", *peer), self.bench.clock.now()))

    def _do(self, events: list[LayerEvent]) -> None:
        for event in events:
            match event:
                case Transmit(_, message, hop):
                    self.udp.send(encode(message), hop.port, hop.host)
                case ResponseArrived(_, response):
                    self.responses.append(response)
                case AckArrived(_, ack):
                    self.acks.append(ack)
                case TransactionFailed():
                    self.failures.append(event)
                case RequestArrived(key, request, _):
                    self._requested(key, request)
        self._plan()

    def _requested(self, key: Key, request: Request) -> None:
        self.requests.append(request)
        make = self.on_request
        response = ok(request) if make is None else make(request)
        if response is None:
            self.pending[request.method] = (key, request)
        else:
            self._do(self.layer.respond(key, response, self.bench.clock.now()))

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self.layer.next_deadline()
        if due is not None:
            wait = max(0, due - self.bench.clock.now()) / NANOSECONDS
            self._timer = self.bench.clock.loop.call_later(wait, self._due)

    def _due(self) -> None:
        self._do(self.layer.timeout(self.bench.clock.now()))


def ok(request: Request, body: bytes = b"", status: int = 200) -> Response:
    headers: Headers = (("Contact", f"<sip:line1@{LOCAL}:5060>"),)
    if body:
        headers = (*headers, ("Content-Type", "application/sdp"))
    return respond_to(request, status, to_tag="phone", headers=headers, body=body)


def challenging(nonce: str = "n") -> Callable[[Request], Response]:
    """Answers what has no credentials with 401 and what has some with 200."""

    def answering(request: Request) -> Response:
        if request.header("Authorization") is not None:
            return ok(request)
        challenge = ("WWW-Authenticate", str(Challenge(realm="phone", nonce=nonce)))
        return respond_to(request, 401, to_tag="phone", headers=(challenge,))

    return answering
