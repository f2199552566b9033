"""The DNS server of a bench: the names that a test configures, and NXDOMAIN for all else.

It is authoritative for everything (RFC 1035) and knows A, AAAA, CNAME, SRV and NAPTR records; a name
that exists has an empty answer for other types. What does not fit in a datagram of 512 octets is
truncated there and whole over TCP. A name is compared without regard to case (RFC 4343), and appears
in events as the phone wrote it, without the final dot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address

import dnslib

from hil.clock import Clock
from hil.endpoints import faults as fl
from hil.endpoints.admission import Admission
from hil.endpoints.base import Datagram, Station
from hil.endpoints.datagram import DatagramSocket
from hil.endpoints.dns_tcp import Reply, StreamServer
from hil.endpoints.dns_zone import (
    LARGEST_ANSWER,
    LARGEST_DATAGRAM,
    Record,
    Zone,
    answer_from,
    garbage,
    name_text,
    parse_query,
    truncated,
    type_text,
    zone_key,
)
from hil.errors import EndpointError, RemoteProtocolError, UsageError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Place

_APPLICABLE = (fl.Silence, fl.Delay, fl.Rcode, fl.TruncatedAnswer, fl.Garbage)
_LONGEST_TTL = 2**31 - 1
_A, _CNAME, _AAAA = dnslib.QTYPE.A, dnslib.QTYPE.CNAME, dnslib.QTYPE.AAAA


@dataclass(frozen=True)
class _Asked:
    """A question on its way through: by which transport it came, and the way back."""

    query: dnslib.DNSRecord
    asker: Datagram
    transport: str
    reply: Reply
    faults: tuple[fl.Fault, ...] = ()

    @property
    def about(self) -> str:
        return f"{type_text(self.query.q.qtype)} {name_text(self.query.q.qname)}"


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
        self._socket = DatagramSocket(self._station, self._datagram, port=port)
        self._streams = StreamServer(self._station, partial(self._receive, "tcp"), port=port)
        self._faults = fl.FaultPlan("dns", _APPLICABLE)
        self._zone: Zone = {}

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""
        return self._socket.listening and self._streams.listening

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""
        return (*self._socket.descriptors, *self._streams.descriptors)

    @property
    def address(self) -> str:
        """The address that it listens on."""
        return self._station.address

    # -- the test's side ---------------------------------------------------------------------------

    def answer(self, name: str, *addresses: str | IPv4Address | IPv6Address, ttl: int = 60) -> None:
        """Have ``name`` stand for these addresses (A, AAAA), in this order; ``ttl`` in seconds.

        It replaces the addresses and the alias that the name had. With no address the name exists and
        has none.
        """
        try:
            parsed = [ip_address(str(each)) for each in addresses]
        except ValueError as error:
            raise UsageError(f"no address for {name}: {error}") from error
        records = [
            Record(_AAAA, dnslib.AAAA(str(each)), ttl)
            if each.version == 6
            else Record(_A, dnslib.A(str(each)), ttl)
            for each in parsed
        ]
        self._put(name, (*self._others(name, _A, _AAAA, _CNAME), *records), ttl)
        told = "; ".join(f"{type_text(r.qtype)} {r.data}" for r in records) or "no address"
        self._station.configured(f"{name} {told}, ttl {ttl}")

    def alias(self, name: str, target: str, *, ttl: int = 60) -> None:
        """Have ``name`` be an alias (CNAME) of ``target``, in place of all that it was."""
        zone_key(target)
        self._put(name, (Record(_CNAME, dnslib.CNAME(target), ttl),), ttl)
        self._station.configured(f"{name} CNAME {target}, ttl {ttl}")

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
        """Add an SRV record (RFC 2782) to ``name``, e.g. ``_http._tcp.example.com``.

        The target ``.`` says that the service is not available there.
        """
        _require_16_bits(f"the SRV record of {name}", port, priority, weight)
        if target != ".":
            zone_key(target)
        data = dnslib.SRV(priority, weight, port, target)
        self._add(name, Record(dnslib.QTYPE.SRV, data, ttl))
        self._station.configured(f"{name} SRV {priority} {weight} {port} {target}, ttl {ttl}")

    def authority_pointer(
        self,
        name: str,
        replacement: str,
        service: str,
        *,
        flags: str = "s",
        order: int = 0,
        preference: int = 0,
        ttl: int = 60,
    ) -> None:
        """Add a NAPTR record (RFC 3403) to ``name``; ``service`` is e.g. ``SIP+D2U``."""
        _require_16_bits(f"the NAPTR record of {name}", order, preference)
        if not (flags + service).isascii():
            raise UsageError(f"NAPTR of {name}: {flags!r} {service!r}", remedy="ASCII")
        zone_key(replacement)
        data = dnslib.NAPTR(
            order, preference, flags.encode(), service.encode(), b"", dnslib.DNSLabel(replacement)
        )
        self._add(name, Record(dnslib.QTYPE.NAPTR, data, ttl))
        self._station.configured(
            f"{name} NAPTR {order} {preference} {flags} {service} {replacement}, ttl {ttl}"
        )

    def forget(self, name: str) -> None:
        """Have the name not exist any more."""
        key = zone_key(name)
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
        planned = fl.Planned(fault, nth, None if name is None else zone_key(name))
        self._faults.add(planned)
        self._station.armed(planned)

    def reset(self) -> None:
        """Know no name, have no fault, and forget answers that are being delayed."""
        self._zone = {}
        self._faults.clear()
        self._station.in_loop(self._let_go)
        self._station.configured("reset")

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        self._socket.open()
        try:
            self._streams.open()
        except EndpointError:
            self._socket.close()
            raise

    async def close(self) -> None:
        """Stop at once."""
        self._station.cancel_timers()
        self._socket.close()
        self._streams.close()

    # -- the handset's side ------------------------------------------------------------------------

    def _datagram(self, datagram: Datagram) -> None:
        def reply(data: bytes) -> bool:
            return self._socket.send(data, datagram.host, datagram.port)

        self._receive("udp", datagram, reply)

    def _receive(self, transport: str, datagram: Datagram, reply: Reply) -> None:
        try:
            query = parse_query(datagram.data)
        except RemoteProtocolError as error:
            self._station.refused_datagram(datagram, str(error))
            return
        name = name_text(query.q.qname)
        self._station.history.append(
            ev.DnsQuery(
                source=self._station.source,
                at=datagram.at,
                kernel_ns=datagram.kernel_ns,
                name=name,
                qtype=type_text(query.q.qtype),
                peer=datagram.peer,
                data=datagram.data,
                transport=transport,
            )
        )
        due = self._due(name, transport)
        asked = _Asked(query, datagram, transport, reply, due)
        for fault in due:
            self._station.injected(fault, asked.about)
        if any(isinstance(fault, fl.Silence) for fault in due):
            return
        zone = self._zone
        delay = sum(fault.seconds for fault in due if isinstance(fault, fl.Delay))
        if delay:
            self._station.after(delay, lambda: self._send(asked, zone))
        else:
            self._send(asked, zone)

    def _due(self, name: str, transport: str) -> tuple[fl.Fault, ...]:
        """The faults of a question; over TCP no answer is truncated."""
        due = self._faults.due(name.lower())
        if transport == "udp":
            return due
        return tuple(fault for fault in due if not isinstance(fault, fl.TruncatedAnswer))

    def _send(self, asked: _Asked, zone: Zone) -> None:
        reply = answer_from(asked.query, zone)
        for fault in asked.faults:
            if isinstance(fault, fl.Rcode):
                reply.rr.clear()
                reply.header.rcode = dnslib.RCODE.reverse[fault.name]
        told = tuple(str(record.rdata).rstrip(".") for record in reply.rr)
        data = bytes(reply.pack())
        cut = any(isinstance(fault, fl.TruncatedAnswer) for fault in asked.faults)
        if cut or (asked.transport == "udp" and len(data) > LARGEST_DATAGRAM):
            data, told = bytes(truncated(reply).pack()), ()
        spoilt = next((fault for fault in asked.faults if isinstance(fault, fl.Garbage)), None)
        if spoilt is not None:
            # Not an answer, so no event says that something was told.
            asked.reply(garbage(spoilt.kind, data))
            return
        # From before it goes out, as what follows from it may be here by now.
        before = self._station.clock.now()
        if not asked.reply(data):
            return
        self._station.history.append(
            ev.DnsAnswer(
                source=self._station.source,
                at=before,
                name=name_text(asked.query.q.qname),
                qtype=type_text(asked.query.q.qtype),
                rcode=dnslib.RCODE[reply.header.rcode],
                answers=told,
                peer=asked.asker.peer,
                data=data,
                transport=asked.transport,
                truncated=bool(reply.header.tc),
            )
        )

    def _let_go(self) -> None:
        self._station.cancel_timers()
        self._streams.cut()

    # -- configuration -----------------------------------------------------------------------------

    def _others(self, name: str, *qtypes: int) -> tuple[Record, ...]:
        """The records of a name that are of none of these types."""
        return tuple(r for r in self._zone.get(zone_key(name), ()) if r.qtype not in qtypes)

    def _add(self, name: str, record: Record) -> None:
        """Put a record beside the others of a name, which is no alias any more."""
        self._put(name, (*self._others(name, _CNAME), record), record.ttl)

    def _put(self, name: str, records: tuple[Record, ...], ttl: int) -> None:
        if not 0 <= ttl <= _LONGEST_TTL:
            raise UsageError(f"a ttl of {ttl} s for {name}", remedy="0 to 2147483647 (RFC 2181)")
        key = zone_key(name)
        zone = {**self._zone, key: records}
        question = dnslib.DNSRecord.question(key, "ANY")
        size = len(answer_from(question, zone).pack())
        if size > LARGEST_ANSWER:
            raise UsageError(
                f"the records of {name} make an answer of {size} octets",
                remedy=f"at most {LARGEST_ANSWER} fit in an answer over TCP",
            )
        self._zone = zone


def _require_16_bits(record: str, *numbers: int) -> None:
    """UsageError for a number that has no room in its field of a record."""
    for number in numbers:
        if not 0 <= number < 1 << 16:
            raise UsageError(f"{number} in {record}", remedy="0 to 65535")
