"""The handset's stub resolver: addresses of a host from the servers that DHCP has named (RFC 1035).

One question at a time goes over UDP to one server at a time. An answer counts if it comes from the
server that was asked, to the port that asked, with the id and the question that were sent; anything
else is as if it had not come. Nothing larger than 512 octets is an answer (section 4.2.1), which
also bounds what a hostile one can make of compression.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from dnslib import CLASS, QTYPE, RCODE, DNSError, DNSHeader, DNSQuestion, DNSRecord
from dnslib.buffer import BufferError as MalformedError
from dnslib.label import DNSBuffer

from hil.clock import NANOSECONDS, Clock
from hil.errors import RemoteProtocolError
from hil.net.interface import Interface
from hil.virtual.datagrams import open_datagram, receive

DNS_PORT = 53
LARGEST_ANSWER = 512
"""Octets (RFC 1035 section 4.2.1)."""
LONGEST_TTL = (1 << 31) - 1
"""Seconds; more than this is to be read as 0 (RFC 2181 section 8)."""
_LONGEST_CHAIN = 16
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_NEXT_SERVER = frozenset({"SERVFAIL", "NOTIMP", "REFUSED"})


@dataclass(frozen=True, slots=True)
class ResolverConfig:
    """``tries`` rounds through the servers, each of which has ``timeout`` ns to answer."""

    tries: int = 2
    timeout: int = 3 * NANOSECONDS


@dataclass(frozen=True, slots=True)
class Addresses:
    """The host's addresses, at least one, in the order of the answer."""

    addresses: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True)
class NameFailed:
    """A server has answered that there is no such address.

    ``rcode`` is the name of the response code (``NXDOMAIN``, ``SERVFAIL``), ``NODATA`` for a name
    without addresses (RFC 2308 section 2.2), ``FORMERR`` for what cannot be a host name.
    """

    rcode: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No server has answered in time, or there is none to ask."""


Resolution = Addresses | NameFailed | NoAnswer


class Resolver:
    """Looks up hosts for the handset on ``interface``.

    ``servers`` are asked in their order. Transaction ids come from ``chance``. Addresses are
    remembered for as long as their TTL says; failures are not.
    """

    def __init__(
        self,
        interface: Interface,
        servers: Sequence[IPv4Address],
        clock: Clock,
        chance: random.Random,
        config: ResolverConfig = ResolverConfig(),
    ) -> None:
        self._interface = interface
        self._servers = tuple(servers)
        self._clock = clock
        self._chance = chance
        self._config = config
        self._cache: dict[str, tuple[int, Addresses]] = {}

    @property
    def servers(self) -> tuple[IPv4Address, ...]:
        """The servers that are asked, in their order."""
        return self._servers

    async def resolve(self, host: str) -> Resolution:
        """The addresses of ``host``; a dotted quad is its own address and asks nobody."""
        try:
            return Addresses((IPv4Address(host),))
        except AddressValueError:
            pass
        name = host.removesuffix(".").lower()
        if _HOST.fullmatch(name) is None:
            return NameFailed("FORMERR")
        self._forget()
        if name in self._cache:
            return self._cache[name][1]
        return await self._ask_all(name)

    def _forget(self) -> None:
        now = self._clock.now()
        self._cache = {name: entry for name, entry in self._cache.items() if now < entry[0]}

    async def _ask_all(self, name: str) -> Resolution:
        """Go round the servers until one settles it; a server's own trouble is worth the next."""
        outcome: Resolution = NoAnswer()
        for _ in range(self._config.tries):
            for server in self._servers:
                answer = await self._ask(name, server)
                if answer is None:
                    continue
                outcome, seconds = answer
                if isinstance(outcome, Addresses):
                    if seconds:
                        self._cache[name] = (self._clock.now() + seconds * NANOSECONDS, outcome)
                    return outcome
                if isinstance(outcome, NameFailed) and outcome.rcode not in _NEXT_SERVER:
                    return outcome
        return outcome

    async def _ask(self, name: str, server: IPv4Address) -> tuple[Resolution, int] | None:
        """One question to one server: its outcome and TTL in seconds; None if none came in time."""
        number = self._chance.getrandbits(16)
        question = DNSRecord(DNSHeader(id=number, rd=1), q=DNSQuestion(name))
        until = self._clock.now() + self._config.timeout
        try:
            with open_datagram(self._interface) as asking:
                # Connected, so that the kernel lets in what this server sends from this port only.
                asking.connect((str(server), DNS_PORT))
                asking.send(bytes(question.pack()))
                while (came := await receive(asking, self._clock, until)) is not None:
                    answer = _settle(came[0], name, number)
                    if answer is not None:
                        return answer
        except OSError:
            # No route, or nobody at that port: as good as silence, only sooner.
            return None
        return None


