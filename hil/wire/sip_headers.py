"""Header values with a structure of their own (RFC 3261 section 20): addresses, Via, CSeq, Event.

Each is a frozen value with ``str()`` for the wire and a ``parse_…`` that raises
`RemoteProtocolError`. The names of header fields, their compact forms and which of them may stand
only once are tables at the top.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from hil.errors import RemoteProtocolError
from hil.wire.sip_syntax import (
    TOKENS,
    Parameters,
    is_token,
    number,
    parameter,
    parse_parameters,
    quote,
    split,
    unquote,
    with_parameter,
    write_parameters,
)
from hil.wire.sip_uri import SipUri, is_absolute_uri, parse_host_port, parse_uri

COMPACT: Mapping[str, str] = MappingProxyType(
    {
        "a": "Accept-Contact",
        "b": "Referred-By",
        "c": "Content-Type",
        "e": "Content-Encoding",
        "f": "From",
        "i": "Call-ID",
        "k": "Supported",
        "l": "Content-Length",
        "m": "Contact",
        "o": "Event",
        "r": "Refer-To",
        "s": "Subject",
        "t": "To",
        "u": "Allow-Events",
        "v": "Via",
        "x": "Session-Expires",
    }
)
"""Long names by compact form (RFC 3261 section 20 and the IANA registry)."""
ONCE = frozenset(
    (
        "call-id",
        "content-length",
        "content-type",
        "cseq",
        "event",
        "expires",
        "from",
        "max-forwards",
        "subscription-state",
        "to",
    )
)
"""Header fields that a message has once at most, in lower case."""
MAGIC_COOKIE = "z9hG4bK"
"""Every branch of RFC 3261 begins with it (section 8.1.1.7)."""
_VIA = re.compile(rf"SIP\s*/\s*2\.0\s*/\s*({TOKENS})\s+(\S.*)", re.IGNORECASE | re.DOTALL)
_DISPLAY = re.compile(rf"{TOKENS}(?:\s+{TOKENS})*|")
_CSEQ = re.compile(rf"([0-9]{{1,10}})\s+({TOKENS})")


@dataclass(frozen=True, slots=True)
class NameAddress:
    """From, To, Contact, Route: a URI with a display name and header parameters.

    ``uri`` is text, since any scheme may stand there; `sip_uri` reads it.
    """

    uri: str
    display: str = ""
    parameters: Parameters = ()

    @property
    def tag(self) -> str | None:
        """The tag parameter."""
        return parameter(self.parameters, "tag")

    @property
    def expires(self) -> int | None:
        """A Contact's expires parameter in seconds; a malformed one counts as 3600 (10.3)."""
        value = parameter(self.parameters, "expires")
        if value is None:
            return None
        return int(value) if re.fullmatch("[0-9]{1,10}", value) else 3600

    @property
    def sip_uri(self) -> SipUri:
        """The URI taken apart; `RemoteProtocolError` if it is no SIP URI."""
        return parse_uri(self.uri)

    @property
    def user(self) -> str:
        """The user part of a SIP URI; empty for other URIs and where there is none."""
        try:
            return self.sip_uri.user or ""
        except RemoteProtocolError:
            return ""

    def with_tag(self, tag: str) -> NameAddress:
        """The same address with this tag."""
        return replace(self, parameters=with_parameter(self.parameters, "tag", tag))

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{write_parameters(self.parameters)}"


@dataclass(frozen=True, slots=True)
class Via:
    """One hop (section 20.42). ``transport`` is in upper case, ``port`` None where none is given."""

    transport: str
    host: str
    port: int | None = None
    parameters: Parameters = ()

    @property
    def branch(self) -> str:
        """The branch parameter; empty where there is none (RFC 2543)."""
        return parameter(self.parameters, "branch") or ""

    @property
    def sent_by(self) -> str:
        """Host and port in one form for comparing, the port always given."""
        port = self.port or (5061 if self.transport == "TLS" else 5060)
        return f"{self.host.lower()}:{port}"

    def parameter(self, name: str) -> str | None:
        """A parameter's value; empty where it has none, None if absent."""
        return parameter(self.parameters, name)

    def with_parameter(self, name: str, value: str | None) -> Via:
        """The same Via with this parameter."""
        return replace(self, parameters=with_parameter(self.parameters, name, value))

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{write_parameters(self.parameters)}"


@dataclass(frozen=True, slots=True)
class CSeq:
    """Sequence number (below 2**31) and method."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True, slots=True)
class Valued:
    """A token and its parameters: Event, Subscription-State, Content-Type, Reason."""

    value: str
    parameters: Parameters = ()

    def parameter(self, name: str) -> str | None:
        """A parameter's value; empty where it has none, None if absent."""
        return parameter(self.parameters, name)

    def __str__(self) -> str:
        return self.value + write_parameters(self.parameters)


def parse_name_address(text: str) -> NameAddress:
    """Read one address; of an unbracketed URI the parameters are the header's (section 20.10)."""
    head, *rest = split(text, ";")
    parameters = parse_parameters(rest)
    opening = head.find("<") if not head.startswith('"') else head.find("<", _end_of_quoted(head))
    if opening < 0:
        if not is_absolute_uri(head) or "?" in head:
            raise RemoteProtocolError(f"no address: {text[:60]!r}")
        return NameAddress(head, "", parameters)
    display, uri = head[:opening].strip(), head[opening + 1 : -1]
    if not head.endswith(">") or not is_absolute_uri(uri):
        raise RemoteProtocolError(f"no URI in angle brackets: {text[:60]!r}")
    if not display.startswith('"') and _DISPLAY.fullmatch(display) is None:
        raise RemoteProtocolError(f"a display name that wants quotes: {display[:40]!r}")
    return NameAddress(uri, unquote(display), parameters)


def parse_via(text: str) -> Via:
    """Read one Via value."""
    head, *rest = split(text, ";")
    match = _VIA.fullmatch(head)
    if match is None:
        raise RemoteProtocolError(f"no Via of SIP/2.0: {text[:60]!r}")
    host, port = parse_host_port(match[2])
    return Via(match[1].upper(), host, port, parse_parameters(rest))


def parse_cseq(text: str) -> CSeq:
    """Read a CSeq value."""
    match = _CSEQ.fullmatch(text)
    if match is None:
        raise RemoteProtocolError(f"no CSeq: {text[:40]!r}")
    return CSeq(number(match[1], "CSeq", most=2**31 - 1), match[2])


def parse_valued(text: str) -> Valued:
    """Read a token, or a type and a subtype, with parameters."""
    head, *rest = split(text, ";")
    if not all(is_token(part.strip()) for part in head.split("/")):
        raise RemoteProtocolError(f"no token: {text[:40]!r}")
    return Valued(head, parse_parameters(rest))


def _end_of_quoted(text: str) -> int:
    at = 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at
