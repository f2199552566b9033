"""HTTP responses as octets: a `Response` says what to answer, a `Reply` is how it goes on the wire.

Nothing but this module knows the framing (RFC 9112 sections 6 and 7), so a fault can cut the body
at any octet, or change a reply before it is sent, and need not care whether it is chunked.
"""

from __future__ import annotations

import http
import re
from dataclasses import dataclass, field, replace

from hil.endpoints.http_request import Request
from hil.errors import UsageError

_NO_BODY = (204, 304)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FRAMING = ("content-length", "transfer-encoding", "connection")


@dataclass(frozen=True)
class Response:
    """What a server answers.

    ``headers`` come before those of the framing, which are the server's own affair. ``chunked``
    sends the body in chunks, to a client that knows HTTP/1.1. UsageError for what no response can
    have.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/octet-stream"
    headers: tuple[tuple[str, str], ...] = ()
    chunked: bool = False

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise UsageError(f"status {self.status}", remedy="a final status is 200 to 599")
        for name, value in (*self.headers, ("content-type", self.content_type)):
            if not _TOKEN.fullmatch(name) or not _FIELD.fullmatch(value):
                raise UsageError(f"no HTTP header: {name!r}: {value!r}")
            if name.lower() in _FRAMING:
                raise UsageError(
                    f"{name} is the server's affair", remedy="chunked=True, or a fault"
                )


@dataclass(frozen=True)
class Reply:
    """One response to one request, ready to be sent.

    ``body`` is what goes on the wire: nothing in answer to HEAD. ``length`` is announced as
    Content-Length; None is chunked where ``chunked``, else the body ends with the connection.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    length: int | None
    chunked: bool
    keep_alive: bool
    status_line: bytes | None = field(default=None)
    """In place of the right one."""

    @property
    def all_headers(self) -> tuple[tuple[str, str], ...]:
        """All headers in order, names in lower case."""
        framing: list[tuple[str, str]] = []
        if self.length is not None:
            framing.append(("content-length", str(self.length)))
        if self.chunked:
            framing.append(("transfer-encoding", "chunked"))
        framing.append(("connection", "keep-alive" if self.keep_alive else "close"))
        return (*((name.lower(), value) for name, value in self.headers), *framing)

    @property
    def head(self) -> bytes:
        """Status line and header."""
        line = self.status_line or f"HTTP/1.1 {self.status} {self.reason}".encode("latin-1")
        fields = "".join(f"{_title(name)}: {value}\r\n" for name, value in self.all_headers)
        return line + b"\r\n" + fields.encode("latin-1") + b"\r\n"

    def frame(self, piece: bytes, announced: int | None = None) -> bytes:
        """A piece of the body as it goes on the wire; chunked, it is one chunk.

        A chunk that announces more octets than the piece has is left without its end.
        """
        if not self.chunked or not (piece or announced):
            return piece
        size = len(piece) if announced is None else announced
        return b"%x\r\n" % size + piece + (b"\r\n" if size == len(piece) else b"")

    @property
    def tail(self) -> bytes:
        """What ends the body."""
        return b"0\r\n\r\n" if self.chunked else b""

    @property
    def given(self) -> bytes:
        """The body as a client reads it that believes the announced length."""
        return self.body if self.length is None else self.body[: self.length]


def reply_to(request: Request | None, response: Response) -> Reply:
    """Frame ``response`` for the client that sent ``request``; None: for one that is cut off."""
    body = b"" if response.status in _NO_BODY else response.body
    modern = request is None or request.version != "1.0"
    chunked = response.chunked and modern and response.status not in _NO_BODY
    headers = list(response.headers)
    if body and not any(name.lower() == "content-type" for name, _ in headers):
        headers.insert(0, ("content-type", response.content_type))
    # A body without length or chunks ends with the connection (RFC 9112 section 6.3).
    unframed = response.chunked and not modern
    length = None if response.chunked or response.status in _NO_BODY else len(body)
    return Reply(
        status=response.status,
        reason=phrase(response.status),
        headers=tuple(headers),
        body=b"" if request is not None and request.method == "HEAD" else body,
        length=length,
        chunked=chunked,
        keep_alive=request is not None and request.keep_alive and not unframed,
    )


def plain(status: int, detail: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """A short text for a status that has nothing better to say."""
    text = f"{status} {phrase(status)}" + (f": {detail}" if detail else "") + "\n"
    return Response(text.encode(), status, "text/plain; charset=utf-8", headers)


def phrase(status: int) -> str:
    """The reason phrase of a status; ``Unknown`` where no standard has one."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def closing(reply: Reply) -> Reply:
    """The same reply, after which the connection ends."""
    return replace(reply, keep_alive=False)


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
