"""What a DNS server says: queries read with suspicion, and the answers that a zone gives (RFC 1035).

A zone maps names in lower case, without the final dot, to records. It is authoritative for
everything: a name outside it does not exist. An alias (CNAME) is followed within the zone, so that
one answer has the whole chain (RFC 1034 section 4.3.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dnslib

from hil.errors import RemoteProtocolError, UsageError

LARGEST_DATAGRAM = 512
"""Octets of an answer over UDP (RFC 1035 section 2.3.4); a larger one is truncated."""
LARGEST_ANSWER = 65_535
"""Octets of an answer over TCP (RFC 1035 section 4.2.2)."""

_HEADER = 12
_IN, _ANY, _QUERY = 1, 255, 0
_NOERROR, _NXDOMAIN, _NOTIMP, _REFUSED = 0, 3, 4, 5
_CNAME = 5
_LONGEST_CHAIN = 16


@dataclass(frozen=True)
class Record:
    """One resource record of a name: its type's number, its data, and its life in seconds."""

    qtype: int
    data: dnslib.RD
    ttl: int


Zone = Mapping[str, tuple[Record, ...]]
"""Records by name, as `zone_key` writes it."""


def parse_query(data: bytes) -> dnslib.DNSRecord:
    """Read header and question; what follows them (EDNS) is not needed for an answer.

    Raises `RemoteProtocolError` for anything but a query with one question.
    """
    if len(data) < _HEADER:
        raise RemoteProtocolError(f"{len(data)} octets, the header has {_HEADER}")
    _check_name(data)
    buffer = dnslib.DNSBuffer(data)
    try:
        header = dnslib.DNSHeader.parse(buffer)
        if header.qr:
            raise RemoteProtocolError("a response where a query was due")
        if header.q != 1:
            raise RemoteProtocolError(f"{header.q} questions instead of 1")
        question = dnslib.DNSQuestion.parse(buffer)
    except dnslib.DNSError as error:
        raise RemoteProtocolError(str(error)) from error
    return dnslib.DNSRecord(header, [question])


def _check_name(data: bytes) -> None:
    """Require a question of plain labels (RFC 1035 sections 2.3.4 and 4.1.2).

    It cannot be compressed, as no name stands before it; that leaves pointers that run in circles
    no way in.
    """
    at = _HEADER
    while at < len(data) and data[at]:
        if data[at] > 63:
            raise RemoteProtocolError(f"a label of length octet {data[at]:#04x} in the question")
        at += 1 + data[at]
    if at + 5 > len(data):
        raise RemoteProtocolError("the question runs past the end")
    if at + 1 - _HEADER > 255:
        raise RemoteProtocolError(f"a name of {at + 1 - _HEADER} octets, 255 is most")


def answer_from(query: dnslib.DNSRecord, zone: Zone) -> dnslib.DNSRecord:
    """Make the answer to a query of `parse_query`."""
    reply = query.reply(ra=1, aa=1)
    question = query.q
    if query.header.opcode != _QUERY:
        reply.header.rcode = _NOTIMP
        return reply
    if question.qclass not in (_IN, _ANY):
        reply.header.rcode = _REFUSED
        return reply
    owner = question.qname
    for _ in range(_LONGEST_CHAIN):
        records = zone.get(name_text(owner).lower())
        if records is None:
            reply.header.rcode = _rcode_of_nothing(name_text(owner).lower(), zone)
            return reply
        alias = next((record for record in records if record.qtype == _CNAME), None)
        if alias is None or question.qtype in (_CNAME, _ANY):
            _add(reply, owner, [r for r in records if question.qtype in (r.qtype, _ANY)])
            return reply
        _add(reply, owner, [alias])
        owner = alias.data.label
    return reply


def truncated(reply: dnslib.DNSRecord) -> dnslib.DNSRecord:
    """Leave the records out and say so: the client is to ask over TCP."""
    reply.rr.clear()
    reply.header.tc = 1
    return reply


def garbage(kind: str, answer: bytes) -> bytes:
    """Make something of a packed answer that does not answer; see `hil.endpoints.faults.GARBAGE`."""
    match kind:
        case "wrong-id":
            return bytes([answer[0] ^ 1]) + answer[1:]
        case "wrong-question":
            # Another letter in the first label.
            return answer[: _HEADER + 1] + bytes([answer[_HEADER + 1] ^ 1]) + answer[_HEADER + 2 :]
        case "cut-short":
            return answer[:-3]
        case "looping-name":
            end = _HEADER
            while answer[end]:
                end += 1 + answer[end]
            # A question, and one record whose name is a pointer to itself.
            question = answer[: end + 5]
            pointer = (0xC000 | len(question)).to_bytes(2)
            counts = b"\0\1\0\1\0\0\0\0"
            return question[:4] + counts + question[_HEADER:] + pointer + b"\0\1\0\1" + bytes(6)
        case _:
            return b"\xff" * 11


def _add(reply: dnslib.DNSRecord, owner: dnslib.DNSLabel, records: Iterable[Record]) -> None:
    for record in records:
        reply.add_answer(dnslib.RR(owner, record.qtype, rdata=record.data, ttl=record.ttl))


def _rcode_of_nothing(name: str, zone: Zone) -> int:
    """A name above a configured one exists as well, without records (RFC 8020)."""
    return _NOERROR if any(known.endswith(f".{name}") for known in zone) else _NXDOMAIN


def name_text(name: dnslib.DNSLabel) -> str:
    """A name as text without the final dot; the root is ``.``."""
    return str(name).rstrip(".") or "."


def type_text(qtype: int) -> str:
    """A type by its name, or as ``TYPE65280`` (RFC 3597)."""
    return str(dnslib.QTYPE[qtype])


def zone_key(name: str) -> str:
    """The name as it is compared (RFC 4343); UsageError if it is none."""
    try:
        label = dnslib.DNSLabel(name)
    except UnicodeError as error:
        raise UsageError(f"{name!r} is no domain name: {error}") from error
    if not label.label or any(not 0 < len(part) <= 63 for part in label.label) or len(label) > 253:
        raise UsageError(f"{name!r} is no domain name")
    return name_text(label).lower()
