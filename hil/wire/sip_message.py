"""SIP requests and responses as values (RFC 3261 section 7).

A message is a start line, header fields in order and a body; `hil.wire.sip_codec` reads and writes
it. Header fields keep their order, repetitions and spelling, and the properties read them on demand:
on a message of our own making they may raise `RemoteProtocolError`, on one that `decode` gave only
those that no element needs to go on may.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TypeVar

from hil.errors import RemoteProtocolError
from hil.wire.sip_headers import (
    CSeq,
    NameAddress,
    Valued,
    Via,
    parse_cseq,
    parse_name_address,
    parse_valued,
    parse_via,
)
from hil.wire.sip_syntax import split

Headers = tuple[tuple[str, str], ...]


class _Fields:
    """What requests and responses have in common: the reading of their header fields."""

    __slots__ = ()
    headers: Headers

    def header(self, name: str) -> str | None:
        """The value of the first header field of this name, without regard to case."""
        wanted = name.lower()
        return next((value for known, value in self.headers if known.lower() == wanted), None)

    def values(self, name: str) -> tuple[str, ...]:
        """All values, whether they stand in a field each or in one, separated by commas."""
        wanted = name.lower()
        found: list[str] = []
        for known, value in self.headers:
            if known.lower() == wanted:
                found += (part for part in split(value, ",") if part)
        return tuple(found)

    @property
    def call_id(self) -> str:
        """Call-ID."""
        return self._need("Call-ID")

    @property
    def cseq(self) -> CSeq:
        """CSeq."""
        return parse_cseq(self._need("CSeq"))

    @property
    def from_(self) -> NameAddress:
        """From."""
        return parse_name_address(self._need("From"))

    @property
    def to(self) -> NameAddress:
        """To."""
        return parse_name_address(self._need("To"))

    @property
    def vias(self) -> tuple[Via, ...]:
        """Every Via, topmost first."""
        return tuple(parse_via(value) for value in self.values("Via"))

    @property
    def via(self) -> Via:
        """The topmost Via."""
        values = self.values("Via")
        if not values:
            raise RemoteProtocolError("no Via")
        return parse_via(values[0])

    @property
    def contacts(self) -> tuple[NameAddress, ...]:
        """Every Contact that is an address; ``*`` is none."""
        found = self.values("Contact")
        return () if found == ("*",) else tuple(parse_name_address(value) for value in found)

    @property
    def expires(self) -> int | None:
        """Expires in seconds; a malformed one counts as 3600 (section 10.3)."""
        value = self.header("Expires")
        if value is None:
            return None
        return int(value) if re.fullmatch("[0-9]{1,10}", value) else 3600

    @property
    def event(self) -> Valued | None:
        """Event (RFC 6665)."""
        value = self.header("Event")
        return None if value is None else parse_valued(value)

    @property
    def content_type(self) -> str:
        """Type and subtype of the body in lower case; empty where the message does not say."""
        value = self.header("Content-Type")
        return "" if value is None else parse_valued(value).value.lower()

    def _need(self, name: str) -> str:
        value = self.header(name)
        if not value:
            raise RemoteProtocolError(f"no {name}")
        return value


@dataclass(frozen=True, slots=True)
class Request(_Fields):
    """A request. ``uri`` is the Request-URI as text; ``raw`` is empty unless it arrived."""

    method: str
    uri: str
    headers: Headers = ()
    body: bytes = b""
    raw: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Response(_Fields):
    """A response. ``status`` is 100 to 699."""

    status: int
    reason: str = ""
    headers: Headers = ()
    body: bytes = b""
    raw: bytes = field(default=b"", compare=False, repr=False)


Message = Request | Response
M = TypeVar("M", Request, Response)


def with_header(message: M, name: str, value: str) -> M:
    """The message with all header fields of this name replaced by one, at the first one's place."""
    wanted = name.lower()
    headers: list[tuple[str, str]] = []
    placed = False
    for known, old in message.headers:
        if known.lower() != wanted:
            headers.append((known, old))
        elif not placed:
            headers.append((name, value))
            placed = True
    if not placed:
        headers.append((name, value))
    return replace(message, headers=tuple(headers), raw=b"")


def without_header(message: M, name: str) -> M:
    """The message without any header field of this name."""
    wanted = name.lower()
    headers = tuple(pair for pair in message.headers if pair[0].lower() != wanted)
    return replace(message, headers=headers, raw=b"")
