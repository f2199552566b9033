"""One HTTP exchange with a device that switches power.

h11 speaks the protocol over asyncio's streams. A device is believed little: its answer is bounded in
size and time, a redirect is an answer like any other and never followed, and with https its certificate
is checked. A challenge of HTTP authentication is answered once.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h11

from hil.digest import answer, read_schemes
from hil.errors import UsageError
from hil.hosts import no_address, no_name, no_port, no_text

MOST_BODY = 1 << 16
"""The largest answer that is read, in octets."""

_CHUNK = 1 << 14
_UNAUTHORIZED = 401
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class HttpServer:
    """Where a device's web server is, from a URL such as ``https://192.0.2.10:8443``.

    The host is an IPv4 address: no name is resolved. ``server_name`` is the name that a certificate
    must be for, the address if it is empty; ``authorities`` is a file of trusted certificates (PEM)
    in place of the system's. ``user`` and ``password`` answer a challenge of Basic or Digest.
    `UsageError` for what cannot work.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    server_name: str = ""
    authorities: str = ""

    def __post_init__(self) -> None:
        if problem := no_text(self.url) or self._wrong():
            raise UsageError(
                f"no URL of a device: {problem}",
                remedy="http or https, such as http://192.0.2.10 or https://192.0.2.10:8443; names are "
                "not resolved",
            )
        if self.server_name and (problem := no_text(self.server_name) or no_name(self.server_name)):
            remedy = "the name in the device's certificate, such as plug.example"
            raise UsageError(f"server_name: {problem}", remedy=remedy)
        if not (self.user.isascii() and self.user.isprintable()):
            raise UsageError("the user's name is not printable ASCII", remedy="such as admin")

    def _wrong(self) -> str:
        """What is wrong with the URL, a printable text; empty if nothing is."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return f"{self.url!r} has a bracket too many or too few"
        if parts.scheme not in _PORTS:
            scheme = self.url.partition("://")[0] if "://" in self.url else ""
            return f"it begins with {scheme!r}" if scheme else "it does not begin with http://"
        if parts.username is not None:
            return "a user or password in it would be printed; they are keys of their own"
        if problem := no_port(parts) or no_address(parts.hostname or ""):
            return problem
        return "it has a path" if parts.path.strip("/") or parts.query or parts.fragment else ""

    @property
    def host(self) -> str:
        """The address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The TCP port."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return urlsplit(self.url).scheme == "https"


@dataclass(frozen=True)
class HttpRequest:
    """What is asked. ``target`` is path and query, ``headers`` are names and values."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class HttpAnswer:
    """What came back; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """All values of a header, joined by commas; empty if there is none."""
        return ", ".join(value for known, value in self.headers if known == name)


async def ask(server: HttpServer, request: HttpRequest) -> HttpAnswer:
    """Ask, and once more with credentials if the device wants them.

    The caller keeps the deadline. OSError (of which ssl.SSLError is one) or h11.ProtocolError where
    no answer comes of it.
    """
    first = await _exchange(server, request)
    if first.status != _UNAUTHORIZED or not server.user:
        return first
    credentials = answer(
        read_schemes(first.header("www-authenticate")),
        server.user,
        server.password,
        method=request.method,
        uri=request.target,
        cnonce=secrets.token_hex(8),
    )
    if credentials is None:
        return first
    return await _exchange(server, request, ("Authorization", credentials))


async def _exchange(
    server: HttpServer, request: HttpRequest, *extra: tuple[str, str]
) -> HttpAnswer:
    http = h11.Connection(h11.CLIENT)
    headers = [
        ("Host", f"{server.host}:{server.port}"),
        *request.headers,
        ("Content-Length", str(len(request.body))),
        ("Connection", "close"),
        *extra,
    ]
    # Credentials have what the device's challenge had, in the encoding that it was read with.
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    head = h11.Request(method=request.method, target=request.target, headers=fields)
    context = _context(server) if server.secure else None
    name = (server.server_name or server.host) if server.secure else None
    reader, writer = await asyncio.open_connection(
        server.host, server.port, ssl=context, server_hostname=name
    )
    try:
        for event in (head, h11.Data(data=request.body), h11.EndOfMessage()):
            writer.write(http.send(event) or b"")
        # A device may answer and end before it has read everything.
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        return await _answer(http, reader)
    finally:
        writer.transport.abort()


async def _answer(http: h11.Connection, reader: asyncio.StreamReader) -> HttpAnswer:
    status, headers, body = 0, tuple[tuple[str, str], ...](), bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(_CHUNK))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers)
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MOST_BODY:
                raise h11.RemoteProtocolError(f"an answer of more than {MOST_BODY} octets")
        elif isinstance(event, h11.EndOfMessage):
            return HttpAnswer(status, headers, bytes(body))
        elif not isinstance(event, h11.InformationalResponse):
            raise h11.RemoteProtocolError("the connection ended without an answer")


def _context(server: HttpServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.authorities or None)
