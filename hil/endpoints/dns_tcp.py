"""DNS over TCP: messages with their length in front (RFC 1035 section 4.2.2, RFC 7766).

A client comes this way when an answer was too large for a datagram. A connection may carry one
question after another; it ends when the client ends it, or has nothing to ask for a while.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

from hil.endpoints.base import Datagram, Station
from hil.errors import StreamTimeout, TransportError
from hil.net.stream import Listener, Stream

MOST_CONNECTIONS = 16
"""Connections at a time; who opens more is refused."""
IDLE_S = 30.0
"""Seconds of lab time that a connection may stay open without a question."""
WRITE_S = 10.0
"""Seconds of lab time in which a client must take an answer."""
_LENGTH = struct.Struct("!H")

Reply = Callable[[bytes], bool]
"""Sends an answer; False if it cannot go out any more."""


class StreamServer:
    """Takes questions from connections of the handset and hands each to ``receive``.

    A question is a `Datagram` like one that came over UDP, and `Reply` is the way back.
    """

    def __init__(
        self, station: Station, receive: Callable[[Datagram, Reply], None], *, port: int
    ) -> None:
        self._station = station
        self._receive = receive
        self._port = port
        self._listener: Listener | None = None
        self._open: dict[Stream, asyncio.Task[None]] = {}
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""
        return self._listener is not None and bool(self._listener.descriptors)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""
        return () if self._listener is None else self._listener.descriptors

    def open(self) -> None:
        """Listen; `EndpointError` if that is impossible. In the loop only."""
        self._listener = Listener(self._station.place, self._port, self._accepted)

    def close(self) -> None:
        """Stop listening and reset what is open. In the loop only."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.cut()

    def cut(self) -> None:
        """Reset the connections that are open. In the loop only."""
        for stream, task in list(self._open.items()):
            stream.abort()
            task.cancel()
        self._open.clear()

    def _accepted(self, stream: Stream) -> None:
        station = self._station
        host, port = stream.peer
        if not station.admission.admits(host, station.place.interface):
            station.stranger(f"{host}:{port}")
            stream.abort()
        elif len(self._open) >= MOST_CONNECTIONS:
            station.refused(f"{host}:{port}", f"more than {MOST_CONNECTIONS} connections")
            stream.abort()
        else:
            task = station.clock.loop.create_task(self._serve(stream))
            self._open[stream] = task
            task.add_done_callback(lambda task: self._ended(stream, task))

    def _ended(self, stream: Stream, task: asyncio.Task[None]) -> None:
        self._open.pop(stream, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._station.clock.loop.call_exception_handler(
                {"message": f"{self._station.source} connection", "exception": error}
            )

    async def _serve(self, stream: Stream) -> None:
        rest = b""
        reply = self._reply_on(stream)
        try:
            while True:
                while len(rest) < _LENGTH.size or len(rest) < _LENGTH.size + _size(rest):
                    data = await stream.read(within=IDLE_S)
                    if not data:
                        self._left(stream, rest)
                        await stream.finish(within=WRITE_S)
                        return
                    rest += data
                end = _LENGTH.size + _size(rest)
                message, rest = rest[_LENGTH.size : end], rest[end:]
                self._receive(self._question(stream, message), reply)
        except StreamTimeout:
            self._left(stream, rest)
            await stream.finish(within=WRITE_S)
        except TransportError:
            # The client is gone; its questions are on record, and nobody waits for an answer.
            stream.close()

    def _left(self, stream: Stream, rest: bytes) -> None:
        if rest:
            host, port = stream.peer
            self._station.refused(f"{host}:{port}", "the connection ended within a message", rest)

    def _question(self, stream: Stream, message: bytes) -> Datagram:
        host, port = stream.peer
        at = self._station.clock.stamp(stream.stamp)
        return Datagram(message, host, port, at, stream.stamp)

    def _reply_on(self, stream: Stream) -> Reply:
        one_by_one = asyncio.Lock()

        def reply(data: bytes) -> bool:
            if not stream.open:
                return False
            writing = self._station.clock.loop.create_task(self._write(stream, data, one_by_one))
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
            return True

        return reply

    async def _write(self, stream: Stream, data: bytes, one_by_one: asyncio.Lock) -> None:
        try:
            async with one_by_one:
                await stream.write(_LENGTH.pack(len(data)) + data, within=WRITE_S)
        except TransportError as error:
            host, port = stream.peer
            self._station.undelivered(f"{host}:{port}", error, data)


def _size(data: bytes) -> int:
    (size,) = _LENGTH.unpack_from(data)
    return int(size)
