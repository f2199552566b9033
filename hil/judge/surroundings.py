"""What a history tells of the lab around a phone: which of the phone's moves can be seen in it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from hil.history import events as ev
from hil.judge.requests import is_address
from hil.lab_time import NANOSECONDS
from hil.reference.urls import DEFAULT_PORTS

_DOMAIN_SERVER, _LEASE_TIME, _SERVER_IDENTIFIER = 6, 51, 54
_FOR_EVER = 0xFFFFFFFF
_SYSLOG_PORT = 514


@dataclass(frozen=True)
class Surroundings:
    """The lab's address, and whether its DNS server is the one that the phone asks first.

    One that is asked after another hears of a look-up late, or not at all: no text says that a phone
    asks a second one.

    ``lease_ends`` is the lab time in nanoseconds at which the phone's lease runs out, or None. What
    a DHCP server did not tell is unknown; then the lab is taken to see everything.
    """

    address: str = ""
    answers_names: bool = True
    lease_ends: int | None = None

    @classmethod
    def of(cls, ack: ev.DhcpMessage) -> Surroundings:
        """What a DHCPACK tells."""
        address = ".".join(map(str, ack.options.get(_SERVER_IDENTIFIER, b"")))
        servers = ack.options.get(_DOMAIN_SERVER, b"")
        whole = range(0, len(servers) // 4 * 4, 4)
        named = [str(IPv4Address(servers[at : at + 4])) for at in whole]
        seconds = int.from_bytes(ack.options.get(_LEASE_TIME, b"") or b"\xff\xff\xff\xff")
        ends = None if seconds >= _FOR_EVER else ack.at + seconds * NANOSECONDS
        return cls(address, not address or named[:1] == [address], ends)

    def sees_request(self, scheme: str, server: str, port: int) -> bool:
        """Whether a request to this server would be seen: the lab listens on the usual ports."""
        return self.address in ("", server) and port == DEFAULT_PORTS.get(scheme)

    def is_elsewhere(self, host: str) -> bool:
        """Whether this is the address of somebody else, to whom the lab cannot listen."""
        return is_address(host) and self.address not in ("", host)

    def sees_message(self, server: str, port: int) -> bool:
        """Whether a syslog message to this address (empty: unknown) would be seen."""
        return port == _SYSLOG_PORT and bool(server) and self.address in ("", server)
