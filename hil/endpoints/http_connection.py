"""The life of one connection to an HTTP server: handshake, one exchange after another, the end.

Whatever the other side sends, the connection ends in an event that says how, and the server goes on.
`Connection.cut` ends it from outside, at once and with the same record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from hil.endpoints import faults as fl
from hil.endpoints.base import Station
from hil.endpoints.http_exchange import LINGER_S, PATIENCE_S, WRITE_S, Exchange
from hil.endpoints.http_request import Rejected, Request, RequestReader
from hil.endpoints.http_response import Response, plain, reply_to
from hil.endpoints.https import ServerTls
from hil.errors import StreamClosed, StreamTimeout, TlsFailed, TransportError
from hil.history import events as ev
from hil.net.stream import Stream
from hil.net.tls import AnyStream, TlsStream

HANDSHAKE_S = 30.0
"""Seconds of lab time in which the client must complete the TLS handshake."""
Faults: TypeAlias = tuple[fl.Fault, ...]
_REASONS = {"ended": "fin", "timed-out": "timeout"}


@dataclass(frozen=True)
class Service:
    """What a connection needs of its server.

    ``respond`` gets the safe path and the event of a request with the faults that are planned for
    the path, and gives the faults back that are still to be applied.
    """

    station: Station
    scheme: str
    port: int
    respond: Callable[[str, ev.HttpRequest, Faults], tuple[Response, Faults]]
    request_faults: fl.FaultPlan
    handshake_faults: fl.FaultPlan
    tls: ServerTls | None


class Connection:
    """One accepted connection, served by `run` in a task of its own."""

    def __init__(self, service: Service, raw: Stream, number: int) -> None:
        self._service = service
        self._station = service.station
        self._raw = raw
        self._number = number
        self._peer = f"{raw.peer[0]}:{raw.peer[1]}"
        self._exchange: Exchange | None = None
        self._over = False
        self._station.history.append(
            ev.Connected(
                source=self._station.source, connection=number, peer=self._peer, port=service.port
            )
        )

    async def run(self) -> None:
        """Serve until the connection ends; never fails for what the other side does."""
        reason = "closed"
        try:
            stream = await self._secured()
            if stream is not None:
                reason = await self._serve(stream)
        except StreamClosed as error:
            reason = _REASONS.get(error.reason, error.reason)
        except StreamTimeout:
            reason = "timeout"
            self._raw.abort()
        except TlsFailed as error:
            self._station.refused(self._peer, f"TLS: {error.reason}")
        finally:
            self._end(reason)

    def cut(self) -> None:
        """Reset the connection at once and record its end."""
        self._raw.abort()
        self._end("closed")

    # -- inside ------------------------------------------------------------------------------------

    def _end(self, reason: str) -> None:
        if self._over:
            return
        self._over = True
        if self._exchange is not None:
            late = reason == "timeout"
            outcome = ev.Outcome.TIMED_OUT if late else ev.Outcome.ABORTED
            self._exchange.end(outcome, f"the connection ended: {reason}")
        self._raw.close()
        self._station.history.append(
            ev.Disconnected(
                source=self._station.source,
                connection=self._number,
                peer=self._peer,
                reason=reason,
            )
        )

    async def _secured(self) -> AnyStream | None:
        """The stream that HTTP goes over; None where a handshake was not to be, or failed."""
        tls = self._service.tls
        if tls is None:
            return self._raw
        faults = self._service.handshake_faults.due("")
        for fault in faults:
            self._station.injected(fault, f"connection {self._number}")
        if any(isinstance(fault, fl.SilentHandshake) for fault in faults):
            if await RequestReader(self._raw).attend(PATIENCE_S):
                raise StreamTimeout("silent")
            raise StreamClosed("ended")
        stream = TlsStream(self._raw, tls.context(faults), server_side=True)
        try:
            await stream.handshake(within=HANDSHAKE_S)
        except TransportError as error:
            self._shaken(stream, error.reason)
            if isinstance(error, TlsFailed):
                # In order, so that the alert which explains it arrives.
                await self._raw.finish(within=LINGER_S)
                return None
            raise
        self._shaken(stream)
        return stream

    def _shaken(self, stream: TlsStream, failure: str = "") -> None:
        self._station.history.append(
            ev.TlsHandshake(
                source=self._station.source,
                connection=self._number,
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

    async def _serve(self, stream: AnyStream) -> str:
        """Answer request after request; how the connection ended."""
        reader = RequestReader(stream)
        ending = "closed"
        try:
            while True:
                try:
                    request = await reader.next()
                except StreamTimeout:
                    ending = "timeout"
                    break
                if request is None:
                    ending = "fin"
                    break
                if not await self._answer(stream, reader, request):
                    break
        except Rejected as error:
            self._refused(error, stream.stamp)
            reply = reply_to(None, plain(error.status, error.reason))
            await stream.write(reply.head + reply.body, within=WRITE_S)
        await stream.finish(within=LINGER_S)
        return ending

    async def _answer(self, stream: AnyStream, reader: RequestReader, request: Request) -> bool:
        service = self._service
        event = self._station.history.append(self._event(request))
        exchange = Exchange(self._station, stream, reader, event)
        self._exchange = exchange
        faults: Faults = ()
        try:
            path = request.path
            faults = service.request_faults.due(path)
            response, faults = service.respond(path, event, faults)
        except Rejected as error:
            self._refused(error, request.kernel_ns)
            request = replace(request, headers=(("connection", "close"),))
            response = plain(error.status, error.reason)
        again = await exchange.answer(reply_to(request, response), faults)
        self._exchange = None
        return again

    def _event(self, request: Request) -> ev.HttpRequest:
        station = self._station
        return ev.HttpRequest(
            source=station.source,
            at=station.clock.stamp(request.kernel_ns),
            kernel_ns=request.kernel_ns,
            scheme=self._service.scheme,
            path=request.target,
            peer=self._peer,
            port=self._service.port,
            transfer=station.admission.next_transfer(),
            method=request.method,
            version=request.version,
            headers=request.headers,
            body=request.body,
            connection=self._number,
        )

    def _refused(self, error: Rejected, stamp: int) -> None:
        at = self._station.clock.stamp(stamp)
        self._station.refused(self._peer, error.reason, error.data, at=at, kernel_ns=stamp)
