"""The Cisco Discovery Protocol, version 2: what a phone tells the switch about itself.

A message is a header (version, holding time, checksum) and a list of TLVs whose length counts their
own four octets of type and length. Cisco has published the frame and the TLV's names ("Cisco
Discovery Protocol", CISCO-CDP-MIB); the numbers are those that dissectors use. `Announcement` has
the TLVs that a phone sends; every other one is kept as it came.

The checksum is that of IP, but for a message of odd length: the last octet stands in the low half
of its word and is added as a signed number, one too little if it is negative. All Cisco devices
compute it so, and take nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from ipaddress import IPv4Address

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire import ethernet
from hil.wire.ethernet import CDP_MULTICAST, CISCO_OUI, Frame

PROTOCOL = 0x2000
"""CDP's number under Cisco's organisation in SNAP."""
VERSION = 2

_HEADER = struct.Struct("!BBH")
_TLV = struct.Struct("!HH")
_DEVICE_ID, _ADDRESSES, _PORT_ID, _CAPABILITIES, _VERSION, _PLATFORM = 1, 2, 3, 4, 5, 6
_DUPLEX, _POWER_CONSUMPTION = 0x000B, 0x0010
_IPV4 = b"\x01\x01\xcc"
"""Protocol type NLPID, one octet of it, IP (ISO/IEC TR 9577)."""


class Capability(IntFlag):
    """Bits of the Capabilities TLV."""

    ROUTER = 0x01
    TRANSPARENT_BRIDGE = 0x02
    SOURCE_ROUTE_BRIDGE = 0x04
    SWITCH = 0x08
    HOST = 0x10
    IGMP = 0x20
    REPEATER = 0x40
    PHONE = 0x80
    REMOTE = 0x100
    CVTA = 0x200
    TWO_PORT_MAC_RELAY = 0x400


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One CDP message; a TLV of None or without content is not there.

    ``hold_s`` is how long a receiver keeps it, in seconds. ``addresses`` are the device's IPv4
    addresses, ``power_mw`` what it draws, in milliwatts. ``others`` are TLVs as (type, value), in
    the order of the wire, among them addresses of other protocols.
    """

    hold_s: int = 180
    version: int = VERSION
    device_id: str | None = None
    addresses: tuple[IPv4Address, ...] | None = None
    port_id: str | None = None
    capabilities: Capability | None = None
    software: str | None = None
    platform: str | None = None
    full_duplex: bool | None = None
    power_mw: int | None = None
    others: tuple[tuple[int, bytes], ...] = ()


def checksum(message: bytes) -> int:
    """Cisco's checksum of a message whose own checksum field is zero; see the module."""
    body, odd = (message[:-1], message[-1:]) if len(message) % 2 else (message, b"")
    total: int = sum(struct.unpack(f"!{len(body) // 2}H", body))
    if odd:
        last = odd[0]
        total += last if last < 0x80 else 0xFF00 + last - 1
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def encode(announcement: Announcement) -> bytes:
    """Write a message; `LocalProtocolError` if a TLV cannot hold its value."""
    try:
        parts = [_tlv(kind, value) for kind, value in _values(announcement)]
        head = _HEADER.pack(announcement.version, announcement.hold_s, 0)
        body = b"".join(parts)
        return head[:2] + struct.pack("!H", checksum(head + body)) + body
    except (struct.error, UnicodeEncodeError) as error:
        raise LocalProtocolError(f"CDP cannot say that: {error}") from error


