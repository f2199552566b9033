"""What an answer of a server means to a resync: the failure classes of the provisioning guide.

==================  ==============================================================================
answer              meaning (Administration Guide, "Provisioning", table of HTTP status codes)
==================  ==============================================================================
2xx, TFTP complete  the document is there
301, 302            ask again at once at the new location, by whatever scheme that has
401, 407            ask again at once with credentials, at most twice
404, TFTP error 1   the file does not exist: Resync_Fails_On_FNF decides
anything else       the server could not be used: Resync_Error_Retry_Delay
==================  ==============================================================================

A Location is a reference as RFC 3986 has it, relative to what was asked for, and not a rule's URL:
``moved.xml`` names a file beside the old one, not a host.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit, urlunsplit

from hil.digest import read_schemes
from hil.errors import RuleError
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.rules import Fetch
from hil.reference.urls import resolve_url

MAX_AUTHORIZATIONS = 2
TFTP_FILE_NOT_FOUND = 1


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete HTTP answer: its status, and the headers and body that matter here.

    Of a body that nobody kept, ``size`` and ``sha256`` tell what it was; see `Document`.
    ``challenge`` is WWW-Authenticate of a 401, Proxy-Authenticate of a 407; several are joined by
    commas.
    """

    status: int
    body: bytes = b""
    location: str | None = None
    content_encoding: str | None = None
    size: int | None = None
    sha256: str = ""
    challenge: str | None = None


@dataclass(frozen=True, slots=True)
class TftpAnswer:
    """The end of a TFTP transfer: the whole file, or the ERROR packet that ended it.

    Of a file that nobody kept, ``size`` and ``sha256`` tell what it was; see `Document`.
    """

    body: bytes = b""
    error: int | None = None
    text: str = ""
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No usable answer: no address, no connection, silence, or an answer cut short.

    ``unreachable`` where nobody was there to ask: no connection, or over UDP no sign of a server.
    """

    reason: str
    unreachable: bool = False


Answer = HttpAnswer | TftpAnswer | NoAnswer


@dataclass(frozen=True, slots=True)
class Document:
    """The file arrived whole.

    A large one, such as the image of a firmware load, is known by its ``size`` (octets) and
    ``sha256`` (hexadecimal) alone: its ``body`` is empty. Otherwise these two are left out.
    """

    body: bytes
    content_encoding: str | None = None
    size: int | None = None
    sha256: str = ""

    @property
    def kept(self) -> bool:
        """Whether ``body`` is the file."""
        return self.size is None

    def measured(self) -> tuple[int, str]:
        """Size and SHA-256 of the file, kept or not."""
        if self.size is None:
            return len(self.body), hashlib.sha256(self.body).hexdigest()
        return self.size, self.sha256


@dataclass(frozen=True, slots=True)
class Missing:
    """The server said that the file does not exist."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """The resync fails, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server wants to see: ``status`` 401 or 407, and its challenges as they were written."""

    status: int
    text: str = ""

    @property
    def is_answerable(self) -> bool:
        """Whether it asks for Basic or Digest; one that says nothing may be tried with Basic."""
        return not self.text or any(scheme.is_answerable for scheme in read_schemes(self.text))


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Ask again at once: elsewhere after a redirect, or with credentials after a ``challenge``."""

    fetch: Fetch
    redirected: bool
    challenge: Challenge | None = None


Meaning = Document | Missing | Unusable | AskAgain


def meaning(
    answer: Answer,
    fetch: Fetch,
    *,
    redirects: int = 0,
    authorizations: int = 0,
    interpretations: Interpretations = DEFAULT,
    expand: Callable[[str], str] = str,
) -> Meaning:
    """What an answer to ``fetch`` means after so many redirects and authorizations; never raises.

    ``expand`` expands macros, for a Location where they are read to expand there (I21).
    """
    match answer:
        case NoAnswer(reason):
            return Unusable(reason)
        case TftpAnswer(body, None, _):
            return Document(body, size=answer.size, sha256=answer.sha256)
        case TftpAnswer(_, error, text):
            if error == TFTP_FILE_NOT_FOUND:
                return Missing(text or "File not found")
            return Unusable(f"TFTP error {error} {text}".strip())
        case HttpAnswer():
            moved = "$" in (answer.location or "")
            if moved and interpretations.redirect_macros == "expanded":
                answer = replace(answer, location=expand(answer.location or ""))
            return _http_meaning(answer, fetch, redirects, authorizations, interpretations)


def _http_meaning(
    answer: HttpAnswer,
    fetch: Fetch,
    redirects: int,
    authorizations: int,
    interpretations: Interpretations,
) -> Meaning:
    if 200 <= answer.status < 300:
        return Document(answer.body, answer.content_encoding, answer.size, answer.sha256)
    if answer.status in (301, 302):
        if redirects >= interpretations.redirect_limit:
            return Unusable(f"more than {interpretations.redirect_limit} redirects")
        return _redirect(answer, fetch, interpretations)
    if answer.status in (401, 407):
        challenge = Challenge(answer.status, answer.challenge or "")
        tried = authorizations >= MAX_AUTHORIZATIONS
        if "uid" in fetch.options and challenge.is_answerable and not tried:
            return AskAgain(fetch, redirected=False, challenge=challenge)
        return Unusable(f"HTTP {answer.status}")
    if answer.status == 404:
        return Missing("HTTP 404")
    return Unusable(f"HTTP {answer.status}")


def _redirect(answer: HttpAnswer, fetch: Fetch, interpretations: Interpretations) -> Meaning:
    if not answer.location:
        return Unusable(f"HTTP {answer.status} without a Location")
    keeps = not fetch.options or interpretations.redirect_options == "same"
    options = fetch.options if keeps else {}
    try:
        target = resolve_url(_absolute(answer.location, fetch.url), None)
        if target.scheme == "tftp" and "srv" in options:
            raise RuleError("TFTP has no SRV look-up; --srv needs http or https")
    except RuleError as error:
        return Unusable(f"HTTP {answer.status} to a location that is none: {error}")
    moved = replace(
        fetch,
        scheme=target.scheme,
        host=target.host,
        port=target.port,
        path=target.path,
        options=options,
    )
    return AskAgain(moved, redirected=True)


def _absolute(location: str, base: str) -> str:
    """Resolve a reference (RFC 3986 section 5); raises RuleError for what is none."""
    if not location.isascii() or not location.isprintable():
        # urljoin would drop control characters, and with them what a server really said.
        raise RuleError(f"{location[:80]!r} has characters that no URL has")
    try:
        parts = urlsplit(urljoin(base, location))
        return urlunsplit(parts._replace(path=parts.path or "/", fragment=""))
    except ValueError as error:
        raise RuleError(f"{location[:80]!r}: {error}") from error
