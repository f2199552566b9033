"""All transactions of one SIP element: which message belongs to which (RFC 3261 17.1.3, 17.2.3).

The layer is what a user agent or a server talks to. A message that arrived goes to `receive`, and
comes back as an event about a transaction, unless the transaction deals with it by itself. Requests
and responses of the user go through `request` and `respond`. What has to be put on the wire is a
`Transmit`. A 2xx to an INVITE is repeated here until its ACK comes (section 13.3.1.4), since every
user would have to.

The ACK of a 2xx that the user received is sent outside of any transaction, and again for each
repetition of the 2xx: that is the user's business, as section 13.2.2.4 has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hil.errors import LocalProtocolError
from hil.wire import sip_timers as st
from hil.wire.sip_build import Hop, note_source, reply_hop
from hil.wire.sip_client import ClientTransaction
from hil.wire.sip_headers import MAGIC_COOKIE
from hil.wire.sip_message import Message, Request, Response
from hil.wire.sip_server import Acceptance, ServerTransaction

MOST_TRANSACTIONS = 512
"""Server transactions at a time; who opens more gets no answer until some have ended."""


@dataclass(frozen=True, slots=True)
class Key:
    """A transaction. ``sent_by`` is empty for those of our own requests."""

    branch: str
    sent_by: str
    method: str


@dataclass(frozen=True, slots=True)
class Transmit:
    """Put the message on the wire; report a failure to `TransactionLayer.transport_failed`."""

    key: Key
    message: Message
    hop: Hop


@dataclass(frozen=True, slots=True)
class RequestArrived:
    """A new request, to be answered with `TransactionLayer.respond`.

    The topmost Via says where it came from, as `hil.wire.sip_build.note_source` writes it.
    """

    key: Key
    request: Request
    hop: Hop


@dataclass(frozen=True, slots=True)
class ResponseArrived:
    """A response to a request of ours; a repeated 2xx to an INVITE is reported each time."""

    key: Key
    response: Response


@dataclass(frozen=True, slots=True)
class AckArrived:
    """The ACK of our final response to an INVITE, once."""

    key: Key
    ack: Request


@dataclass(frozen=True, slots=True)
class TransactionFailed:
    """No answer, no ACK, or no transport."""

    key: Key
    cause: st.Cause


@dataclass(frozen=True, slots=True)
class TransactionEnded:
    """The layer has forgotten the transaction."""

    key: Key


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A response or an ACK that belongs to no transaction here."""

    message: Message
    hop: Hop


LayerEvent = (
    Transmit
    | RequestArrived
    | ResponseArrived
    | AckArrived
    | TransactionFailed
    | TransactionEnded
    | Unmatched
)


@dataclass(slots=True)
class _Client:
    machine: ClientTransaction
    hop: Hop


@dataclass(slots=True)
class _Server:
    machine: ServerTransaction
    hop: Hop
    acceptance: Acceptance | None = None
    over: bool = False