def _settle(data: bytes, name: str, number: int) -> tuple[Resolution, int] | None:
    """Read a datagram; None if it is no answer to the question ``name`` with id ``number``."""
    try:
        rcode, records = _read(data, name, number)
    except RemoteProtocolError:
        return None
    if rcode != "NOERROR":
        return NameFailed(rcode), 0
    return _follow(name, records)


@dataclass(frozen=True, slots=True)
class _Record:
    """An A or CNAME record; ``name`` and a CNAME's ``value`` are in lower case without a dot."""

    name: str
    value: IPv4Address | str
    ttl: int


def _read(data: bytes, name: str, number: int) -> tuple[str, list[_Record]]:
    """Response code and answer section; RemoteProtocolError for what does not answer us.

    The records are taken apart here and not by dnslib, which would look into each type's data.
    """
    if len(data) > LARGEST_ANSWER:
        raise RemoteProtocolError(f"DNS answer of {len(data)} octets")
    buffer = DNSBuffer(data)
    try:
        header = DNSHeader.parse(buffer)
        if header.id != number or not header.qr or header.opcode != 0 or header.q != 1:
            raise RemoteProtocolError("not an answer to this question")
        asked = DNSQuestion.parse(buffer)
        if _text(asked.qname) != name or (asked.qtype, asked.qclass) != (QTYPE.A, CLASS.IN):
            raise RemoteProtocolError("not an answer to this question")
        records = [record for _ in range(header.a) if (record := _record(buffer)) is not None]
    except (DNSError, MalformedError) as error:
        raise RemoteProtocolError(f"malformed DNS answer: {error}") from error
    return str(RCODE.get(header.rcode)), records


def _record(buffer: DNSBuffer) -> _Record | None:
    owner = _text(buffer.decode_name())
    kind, family, ttl, length = buffer.unpack("!HHIH")
    end = buffer.offset + length
    value: IPv4Address | str | None = None
    if family == CLASS.IN and kind == QTYPE.A:
        if length != 4:
            raise RemoteProtocolError(f"an address of {length} octets")
        value = IPv4Address(buffer.get(4))
    elif family == CLASS.IN and kind == QTYPE.CNAME:
        value = _text(buffer.decode_name())
    if end > len(buffer.data):
        raise RemoteProtocolError("a record runs past the end")
    buffer.offset = end
    return None if value is None else _Record(owner, value, ttl if ttl <= LONGEST_TTL else 0)


def _follow(name: str, records: Sequence[_Record]) -> tuple[Resolution, int]:
    """Go along the aliases to addresses; the shortest TTL on the way is the TTL of all."""
    least = LONGEST_TTL
    for _ in range(_LONGEST_CHAIN):
        own = [record for record in records if record.name == name]
        addresses = tuple(r.value for r in own if isinstance(r.value, IPv4Address))
        aliases = [r for r in own if isinstance(r.value, str)]
        if addresses:
            ttls = [r.ttl for r in own if isinstance(r.value, IPv4Address)]
            return Addresses(addresses), min(least, *ttls)
        if not aliases:
            break
        least = min(least, aliases[0].ttl)
        name = str(aliases[0].value)
    return NameFailed("NODATA"), 0


def _text(label: object) -> str:
    return str(label).removesuffix(".").lower()
