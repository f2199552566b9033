"""A SIP element of the lab that is asked over TCP or TLS."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from sip_peer import ok

from hil.errors import TransportError
from hil.net.stream import Listener, Stream
from hil.net.tls import AnyStream, TlsStream
from hil.wire.sip_codec import decode, encode
from hil.wire.sip_message import Message, Request, Response
from hil.wire.sip_stream import Frame, StreamFramer

SECOND = 1_000_000_000


class StreamPeer:
    """TCP ``port`` of the lab, or TLS with a context; answers over the connection it was asked on."""

    def __init__(self, lab, reply=ok, *, port: int = 5060, tls=None) -> None:
        self.reply = reply
        self.came: list[Message] = []
        self.connections: list[Stream] = []
        self.handshakes = 0
        self._clock = lab.clock
        self._tls = tls
        self._tasks: list[asyncio.Task[None]] = []

        async def listen():
            self._listener = Listener(lab.server, port, self._accepted)

        self._clock.run(listen())

    def wait(self, condition: Callable[[], bool], within: float = 60.0) -> None:
        until = self._clock.now() + int(within * SECOND)
        assert self._clock.wait(condition, until), self.came

    def expect(self, method: str, count: int = 1, within: float = 60.0) -> Request:
        """The last of ``count`` requests of this method, awaited."""
        self.wait(lambda: len(self._named(method)) >= count, within)
        return self._named(method)[count - 1]

    def answered(self, status: int, within: float = 60.0) -> Response:
        """The first response with this status, awaited."""
        self.wait(lambda: any(getattr(m, "status", 0) == status for m in self.came), within)
        return next(m for m in self.came if getattr(m, "status", 0) == status)

    def send(self, data: bytes) -> None:
        """Write to the connection that was made last."""

        async def write():
            await self.connections[-1].write(data, within=10)

        self._clock.run(write())

    def abort(self) -> None:
        """Reset the connection that was made last."""

        async def reset():
            self.connections[-1].abort()

        self._clock.run(reset())

    def close(self) -> None:
        async def end():
            self._listener.close()
            for connection in self.connections:
                connection.abort()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        self._clock.run(end())

    def _named(self, method: str) -> list[Request]:
        return [each for each in self.came if getattr(each, "method", "") == method]

    def _accepted(self, stream: Stream) -> None:
        self._tasks.append(asyncio.ensure_future(self._serve(stream)))

    async def _serve(self, stream: Stream) -> None:
        carrier: AnyStream = stream
        with contextlib.closing(stream), contextlib.suppress(TransportError):
            if self._tls is not None:
                carrier = TlsStream(stream, self._tls, server_side=True)
                await carrier.handshake(within=100)
                self.handshakes += 1
            self.connections.append(carrier)
            framer = StreamFramer()
            while data := await carrier.read(within=1_000_000):
                for frame in framer.receive(data):
                    if isinstance(frame, Frame):
                        await self._take(decode(frame.data), carrier)

    async def _take(self, message: Message, carrier: AnyStream) -> None:
        self.came.append(message)
        self._clock.notify()
        if isinstance(message, Request):
            reply = self.reply(message)
            if reply is not None:
                await carrier.write(encode(reply), within=100)
