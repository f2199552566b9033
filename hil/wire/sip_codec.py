"""SIP messages on the wire: bytes to `Request` or `Response` and back (RFC 3261 section 7).

`parse` asks only that start line, header fields and body can be told apart; `check` asks for what
every element needs to go on (section 8.1.1): one Call-ID, CSeq, From and To, a Via, no second copy
of what stands once, a CSeq that names the request's method. `decode` does both. The bytes that
arrived stay beside the reading in ``raw``.

Compact names are written out, folded lines are joined by one space. Header text is UTF-8.
"""

from __future__ import annotations

import re

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.sip_headers import COMPACT, ONCE
from hil.wire.sip_message import Headers, Message, Request, Response
from hil.wire.sip_syntax import TOKENS, is_token, number
from hil.wire.sip_uri import is_absolute_uri

LARGEST_MESSAGE = 65535
"""Octets of header section and body that are read; a datagram holds no more."""
MOST_HEADERS = 256
"""Header fields that are read."""
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) (.*)", re.IGNORECASE)
_VERSION = re.compile(r"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
_FIELD = re.compile(rf"({TOKENS})[ \t]*:[ \t]*(.*)", re.DOTALL)
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_BARE_END = re.compile(r"[\r\n]")


def is_keep_alive(data: bytes) -> bool:
    """Whether a datagram has nothing but line ends (RFC 5626 section 3.5.1), or nothing at all."""
    return not data.strip(b"\r\n")


def decode(data: bytes) -> Message:
    """Read one message, all of whose mandatory header fields make sense."""
    message = parse(data)
    check(message)
    return message


def parse(data: bytes) -> Message:
    """Read one message as far as its lines go; what follows the body is dropped (section 18.3).

    Raises `RemoteProtocolError` for bytes that are no SIP message, and for one that is shorter than
    it says.
    """
    if len(data) > LARGEST_MESSAGE:
        raise RemoteProtocolError(f"a message of {len(data)} octets, {LARGEST_MESSAGE} is most")
    head, ends, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not ends:
        raise RemoteProtocolError("no empty line ends the header fields")
    start, headers = parse_head(head)
    body = _cut_body(headers, body)
    if _VERSION.match(start):
        match = _STATUS_LINE.fullmatch(start)
        if match is None:
            raise RemoteProtocolError(f"no status line: {start[:60]!r}")
        return Response(int(match[1]), match[2], headers, body, data)
    method, uri = _request_line(start)
    return Request(method, uri, headers, body, data)


def parse_head(head: bytes) -> tuple[str, Headers]:
    """Read the start line and the header fields, which stand before the empty line."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        raise RemoteProtocolError("header fields that are not UTF-8") from error
    start, _, rest = text.partition("\r\n")
    lines = _FOLD.sub(" ", rest).split("\r\n") if rest else []
    if len(lines) > MOST_HEADERS:
        raise RemoteProtocolError(f"{len(lines)} header fields, {MOST_HEADERS} is most")
    headers: list[tuple[str, str]] = []
    for line in (start, *lines):
        if _BARE_END.search(line):
            raise RemoteProtocolError("a line end that is not CR LF")
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise RemoteProtocolError(f"no header field: {line[:40]!r}")
        headers.append((COMPACT.get(match[1].lower(), match[1]), match[2].rstrip(" \t")))
    return start, tuple(headers)


def content_length(headers: Headers) -> int | None:
    """The Content-Length; None where there is none, an error where there are two."""
    found = [value for name, value in headers if name.lower() == "content-length"]
    if len(found) > 1:
        raise RemoteProtocolError("more than one Content-Length")
    return number(found[0], "Content-Length") if found else None


def check(message: Message) -> None:
    """Raise `RemoteProtocolError` where a mandatory header field is missing, double or senseless."""
    names = [name.lower() for name, _ in message.headers]
    for name in ONCE.intersection(names):
        if names.count(name) > 1:
            raise RemoteProtocolError(f"more than one {name}")
    cseq = message.cseq
    if not (message.call_id and message.vias and message.from_ and message.to):
        raise RemoteProtocolError("a mandatory header field is empty")
    if isinstance(message, Request) and cseq.method != message.method:
        raise RemoteProtocolError(f"{message.method} with the CSeq of {cseq.method[:24]}")
    # Reading them is the check: each an address, or a lone asterisk.
    _ = message.contacts
    forwards = message.header("Max-Forwards")
    if forwards is not None:
        number(forwards, "Max-Forwards", most=255)


def encode(message: Message) -> bytes:
    """Write a message; Content-Length is set from the body, as the last header field.

    Raises `LocalProtocolError` for what would not be read back as it stands.
    """
    if isinstance(message, Request):
        if not is_token(message.method) or not is_absolute_uri(message.uri):
            raise LocalProtocolError(f"no request line: {message.method!r} {message.uri!r}")
        start = f"{message.method} {message.uri} SIP/2.0"
    else:
        if not 100 <= message.status <= 699 or _BARE_END.search(message.reason):
            raise LocalProtocolError(f"no status line: {message.status} {message.reason!r}")
        start = f"SIP/2.0 {message.status} {message.reason}"
    lines = [start]
    for name, value in message.headers:
        if not is_token(name) or _BARE_END.search(value):
            raise LocalProtocolError(f"no header field: {name!r}: {value!r}")
        if name.lower() not in ("content-length", "l"):
            lines.append(f"{name}: {value}")
    lines.append(f"Content-Length: {len(message.body)}")
    try:
        return "\r\n".join((*lines, "", "")).encode() + message.body
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"header text is not Unicode: {error.reason}") from error


def _request_line(line: str) -> tuple[str, str]:
    parts = line.split(" ")
    if len(parts) != 3 or not is_token(parts[0]) or not is_absolute_uri(parts[1]):
        raise RemoteProtocolError(f"no request line: {line[:60]!r}")
    if parts[2].upper() != "SIP/2.0":
        raise RemoteProtocolError(f"version {parts[2][:24]!r}")
    return parts[0], parts[1]


def _cut_body(headers: Headers, body: bytes) -> bytes:
    length = content_length(headers)
    if length is None:
        return body
    if length > len(body):
        raise RemoteProtocolError(f"Content-Length {length}, {len(body)} octets of body")
    return body[:length]
