"""The handset's HTTP/1.1 client: one request on one connection, over TCP or TLS (RFC 9112).

h11 speaks the protocol, `hil.net.stream` and `hil.net.tls` carry it. An answer counts only if it is
whole: a body that is shorter than its framing says is a failure and not a file. Nothing is followed
and nobody is authenticated to here; what 301, 302 and 401 lead to is decided by whoever asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import string
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from urllib.parse import quote

import h11

from hil.errors import StreamClosed, StreamTimeout, TlsFailed
from hil.net.interface import Place
from hil.net.stream import Stream, connect
from hil.net.tls import AnyStream, TlsStream
from hil.virtual.transfer import (
    LARGEST_BODY,
    LARGEST_LOAD,
    Failed,
    NotFound,
    Receiving,
    Redirected,
    Sink,
    Transfer,
    Unauthorized,
    discard,
)

LARGEST_HEAD = 16 * 1024
"""Octets of the status line and headers of an answer."""
_INFORMATIONAL = 8
_END_S = 1.0
_DEFAULT_PORTS = {False: 80, True: 443}
_CHALLENGES = {401: "www-authenticate", 407: "proxy-authenticate"}


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """Times in seconds of lab time: to connect (and again for TLS), between bytes, for it all.

    ``largest`` is the number of octets that a body may have.
    """

    connect_s: float = 10.0
    idle_s: float = 30.0
    total_s: float = 600.0
    largest: int = LARGEST_BODY


LOADS = HttpConfig(total_s=1800.0, largest=LARGEST_LOAD)
"""For a firmware load, which goes to a sink."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. ``host`` is what the URL names, a name or an address.

    ``path`` starts with a slash and has the query in it; what HTTP does not allow there goes out
    percent-encoded. ``headers`` come after Host, User-Agent and Accept. ``port`` is the URL's, where
    that is not the one that is asked (SRV records may name another).
    """

    host: str
    path: str
    method: str = "GET"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    port: int = 0

    @property
    def target(self) -> str:
        """The path as it goes out."""
        return quote(self.path, safe=string.punctuation)


async def fetch(
    place: Place,
    address: IPv4Address,
    port: int,
    request: Request,
    *,
    agent: str,
    tls: ssl.SSLContext | None = None,
    config: HttpConfig = HttpConfig(),
    sink: Sink | None = None,
) -> Transfer:
    """Send ``request`` to ``address`` and read the answer.

    With ``tls`` the server is asked for, and checked as, ``request.host``. The body of a success
    goes to the ``sink``, if there is one, as it comes; the transfer may still fail after some of it.
    Cancelled, it drops the connection as a power cut does: nothing is sent once the link is down,
    and nothing of it is left when the link is up again. Raises nothing: what goes wrong is `Failed`.
    """
    try:
        head = _head(request, agent, port, tls)
        async with asyncio.timeout(config.total_s):
            async with _connected(place, address, port, request.host, tls, config) as stream:
                return await _exchange(stream, head, request, config, sink)
    except TimeoutError:
        return Failed("http: timeout")
    except _Broken as broken:
        return Failed(broken.text, unreachable=broken.unreachable)


class _Broken(Exception):
    """The exchange cannot be finished; ``text`` is for the handset's log."""

    def __init__(self, text: str, *, unreachable: bool = False) -> None:
        self.text = text
        self.unreachable = unreachable
        super().__init__(text)


@contextlib.asynccontextmanager
async def _connected(
    place: Place,
    address: IPv4Address,
    port: int,
    host: str,
    tls: ssl.SSLContext | None,
    config: HttpConfig,
) -> AsyncIterator[AnyStream]:
    """A connection for one exchange: ended in order after it, dropped where it is broken off."""
    try:
        stream = await connect(place, address, port, within=config.connect_s)
    except StreamTimeout:
        raise _Broken("http: connect timeout", unreachable=True) from None
    except StreamClosed as error:
        raise _Broken(f"http: connect {error.reason}", unreachable=True) from None
    carrier: AnyStream = stream
    try:
        if tls is not None:
            carrier = await _secured(stream, tls, host, config)
        yield carrier
        await carrier.finish(within=_END_S)
    except asyncio.CancelledError:
        stream.abort()
        raise
    finally:
        stream.close()


