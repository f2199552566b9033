"""The core of the endpoint: transactions on one side, the user's business on the other.

It drives the transaction layer with lab time, gives requests of ours what makes them unique, and
brings each final response to whoever asked. On a virtual testbed the identifiers are counted, so
that a scenario repeats octet by octet; on a rack a random salt keeps a phone from taking this run's
calls for the last one's.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import secrets
from collections.abc import Callable
from typing import Protocol

from hil.endpoints.base import Datagram, Station
from hil.endpoints.sip_transport import SipTransport
from hil.lab_time import NANOSECONDS
from hil.wire.sip_build import Hop, request_head
from hil.wire.sip_headers import MAGIC_COOKIE, NameAddress, Via
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
    server_key,
)
from hil.wire.sip_message import Headers, Message, Request, Response
from hil.wire.sip_timers import Cause, Timers

Reply = Response | Cause
"""What comes of a request: a response, or why there is none."""


class User(Protocol):
    """Whose requests and failures are reported; the methods run in the loop."""

    def requested(self, key: Key, request: Request, hop: Hop, datagram: Datagram | None) -> None:
        """A new request of the handset's."""

    def acknowledged(self, key: Key) -> None:
        """The handset acknowledged our final response to its INVITE."""

    def failed(self, key: Key, cause: Cause) -> None:
        """Our final response was not acknowledged or not delivered."""

    def repeated(self, key: Key, datagram: Datagram) -> None:
        """A datagram has a request that is known already."""


class Agent:
    """See the module; everything but construction in the loop.

    ``transport`` is set by whoever makes both, before anything arrives.
    """

    transport: SipTransport

    def __init__(self, station: Station, user: User, timers: Timers) -> None:
        self._station = station
        self._user = user
        self._layer = TransactionLayer(timers, auto_trying=False)
        self._asked: dict[Key, Callable[[Reply], None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._numbers = itertools.count(1)
        self._salt = "" if station.clock.virtual else secrets.token_hex(4)
        self._datagram: Datagram | None = None

    # -- making requests ---------------------------------------------------------------------------

    def unique(self, prefix: str = "") -> str:
        """A text that no other message of this endpoint has."""
        port = self.transport.port("UDP")
        return f"{prefix}{self._station.source}{port}{self._salt}-{next(self._numbers)}"

    def via(self, hop: Hop) -> Via:
        """A Via with a branch of its own, for a request by this hop."""
        port = self.transport.port(hop.transport)
        parameters = (("branch", self.unique(MAGIC_COOKIE)), ("rport", None))
        return Via(hop.transport, self._station.address, port, parameters)

    def contact(self, hop: Hop, user: str = "bench") -> str:
        """Our Contact for a dialog by this hop."""
        port = self.transport.port(hop.transport)
        transport = "" if hop.transport == "UDP" else f";transport={hop.transport.lower()}"
        return f"<sip:{user}@{self._station.address}:{port}{transport}>"

    def address_of(self, user: str) -> str:
        """The address of record of a user here."""
        return f"sip:{user}@{self._station.address}"

    def request(
        self,
        method: str,
        uri: str,
        hop: Hop,
        *,
        caller: str,
        callee: str,
        headers: Headers = (),
        body: bytes = b"",
    ) -> Request:
        """Make a request outside of any dialog."""
        head = request_head(
            method=method,
            via=self.via(hop),
            from_=NameAddress(self.address_of(caller)).with_tag(self.unique("t")),
            to=NameAddress(self.address_of(callee)),
            call_id=f"{self.unique('c')}@{self._station.address}",
            cseq=1,
        )
        return Request(method, uri, (*head, *headers), body)

    # -- sending -----------------------------------------------------------------------------------

    def ask(self, request: Request, hop: Hop, replied: Callable[[Reply], None]) -> Key:
        """Send a request; ``replied`` gets every response, or the one failure."""
        key, events = self._layer.request(request, hop, self._station.clock.now())
        self._asked[key] = replied
        self._do(events)
        return key

    def answer(self, key: Key, response: Response) -> None:
        """Answer a request of the handset's, unless it has been answered or forgotten meanwhile."""
        if self._layer.awaits(key):
            self._do(self._layer.respond(key, response, self._station.clock.now()))

    def abandon(self, key: Key) -> None:
        """Never answer this request."""
        if self._layer.awaits(key):
            self._layer.abandon(key, self._station.clock.now())
            self._plan()

    def send(self, message: Message, hop: Hop) -> None:
        """Send what belongs to no transaction: the ACK of a 2xx."""
        self.transport.send(message, hop, _nothing)

    def invite_of(self, request: Request) -> Key | None:
        """The INVITE that a CANCEL means."""
        return self._layer.invite_of(request)

    def awaits(self, key: Key) -> bool:
        """Whether a request of the handset's has no final response yet, nor was abandoned."""
        return self._layer.awaits(key)

    def knows(self, key: Key) -> bool:
        """Whether the transaction is not over yet."""
        return self._layer.request_of(key) is not None

    def answered(self, key: Key) -> bool:
        """Whether the handset has answered a request of ours in any way."""
        return self._layer.answered(key)

    def clear(self) -> None:
        """Forget every transaction."""
        self._layer.clear()
        self._asked.clear()
        self._plan()

    # -- receiving ---------------------------------------------------------------------------------

    def arrived(self, message: Message, hop: Hop, datagram: Datagram | None) -> None:
        """Take a message from the transport."""
        if isinstance(message, Request) and datagram is not None:
            key = server_key(message)
            if self.knows(key):
                self._user.repeated(key, datagram)
        self._datagram = datagram
        self._do(self._layer.receive(message, hop, self._station.clock.now()))
        self._datagram = None

    def _do(self, events: list[LayerEvent]) -> None:
        for event in events:
            match event:
                case Transmit(key, message, hop):
                    self.transport.send(message, hop, functools.partial(self._lost, key))
                case RequestArrived(key, request, hop):
                    self._user.requested(key, request, hop, self._datagram)
                case ResponseArrived(key, response) if key in self._asked:
                    self._asked[key](response)
                case AckArrived(key, _):
                    self._user.acknowledged(key)
                case TransactionFailed(key, cause) if key in self._asked:
                    self._asked[key](cause)
                case TransactionFailed(key, cause):
                    self._user.failed(key, cause)
                case TransactionEnded(key):
                    self._asked.pop(key, None)
        self._plan()
        # What the user made of it is no event of its own, but a test may be waiting for it.
        self._station.clock.notify()

    def _lost(self, key: Key) -> None:
        self._do(self._layer.transport_failed(key))

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._layer.next_deadline()
        if due is not None:
            wait = max(0, due - self._station.clock.now()) / NANOSECONDS
            self._timer = self._station.clock.loop.call_later(wait, self._due)

    def _due(self) -> None:
        self._timer = None
        self._do(self._layer.timeout(self._station.clock.now()))


def _nothing() -> None:
    """An ACK that is lost is asked for again by the next repetition of the 2xx."""