def decode(data: bytes) -> Announcement:
    """Read a message; `RemoteProtocolError` says what is wrong with it.

    A TLV that occurs again counts as one of the ``others``: published is that each occurs once.
    """
    if len(data) < _HEADER.size:
        raise RemoteProtocolError(f"a CDP message of {len(data)} octets")
    version, hold, told = _HEADER.unpack_from(data)
    if version not in (1, VERSION):
        raise RemoteProtocolError(f"CDP version {version}")
    due = checksum(data[:2] + b"\0\0" + data[4:])
    if told != due:
        raise RemoteProtocolError(f"CDP checksum {told:#06x}, the message has {due:#06x}")
    known: dict[int, bytes] = {}
    others: list[tuple[int, bytes]] = []
    for kind, value in _tlvs(data):
        if len(value) not in _SIZES.get(kind, (len(value),)):
            raise RemoteProtocolError(f"CDP TLV {kind:#06x} of {len(value)} octets")
        if kind in known or kind not in _KNOWN or not _is_held(kind, value):
            others.append((kind, value))
        else:
            known[kind] = value
    addresses, capabilities = known.get(_ADDRESSES), known.get(_CAPABILITIES)
    duplex, power = known.get(_DUPLEX), known.get(_POWER_CONSUMPTION)
    return Announcement(
        hold_s=hold,
        version=version,
        device_id=_text(known, _DEVICE_ID),
        addresses=None if addresses is None else tuple(_addresses(addresses)),
        port_id=_text(known, _PORT_ID),
        capabilities=None if capabilities is None else Capability(int.from_bytes(capabilities)),
        software=_text(known, _VERSION),
        platform=_text(known, _PLATFORM),
        full_duplex=None if duplex is None else duplex != b"\0",
        power_mw=None if power is None else int.from_bytes(power[:2]),
        others=tuple(others),
    )


def encode_frame(announcement: Announcement, source: bytes) -> bytes:
    """Write the frame that carries a message from this hardware address."""
    payload = encode(announcement)
    return ethernet.encode(Frame(CDP_MULTICAST, source, PROTOCOL, payload, CISCO_OUI))


def is_cdp(frame: Frame) -> bool:
    """Whether a frame carries CDP; other protocols of Cisco's share its address."""
    return frame.organisation == CISCO_OUI and frame.protocol == PROTOCOL


_KNOWN = (
    _DEVICE_ID, _ADDRESSES, _PORT_ID, _CAPABILITIES, _VERSION, _PLATFORM, _DUPLEX,
    _POWER_CONSUMPTION,
)  # fmt: skip
_SIZES = {_CAPABILITIES: (4,), _DUPLEX: (1,), _POWER_CONSUMPTION: (2, 4)}


def _is_held(kind: int, value: bytes) -> bool:
    """Whether `Announcement` can hold the value; addresses are held if all of them are IPv4."""
    if kind != _ADDRESSES:
        return True
    return len(value) == 4 + 9 * int.from_bytes(value[:4]) and all(
        value[at : at + 5] == _IPV4 + b"\0\x04" for at in range(4, len(value), 9)
    )


def _addresses(value: bytes) -> Iterator[IPv4Address]:
    for at in range(4, len(value), 9):
        yield IPv4Address(value[at + 5 : at + 9])


def _text(known: dict[int, bytes], kind: int) -> str | None:
    value = known.get(kind)
    return None if value is None else value.decode(errors="replace")


def _tlvs(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER.size
    while at < len(data):
        if at + _TLV.size > len(data):
            raise RemoteProtocolError("a CDP TLV's header runs past the end")
        kind, length = _TLV.unpack_from(data, at)
        if length < _TLV.size or at + length > len(data):
            raise RemoteProtocolError(f"CDP TLV {kind:#06x} of length {length} at octet {at}")
        yield kind, data[at + _TLV.size : at + length]
        at += length


def _tlv(kind: int, value: bytes) -> bytes:
    return _TLV.pack(kind, _TLV.size + len(value)) + value


def _values(said: Announcement) -> Iterator[tuple[int, bytes]]:
    """The TLVs in the order of their types, as devices send them."""
    texts = (
        (_DEVICE_ID, said.device_id),
        (_PORT_ID, said.port_id),
        (_VERSION, said.software),
        (_PLATFORM, said.platform),
    )
    values = {kind: text.encode() for kind, text in texts if text is not None}
    if said.addresses is not None:
        count = struct.pack("!I", len(said.addresses))
        listed = [_IPV4 + b"\0\x04" + address.packed for address in said.addresses]
        values[_ADDRESSES] = count + b"".join(listed)
    if said.capabilities is not None:
        values[_CAPABILITIES] = struct.pack("!I", said.capabilities)
    if said.full_duplex is not None:
        values[_DUPLEX] = bytes((said.full_duplex,))
    if said.power_mw is not None:
        values[_POWER_CONSUMPTION] = struct.pack("!H", said.power_mw)
    yield from sorted(values.items())
    yield from said.others
