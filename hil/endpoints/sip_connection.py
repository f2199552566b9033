"""One TCP or TLS connection of the handset's to the SIP endpoint, or of ours to the handset.

Bytes are cut into messages by `hil.wire.sip_stream`; what cannot be cut ends the connection. Whatever
is sent goes out in the order in which it was handed over, while reading goes on.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from hil.endpoints.base import CLOSING_S, Station
from hil.errors import (
    RemoteProtocolError,
    StreamClosed,
    StreamTimeout,
    TlsFailed,
    TransportError,
)
from hil.history import events as ev
from hil.net.stream import Stream
from hil.net.tls import AnyStream, TlsStream
from hil.wire.sip_build import Hop
from hil.wire.sip_stream import PONG, Ping, StreamFramer

HANDSHAKE_S = 30.0
"""Seconds of lab time in which the client must complete the TLS handshake."""
_REASONS = {"ended": "fin", "timed-out": "timeout"}
IDLE_S = 86_400.0
"""Seconds of lab time without a byte after which a connection is closed."""
WRITE_S = 32.0
"""Seconds of lab time that a message may take to be taken by the kernel (64*T1)."""


@dataclass(frozen=True)
class Arrival:
    """One message's octets from a connection, and when the kernel received the last of them."""

    data: bytes
    hop: Hop
    at: int
    kernel_ns: int


class SipConnection:
    """An established connection, served by `run` in a task of its own.

    ``hop`` names the other side and the connection's number. With ``tls`` we are its server.
    """

    def __init__(
        self,
        station: Station,
        raw: Stream,
        hop: Hop,
        port: int,
        *,
        received: Callable[[Arrival], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.hop = hop
        self._station = station
        self._raw = raw
        self._port = port
        self._received = received
        self._tls = tls
        self._outbox: asyncio.Queue[tuple[bytes, Callable[[], None]]] = asyncio.Queue()
        self._over = False
        self._peer = f"{hop.host}:{hop.port}"
        station.history.append(
            ev.Connected(
                source=station.source, connection=hop.connection, peer=self._peer, port=port
            )
        )

    @property
    def open(self) -> bool:
        """Whether anything can still be sent."""
        return not self._over

    def send(self, data: bytes, lost: Callable[[], None]) -> None:
        """Send octets after those before; ``lost`` is called if the connection ends first."""
        self._outbox.put_nowait((data, lost))

    def reset(self) -> None:
        """Reset the connection at once and record its end."""
        self._raw.abort()
        self._end("closed")

    async def run(self) -> None:
        """Serve until the connection ends; never fails for what the other side does."""
        reason = "closed"
        writing: asyncio.Task[None] | None = None
        try:
            stream = await self._secured()
            writing = self._station.clock.loop.create_task(self._write(stream))
            reason = await self._read(stream)
            writing.cancel()
            await stream.finish(within=CLOSING_S)
        except StreamClosed as error:
            reason = _REASONS.get(error.reason, error.reason)
        except StreamTimeout:
            reason = "timeout"
            self._raw.abort()
        except TlsFailed as error:
            self._station.refused(self._peer, f"TLS: {error.reason}")
            # In order, so that the alert which explains it arrives.
            await self._raw.finish(within=CLOSING_S)
        except RemoteProtocolError as error:
            self._station.refused(self._peer, str(error))
            self._raw.abort()
        finally:
            if writing is not None:
                writing.cancel()
            self._end(reason)

    # -- inside ------------------------------------------------------------------------------------

    async def _secured(self) -> AnyStream:
        if self._tls is None:
            return self._raw
        stream = TlsStream(self._raw, self._tls, server_side=True)
        try:
            await stream.handshake(within=HANDSHAKE_S)
        except TransportError as error:
            self._shaken(stream, error.reason)
            raise
        self._shaken(stream)
        return stream

    def _shaken(self, stream: TlsStream, failure: str = "") -> None:
        self._station.history.append(
            ev.TlsHandshake(
                source=self._station.source,
                connection=self.hop.connection,
                peer=self._peer,
                succeeded=not failure,
                version="" if failure else stream.version,
                cipher="" if failure else stream.cipher,
                server_name=stream.asked_for,
                client_certificate="" if failure else stream.subject,
                reason=failure,
                at=self._station.clock.stamp(stream.stamp),
                kernel_ns=stream.stamp,
            )
        )

    async def _read(self, stream: AnyStream) -> str:
        framer = StreamFramer()
        while data := await stream.read(within=IDLE_S):
            for framed in framer.receive(data):
                if isinstance(framed, Ping):
                    self.send(PONG, _nothing)
                else:
                    at = self._station.clock.stamp(stream.stamp)
                    self._received(Arrival(framed.data, self.hop, at, stream.stamp))
        return "fin"

    async def _write(self, stream: AnyStream) -> None:
        while True:
            data, lost = await self._outbox.get()
            try:
                await stream.write(data, within=WRITE_S)
            except TransportError:
                lost()
                # The reader learns of it and ends the connection.
                self._raw.abort()
                return

    def _end(self, reason: str) -> None:
        if self._over:
            return
        self._over = True
        self._raw.close()
        self._station.history.append(
            ev.Disconnected(
                source=self._station.source,
                connection=self.hop.connection,
                peer=self._peer,
                reason=reason,
            )
        )
        while not self._outbox.empty():
            self._outbox.get_nowait()[1]()


def _nothing() -> None:
    """A pong that is lost is missed by nobody."""