async def _secured(stream: Stream, tls: ssl.SSLContext, host: str, config: HttpConfig) -> TlsStream:
    try:
        secured = TlsStream(stream, tls, server_name=host)
        await secured.handshake(within=config.connect_s)
    except StreamTimeout:
        raise _Broken("tls: timeout") from None
    except StreamClosed as error:
        raise _Broken(f"tls: connection {error.reason}") from None
    except TlsFailed as error:
        raise _Broken(_tls_text(error)) from None
    except ValueError:
        raise _Broken("tls: not a host name") from None
    return secured


def _head(request: Request, agent: str, port: int, tls: object | None) -> h11.Request:
    port = request.port or port
    default = port == _DEFAULT_PORTS[tls is not None]
    headers = [
        ("Host", request.host if default else f"{request.host}:{port}"),
        ("User-Agent", agent),
        ("Accept", "*/*"),
        *request.headers,
    ]
    if request.body or request.method not in ("GET", "HEAD"):
        headers.append(("Content-Length", str(len(request.body))))
    headers.append(("Connection", "close"))
    try:
        return h11.Request(method=request.method, target=request.target, headers=headers)
    except (h11.LocalProtocolError, UnicodeEncodeError):
        raise _Broken("http: request cannot be written") from None


async def _exchange(
    stream: AnyStream,
    head: h11.Request,
    request: Request,
    config: HttpConfig,
    sink: Sink | None,
) -> Transfer:
    reading = _Reading(stream, config)
    try:
        await reading.send([head, h11.Data(data=request.body), h11.EndOfMessage()])
        response = await reading.response()
        if sink is not None and not 200 <= response.status_code < 300:
            sink = discard
        return _judge(response, await reading.body(sink))
    except StreamTimeout:
        raise _Broken("http: timeout") from None
    except StreamClosed as error:
        raise _Broken(f"http: connection {error.reason}") from None
    except TlsFailed as error:
        raise _Broken(_tls_text(error)) from None
    except h11.RemoteProtocolError:
        raise _Broken("http: truncated" if reading.ended else "http: malformed answer") from None


class _Reading:
    """h11's client on a stream."""

    def __init__(self, stream: AnyStream, config: HttpConfig) -> None:
        self._stream = stream
        self._config = config
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        self.ended = False

    async def send(self, events: Sequence[h11.Event]) -> None:
        data = b"".join(self._http.send(event) or b"" for event in events)
        try:
            await self._stream.write(data, within=self._config.idle_s)
        except StreamClosed as error:
            # A server may answer, and close, without having read all; its answer is worth reading.
            if error.reason != "reset":
                raise

    async def response(self) -> h11.Response:
        for _ in range(_INFORMATIONAL):
            event = await self._next()
            if isinstance(event, h11.Response):
                return event
        raise _Broken("http: malformed answer")

    async def body(self, sink: Sink | None) -> Receiving:
        received = Receiving(sink)
        while isinstance(event := await self._next(), h11.Data):
            if received.size + len(event.data) > self._config.largest:
                raise _Broken("http: too large")
            received.add(bytes(event.data))
        return received

    async def _next(self) -> h11.Event:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is not h11.NEED_DATA:
                raise _Broken("http: malformed answer")
            data = await self._stream.read(within=self._config.idle_s)
            self.ended = not data
            self._http.receive_data(data)


def _judge(response: h11.Response, body: Receiving) -> Transfer:
    """Sort an answer by its status (administration guide of the phone, "Provisioning")."""
    headers = tuple((name.decode(), value.decode("latin-1")) for name, value in response.headers)
    status = response.status_code
    if 200 <= status < 300:
        encoding = _joined(headers, "content-encoding").strip().lower()
        return replace(body.fetched(encoding, headers), status=status)
    if status == 404:
        return NotFound("http: status 404")
    if 300 <= status < 400 and (location := _joined(headers, "location")):
        return Redirected(location, status)
    if status in _CHALLENGES:
        return Unauthorized(_joined(headers, _CHALLENGES[status]), status)
    return Failed(f"http: status {status}", status)


def _tls_text(error: TlsFailed) -> str:
    """OpenSSL's reason without its details, whose wording is another in each version."""
    return f"tls: {error.reason.partition(':')[0]}"


def _joined(headers: tuple[tuple[str, str], ...], wanted: str) -> str:
    return ", ".join(value for name, value in headers if name == wanted)
