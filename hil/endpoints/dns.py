"""The DNS server of a bench: the names that a test configures, and NXDOMAIN for all else.

It is authoritative for everything (RFC 1035) and answers A and SRV; a name that exists has an empty
answer for other types, AAAA among them. Only UDP is served, so a test cannot configure an answer
that would not fit in 512 octets. A name is compared without regard to case (RFC 4343), and appears
in events as the phone wrote it, without the final dot.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address

import dnslib

from hil.clock import Clock
from hil.endpoints import faults as fl
from hil.endpoints.admission import Admission
from hil.endpoints.base import Datagram, Station
from hil.endpoints.datagram import DatagramSocket
from hil.endpoints.dns_zone import (
    LARGEST_ANSWER,
    Record,
    Zone,
    answer_from,
    name_text,
    parse_query,
    type_text,
    zone_key,
)
from hil.errors import RemoteProtocolError, UsageError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Place

_APPLICABLE = (fl.Silence, fl.Delay, fl.Rcode)
_LONGEST_TTL = 2**31 - 1


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
        self._zone: Zone = {}

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""
        return self._socket.listening

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
                Record(dnslib.QTYPE.A, dnslib.A(str(IPv4Address(a))), ttl) for a in addresses
            ]
        except AddressValueError as error:
            raise UsageError(f"no IPv4 address for {name}: {error}") from error
        key = zone_key(name)
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
        zone_key(target)
        data = dnslib.SRV(priority, weight, port, target)
        key = zone_key(name)
        record = Record(dnslib.QTYPE.SRV, data, ttl)
        self._put(name, key, (*self._zone.get(key, ()), record), ttl)
        self._station.configured(f"{name} SRV {priority} {weight} {port} {target}, ttl {ttl}")

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
            )
        )
        due = self._faults.due(name.lower())
        for fault in due:
            self._station.injected(fault, f"{type_text(query.q.qtype)} {name}")
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
            return parse_query(datagram.data)
        except RemoteProtocolError as error:
            self._station.refused_datagram(datagram, str(error))
            return None

    def _send(
        self, query: dnslib.DNSRecord, zone: Zone, due: tuple[fl.Fault, ...], asker: Datagram
    ) -> None:
        reply = answer_from(query, zone)
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
                name=name_text(query.q.qname),
                qtype=type_text(query.q.qtype),
                rcode=dnslib.RCODE[reply.header.rcode],
                answers=tuple(str(record.rdata).rstrip(".") for record in reply.rr),
                peer=asker.peer,
                data=data,
            )
        )

    # -- configuration -----------------------------------------------------------------------------

    def _put(self, name: str, key: str, records: tuple[Record, ...], ttl: int) -> None:
        if not 0 <= ttl <= _LONGEST_TTL:
            raise UsageError(f"a ttl of {ttl} s for {name}", remedy="0 to 2147483647 (RFC 2181)")
        zone = {**self._zone, key: records}
        question = dnslib.DNSRecord.question(key, "ANY")
        size = len(answer_from(question, zone).pack())
        if size > LARGEST_ANSWER:
            raise UsageError(
                f"the records of {name} make an answer of {size} octets",
                remedy=f"at most {LARGEST_ANSWER} fit in a UDP answer",
            )
        self._zone = zone
