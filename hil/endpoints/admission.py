"""Who is served: one handset, known by its MAC address and by the address that it was leased.

A bench must not answer the laboratory's other machines: their requests would end up in a phone's
verdict, and a DHCP server that serves strangers breaks the network it stands in. Datagrams say
where they come from only by address, so the kernel's neighbour table tells which hardware has it.
"""

from __future__ import annotations

import itertools
from enum import Enum, auto
from ipaddress import IPv4Address

from hil.net.interface import Interface


class Standing(Enum):
    """What is known of a peer."""

    HANDSET = auto()
    STRANGER = auto()
    UNKNOWN = auto()
    """It has the handset's address, but the neighbour table does not tell whose hardware it is."""


class Admission:
    """The handset that a bench serves.

    ``mac`` is its hardware address in any usual notation. ``address`` is what it was leased, or has
    by configuration; None until it has one, and then no address is admitted.
    """

    def __init__(self, mac: str, address: IPv4Address | None = None) -> None:
        self.mac = _normal(mac)
        self._leased_ever: set[str] = set()
        self.leased(address)
        self._transfers = itertools.count(1)

    @property
    def address(self) -> IPv4Address | None:
        """The handset's present IPv4 address."""
        return self._address

    def leased(self, address: IPv4Address | None) -> None:
        """Take note of the address that the handset now has."""
        self._address = address
        self._peer = None if address is None else str(address)
        if address is not None:
            self._leased_ever.add(str(address))

    def is_misplaced(self, peer: str, interface: Interface) -> bool:
        """Whether the handset's hardware speaks from an address that it was never leased here."""
        if not peer or peer in self._leased_ever or not _is_address(peer):
            return False
        mac = interface.neighbour(peer)
        return mac is not None and self.admits_mac(mac)

    def admits_mac(self, mac: str) -> bool:
        """Whether this is the handset's hardware address."""
        return mac == self.mac or _normal(mac) == self.mac

    def standing(self, peer: str, interface: Interface) -> Standing:
        """Tell what is known of an IPv4 peer on this interface."""
        if peer != self._peer:
            return Standing.STRANGER
        mac = interface.neighbour(peer)
        if mac is None:
            return Standing.UNKNOWN
        return Standing.HANDSET if self.admits_mac(mac) else Standing.STRANGER

    def admits(self, peer: str, interface: Interface) -> bool:
        """Whether an IPv4 peer on this interface has the handset's address and hardware."""
        return self.standing(peer, interface) is Standing.HANDSET

    def next_transfer(self) -> int:
        """A number for a transfer, unique among all servers of the bench."""
        return next(self._transfers)


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _normal(mac: str) -> str:
    digits = mac.lower().replace(":", "").replace("-", "").replace(".", "")
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
