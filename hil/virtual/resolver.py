"""The handset's stub resolver: where a host or a service is, from the servers that DHCP has named.

One question at a time goes over UDP to one server at a time (RFC 1035). An answer counts if it comes
from the server that was asked, to the port that asked, with the id and the question that were sent;
anything else is as if it had not come. A datagram of more than 512 octets is no answer (section
4.2.1); one that is truncated is asked for again over TCP (RFC 7766). What was found is remembered
for its TTL and no longer.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from hil.clock import Clock
from hil.errors import RemoteProtocolError, TransportError
from hil.lab_time import NANOSECONDS
from hil.net.interface import Interface, Place
from hil.net.stream import Stream, connect
from hil.reference.phone import Destination
from hil.virtual.datagrams import open_datagram, receive
from hil.virtual.dns_answers import SRV, A, DnsReply, Service, in_order, question, read_reply

DNS_PORT = 53
LARGEST_ANSWER = 512
"""Octets of an answer over UDP (RFC 1035 section 4.2.1)."""
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_NEXT_SERVER = frozenset({"SERVFAIL", "NOTIMP", "REFUSED"})
_LENGTH = struct.Struct("!H")


def settled(data: bytes, name: str, qtype: int, number: int) -> DnsReply | None:
    """Read a datagram; None if it is no answer to the question ``name`` with the id ``number``."""
    if len(data) > LARGEST_ANSWER:
        return None
    try:
        return read_reply(data, name, qtype, number)
    except RemoteProtocolError:
        return None


@dataclass(frozen=True, slots=True)
class ResolverConfig:
    """``tries`` rounds through the servers, each of which has ``timeout`` ns to answer.

    The rest are places where a defect can stand: whether a truncated answer is asked for over TCP,
    whether what was found is forgotten when its TTL is over or serves while there is nothing better,
    what is taken for an answer, how services are put in order.
    """

    tries: int = 2
    timeout: int = 3 * NANOSECONDS
    asks_over_tcp: bool = True
    forgets: bool = True
    serves_stale: bool = False
    settle: Callable[[bytes, str, int, int], DnsReply | None] = settled
    order: Callable[[Sequence[Service], random.Random], list[Service]] = in_order


@dataclass(frozen=True, slots=True)
class Addresses:
    """The host's addresses, at least one, in the order of the answer."""

    addresses: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True)
