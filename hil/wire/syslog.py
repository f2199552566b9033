"""Syslog messages: the structured form of RFC 5424, and whatever else arrives on port 514.

RFC 3164 describes what was seen in the field rather than a format, and phones keep to it loosely.
So `parse` recognises what is there, part by part, leaves None for what is not, and refuses nothing:
a message that is no RFC 5424 is read as RFC 3164, and one without any header is all message. The
bytes stay beside the reading in ``raw``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from hil.errors import LocalProtocolError

SERVER_PORT = 514

Element = tuple[str, tuple[tuple[str, str], ...]]
"""Structured data: an SD-ID and its parameters in order (RFC 5424 section 6.3)."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PRI = re.compile(r"<([0-9]{1,3})>")
_HEADER_5424 = re.compile(
    r"([1-9][0-9]{0,2}) (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?=[-\[])"
)
_TIMESTAMP_5424 = re.compile(
    r"-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
_ELEMENT = re.compile(
    r'\[([^\s=\]"]{1,32})((?: [^\s=\]"]{1,32}="(?:[^"\\\]]|\\.)*")*)\]', re.DOTALL
)
_PARAMETER = re.compile(r' ([^\s=\]"]{1,32})="((?:[^"\\\]]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
_TIMESTAMP_3164 = re.compile(
    rf"((?:{'|'.join(_MONTHS)}) [ \d]\d (?:\d{{4}} )?\d\d:\d\d:\d\d(?:\.\d{{1,9}})?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S{0,16}) ",
    re.ASCII,
)
_HOSTNAME_3164 = re.compile(r"(\S{0,254}[^\s:])(?: |$)")
_TAG = re.compile(r"([\w./-]{1,48})(?:\[([^\]\s]{1,128})\])?:(?:\s|$)", re.ASCII)
_NAME = re.compile(r"[!-~]{1,255}")
_SD_NAME = re.compile(r'[^\s=\]"]{1,32}')


class Severity(IntEnum):
    """Severities of both RFCs (RFC 5424 table 2)."""

    EMERGENCY = 0
    ALERT = 1
    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFORMATIONAL = 6
    DEBUG = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogRecord:
    """One message, read as far as it goes; None is a part that is not there.

    ``priority`` is PRI (0 to 191), ``version`` that of RFC 5424 and None for all else.
    ``timestamp`` and ``hostname`` are as written. ``app_name`` and ``procid`` are RFC 3164's TAG
    and the number in brackets behind it. ``message`` is the MSG part, which in RFC 3164 begins with
    the tag; ``content`` is the same without it.
    """

    raw: bytes
    message: str
    content: str
    priority: int | None = None
    version: int | None = None
    timestamp: str | None = None
    hostname: str | None = None
    app_name: str | None = None
    procid: str | None = None
    msgid: str | None = None
    structured_data: tuple[Element, ...] = ()

    @property
    def facility(self) -> int | None:
        """PRI without its lowest three bits: 0 to 23."""
        return None if self.priority is None else self.priority >> 3

    @property
    def severity(self) -> Severity | None:
        """The lowest three bits of PRI."""
        return None if self.priority is None else Severity(self.priority & 7)


def parse(data: bytes) -> SyslogRecord:
    """Read one datagram; any bytes have a reading.

    Text is UTF-8, with U+FFFD for what is not; line ends and NULs at the end are dropped.
    """
    text = data.decode(errors="replace").rstrip("\r\n\0")
    priority, at = None, 0
    found = _PRI.match(text)
    if found and int(found[1]) <= 191:
        priority, at = int(found[1]), found.end()
        record = _parse_5424(data, text, priority, at)
        if record is not None:
            return record
    return _parse_3164(data, text, priority, at)


def format_3164(
    message: str,
    *,
    facility: int,
    severity: Severity,
    timestamp: datetime,
    hostname: str,
    tag: str | None = None,
) -> bytes:
    """Write ``<PRI>Mmm dd hh:mm:ss HOSTNAME TAG: message`` (RFC 3164 section 4.1).

    ``timestamp`` is local time of the device. Nothing is cut at the 1024 octets that old relays
    take. Raises `LocalProtocolError` for a facility outside 0 to 23 or a name with spaces.
    """
    day = f"{_MONTHS[timestamp.month - 1]} {timestamp.day:2d} {timestamp:%H:%M:%S}"
    head = f"<{_priority(facility, severity)}>{day} {_checked(hostname, _NAME)} "
    if tag is not None:
        head += f"{_checked(tag, _NAME)}: "
    return (head + message).encode(errors="replace")


def format_5424(
    message: str,
    *,
    facility: int,
    severity: Severity,
    timestamp: datetime | None = None,
    hostname: str = "-",
    app_name: str = "-",
    procid: str = "-",
    msgid: str = "-",
    structured_data: Sequence[Element] = (),
) -> bytes:
    """Write a message of RFC 5424 section 6, version 1; ``-`` and None are its nil value.

    ``timestamp`` must know its offset from UTC. Raises `LocalProtocolError` for a value that the
    grammar does not permit.
    """
    moment = "-"
    if timestamp is not None:
        if timestamp.utcoffset() is None:
            raise LocalProtocolError("a time stamp without an offset from UTC")
        moment = timestamp.isoformat()
    widths = ((hostname, 255), (app_name, 48), (procid, 128), (msgid, 32))
    names = " ".join(_checked(name, _NAME, width) for name, width in widths)
    elements = "".join(map(_format_element, structured_data)) or "-"
    head = f"<{_priority(facility, severity)}>1 {moment} {names} {elements}"
    return (f"{head} {message}" if message else head).encode(errors="replace")


def _parse_5424(data: bytes, text: str, priority: int, at: int) -> SyslogRecord | None:
    head = _HEADER_5424.match(text, at)
    if head is None or not _TIMESTAMP_5424.fullmatch(head[2]):
        return None
    at = head.end()
    elements: list[Element] = []
    if text[at] == "-":
        at += 1
    else:
        while (element := _ELEMENT.match(text, at)) is not None:
            elements.append((element[1], _parameters(element[2])))
            at = element.end()
        if not elements:
            return None
    if at < len(text) and text[at] != " ":
        return None
    message = text[at + 1 :].removeprefix("\ufeff")
    timestamp, hostname, app_name, procid, msgid = (
        None if part == "-" else part for part in head.groups()[1:]
    )
    return SyslogRecord(
        raw=data,
        message=message,
        content=message,
        priority=priority,
        version=int(head[1]),
        timestamp=timestamp,
        hostname=hostname,
        app_name=app_name,
        procid=procid,
        msgid=msgid,
        structured_data=tuple(elements),
    )


def _parameters(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, _ESCAPED.sub(r"\1", value)) for name, value in _PARAMETER.findall(text))


def _parse_3164(data: bytes, text: str, priority: int | None, at: int) -> SyslogRecord:
    """Read time stamp, host name and tag where they are; a host name only follows a time stamp."""
    timestamp = hostname = app_name = procid = None
    found = _TIMESTAMP_3164.match(text, at)
    if found is not None:
        timestamp, at = found[1], found.end()
        host = _HOSTNAME_3164.match(text, at)
        if host is not None:
            hostname, at = host[1], host.end()
    message = text[at:]
    content = message
    tag = _TAG.match(message)
    if tag is not None:
        app_name, procid = tag.groups()
        content = message[tag.end() :]
    return SyslogRecord(
        raw=data,
        message=message,
        content=content,
        priority=priority,
        timestamp=timestamp,
        hostname=hostname,
        app_name=app_name,
        procid=procid,
    )


def _priority(facility: int, severity: Severity) -> int:
    if not 0 <= facility <= 23:
        raise LocalProtocolError(f"facility {facility}")
    return facility << 3 | severity


def _checked(name: str, pattern: re.Pattern[str], width: int = 255) -> str:
    if len(name) > width or not pattern.fullmatch(name):
        raise LocalProtocolError(f"{name!r} is no name of at most {width} printable characters")
    return name


def _format_element(element: Element) -> str:
    name, parameters = element
    parts = [_checked(name, _SD_NAME, 32)]
    for key, value in parameters:
        escaped = re.sub(r'(["\\\]])', r"\\\1", value)
        parts.append(f'{_checked(key, _SD_NAME, 32)}="{escaped}"')
    return f"[{' '.join(parts)}]"
