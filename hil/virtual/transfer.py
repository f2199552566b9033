"""What can come of fetching a file, whatever it was fetched by.

The texts of failures end up in the handset's syslog (macro ``$ERR``): they are short, and the same
for the same trouble, whatever words the server chose.
"""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_BODY = 8 << 20
"""Octets of the largest file that the handset takes."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The whole file. ``headers`` are those of HTTP, names in lower case; TFTP has none.

    ``content_encoding`` is the value of that header in lower case; empty where there is none.
    """

    body: bytes
    content_encoding: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NotFound:
    """The server is there and says that the file is not: HTTP 404, TFTP error 1."""

    text: str


@dataclass(frozen=True, slots=True)
class Redirected:
    """HTTP 301 or 302: the ``location`` as the server wrote it, absolute or not."""

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
    """

    text: str
    status: int | None = None


Transfer = Fetched | NotFound | Redirected | Unauthorized | Failed
