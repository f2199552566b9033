"""How SIP messages come and go at a bench: UDP, TCP and TLS, each message an event both ways.

Only the handset is listened to, and only its own host is ever sent to. Over a stream a message goes
by the connection that it belongs to; where that has ended, a new TCP connection to the handset is
made (RFC 3261 section 18). A new TLS connection is not: a phone is its client, not its server.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Protocol

from hil.endpoints import faults as fl
from hil.endpoints.base import CLOSING_S, Datagram, Station
from hil.endpoints.datagram import DatagramSocket
from hil.endpoints.https import ServerTls
from hil.endpoints.sip_connection import Arrival, SipConnection
from hil.endpoints.sip_events import sip_event
from hil.errors import RemoteProtocolError, TransportError
from hil.history.event import Direction
from hil.net.stream import Listener, Stream, connect
from hil.wire.sip_build import Hop
from hil.wire.sip_codec import decode, encode, is_keep_alive
from hil.wire.sip_message import Message

MOST_CONNECTIONS = 16
"""Connections at a time; a phone needs one or two a line."""
CONNECT_S = 32.0
"""Seconds of lab time for a connection of ours to come about (64*T1)."""


class Receiver(Protocol):
    """Who is told of what arrives."""

    def arrived(self, message: Message, hop: Hop, datagram: Datagram | None) -> None:
        """Take a message; ``datagram`` is what it came in over UDP."""


class SipTransport:
    """The sockets of one endpoint; everything but construction in the loop."""

    def __init__(
        self,
        station: Station,
        receiver: Receiver,
        *,
        port: int,
        tls_port: int,
        tls: ServerTls | None,
        handshake_faults: fl.FaultPlan,
    ) -> None:
        self._station = station
        self._receiver = receiver
        self._udp = DatagramSocket(station, self._datagram, port=port)
        self._tls = tls
        self._handshake_faults = handshake_faults
        self._ports = {"UDP": port, "TCP": port, "TLS": tls_port}
        self._listeners: list[Listener] = []
        self._numbers = itertools.count(1)
        self._open: dict[int, tuple[SipConnection, asyncio.Task[None]]] = {}
        self._connecting: set[asyncio.Task[None]] = set()

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""
        return self._udp.listening and all(each.descriptors for each in self._listeners)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""
        streams = [fd for each in self._listeners for fd in each.descriptors]
        return (*self._udp.descriptors, *streams)

    def port(self, transport: str) -> int:
        """Our port for ``UDP``, ``TCP`` or ``TLS``."""
        return self._ports[transport]

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        self._udp.open()
        try:
            self._ports["UDP"] = self._ports["TCP"] = self._udp.port
            self._listen("TCP")
            if self._tls is not None:
                self._listen("TLS")
        except BaseException:
            self._stop_listening()
            raise

    async def close(self) -> None:
        """Stop listening and reset what is open, within `CLOSING_S`."""
        self._stop_listening()
        ending = [task for _, task in self._open.values()]
        self.cut()
        if ending:
            await asyncio.wait(ending, timeout=CLOSING_S)

    def cut(self) -> None:
        """Reset every connection."""
        for connecting in self._connecting:
            connecting.cancel()
        for connection, task in list(self._open.values()):
            connection.reset()
            task.cancel()
        self._open.clear()

    def reset(self, hop: Hop) -> bool:
        """Reset the connection of a hop; False if there is none."""
        if hop.connection not in self._open:
            return False
        self._open[hop.connection][0].reset()
        return True

    # -- sending -----------------------------------------------------------------------------------

    def send(
        self,
        message: Message,
        hop: Hop,
        lost: Callable[[], None],
        *,
        data: bytes | None = None,
    ) -> None:
        """Send a message; ``lost`` is called, later, if it cannot be delivered.

        ``data`` goes out in place of the message's own octets.
        """
        spoiled = data is not None
        data = encode(message) if data is None else data
        loop = self._station.clock.loop
        at = self._station.clock.now()
        if hop.transport == "UDP":
            if self._udp.send(data, hop.host, hop.port):
                self._record(message, hop, data, at, spoiled)
            else:
                loop.call_soon(lost)
            return
        known = self._open.get(hop.connection)
        if known is not None and known[0].open:
            known[0].send(data, lost)
            self._record(message, known[0].hop, data, at, spoiled)
        elif hop.transport == "TCP":
            task = loop.create_task(self._reach(message, hop, data, lost, spoiled))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
        else:
            error = OSError(0, "the handset's TLS connection is gone")
            self._station.undelivered(f"{hop.host}:{hop.port}", error, data)
            loop.call_soon(lost)

    async def _reach(
        self, message: Message, hop: Hop, data: bytes, lost: Callable[[], None], spoiled: bool
    ) -> None:
        try:
            stream = await connect(
                self._station.place, IPv4Address(hop.host), hop.port, within=CONNECT_S
            )
        except TransportError as error:
            self._station.undelivered(f"{hop.host}:{hop.port}", OSError(0, error.reason), data)
            lost()
            return
        connection = self._serve(stream, "TCP")
        connection.send(data, lost)
        self._record(message, connection.hop, data, self._station.clock.now(), spoiled)

    # -- receiving ---------------------------------------------------------------------------------

    def _datagram(self, datagram: Datagram) -> None:
        if is_keep_alive(datagram.data):
            return
        hop = Hop("UDP", datagram.host, datagram.port)
        message = self._read(datagram.data, hop, datagram.at, datagram.kernel_ns)
        if message is not None:
            self._receiver.arrived(message, hop, datagram)

    def _framed(self, arrival: Arrival) -> None:
        message = self._read(arrival.data, arrival.hop, arrival.at, arrival.kernel_ns)
        if message is not None:
            self._receiver.arrived(message, arrival.hop, None)

    def _read(self, data: bytes, hop: Hop, at: int, kernel_ns: int) -> Message | None:
        try:
            message = decode(data)
        except RemoteProtocolError as error:
            peer = f"{hop.host}:{hop.port}"
            self._station.refused(peer, str(error), data, at=at, kernel_ns=kernel_ns)
            return None
        event = sip_event(
            message,
            hop,
            self._ports[hop.transport],
            Direction.RECEIVED,
            data,
            source=self._station.source,
            at=at,
            kernel_ns=kernel_ns,
        )
        self._station.history.append(event)
        return message

    def _record(self, message: Message, hop: Hop, data: bytes, at: int, spoiled: bool) -> None:
        """Record what was sent; ``at`` is from before, as the answer to it may be here by now."""
        event = sip_event(
            message,
            hop,
            self._ports[hop.transport],
            Direction.SENT,
            data,
            source=self._station.source,
            at=at,
            malformed=spoiled,
        )
        self._station.history.append(event)

    # -- connections -------------------------------------------------------------------------------

    def _listen(self, transport: str) -> None:
        listener = Listener(
            self._station.place,
            self._ports[transport],
            lambda stream: self._accepted(stream, transport),
        )
        self._ports[transport] = listener.port
        self._listeners.append(listener)

    def _stop_listening(self) -> None:
        self._udp.close()
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    def _accepted(self, stream: Stream, transport: str) -> None:
        station = self._station
        host, port = stream.peer
        if not station.admission.admits(host, station.place.interface):
            station.stranger(f"{host}:{port}")
            stream.abort()
        elif len(self._open) >= MOST_CONNECTIONS:
            station.refused(f"{host}:{port}", f"more than {MOST_CONNECTIONS} connections")
            stream.abort()
        else:
            self._serve(stream, transport)

    def _serve(self, stream: Stream, transport: str) -> SipConnection:
        number = next(self._numbers)
        context = None
        if transport == "TLS" and self._tls is not None:
            faults = self._handshake_faults.due("")
            for fault in faults:
                self._station.injected(fault, f"connection {number}")
            context = self._tls.context(faults)
        connection = SipConnection(
            self._station,
            stream,
            Hop(transport, *stream.peer, number),
            self._ports[transport],
            received=self._framed,
            tls=context,
        )
        task = self._station.clock.loop.create_task(connection.run())
        self._open[number] = (connection, task)
        task.add_done_callback(lambda task: self._ended(number, task))
        return connection

    def _ended(self, number: int, task: asyncio.Task[None]) -> None:
        self._open.pop(number, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._station.clock.loop.call_exception_handler(
                {"message": "SIP connection", "exception": error}
            )
