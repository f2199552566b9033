"""What can come of fetching a file, whatever it was fetched by.

The texts of failures end up in the handset's syslog (macro ``$ERR``): they are short, and the same
for the same trouble, whatever words the server chose.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

LARGEST_BODY = 8 << 20
"""Octets of the largest file that the handset takes into its memory."""
LARGEST_LOAD = 256 << 20
"""Octets of the largest file that it takes piece by piece."""

Sink = Callable[[bytes], None]
"""Takes a file piece by piece. It is called in the loop, so it must not wait for anything."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The whole file. ``headers`` and ``status`` (2xx) are those of HTTP; TFTP has none.

    Names of headers are in lower case. ``content_encoding`` is the value of that header in lower
    case; empty where there is none. A file that went to a `Sink` leaves ``body`` empty, its ``size``
    (octets) and its ``sha256`` (hexadecimal).
    """

    body: bytes
    content_encoding: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    size: int | None = None
    sha256: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class NotFound:
    """The server is there and says that the file is not: HTTP 404, TFTP error 1."""

    text: str


@dataclass(frozen=True, slots=True)
class Redirected:
    """An HTTP redirection, 3xx: the ``location`` as the server wrote it, absolute or not."""

    location: str
    status: int


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """HTTP 401 or 407 with its challenges, joined by commas (RFC 9110 section 5.3)."""

    challenge: str
    status: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Anything else.

    ``status`` is that of an HTTP answer or the code of the TFTP ERROR that ended it, if either did.
    ``unreachable`` where nobody was there: no connection, or not one packet of a TFTP server.
    """

    text: str
    status: int | None = None
    unreachable: bool = False


Transfer = Fetched | NotFound | Redirected | Unauthorized | Failed


class Receiving:
    """A file that is arriving: kept in memory, or handed on to a sink and measured on its way."""

    def __init__(self, sink: Sink | None = None) -> None:
        self._sink = sink
        self._parts: list[bytes] = []
        self._digest = hashlib.sha256()
        self.size = 0
        """Octets so far."""

    def add(self, piece: bytes) -> None:
        """Take the next octets."""
        self.size += len(piece)
        if self._sink is None:
            self._parts.append(piece)
        else:
            self._digest.update(piece)
            self._sink(piece)

    def fetched(
        self, content_encoding: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> Fetched:
        """The file, once it is whole."""
        if self._sink is None:
            return Fetched(b"".join(self._parts), content_encoding, headers)
        return Fetched(b"", content_encoding, headers, self.size, self._digest.hexdigest())


def discard(piece: bytes) -> None:
    """The sink of a file of which size and digest are enough."""
    del piece
