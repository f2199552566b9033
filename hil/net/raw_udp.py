"""UDP to hardware that has no address yet, past the kernel's routing and ARP.

A DHCP server must send its offer to an address that nobody answers ARP for, because the client is
about to be given it (RFC 2131 section 4.1). The frame is therefore addressed by hand, through a
packet socket (packet(7)); it also lets a second server speak with an address of its own.
"""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Address

from hil.net.interface import Place

BROADCAST_MAC = b"\xff" * 6
LARGEST_PAYLOAD = 1472
"""Octets of UDP payload in an Ethernet frame; what is sent here is never fragmented."""

_ETHERTYPE_IPV4 = 0x0800
_IP_HEADER = struct.Struct("!BBHHHBBH4s4s")
_UDP_HEADER = struct.Struct("!4H")
_TTL = 64


def udp_packet(
    source: tuple[IPv4Address, int], destination: tuple[IPv4Address, int], payload: bytes
) -> bytes:
    """Write an IPv4 packet with a UDP datagram in it, both checksums filled in (RFC 791, 768)."""
    length = _UDP_HEADER.size + len(payload)
    addresses = source[0].packed + destination[0].packed
    udp = _UDP_HEADER.pack(source[1], destination[1], length, 0) + payload
    pseudo = addresses + struct.pack("!BBH", 0, socket.IPPROTO_UDP, length)
    # A checksum of zero would mean that there is none.
    checksum = _checksum(pseudo + udp) or 0xFFFF
    udp = _UDP_HEADER.pack(source[1], destination[1], length, checksum) + payload
    total = _IP_HEADER.size + length
    fields = (0x45, 0, total, 0, 0, _TTL, socket.IPPROTO_UDP)
    head = _IP_HEADER.pack(*fields, 0, source[0].packed, destination[0].packed)
    head = _IP_HEADER.pack(*fields, _checksum(head), source[0].packed, destination[0].packed)
    return head + udp


class LinkSender:
    """Sends IPv4 packets on one link to a hardware address; it receives nothing."""

    def __init__(self, place: Place) -> None:
        self._name = place.interface.name
        # Protocol 0: without it the socket would queue every frame of the link.
        self._socket = place.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)

    def send(self, packet: bytes, mac: bytes) -> None:
        """Hand one packet to the link; OSError if the kernel does not take it."""
        self._socket.sendto(packet, (self._name, _ETHERTYPE_IPV4, 0, 0, mac))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
