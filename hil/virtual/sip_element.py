"""A line's SIP element: its transport, its transactions, and the clock that drives them.

`hil.wire.sip_layer` knows what belongs to which transaction; what it decides is carried out here. A
request of ours becomes an `Exchange`, from which whoever sent it awaits the responses, or the trouble
that came instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from hil.clock import Clock
from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.reference.error_codes import Trouble
from hil.virtual.sip_config import SipConfig
from hil.virtual.sip_udp import Transport
from hil.wire import sip_layer as layer
from hil.wire.sip_build import Hop
from hil.wire.sip_codec import decode, encode, is_keep_alive
from hil.wire.sip_message import Message, Request, Response
from hil.wire.sip_timers import Cause, Timers


@dataclass(eq=False)
class Exchange:
    """A request of ours that is under way to ``hop``; ``name`` is the host as it is configured."""

    key: layer.Key
    request: Request
    hop: Hop
    name: str
    trouble: Trouble = Trouble.NO_RESPONSE
    finished: bool = False
    ack: Request | None = None
    ack_hop: Hop | None = None
    outcomes: asyncio.Queue[Response | Trouble] = field(default_factory=asyncio.Queue)

    async def next(self) -> Response | Trouble:
        """The next response, provisional ones too, or why none will come."""
        return await self.outcomes.get()

    async def final(self) -> Response | Trouble:
        """The final response, or why none will come."""
        while True:
            outcome = await self.next()
            if isinstance(outcome, Trouble) or outcome.status >= 200:
                return outcome


@dataclass(frozen=True)
class Listening:
    """Whom an element tells: of new requests, of the ACK of a 2xx of ours, of one that never came."""

    request: Callable[[layer.Key, Request, Hop], None]
    acknowledged: Callable[[layer.Key, Request], None]
    unacknowledged: Callable[[layer.Key], None]
    log: Callable[[str], None]


class SipElement:
    """Sends and receives over ``transport``, which is opened and closed with it.

    ``config`` may hold messages back. All methods belong to the loop's thread.
    """

    def __init__(
        self, clock: Clock, timers: Timers, listening: Listening, config: SipConfig
    ) -> None:
        self._clock = clock
        self._config = config
        self._listening = listening
        self._layer = layer.TransactionLayer(timers)
        self._transport: Transport | None = None
        self._exchanges: dict[layer.Key, Exchange] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self, transport: Transport) -> None:
        """Begin; LabError if the transport's port cannot be had."""
        transport.open()
        self._transport = transport

    def stop(self) -> None:
        """End at once, without a word; nobody is told of anything any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        self._layer.clear()
        self._exchanges.clear()

    # -- what the line sends -----------------------------------------------------------------------

    def request(self, request: Request, hop: Hop, name: str) -> Exchange:
        """Send a request in a transaction of its own."""
        key, events = self._layer.request(request, hop, self._clock.now())
        exchange = Exchange(key, request, hop, name)
        self._exchanges[key] = exchange
        self._carry_out(events)
        return exchange

    def respond(self, key: layer.Key, response: Response) -> None:
        """Answer a request; one that is answered or forgotten already stays as it is."""
        try:
            events = self._layer.respond(key, response, self._clock.now())
        except LocalProtocolError:
            return
        self._carry_out(events)

    def acknowledge(self, exchange: Exchange, ack: Request, hop: Hop) -> None:
        """Send the ACK of a 2xx, now and whenever the 2xx is repeated (RFC 3261 13.2.2.4)."""
        exchange.ack, exchange.ack_hop = ack, hop
        self._send(ack, hop, exchange.name)

    def may_cancel(self, exchange: Exchange) -> bool:
        """Whether a CANCEL makes sense now: there was a provisional response and no final one."""
        return self._layer.answered(exchange.key) and not exchange.finished

    def cancelled(self, cancel: Request) -> layer.Key | None:
        """The INVITE that a CANCEL means, if it has no final response yet."""
        return self._layer.invite_of(cancel)

    # -- what the network says ---------------------------------------------------------------------

    def arrived(self, data: bytes, hop: Hop) -> None:
        """Take what the transport received."""
        if self._transport is None or is_keep_alive(data):
            return
        try:
            message = self._config.incoming(decode(data))
            if message is None:
                return
            events = self._layer.receive(message, hop, self._clock.now())
        except RemoteProtocolError as error:
            self._listening.log(f"malformed SIP message from {hop.host}: {error}")
            return
        self._carry_out(events)

    def troubled(self, hop: Hop, trouble: Trouble) -> None:
        """Take a failure to deliver: what was sent there and is not answered has failed."""
        for key, exchange in list(self._exchanges.items()):
            there = (exchange.hop.host, exchange.hop.port) == (hop.host, hop.port)
            if there and not exchange.finished:
                exchange.trouble = trouble
                self._carry_out(self._layer.transport_failed(key))

    # -- inside ------------------------------------------------------------------------------------

    def _carry_out(self, events: list[layer.LayerEvent]) -> None:
        for event in events:
            if self._transport is None:
                return
            match event:
                case layer.Transmit(key, message, hop):
                    exchange = self._exchanges.get(key)
                    self._send(message, hop, exchange.name if exchange else "")
                case layer.RequestArrived(key, request, hop):
                    self._listening.request(key, request, hop)
                case layer.ResponseArrived(key, response):
                    self._response(key, response)
                case layer.AckArrived(key, ack):
                    self._listening.acknowledged(key, ack)
                case layer.TransactionFailed(key, cause):
                    self._failed(key, cause)
                case layer.TransactionEnded(key):
                    self._exchanges.pop(key, None)
        self._arm()

    def _response(self, key: layer.Key, response: Response) -> None:
        exchange = self._exchanges.get(key)
        if exchange is None:
            return
        if exchange.ack is not None and exchange.ack_hop is not None and response.status >= 200:
            self._send(exchange.ack, exchange.ack_hop, exchange.name)
            return
        exchange.finished = response.status >= 200
        exchange.outcomes.put_nowait(response)

    def _failed(self, key: layer.Key, cause: Cause) -> None:
        exchange = self._exchanges.get(key)
        if exchange is None:
            if cause is Cause.NO_ACK:
                self._listening.unacknowledged(key)
            return
        exchange.finished = True
        trouble = exchange.trouble if cause is Cause.TRANSPORT else Trouble.NO_RESPONSE
        exchange.outcomes.put_nowait(trouble)

    def _send(self, message: Message, hop: Hop, name: str) -> None:
        due = self._config.transmit(message)
        if self._transport is None or due is None:
            return
        try:
            data = encode(due)
        except LocalProtocolError as error:
            # A parameter or a request gave us what cannot be written: it goes nowhere.
            self._listening.log(f"unsendable SIP message: {error}")
            return
        self._transport.send(data, hop, name)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._layer.next_deadline()
        if due is not None and self._transport is not None:
            left = max(0, due - self._clock.now()) / NANOSECONDS
            self._timer = self._clock.loop.call_later(left, self._due)

    def _due(self) -> None:
        self._carry_out(self._layer.timeout(self._clock.now()))
