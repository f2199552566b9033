"""HTTP requests as they come from outside: bounded in size and time, their path made safe.

A request, read by h11, is either whole and understood, or `Rejected` with the status that says why.
What a path names is decided once, here, on the decoded octets: percent-encoding is undone first, so
no spelling of ``..`` gets past the check (RFC 3986 sections 5.2.4 and 7.3).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import h11

from hil.errors import RemoteProtocolError, StreamTimeout
from hil.net.stream import deadline
from hil.net.tls import AnyStream

HEAD_LIMIT = 64 * 1024
"""Octets that request line and header may have together."""
BODY_LIMIT = 1024 * 1024
"""Octets that a request's body may have."""
REQUEST_S = 30.0
"""Seconds of lab time in which a request that has begun must be whole."""
IDLE_S = 30.0
"""Seconds of lab time that a connection may stay open without a request."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Rejected(RemoteProtocolError):
    """A request that is answered with an error ``status`` and the end of the connection."""

    def __init__(self, status: int, reason: str, data: bytes = b"") -> None:
        self.status = status
        self.reason = reason
        self.data = data
        super().__init__(reason)


@dataclass(frozen=True)
class Request:
    """A whole request.

    ``target`` is path and query as they were sent, header names are in lower case, in order of
    arrival, and ``kernel_ns`` is when the last octets came (ns since 1970).
    """

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    kernel_ns: int

    def header(self, name: str) -> str:
        """The first header of this lower-case name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants to use the connection again (RFC 9112 section 9.3)."""
        options = {
            option.strip().lower()
            for key, value in self.headers
            if key == "connection"
            for option in value.split(",")
        }
        if self.version == "1.0":
            return "keep-alive" in options
        return "close" not in options

    @property
    def path(self) -> str:
        """The path that it names; Rejected where that is none, or out of the served tree."""
        return safe_path(self.target)


class RequestReader:
    """Reads one request after the other from a connection."""

    def __init__(self, stream: AnyStream) -> None:
        self._stream = stream
        self._rest = b""

    async def next(self) -> Request | None:
        """The next request, or None at the end of the connection.

        Raises Rejected, or StreamTimeout where no request began in `IDLE_S`.
        """
        # RFC 9112 section 2.2: empty lines before a request are ignored.
        data = self._rest.lstrip(b"\r\n")
        self._rest = b""
        async with deadline(IDLE_S, "waiting for a request"):
            while not data:
                received = await self._stream.read(within=IDLE_S)
                if not received:
                    return None
                data = received.lstrip(b"\r\n")
        try:
            async with deadline(REQUEST_S, "the request"):
                return await self._whole(data)
        except StreamTimeout:
            raise Rejected(408, f"not whole within {REQUEST_S:g} s", data) from None
        except h11.RemoteProtocolError as error:
            raise Rejected(error.error_status_hint, str(error), data) from None

    async def attend(self, seconds: float) -> bool:
        """Let lab time pass; False as soon as the other side has ended the connection.

        Requests that it sends meanwhile wait, up to the size of one.
        """
        try:
            async with asyncio.timeout(seconds):
                while len(self._rest) <= HEAD_LIMIT:
                    received = await self._stream.read(within=seconds)
                    if not received:
                        return False
                    self._rest += received
                # It sent more than a request can have: that is not read before its turn.
                await asyncio.sleep(seconds)
        except (TimeoutError, StreamTimeout):
            return True
        return True

    async def _whole(self, data: bytes) -> Request:
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        parser.receive_data(data)
        fed = len(data)
        head: h11.Request | None = None
        body = bytearray()
        promised = False
        while True:
            event = parser.next_event()
            if event is h11.NEED_DATA:
                if parser.they_are_waiting_for_100_continue and not promised:
                    promised = True
                    await self._stream.write(_CONTINUE, within=REQUEST_S)
                more = await self._stream.read(within=REQUEST_S)
                parser.receive_data(more)
                fed += len(more)
            elif isinstance(event, h11.Request):
                if fed - len(parser.trailing_data[0]) > HEAD_LIMIT:
                    raise Rejected(431, f"a header of more than {HEAD_LIMIT} octets", data)
                head = event
                _refuse_unservable(head, data)
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > BODY_LIMIT:
                    raise Rejected(413, f"a body of more than {BODY_LIMIT} octets", data)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                self._rest = parser.trailing_data[0]
                return self._request(head, bytes(body))
            else:
                raise Rejected(400, f"{event!r} in place of a request", data)

    def _request(self, head: h11.Request, body: bytes) -> Request:
        return Request(
            method=head.method.decode("ascii"),
            target=origin_form(head.target.decode("latin-1")),
            version=head.http_version.decode("ascii"),
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers
            ),
            body=body,
            kernel_ns=self._stream.stamp,
        )


def origin_form(target: str) -> str:
    """Path and query of a request target; the authority of an absolute form is dropped.

    RFC 9112 section 3.2.2 has servers accept ``GET http://host/path``.
    """
    scheme, colon, rest = target.partition("://")
    if colon and scheme.lower() in ("http", "https"):
        ends = [at for at in (rest.find("/"), rest.find("?")) if at >= 0]
        target = rest[min(ends, default=len(rest)) :]
        if not target.startswith("/"):
            target = f"/{target}"
    return target


def safe_path(target: str) -> str:
    """The absolute path that a target in origin form names, decoded and without dot segments.

    Rejected with 400 where it is none, with 403 where it climbs above the root.
    """
    encoded = target.partition("?")[0].encode("latin-1")
    if not encoded.startswith(b"/"):
        raise Rejected(400, "the target is no path", encoded)
    parts = encoded.split(b"%")
    if not all(len(part) >= 2 and _HEX.issuperset(part[:2]) for part in parts[1:]):
        raise Rejected(400, "a broken percent-encoding", encoded)
    octets = unquote_to_bytes(encoded)
    try:
        path = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected(400, "the path is not UTF-8", encoded) from None
    if not path.isprintable():
        raise Rejected(400, "a control character in the path", encoded)
    kept: list[str] = []
    # A backslash separates, too: it does on the machines that some servers run on.
    segments = path.replace("\\", "/").split("/")[1:]
    for segment in segments:
        if segment == "..":
            if not kept:
                raise Rejected(403, "the path climbs out of the served tree", encoded)
            kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _refuse_unservable(head: h11.Request, data: bytes) -> None:
    if not head.http_version.startswith(b"1."):
        raise Rejected(505, f"HTTP version {head.http_version.decode('ascii')}", data)
    for name, value in head.headers:
        if name == b"content-length" and int(value) > BODY_LIMIT:
            raise Rejected(413, f"a body of more than {BODY_LIMIT} octets", data)
