"""What a history tells of the lab around a phone: which of the phone's moves can be seen in it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from hil.history import events as ev
from hil.judge.requests import is_address
from hil.reference.urls import DEFAULT_PORTS

NANOSECONDS = 1_000_000_000
_DOMAIN_SERVER, _LEASE_TIME, _SERVER_IDENTIFIER = 6, 51, 54
_FOR_EVER = 0xFFFFFFFF
_SYSLOG_PORT = 514


@dataclass(frozen=True)
class Surroundings:
    """The lab's address, whether its DNS server is the phone's, the names that it has told.

    ``lease_ends`` is the lab time in nanoseconds at which the phone's lease runs out, or None. What
    a DHCP server did not tell is unknown; then the lab is taken to see everything.
    """

    address: str = ""
    answers_names: bool = True
    names: tuple[tuple[str, str], ...] = ()
    lease_ends: int | None = None

    def leased(self, ack: ev.DhcpMessage) -> Surroundings:
        """After the lease of this DHCPACK."""
        address = ".".join(map(str, ack.options.get(_SERVER_IDENTIFIER, b"")))
        servers = ack.options.get(_DOMAIN_SERVER, b"")
        named = [
            str(IPv4Address(servers[at : at + 4])) for at in range(0, len(servers) // 4 * 4, 4)
        ]
        seconds = int.from_bytes(ack.options.get(_LEASE_TIME, b"") or b"\xff\xff\xff\xff")
        ends = None if seconds >= _FOR_EVER else ack.at + seconds * NANOSECONDS
        answers = not address or address in named
        return Surroundings(address, answers, self.names, ends)

    def told(self, name: str, address: str) -> Surroundings:
        """After an answer of the lab's DNS server."""
        names = {**dict(self.names), name: address}
        return Surroundings(self.address, self.answers_names, tuple(names.items()), self.lease_ends)

    def address_of(self, host: str) -> str:
        """What a phone may remember of a host; empty if nothing."""
        return host if is_address(host) else dict(self.names).get(host_name(host), "")

    def sees_request(self, scheme: str, server: str, port: int) -> bool:
        """Whether a request to this server would be seen: the lab listens on the usual ports."""
        return self.address in ("", server) and port == DEFAULT_PORTS.get(scheme)

    def sees_message(self, host: str, port: int) -> bool:
        """Whether a syslog message to this server would be seen."""
        known = self.address_of(host)
        return port == _SYSLOG_PORT and bool(known) and self.address in ("", known)


def host_name(text: str) -> str:
    """A host name as names are compared (RFC 1035 section 2.3.3)."""
    return text.rstrip(".").lower()
