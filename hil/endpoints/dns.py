"""The DNS server of a bench: the names that a test configures, and NXDOMAIN for all else.

It is authoritative for everything (RFC 1035) and answers A and SRV; a name that exists has an empty
answer for other types, AAAA among them. Only UDP is served, so a test cannot configure an answer
that would not fit in 512 octets. A name is compared without regard to case (RFC 4343), and appears
in events as the phone wrote it, without the final dot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

import dnslib

from hil.clock import Clock
from hil.endpoints import faults as fl
from hil.endpoints.admission import Admission
from hil.endpoints.base import Datagram, DatagramSocket, Station
from hil.errors import UsageError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Place

_APPLICABLE = (fl.Silence, fl.Delay, fl.Rcode)
_LARGEST = 512
_HEADER = 12
_IN, _ANY, _QUERY = 1, 255, 0
_NOERROR, _NXDOMAIN, _NOTIMP, _REFUSED = 0, 3, 4, 5
_LONGEST_TTL = 2**31 - 1


@dataclass(frozen=True)
class _Record:
    qtype: int
    data: dnslib.RD
    ttl: int


_Zone = Mapping[str, tuple[_Record, ...]]


class DnsEndpoint:
    """A DNS server for one handset; see the module."""

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        admission: Admission,
        *,
        port: int = 53,
    ) -> None:
        self._station = Station("dns", place, clock, history, admission)
        self._socket = DatagramSocket(self._station, self._receive, port=port)
        self._faults = fl.FaultPlan("dns", _APPLICABLE)
        self._zone: _Zone = {}

    @property
    def address(self) -> str:
        """The address that it listens on."""
        return self._station.address

    # -- the test's side ---------------------------------------------------------------------------

    def answer(self, name: str, *addresses: str | IPv4Address, ttl: int = 60) -> None:
        """Have ``name`` stand for these IPv4 addresses, in this order; ``ttl`` in seconds.

        It replaces the addresses that the name had. With no address the name exists and has none.
        """
        try:
            records = [
                _Record(dnslib.QTYPE.A, dnslib.A(str(IPv4Address(a))), ttl) for a in addresses
            ]
        except AddressValueError as error:
            raise UsageError(f"no IPv4 address for {name}: {error}") from error
        key = _key(name)
        kept = [r for r in self._zone.get(key, ()) if r.qtype != dnslib.QTYPE.A]
        self._put(name, key, (*kept, *records), ttl)
        self._station.configured(f"{name} A {' '.join(map(str, addresses)) or 'none'}, ttl {ttl}")

    def service(
        self,
        name: str,
        target: str,
        port: int,
        *,
        priority: int = 0,
        weight: int = 0,
        ttl: int = 60,
    ) -> None:
        """Add an SRV record (RFC 2782) to ``name``, e.g. ``_http._tcp.example.com``."""
        for number in (port, priority, weight):
            if not 0 <= number < 1 << 16:
                raise UsageError(f"{number} in the SRV record of {name}", remedy="0 to 65535")
        _key(target)
        data = dnslib.SRV(priority, weight, port, target)
        key = _key(name)
        record = _Record(dnslib.QTYPE.SRV, data, ttl)
        self._put(name, key, (*self._zone.get(key, ()), record), ttl)
        self._station.configured(f"{name} SRV {priority} {weight} {port} {target}, ttl {ttl}")

    def forget(self, name: str) -> None:
        """Have the name not exist any more."""
        key = _key(name)
        self._zone = {known: records for known, records in self._zone.items() if known != key}
        self._station.configured(f"{name} is gone")

    def fail(self, name: str, rcode: str = "SERVFAIL", *, nth: int | range | None = None) -> None:
        """Answer queries for ``name`` with an error, e.g. ``SERVFAIL`` or ``REFUSED``."""
        self.inject(fl.Rcode(rcode), name=name, nth=nth)

    def inject(
        self, fault: fl.Fault, *, nth: int | range | None = None, name: str | None = None
    ) -> None:
        """Misbehave: towards every query, or the ``nth`` one for ``name``, whatever its type."""
        if isinstance(fault, fl.Rcode) and fault.name not in dnslib.RCODE.reverse:
            raise UsageError(f"{fault!r}", remedy=", ".join(dnslib.RCODE.reverse))
        planned = fl.Planned(fault, nth, None if name is None else _key(name))
        self._faults.add(planned)
        self._station.configured(f"fault {planned}")

    def reset(self) -> None:
        """Know no name, have no fault, and forget answers that are being delayed."""
        self._zone = {}
        self._faults.clear()
        self._station.in_loop(self._station.cancel_timers)
        self._station.configured("reset")

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        self._socket.open()

    async def close(self) -> None:
        """Stop at once."""
        self._station.cancel_timers()
        self._socket.close()

    # -- the handset's side ------------------------------------------------------------------------

    def _receive(self, datagram: Datagram) -> None:
        query = self._read(datagram)
        if query is None:
            return
        name = _text(query.q.qname)
        self._station.history.append(
            ev.DnsQuery(
                source=self._station.source,
                at=datagram.at,
                kernel_ns=datagram.kernel_ns,
                name=name,
                qtype=_type(query.q.qtype),
                peer=datagram.peer,
                data=datagram.data,
            )
        )
        due = self._faults.due(name.lower())
        for fault in due:
            self._station.injected(fault, f"{_type(query.q.qtype)} {name}")
        if any(isinstance(fault, fl.Silence) for fault in due):
            return
        zone = self._zone
        delay = sum(fault.seconds for fault in due if isinstance(fault, fl.Delay))
        if delay:
            self._station.after(delay, lambda: self._send(query, zone, due, datagram))
        else:
            self._send(query, zone, due, datagram)

    def _read(self, datagram: Datagram) -> dnslib.DNSRecord | None:
        """Give the header and the question, or record why there is none and give None."""
        try:
            return _parse(datagram.data)
        except _NoQueryError as error:
            self._station.refused_datagram(datagram, str(error))
            return None

    def _send(
        self, query: dnslib.DNSRecord, zone: _Zone, due: tuple[fl.Fault, ...], asker: Datagram
    ) -> None:
        reply = _answer(query, zone)
        for fault in due:
            if isinstance(fault, fl.Rcode):
                reply.rr.clear()
                reply.header.rcode = dnslib.RCODE.reverse[fault.name]
        data = bytes(reply.pack())
        if not self._socket.send(data, asker.host, asker.port):
            return
        self._station.history.append(
            ev.DnsAnswer(
                source=self._station.source,
                name=_text(query.q.qname),
                qtype=_type(query.q.qtype),
                rcode=dnslib.RCODE[reply.header.rcode],
                answers=tuple(str(record.rdata).rstrip(".") for record in reply.rr),
                peer=asker.peer,
                data=data,
            )
        )

    # -- configuration -----------------------------------------------------------------------------

    def _put(self, name: str, key: str, records: tuple[_Record, ...], ttl: int) -> None:
        if not 0 <= ttl <= _LONGEST_TTL:
            raise UsageError(f"a ttl of {ttl} s for {name}", remedy="0 to 2147483647 (RFC 2181)")
        zone = {**self._zone, key: records}
        question = dnslib.DNSRecord.question(key, "ANY")
        size = len(_answer(question, zone).pack())
        if size > _LARGEST:
            raise UsageError(
                f"the records of {name} make an answer of {size} octets",
                remedy=f"at most {_LARGEST} fit in a UDP answer",
            )
        self._zone = zone


class _NoQueryError(Exception):
    """The datagram is no query that a resolver would send."""


def _parse(data: bytes) -> dnslib.DNSRecord:
    """Read header and question; what follows them (EDNS) is not needed for an answer."""
    if len(data) < _HEADER:
        raise _NoQueryError(f"{len(data)} octets, the header has {_HEADER}")
    _check_name(data)
    buffer = dnslib.DNSBuffer(data)
    try:
        header = dnslib.DNSHeader.parse(buffer)
        if header.qr:
            raise _NoQueryError("a response where a query was due")
        if header.q != 1:
            raise _NoQueryError(f"{header.q} questions instead of 1")
        question = dnslib.DNSQuestion.parse(buffer)
    except dnslib.DNSError as error:
        raise _NoQueryError(str(error)) from error
    return dnslib.DNSRecord(header, [question])


def _check_name(data: bytes) -> None:
    """Require a question of plain labels (RFC 1035 sections 2.3.4 and 4.1.2).

    It cannot be compressed, as no name stands before it; that leaves pointers that run in circles
    no way in.
    """
    at = _HEADER
    while at < len(data) and data[at]:
        if data[at] > 63:
            raise _NoQueryError(f"a label of length octet {data[at]:#04x} in the question")
        at += 1 + data[at]
    if at + 5 > len(data):
        raise _NoQueryError("the question runs past the end")
    if at + 1 - _HEADER > 255:
        raise _NoQueryError(f"a name of {at + 1 - _HEADER} octets, 255 is most")


def _answer(query: dnslib.DNSRecord, zone: _Zone) -> dnslib.DNSRecord:
    reply = query.reply(ra=1, aa=1)
    question = query.q
    if query.header.opcode != _QUERY:
        reply.header.rcode = _NOTIMP
        return reply
    if question.qclass not in (_IN, _ANY):
        reply.header.rcode = _REFUSED
        return reply
    name = _text(question.qname).lower()
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


def _text(name: dnslib.DNSLabel) -> str:
    return str(name).rstrip(".") or "."


def _type(qtype: int) -> str:
    return str(dnslib.QTYPE[qtype])


def _key(name: str) -> str:
    """The name as it is compared; UsageError if it is none."""
    try:
        label = dnslib.DNSLabel(name)
    except UnicodeError as error:
        raise UsageError(f"{name!r} is no domain name: {error}") from error
    if not label.label or any(not 0 < len(part) <= 63 for part in label.label) or len(label) > 253:
        raise UsageError(f"{name!r} is no domain name")
    return _text(label).lower()
