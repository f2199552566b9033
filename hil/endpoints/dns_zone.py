"""What a DNS server says: queries read with suspicion, and the answers that a zone gives (RFC 1035).

A zone maps names in lower case, without the final dot, to records. It is authoritative for
everything: a name outside it does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import dnslib

from hil.errors import RemoteProtocolError, UsageError

LARGEST_ANSWER = 512
"""Octets of an answer over UDP (RFC 1035 section 2.3.4)."""

_HEADER = 12
_IN, _ANY, _QUERY = 1, 255, 0
_NOERROR, _NXDOMAIN, _NOTIMP, _REFUSED = 0, 3, 4, 5


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
    name = name_text(question.qname).lower()
    records = zone.get(name)
    if records is None:
        # A name above a configured one exists as well, without records (RFC 8020).
        above = any(known.endswith(f".{name}") for known in zone)
        reply.header.rcode = _NOERROR if above else _NXDOMAIN
        return reply
    for record in records:
        if question.qtype in (record.qtype, _ANY):
            reply.add_answer(
                dnslib.RR(question.qname, record.qtype, rdata=record.data, ttl=record.ttl)
            )
    return reply


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