class TransactionLayer:
    """See the module. ``auto_trying`` answers INVITEs with 100 where the user is slow (200 ms)."""

    def __init__(self, timers: st.Timers | None = None, *, auto_trying: bool = True) -> None:
        self._timers = timers or st.Timers()
        self._auto_trying = auto_trying
        self._clients: dict[Key, _Client] = {}
        self._servers: dict[Key, _Server] = {}

    def next_deadline(self) -> int | None:
        """When `timeout` is due, in ns."""
        return min((due for due in self._deadlines() if due is not None), default=None)

    # -- the user's side ---------------------------------------------------------------------------

    def request(self, request: Request, hop: Hop, now: int) -> tuple[Key, list[LayerEvent]]:
        """Send a request, whose Via has a branch that was not used before; not for ACK."""
        key = Key(request.via.branch, "", request.method)
        if key in self._clients or not key.branch:
            raise LocalProtocolError(f"a {request.method} with the branch {key.branch!r} again")
        client = _Client(
            ClientTransaction(request, reliable=hop.reliable, timers=self._timers), hop
        )
        self._clients[key] = client
        return key, self._of_client(key, client, client.machine.start(now))

    def respond(self, key: Key, response: Response, now: int) -> list[LayerEvent]:
        """Answer a request that arrived; `LocalProtocolError` if it is answered or forgotten."""
        server = self._servers.get(key)
        if server is None or server.over:
            raise LocalProtocolError(f"no {key.method} waits for a {response.status}")
        events = server.machine.respond(response, now)
        if key.method == "INVITE" and 200 <= response.status < 300:
            server.acceptance = Acceptance(response, now, self._timers)
        return self._of_server(key, server, events)

    def invite_of(self, request: Request) -> Key | None:
        """The INVITE that a CANCEL means (section 9.2), while it has no final response."""
        key = server_key(request, "INVITE")
        return key if self.awaits(key) else None

    def request_of(self, key: Key) -> Request | None:
        """The request of a transaction that is known still."""
        known = self._clients.get(key) or self._servers.get(key)
        return None if known is None else known.machine.request

    def answered(self, key: Key) -> bool:
        """Whether any response to a request of ours has come; only then may it be cancelled."""
        client = self._clients.get(key)
        return client is not None and client.machine.answered

    def awaits(self, key: Key) -> bool:
        """Whether a request that arrived has no final response yet."""
        server = self._servers.get(key)
        return server is not None and not server.machine.answered

    def abandon(self, key: Key, now: int) -> None:
        """Never answer a request that arrived; its repetitions are swallowed for 64*T1."""
        server = self._servers.get(key)
        if server is not None:
            server.machine.abandon(now)

    def forget(self, key: Key) -> None:
        """Drop a transaction without a word; what still arrives for it is new or unmatched."""
        self._clients.pop(key, None)
        self._servers.pop(key, None)

    def clear(self) -> None:
        """Drop all transactions."""
        self._clients.clear()
        self._servers.clear()

    # -- the wire's side ---------------------------------------------------------------------------

    def receive(self, message: Message, hop: Hop, now: int) -> list[LayerEvent]:
        """Take a message that `hil.wire.sip_codec.check` has passed, and where it came from."""
        if isinstance(message, Response):
            return self._response(message, hop, now)
        if message.method == "ACK":
            return self._ack(message, hop, now)
        key = server_key(message)
        server = self._servers.get(key)
        if server is not None:
            return self._of_server(key, server, server.machine.receive(message, now))
        if len(self._servers) >= MOST_TRANSACTIONS:
            return []
        noted = note_source(message, hop.host, hop.port)
        machine = ServerTransaction(
            noted,
            now,
            reliable=hop.reliable,
            timers=self._timers,
            auto_trying=self._auto_trying,
        )
        self._servers[key] = _Server(machine, reply_hop(noted, hop))
        return [RequestArrived(key, noted, hop)]

    def timeout(self, now: int) -> list[LayerEvent]:
        """Do what is due by now."""
        found: list[LayerEvent] = []
        for key, client in list(self._clients.items()):
            found += self._of_client(key, client, client.machine.timeout(now))
        for key, server in list(self._servers.items()):
            found += self._of_server(key, server, server.machine.timeout(now))
            if server.acceptance is not None:
                found += self._of_acceptance(key, server, server.acceptance.timeout(now))
        return found

    def transport_failed(self, key: Key) -> list[LayerEvent]:
        """A `Transmit` of this transaction could not be delivered."""
        client, server = self._clients.get(key), self._servers.get(key)
        if client is not None:
            return self._of_client(key, client, client.machine.transport_failed())
        if server is not None:
            server.acceptance = None
            return self._of_server(key, server, server.machine.transport_failed())
        return []

    # -- inside ------------------------------------------------------------------------------------

    def _deadlines(self) -> Iterator[int | None]:
        for client in self._clients.values():
            yield client.machine.next_deadline()
        for server in self._servers.values():
            yield server.machine.next_deadline()
            if server.acceptance is not None:
                yield server.acceptance.next_deadline()

    def _response(self, response: Response, hop: Hop, now: int) -> list[LayerEvent]:
        key = Key(response.via.branch, "", response.cseq.method)
        client = self._clients.get(key)
        if client is None:
            return [Unmatched(response, hop)]
        return self._of_client(key, client, client.machine.receive(response, now))

    def _ack(self, ack: Request, hop: Hop, now: int) -> list[LayerEvent]:
        key = server_key(ack, "INVITE")
        server = self._servers.get(key)
        if server is not None and server.acceptance is None:
            return self._of_server(key, server, server.machine.receive(ack, now))
        for key, server in self._servers.items():
            if server.acceptance is not None and server.acceptance.is_for(ack):
                return self._of_acceptance(key, server, server.acceptance.acknowledged(ack))
        return [Unmatched(ack, hop)]

    def _of_client(self, key: Key, client: _Client, events: list[st.Event]) -> list[LayerEvent]:
        found: list[LayerEvent] = []
        for event in events:
            match event:
                case st.Send(message):
                    found.append(Transmit(key, message, client.hop))
                case st.Arrived(message) if isinstance(message, Response):
                    found.append(ResponseArrived(key, message))
                case st.Failed(cause):
                    found.append(TransactionFailed(key, cause))
                case st.Ended():
                    self._clients.pop(key, None)
                    found.append(TransactionEnded(key))
        return found

    def _of_server(self, key: Key, server: _Server, events: list[st.Event]) -> list[LayerEvent]:
        found: list[LayerEvent] = []
        for event in events:
            match event:
                case st.Ended():
                    server.over = True
                case _:
                    found += _translate(key, server.hop, event)
        return found + self._sweep(key, server)

    def _of_acceptance(self, key: Key, server: _Server, events: list[st.Event]) -> list[LayerEvent]:
        found: list[LayerEvent] = []
        for event in events:
            found += _translate(key, server.hop, event)
        return found + self._sweep(key, server)

    def _sweep(self, key: Key, server: _Server) -> list[LayerEvent]:
        """Forget what is over; a 2xx has to be acknowledged, or given up, before."""
        waits = server.acceptance is not None and server.acceptance.waiting
        if not server.over or waits or self._servers.pop(key, None) is None:
            return []
        return [TransactionEnded(key)]


def _translate(key: Key, hop: Hop, event: st.Event) -> list[LayerEvent]:
    match event:
        case st.Send(message):
            return [Transmit(key, message, hop)]
        case st.Arrived(message) if isinstance(message, Request):
            return [AckArrived(key, message)]
        case st.Failed(cause):
            return [TransactionFailed(key, cause)]
    return []


def server_key(request: Request, method: str = "") -> Key:
    """The transaction of a request that arrives (section 17.2.3); ``method`` in place of its own.

    Without the magic cookie in its branch the request itself has to tell (RFC 2543).
    """
    method = method or request.method
    via = request.via
    if via.branch.startswith(MAGIC_COOKIE):
        return Key(via.branch, via.sent_by, method)
    parts = (request.uri, request.from_.tag or "", request.call_id, str(request.cseq.number))
    return Key(" ".join((*parts, str(via))), via.sent_by, method)
