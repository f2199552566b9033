"""What the lab's DNS server was asked and has told: which hosts a phone can know the address of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hil.history import events as ev
from hil.judge.requests import is_address

PROMPT_NS = 500_000_000
"""An answer within this is in time for every resolver: those that wait do so for seconds."""


@dataclass(frozen=True)
class _Lookup:
    """``asked``: when, if there is no answer yet; ``failed``: when a look-up last came to nothing."""

    address: str = ""
    asked: int | None = None
    failed: int = -1


class Names:
    """Feed it events; times are nanoseconds of lab time."""

    def __init__(self) -> None:
        self._lookups: dict[str, _Lookup] = {}

    def feed(self, event: ev.Event) -> None:
        """Take a query, an answer, or a loss of power into account."""
        match event:
            case ev.DnsQuery(qtype="A"):
                known = self._of(event.name)
                # Asked again, it has had no answer that it could use.
                failed = known.failed if known.asked is None else max(known.failed, known.asked)
                self._set(event.name, replace(known, asked=event.at, failed=failed))
            case ev.DnsAnswer(qtype="A"):
                known = self._of(event.name)
                address = address_in(event) or ""
                late = known.asked is not None and event.at - known.asked > PROMPT_NS
                failed = known.failed if address and not late else event.at
                self._set(event.name, _Lookup(address, None, failed))
            case ev.PowerSwitched(action=ev.PowerAction.OFF):
                self._lookups.clear()
            case _:
                return

    def address_of(self, host: str) -> str:
        """The address of a host that a phone may remember; empty if there is none."""
        if is_address(host):
            return host
        known = self._of(host)
        return known.address if known.asked is None else ""

    def failed_since(self, host: str, at: int) -> bool:
        """Whether a look-up of this host came to nothing, or to it late, at ``at`` or after it."""
        known = self._of(host)
        return known.failed >= at or (known.asked is not None and known.asked >= at)

    def _of(self, host: str) -> _Lookup:
        return self._lookups.get(host_name(host), _Lookup())

    def _set(self, host: str, lookup: _Lookup) -> None:
        self._lookups[host_name(host)] = lookup


def address_in(answer: ev.DnsAnswer) -> str | None:
    """The first address of an answer, or None."""
    return next((each for each in answer.answers if is_address(each)), None)


def host_name(text: str) -> str:
    """A host name as names are compared (RFC 1035 section 2.3.3)."""
    return text.rstrip(".").lower()
