"""ICMP "destination unreachable" for a datagram of the handset (RFC 792, RFC 1122 section 3.2.2.1).

Which socket of the handset is told depends on the datagram that the message quotes, so the quotation
has its addresses, ports and first octets. It is sent through a raw socket of the bench's place.
"""

from __future__ import annotations

import importlib
import socket
from ipaddress import IPv4Address

from hil.endpoints.base import Datagram, Station

_CODES = {"host": 1, "port": 3}
_QUOTED = 548
"""Octets of the datagram that are quoted: what makes the message 576 octets (RFC 1812 4.3.2.3)."""


def prepare() -> None:
    """Load what makes the message, which takes most of a second, before the loop needs it."""
    importlib.import_module("scapy.layers.inet")


def unreachable(what: str, datagram: Datagram, ours: tuple[IPv4Address, int]) -> bytes:
    """Make the ICMP message that says ``host`` or ``port`` unreachable for a datagram to us."""
    # Imported here, since few tests need it.
    from scapy.layers.inet import ICMP, IP, UDP

    quoted = (
        IP(src=datagram.host, dst=str(ours[0]))
        / UDP(sport=datagram.port, dport=ours[1])
        / datagram.data
    )
    return bytes(ICMP(type=3, code=_CODES[what]) / bytes(quoted)[:_QUOTED])


def send_unreachable(station: Station, what: str, datagram: Datagram, port: int) -> bool:
    """Tell the sender of a datagram to our ``port`` that it did not arrive; False if we could not."""
    message = unreachable(what, datagram, (station.place.address, port))
    try:
        with station.place.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            raw.sendto(message, (datagram.host, 0))
    except OSError as error:
        station.undelivered(datagram.peer, error, message)
        return False
    return True
