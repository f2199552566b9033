"""DNS answers as the handset reads them: A, CNAME and SRV records, and nothing that could take long.

Names are taken apart here, not by a library: a compressed one may point only backwards and only so
often, so that no answer, however large, costs more than its size (RFC 1035 section 4.1.4). Names are
in lower case without the final dot; the root is the empty name.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import groupby

from hil.errors import RemoteProtocolError

A, CNAME, SRV = 1, 5, 33
LONGEST_TTL = (1 << 31) - 1
"""Seconds; more than this is to be read as 0 (RFC 2181 section 8)."""
RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_IN = 1
_HEADER = struct.Struct("!HHHHHH")
_QUESTION = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_SRV = struct.Struct("!HHH")
_RESPONSE, _OPCODE, _TRUNCATED, _RECURSION = 0x8000, 0x7800, 0x0200, 0x0100
_LONGEST_CHAIN = 16
_MOST_POINTERS = 64


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record (RFC 2782); an empty ``target`` says that the service is not there."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class _Record:
    owner: str
    value: IPv4Address | Service | str
    ttl: int


@dataclass(frozen=True, slots=True)
class DnsReply:
    """What a server answered: its RCODE by name, and the records that the asked name led to.

    ``ttl`` is the shortest on the way in seconds. One that is ``truncated`` is to be asked for again
    over TCP.
    """

    rcode: str
    values: tuple[IPv4Address | Service, ...] = ()
    ttl: int = 0
    truncated: bool = False


def question(name: str, qtype: int, number: int) -> bytes:
    """A query for ``name``, whose labels have 1 to 63 ASCII characters each."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return (
        _HEADER.pack(number, _RECURSION, 1, 0, 0, 0) + labels + b"\0" + _QUESTION.pack(qtype, _IN)
    )


def read_reply(data: bytes, name: str, qtype: int, number: int) -> DnsReply:
    """Read the answer to `question`; RemoteProtocolError for anything that is none."""
    try:
        identity, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
        if identity != number or not flags & _RESPONSE or flags & _OPCODE or questions != 1:
            raise RemoteProtocolError("not an answer to this question")
        asked, at = _name(data, _HEADER.size)
        if asked != name or _QUESTION.unpack_from(data, at) != (qtype, _IN):
            raise RemoteProtocolError("not an answer to this question")
        at += _QUESTION.size
        rcode = flags & 0xF
        told = RCODES[rcode] if rcode < len(RCODES) else f"RCODE{rcode}"
        if flags & _TRUNCATED:
            return DnsReply(told, truncated=True)
        records = []
        for _ in range(answers):
            record, at = _record(data, at)
            records += [record] if record is not None else []
    except (struct.error, IndexError) as error:
        raise RemoteProtocolError(f"malformed DNS answer: {error}") from error
    values, ttl = _follow(name, qtype, records)
    return DnsReply(told, values, ttl)


def in_order(services: Iterable[Service], chance: random.Random) -> list[Service]:
    """The order in which to try services: by priority, within one by chance of their weights."""
    ordered: list[Service] = []
    by_priority = sorted(services, key=lambda each: each.priority)
    for _, group in groupby(by_priority, key=lambda each: each.priority):
        # Those of weight 0 first, so that they are taken now and then (RFC 2782, "Weight").
        left = sorted(group, key=lambda each: each.weight > 0)
        while left:
            drawn = chance.randint(0, sum(each.weight for each in left))
            for each in left:
                drawn -= each.weight
                if drawn <= 0:
                    break
            left.remove(each)
            ordered.append(each)
    return ordered


def _record(data: bytes, at: int) -> tuple[_Record | None, int]:
    owner, at = _name(data, at)
    kind, family, ttl, length = _RECORD.unpack_from(data, at)
    at += _RECORD.size
    end = at + length
    if end > len(data):
        raise RemoteProtocolError("a record runs past the end")
    value: IPv4Address | Service | str | None = None
    if family == _IN and kind == A:
        if length != 4:
            raise RemoteProtocolError(f"an address of {length} octets")
        value = IPv4Address(data[at:end])
    elif family == _IN and kind == CNAME:
        value, _ = _name(data, at)
    elif family == _IN and kind == SRV:
        priority, weight, port = _SRV.unpack_from(data, at)
        target, _ = _name(data, at + _SRV.size)
        value = Service(priority, weight, port, target)
    kept = None if value is None else _Record(owner, value, ttl if ttl <= LONGEST_TTL else 0)
    return kept, end


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name, and where it ends."""
    labels: list[bytes] = []
    size, end, limit = 0, -1, at
    for _ in range(_MOST_POINTERS):
        while 0 < (length := data[at]) < 64:
            labels.append(data[at + 1 : at + 1 + length])
            size += 1 + length
            at += 1 + length
            if size > 254 or at >= len(data):
                raise RemoteProtocolError("a name that does not end")
        end = at + (1 if length == 0 else 2) if end < 0 else end
        if length == 0:
            return b".".join(labels).decode("ascii", "replace").lower(), end
        target = (length & 0x3F) << 8 | data[at + 1]
        if length < 0xC0 or target >= limit:
            raise RemoteProtocolError("a name that points nowhere")
        at = limit = target
    raise RemoteProtocolError("a name that points too often")


def _follow(
    name: str, qtype: int, records: Sequence[_Record]
) -> tuple[tuple[IPv4Address | Service, ...], int]:
    """Go along the aliases to what was asked for; the shortest TTL on the way is that of all."""
    wanted = IPv4Address if qtype == A else Service
    least = LONGEST_TTL
    for _ in range(_LONGEST_CHAIN):
        own = [record for record in records if record.owner == name]
        found = [record for record in own if isinstance(record.value, wanted)]
        if found:
            values = tuple(r.value for r in found if not isinstance(r.value, str))
            return values, min(least, *(record.ttl for record in found))
        alias = next((record for record in own if isinstance(record.value, str)), None)
        if alias is None:
            break
        least = min(least, alias.ttl)
        name = str(alias.value)
    return (), 0
