"""What the lab's DNS server was asked and has told: which servers a phone can know the address of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hil.history import events as ev
from hil.judge.requests import is_address
from hil.reference.phone import Destination, Locate, Located

PROMPT_LOOKUP_NS = 500_000_000
"""An answer within this is in time for every resolver: those that wait do so for seconds."""

SETTLED = ("NOERROR", "NXDOMAIN")
"""The RCODEs that settle a question; any other is a server's own trouble, worth another server."""


@dataclass(frozen=True)
class Service:
    """One SRV record as it was told; an empty ``target`` says that the service is not there."""

    priority: int
    port: int
    target: str


@dataclass(frozen=True)
class _Lookup:
    """``asked``: when, if there is no answer yet; ``failed``: when a look-up last came to nothing."""

    addresses: tuple[str, ...] = ()
    asked: int | None = None
    failed: int = -1


class Names:
    """Feed it events; times are nanoseconds of lab time."""

    def __init__(self) -> None:
        self._lookups: dict[str, _Lookup] = {}
        self._services: dict[str, tuple[Service, ...] | None] = {}

    def feed(self, event: ev.Event) -> None:
        """Take a query, an answer, or a loss of power into account."""
        match event:
            case ev.DnsQuery(qtype="SRV"):
                self._services.setdefault(host_name(event.name), None)
            case ev.DnsAnswer(qtype="SRV", truncated=False) if event.rcode in SETTLED:
                self._services[host_name(event.name)] = services_in(event)
            case ev.DnsQuery(qtype="A"):
                known = self._of(event.name)
                # Asked again, it has had no answer that it could use.
                failed = known.failed if known.asked is None else max(known.failed, known.asked)
                self._set(event.name, replace(known, asked=event.at, failed=failed))
            case ev.DnsAnswer(qtype="A", truncated=False):
                known = self._of(event.name)
                addresses = addresses_in(event)
                late = known.asked is not None and event.at - known.asked > PROMPT_LOOKUP_NS
                # Where the name led elsewhere until now, what was sent before went there.
                elsewhere = bool(known.addresses) and known.addresses[:1] != addresses[:1]
                good = addresses and not late and not elsewhere
                failed = known.failed if good else event.at
                self._set(event.name, _Lookup(addresses, None, failed))
            case ev.PowerSwitched(action=ev.PowerAction.OFF):
                self._lookups.clear()
                self._services.clear()
            case _:
                return

    def address_of(self, host: str) -> str:
        """The first address of a host that a phone may remember; empty if there is none."""
        return next(iter(self._addresses_of(host)), "")

    def failed_since(self, host: str, at: int) -> bool:
        """Whether a look-up of this host failed, was late or led elsewhere at ``at`` or after it."""
        known = self._of(host)
        return known.failed >= at or (known.asked is not None and known.asked >= at)

    def was_asked_for(self, service: str) -> bool:
        """Whether the SRV records of this name were looked up since the phone got its power."""
        return host_name(service) in self._services

    def services_of(self, service: str) -> tuple[Service, ...] | None:
        """The SRV records of a name that a phone may remember; None if it cannot know them."""
        return self._services.get(host_name(service))

    def hosts_of(self, locate: Locate) -> tuple[str, ...]:
        """The hosts whose addresses a look-up needs, in their order, as far as that is known."""
        if not locate.service:
            return (locate.host,)
        services = self.services_of(locate.service)
        if services is None:
            return ()
        if not services and locate.fallback:
            return (locate.host,)
        return tuple(dict.fromkeys(each.target for each in services if each.target))

    def destinations(self, locate: Locate, host: str = "") -> tuple[Destination, ...]:
        """What a look-up finds with what a phone may remember; with ``host`` only of that host."""
        services = self.services_of(locate.service) if locate.service else ()
        found = [(each.target, each.port) for each in services or ()]
        if not found:
            found = [(each, 0) for each in self.hosts_of(locate)]
        return tuple(
            Destination(address, port)
            for name, port in found
            if not host or host_name(name) == host_name(host)
            for address in self._addresses_of(name)
        )

    def priority_of(self, service: str, port: int) -> int:
        """The lowest priority of a service's records with this port; -1 if there is none."""
        found = [each.priority for each in self.services_of(service) or () if each.port == port]
        return min(found, default=-1)

    def _addresses_of(self, host: str) -> tuple[str, ...]:
        if is_address(host):
            return (host,)
        known = self._of(host)
        return known.addresses if known.asked is None else ()

    def _of(self, host: str) -> _Lookup:
        return self._lookups.get(host_name(host), _Lookup())

    def _set(self, host: str, lookup: _Lookup) -> None:
        self._lookups[host_name(host)] = lookup


def addresses_in(answer: ev.DnsAnswer) -> tuple[str, ...]:
    """The addresses of an answer, in their order."""
    return tuple(each for each in answer.answers if is_address(each))


def services_in(answer: ev.DnsAnswer) -> tuple[Service, ...]:
    """The SRV records of an answer by priority (RFC 2782); those of aliases are passed over."""
    found = []
    for text in answer.answers:
        numbers, target = text.split()[:3], text.split()[3:]
        if len(numbers) == 3 and all(each.isdecimal() for each in numbers):
            priority, _, port = map(int, numbers)
            found.append(Service(priority, port, "".join(target).rstrip(".")))
    return tuple(sorted(found, key=lambda each: each.priority))


def located(at: int, found: tuple[Destination, ...]) -> Located:
    """The end of a look-up that found this."""
    if not found:
        return Located(at, None)
    return Located(at, found[0].address, found[0].port, found[1:])


def host_name(text: str) -> str:
    """A host name as names are compared (RFC 1035 section 2.3.3)."""
    return text.rstrip(".").lower()
