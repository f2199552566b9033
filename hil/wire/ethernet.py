"""The frame around a neighbour announcement: Ethernet II (LLDP) or IEEE 802.3 with SNAP (CDP).

The two octets after the addresses are an EtherType from 0x0600 on, else the length of what follows
(IEEE 802.3 section 3.2.6). In the second case LLC and SNAP headers name the protocol (IEEE 802):
DSAP and SSAP 0xAA, control 0x03, an organisation's number and its protocol's. What stands behind
the stated length fills a short frame up and is no part of it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hil.errors import LocalProtocolError, RemoteProtocolError

ETHERTYPE_LLDP = 0x88CC
"""IEEE 802.1AB section 8.3."""
LLDP_MULTICAST = bytes.fromhex("0180c200000e")
"""The nearest bridge: no bridge forwards it (IEEE 802.1AB section 7.1)."""
CDP_MULTICAST = bytes.fromhex("01000ccccccc")
"""Cisco's; a bridge that is not Cisco's forwards it."""
CISCO_OUI = bytes.fromhex("00000c")
SHORTEST = 60
"""Octets of the shortest frame, without its check sequence."""
LONGEST = 1514
"""Octets of the longest frame, without its check sequence."""

_HEADER = struct.Struct("!6s6sH")
_SNAP = struct.Struct("!3s3sH")
_UNNUMBERED_SNAP = b"\xaa\xaa\x03"
_FIRST_ETHERTYPE = 0x0600


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: addresses of six octets, and what it carries.

    ``protocol`` is the EtherType, or with an ``organisation`` of three octets the number that SNAP
    gives it there.
    """

    destination: bytes
    source: bytes
    protocol: int
    payload: bytes
    organisation: bytes = b""

    @property
    def mac(self) -> str:
        """The sender's hardware address as text, ``00:0e:08:aa:bb:cc``."""
        return self.source.hex(":")


def encode(frame: Frame) -> bytes:
    """Write a frame, filled up to `SHORTEST`; `LocalProtocolError` if it cannot be one."""
    if len(frame.destination) != 6 or len(frame.source) != 6:
        raise LocalProtocolError("a hardware address has six octets")
    size = _HEADER.size + len(frame.payload) + (_SNAP.size if frame.organisation else 0)
    if size > LONGEST:
        raise LocalProtocolError(f"a frame of {size} octets, {LONGEST} is most")
    try:
        if not frame.organisation:
            head = _HEADER.pack(frame.destination, frame.source, frame.protocol)
        else:
            snap = _SNAP.pack(_UNNUMBERED_SNAP, frame.organisation, frame.protocol)
            length = len(snap) + len(frame.payload)
            head = _HEADER.pack(frame.destination, frame.source, length) + snap
    except struct.error as error:
        raise LocalProtocolError(f"a frame's header is out of range: {error}") from error
    return (head + frame.payload).ljust(SHORTEST, b"\0")


def decode(data: bytes) -> Frame:
    """Read a frame; `RemoteProtocolError` if it is none of the two kinds."""
    if len(data) < _HEADER.size:
        raise RemoteProtocolError(f"a frame of {len(data)} octets")
    destination, source, kind = _HEADER.unpack_from(data)
    rest = data[_HEADER.size :]
    if kind >= _FIRST_ETHERTYPE:
        return Frame(destination, source, kind, rest)
    if kind > len(rest):
        raise RemoteProtocolError(f"a frame says {kind} octets and has {len(rest)}")
    rest = rest[:kind]
    if len(rest) < _SNAP.size:
        raise RemoteProtocolError(f"{len(rest)} octets are no LLC and SNAP header")
    llc, organisation, protocol = _SNAP.unpack_from(rest)
    if llc != _UNNUMBERED_SNAP:
        raise RemoteProtocolError(f"LLC is {llc.hex()}, not {_UNNUMBERED_SNAP.hex()}")
    return Frame(destination, source, protocol, rest[_SNAP.size :], organisation)
