"""The virtual phone's web server: its own address, Web_Server_Port, one request a connection.

h11 reads and writes HTTP (RFC 9112), `hil.net.stream` carries it, so that the virtual clock knows of
every byte that is under way. `hil.virtual.web_pages` decides what to answer. A command is carried out
after its answer has left, since a reboot would take the answer with it.

It begins and ends with the phone's power. A cut is at once and silent: connections are dropped while
the link is down already, so that nobody is told and nothing of them is left when the link comes back.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Mapping

import h11

from hil.clock import Clock
from hil.errors import StreamTimeout, TlsFailed, TransportError
from hil.net.interface import Place
from hil.net.stream import Listener, Stream, deadline
from hil.net.tls import AnyStream, TlsStream, load_credential
from hil.reference.direct_actions import Accept
from hil.reference.parameters import Parameters
from hil.reference.status import Status
from hil.virtual.web_pages import (
    REFERENCE_PAGES,
    Answer,
    Nonces,
    Shown,
    WebConfig,
    WebRequest,
    answer,
)

LARGEST_HEAD = 16 * 1024
"""Octets of a request's first line and headers."""
LARGEST_BODY = 1024 * 1024
"""Octets of an uploaded configuration; a full dump of a phone has some 200 KiB."""
MOST_CONNECTIONS = 16
"""Connections at a time; further ones are reset."""


