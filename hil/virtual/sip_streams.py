"""The handset's SIP over TCP and TLS: connections made when they are needed, and kept.

A response goes back over the connection that its request came by; a request goes over the connection
that its destination has, or a new one (RFC 3261 section 18). Over TCP the line also listens, so that
a server may connect to its Contact; over TLS it does not, since few servers could verify it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Coroutine
from ipaddress import IPv4Address
from typing import Any

from hil.clock import Clock
from hil.errors import (
    EndpointError,
    LabError,
    RemoteProtocolError,
    StreamClosed,
    StreamTimeout,
    TlsFailed,
)
from hil.net.interface import Place
from hil.net.stream import Listener, Stream, connect
from hil.net.tls import AnyStream, TlsStream
from hil.reference.error_codes import Trouble
from hil.wire.sip_build import Hop
from hil.wire.sip_stream import PONG, Frame, Ping, StreamFramer

MOST_CONNECTIONS = 16
"""Connections at a time; one more that somebody opens is reset."""
_CONNECT_S = 30.0
_WRITE_S = 30.0
_A_DAY = 86_400.0


class StreamTransport:
    """A line's connections; see `hil.virtual.sip_udp.UdpTransport` for the callbacks.

    With ``tls`` connections are secured by the context that it returns when one is made.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        port: int,
        receive: Callable[[bytes, Hop], None],
        trouble: Callable[[Hop, Trouble], None],
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self._place = place
        self._clock = clock
        self._port = port
        self._receive = receive
        self._trouble = trouble
        self._tls = tls
        self._kind = "TCP" if tls is None else "TLS"
        self._listener: Listener | None = None
        self._connections: dict[int, _Connection] = {}
        self._made = 0
        self._open = False

    def open(self) -> None:
        """Begin to listen, over TCP; LabError if the port cannot be had."""
        if self._tls is None:
            try:
                self._listener = Listener(self._place, self._port, self._accepted)
            except EndpointError as error:
                raise LabError(
                    f"SIP port {self._port} cannot be had",
                    evidence=error.evidence,
                    next_step="give each line a SIP_Port_n_ of its own",
                    concerns=self._place.interface.name,
                ) from error
        self._open = True

    def send(self, data: bytes, hop: Hop, name: str = "") -> None:
        """Send over the connection that the hop names, or else over one to its host and port."""
        if not self._open:
            return
        connection = self._connections.get(hop.connection)
        if connection is None:
            same = (each for each in self._connections.values() if each.reaches(hop))
            connection = next(same, None)
        if connection is None:
            connection = self._new((hop.host, hop.port))
            connection.start(self._reach(connection, name or hop.host))
        connection.outgoing.put_nowait(data)

    def close(self) -> None:
        """Reset every connection; with the link down, as in a power cut, nobody hears of it."""
        self._open = False
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            connection.abort()

    # -- inside ------------------------------------------------------------------------------------

    def _new(self, peer: tuple[str, int]) -> _Connection:
        self._made += 1
        made = _Connection(self._clock, Hop(self._kind, peer[0], peer[1], self._made))
        self._connections[self._made] = made
        return made

    def _accepted(self, stream: Stream) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            stream.abort()
            return
        connection = self._new(stream.peer)
        connection.stream = stream
        connection.start(self._live(connection))

    async def _reach(self, connection: _Connection, name: str) -> None:
        hop = connection.hop
        try:
            connection.stream = stream = await connect(
                self._place, IPv4Address(hop.host), hop.port, within=_CONNECT_S
            )
            if self._tls is not None:
                secured = TlsStream(stream, self._tls(), server_name=name)
                await secured.handshake(within=_CONNECT_S)
                connection.stream = secured
        except StreamTimeout:
            self._gone(connection, Trouble.NO_RESPONSE)
        except StreamClosed as error:
            refused = error.reason == "refused"
            self._gone(connection, Trouble.REFUSED if refused else Trouble.HOST_UNREACHABLE)
        except (TlsFailed, ValueError):
            self._gone(connection, Trouble.TLS_FAILED)
        else:
            await self._live(connection)

    async def _live(self, connection: _Connection) -> None:
        """Write what is to be sent and read what comes until the connection ends."""
        writing = asyncio.ensure_future(connection.write())
        try:
            await self._read(connection)
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing
        self._gone(connection, Trouble.RESET)

    async def _read(self, connection: _Connection) -> None:
        framer = StreamFramer()
        stream = connection.stream
        while stream is not None and stream.open:
            try:
                data = await stream.read(within=_A_DAY)
                if not data:
                    return
                frames = framer.receive(data)
            except StreamTimeout:
                continue
            except (StreamClosed, TlsFailed, RemoteProtocolError):
                return
            for frame in frames:
                if isinstance(frame, Ping):
                    connection.outgoing.put_nowait(PONG)
                elif isinstance(frame, Frame) and self._open:
                    self._receive(frame.data, connection.hop)

    def _gone(self, connection: _Connection, trouble: Trouble) -> None:
        """Forget a connection that ended by itself, and tell whoever waits for something over it."""
        if self._connections.pop(connection.hop.connection, None) is None:
            return
        if connection.stream is not None:
            connection.stream.close()
        self._trouble(connection.hop, trouble)


class _Connection:
    """One connection: its task, its stream once there is one, and what is to be written."""

    def __init__(self, clock: Clock, hop: Hop) -> None:
        self.hop = hop
        self.stream: AnyStream | None = None
        self.outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self, life: Coroutine[Any, Any, None]) -> None:
        """Begin its life."""
        self._task = self._clock.loop.create_task(life)

    def reaches(self, hop: Hop) -> bool:
        """Whether it leads to the host and port of ``hop``."""
        return (self.hop.host, self.hop.port) == (hop.host, hop.port)

    async def write(self) -> None:
        """Write whatever comes into the queue; an error shows where the connection is read."""
        while self.stream is not None:
            data = await self.outgoing.get()
            try:
                await self.stream.write(data, within=_WRITE_S)
            except (StreamClosed, StreamTimeout, TlsFailed):
                self.stream.close()
                return

    def abort(self) -> None:
        """End it at once."""
        if self._task is not None:
            self._task.cancel()
        if self.stream is not None:
            self.stream.abort()