class Services:
    """The SRV records of a name, at least one, in the order of the answer."""

    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class NameFailed:
    """A server has answered that there is no such record.

    ``rcode`` is the name of the response code (``NXDOMAIN``, ``SERVFAIL``), ``NODATA`` for a name
    without such records (RFC 2308 section 2.2), ``FORMERR`` for what cannot be a name.
    """

    rcode: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No server has answered in time, or there is none to ask."""


Resolution = Addresses | NameFailed | NoAnswer
_Found = DnsReply | NameFailed | NoAnswer


class Resolver:
    """Looks up hosts and services for the handset on ``interface``.

    ``servers`` are asked in their order. Transaction ids and the choice among services come from
    ``chance``. ``place`` gives the handset's address for TCP; without one there is none.
    """

    def __init__(
        self,
        interface: Interface,
        servers: Sequence[IPv4Address],
        clock: Clock,
        chance: random.Random,
        config: ResolverConfig = ResolverConfig(),
        place: Callable[[], Place | None] = lambda: None,
    ) -> None:
        self._interface = interface
        self._servers = tuple(servers)
        self._clock = clock
        self._chance = chance
        self._config = config
        self._place = place
        self._cache: dict[tuple[str, int], tuple[int, DnsReply]] = {}

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
        found = await self._look_up(host, A)
        if isinstance(found, DnsReply):
            return Addresses(tuple(v for v in found.values if isinstance(v, IPv4Address)))
        return found

    async def services(self, name: str) -> Services | NameFailed | NoAnswer:
        """The SRV records of ``name``, e.g. ``_http._tcp.prov.example``."""
        found = await self._look_up(name, SRV)
        if isinstance(found, DnsReply):
            return Services(tuple(v for v in found.values if isinstance(v, Service)))
        return found

    async def locate(
        self, host: str, service: str = "", *, fallback: bool = True
    ) -> tuple[Destination, ...]:
        """Where to ask, in the order in which to try; none if that cannot be found.

        With a ``service`` its SRV records say so (RFC 2782); where it has none, the addresses of
        ``host`` do if ``fallback`` is set.
        """
        if not service:
            return await self._destinations(host, 0)
        found = await self.services(service)
        if isinstance(found, Services):
            located: list[Destination] = []
            for each in self._config.order(found.services, self._chance):
                located += await self._destinations(each.target, each.port)
            return tuple(located)
        if isinstance(found, NameFailed) and fallback:
            return await self._destinations(host, 0)
        return ()

    async def _destinations(self, host: str, port: int) -> tuple[Destination, ...]:
        found = await self.resolve(host)
        if not isinstance(found, Addresses):
            return ()
        return tuple(Destination(str(address), port) for address in found.addresses)

    # -- asking ------------------------------------------------------------------------------------

    async def _look_up(self, host: str, qtype: int) -> _Found:
        name = host.removesuffix(".").lower()
        if _HOST.fullmatch(name) is None:
            return NameFailed("FORMERR")
        known = self._cache.get((name, qtype))
        if known is not None and (self._clock.now() < known[0] or not self._config.forgets):
            return known[1]
        found = await self._ask_all(name, qtype)
        if known is not None and self._config.serves_stale and not isinstance(found, DnsReply):
            return known[1]
        if self._config.forgets and not self._config.serves_stale:
            now = self._clock.now()
            self._cache = {key: entry for key, entry in self._cache.items() if now < entry[0]}
        return found

    async def _ask_all(self, name: str, qtype: int) -> _Found:
        """Go round the servers until one settles it; a server's own trouble is worth the next."""
        outcome: _Found = NoAnswer()
        for _ in range(self._config.tries):
            for server in self._servers:
                reply = await self._ask(name, qtype, server)
                if reply is None:
                    continue
                if reply.values and reply.rcode == "NOERROR":
                    if reply.ttl:
                        until = self._clock.now() + reply.ttl * NANOSECONDS
                        self._cache[name, qtype] = (until, reply)
                    return reply
                outcome = NameFailed("NODATA" if reply.rcode == "NOERROR" else reply.rcode)
                if reply.rcode not in _NEXT_SERVER:
                    return outcome
        return outcome

    async def _ask(self, name: str, qtype: int, server: IPv4Address) -> DnsReply | None:
        """One question to one server, over TCP if need be; None if no answer came in time."""
        number = self._chance.getrandbits(16)
        until = self._clock.now() + self._config.timeout
        try:
            with open_datagram(self._interface) as asking:
                # Connected, so that the kernel lets in what this server sends from this port only.
                asking.connect((str(server), DNS_PORT))
                asking.send(question(name, qtype, number))
                while (came := await receive(asking, self._clock, until)) is not None:
                    reply = self._config.settle(came[0], name, qtype, number)
                    if reply is not None and reply.truncated:
                        return await self._ask_over_tcp(name, qtype, server)
                    if reply is not None:
                        return reply
        except OSError:
            # No route, or nobody at that port: as good as silence, only sooner.
            return None
        return None

    async def _ask_over_tcp(self, name: str, qtype: int, server: IPv4Address) -> DnsReply | None:
        place = self._place()
        if place is None or not self._config.asks_over_tcp:
            return None
        within = self._config.timeout / NANOSECONDS
        number = self._chance.getrandbits(16)
        try:
            stream = await connect(place, server, DNS_PORT, within=within)
            try:
                message = question(name, qtype, number)
                await stream.write(_LENGTH.pack(len(message)) + message, within=within)
                reply = read_reply(await _message(stream, within), name, qtype, number)
                await stream.finish(within=within)
            except BaseException:
                # Given up, or the power is cut: nothing more is said.
                stream.abort()
                raise
        except (TransportError, RemoteProtocolError):
            return None
        return None if reply.truncated else reply


async def _message(stream: Stream, within: float) -> bytes:
    """The next message of a connection; RemoteProtocolError if it ends before."""
    data = b""
    while len(data) < _LENGTH.size or len(data) < _LENGTH.size + _LENGTH.unpack_from(data)[0]:
        more = await stream.read(within=within)
        if not more:
            raise RemoteProtocolError("the connection ended within a message")
        data += more
    return data[_LENGTH.size :]