class WebServer:
    """A phone's pages. Its methods belong to the loop's thread.

    ``parameters`` and ``status`` tell how things stand when a request comes. ``asked`` gets each
    command that was accepted, ``submitted`` the parameters of an uploaded configuration, by XML name,
    known or not. ``certificate`` is chain and key (PEM), shown where Enable_Protocol is Https;
    without one the pages stay plain. ``chance`` makes the nonces. ``reset`` is called when the phone
    is to go back to its factory settings, ``in_use`` tells whether a line is.
    """

    def __init__(
        self,
        clock: Clock,
        parameters: Callable[[], Parameters],
        status: Callable[[], Status],
        asked: Callable[[Accept], None],
        submitted: Callable[[Mapping[str, str]], None],
        chance: random.Random,
        config: WebConfig = REFERENCE_PAGES,
        certificate: bytes | None = None,
        reset: Callable[[], None] = lambda: None,
        in_use: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._parameters = parameters
        self._status = status
        self._asked = asked
        self._submitted = submitted
        self._chance = chance
        self._config = config
        self._certificate = certificate
        self._reset = reset
        self._in_use = in_use
        self._nonces = self._new_nonces()
        self._place: Place | None = None
        self._listening: tuple[Place, int, bool] | None = None
        self._listener: Listener | None = None
        self._open: dict[asyncio.Task[None], Stream] = {}

    @property
    def listening(self) -> bool:
        """Whether the pages are there."""
        return self._listener is not None

    def start(self, place: Place) -> None:
        """Listen at ``place``, which has its address, as the parameters say; again after a new lease.

        Raises `EndpointError` if the port cannot be had.
        """
        self._place = place
        self.reconfigure()

    def reconfigure(self) -> None:
        """Look again at Enable_Web_Server, Web_Server_Port and Enable_Protocol, and follow them."""
        wanted = self._wanted()
        if wanted == self._listening:
            return
        self._stop_listening()
        if wanted is None:
            return
        place, port, _ = wanted
        self._listener = Listener(place, port, self._accepted)
        self._listening = wanted

    def cut(self) -> None:
        """Stop at once, without a word to anybody if the link is down; `start` begins anew."""
        self._place = None
        self._stop_listening()
        for task, stream in list(self._open.items()):
            stream.abort()
            task.cancel()
        self._open.clear()
        self._nonces = self._new_nonces()

    # -- inside ------------------------------------------------------------------------------------

    def _new_nonces(self) -> Nonces:
        return Nonces(lambda: f"{self._chance.getrandbits(128):032x}")

    def _wanted(self) -> tuple[Place, int, bool] | None:
        parameters = self._parameters()
        if self._place is None or not self._config.is_enabled(parameters):
            return None
        secure = parameters.choice("Enable_Protocol") == "Https" and self._certificate is not None
        return self._place, self._config.port(parameters), secure

    def _stop_listening(self) -> None:
        self._listening = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _accepted(self, stream: Stream) -> None:
        if self._listening is None or len(self._open) >= MOST_CONNECTIONS:
            stream.abort()
            return
        task = self._clock.loop.create_task(self._serve(stream, self._listening[2]))
        self._open[task] = stream
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        stream = self._open.pop(task, None)
        if stream is not None:
            stream.close()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._clock.loop.call_exception_handler(
                {"message": "the virtual phone's web server", "exception": error}
            )

    async def _serve(self, raw: Stream, secure: bool) -> None:
        answered: Answer | None = None
        try:
            carrier = await self._secured(raw) if secure else raw
            http = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
            answered = await self._answer(http, carrier, raw.peer[0])
            if answered is None:
                return
            await carrier.write(_written(http, answered), within=self._config.request_s)
            await carrier.finish(within=self._config.end_s)
        except StreamTimeout:
            raw.abort()
        except TransportError:
            # Whoever asked is gone; what was accepted is done all the same.
            raw.close()
        if answered is not None and answered.asked is not None:
            self._asked(answered.asked)
        if answered is not None and answered.submitted is not None:
            self._submitted(answered.submitted)
        if answered is not None and answered.reset:
            self._reset()

    async def _secured(self, raw: Stream) -> TlsStream:
        if self._certificate is None:
            raise TlsFailed("no certificate")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        load_credential(context, self._certificate)
        secured = TlsStream(raw, context, server_side=True)
        await secured.handshake(within=self._config.request_s)
        return secured

    async def _answer(
        self, http: h11.Connection, stream: AnyStream, requester: str
    ) -> Answer | None:
        """Read one request and decide; None where none was made."""
        patience = self._config.request_s
        try:
            async with deadline(patience, "a request"):
                request = await _request(http, stream, requester, patience)
        except h11.RemoteProtocolError as error:
            return Answer(error.error_status_hint, b"no HTTP request\n")
        if request is None:
            return None
        shown = Shown(self._parameters(), self._status, self._in_use)
        return answer(request, shown, self._config, self._nonces)


async def _request(
    http: h11.Connection, stream: AnyStream, requester: str, patience: float
) -> WebRequest | None:
    """Read one request, or nothing; raises h11.RemoteProtocolError for anything else."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            if http.they_are_waiting_for_100_continue:
                informed = http.send(h11.InformationalResponse(status_code=100, headers=[]))
                await stream.write(informed or b"", within=patience)
            http.receive_data(await stream.read(within=patience))
        elif isinstance(event, h11.Request):
            head = event
            if not head.http_version.startswith(b"1."):
                raise h11.RemoteProtocolError("another HTTP", error_status_hint=505)
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST_BODY:
                raise h11.RemoteProtocolError("too large", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = tuple(
                (name.decode(), value.decode("latin-1")) for name, value in head.headers
            )
            method, target = head.method.decode("ascii"), head.target.decode("latin-1")
            return WebRequest(method, target, headers, bytes(body), requester)
        else:
            # The end of the connection instead of a request.
            return None


def _written(http: h11.Connection, answered: Answer) -> bytes:
    headers = [
        ("Content-Type", answered.content_type),
        ("Content-Length", str(len(answered.body))),
        *answered.headers,
        ("Connection", "close"),
    ]
    body = b"" if answered.bare else answered.body
    events = (
        h11.Response(status_code=answered.status, headers=headers),
        h11.Data(data=body),
        h11.EndOfMessage(),
    )
    return b"".join(http.send(event) or b"" for event in events)
