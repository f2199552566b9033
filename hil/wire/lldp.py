"""The LLDPDU (IEEE 802.1AB-2016 section 8): chassis, port, time to live, and what else is told.

A TLV has seven bits of type and nine of length. The three mandatory ones come first and in order
(section 9.2.7.7.1); an end mark closes the list, and what follows it fills the frame up. Type 127
belongs to organisations; `hil.wire.lldp_extensions` knows those of IEEE 802.3 and of LLDP-MED, here
they are octets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from ipaddress import IPv4Address

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire import ethernet
from hil.wire.ethernet import ETHERTYPE_LLDP, LLDP_MULTICAST, Frame

_END, _CHASSIS_ID, _PORT_ID, _TTL = 0, 1, 2, 3
_PORT_DESCRIPTION, _SYSTEM_NAME, _SYSTEM_DESCRIPTION, _CAPABILITIES = 4, 5, 6, 7
_ORGANISATION = 127
_LONGEST_VALUE = 511
_LONGEST_TEXT = 255
_IPV4 = 1
"""IANA's address family number."""


class ChassisKind(IntEnum):
    """What a chassis id is (table 8-2)."""

    COMPONENT = 1
    INTERFACE_ALIAS = 2
    PORT_COMPONENT = 3
    MAC_ADDRESS = 4
    NETWORK_ADDRESS = 5
    INTERFACE_NAME = 6
    LOCAL = 7


class PortKind(IntEnum):
    """What a port id is (table 8-3)."""

    INTERFACE_ALIAS = 1
    PORT_COMPONENT = 2
    MAC_ADDRESS = 3
    NETWORK_ADDRESS = 4
    INTERFACE_NAME = 5
    AGENT_CIRCUIT_ID = 6
    LOCAL = 7


class Capability(IntFlag):
    """Bits of the System Capabilities TLV (table 8-4)."""

    OTHER = 0x0001
    REPEATER = 0x0002
    BRIDGE = 0x0004
    WLAN_ACCESS_POINT = 0x0008
    ROUTER = 0x0010
    TELEPHONE = 0x0020
    DOCSIS_CABLE_DEVICE = 0x0040
    STATION_ONLY = 0x0080
    C_VLAN = 0x0100
    S_VLAN = 0x0200
    TWO_PORT_MAC_RELAY = 0x0400


@dataclass(frozen=True, slots=True)
class Identifier:
    """A chassis or port id: its subtype (`ChassisKind`, `PortKind`) and 1 to 255 octets."""

    kind: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Organisational:
    """A TLV of an organisation: its number of three octets, its subtype, at most 507 octets."""

    organisation: bytes
    subtype: int
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lldpdu:
    """One announcement; what is None is not told.

    ``ttl`` is in seconds; 0 says that the sender goes, and nothing else need follow (section 8.5.4).
    ``capabilities`` are those that the system has and those that are enabled. ``organisational`` and
    ``others``, (type, value), keep the order of the wire.
    """

    chassis_id: Identifier
    port_id: Identifier
    ttl: int
    port_description: str | None = None
    system_name: str | None = None
    system_description: str | None = None
    capabilities: tuple[Capability, Capability] | None = None
    organisational: tuple[Organisational, ...] = ()
    others: tuple[tuple[int, bytes], ...] = ()


def network_address(address: IPv4Address) -> bytes:
    """The value of an identifier that is a network address: IANA's family, then its octets."""
    return bytes((_IPV4,)) + address.packed


def chassis_text(identifier: Identifier) -> str:
    """A chassis id as a person writes it: an address, a MAC address, text, or else octets."""
    return _id_text(identifier, ChassisKind.NETWORK_ADDRESS, ChassisKind.MAC_ADDRESS)


def port_text(identifier: Identifier) -> str:
    """A port id as a person writes it, as `chassis_text`."""
    return _id_text(identifier, PortKind.NETWORK_ADDRESS, PortKind.MAC_ADDRESS)


def encode(lldpdu: Lldpdu) -> bytes:
    """Write an LLDPDU with its end mark; `LocalProtocolError` if a TLV cannot hold its value."""
    try:
        return b"".join(_tlv(kind, value) for kind, value in _values(lldpdu))
    except (struct.error, UnicodeEncodeError, ValueError) as error:
        raise LocalProtocolError(f"LLDP cannot say that: {error}") from error


def decode(data: bytes) -> Lldpdu:
    """Read an LLDPDU; `RemoteProtocolError` says what section 9.2.7.7 does not let through.

    The end mark may be missing (section 8.5.1 makes it optional); a TLV that may occur once and
    occurs again makes the whole invalid.
    """
    tlvs = list(_tlvs(data))
    if [kind for kind, _ in tlvs[:3]] != [_CHASSIS_ID, _PORT_ID, _TTL]:
        raise RemoteProtocolError("an LLDPDU begins with chassis id, port id and time to live")
    chassis, port, ttl = (value for _, value in tlvs[:3])
    if len(ttl) < 2:
        raise RemoteProtocolError(f"an LLDP time to live of {len(ttl)} octets")
    single: dict[int, bytes] = {}
    organisational: list[Organisational] = []
    others: list[tuple[int, bytes]] = []
    for kind, value in tlvs[3:]:
        if kind in (_CHASSIS_ID, _PORT_ID, _TTL) or kind in single:
            raise RemoteProtocolError(f"LLDP TLV {kind} occurs again")
        if kind in _SINGLE:
            single[kind] = value
        elif kind == _ORGANISATION:
            if len(value) < 4:
                raise RemoteProtocolError(f"an organisation's TLV of {len(value)} octets")
            organisational.append(Organisational(value[:3], value[3], value[4:]))
        else:
            others.append((kind, value))
    return Lldpdu(
        chassis_id=_identifier(chassis, "chassis"),
        port_id=_identifier(port, "port"),
        ttl=int.from_bytes(ttl[:2]),
        port_description=_text(single, _PORT_DESCRIPTION),
        system_name=_text(single, _SYSTEM_NAME),
        system_description=_text(single, _SYSTEM_DESCRIPTION),
        capabilities=_read_capabilities(single.get(_CAPABILITIES)),
        organisational=tuple(organisational),
        others=tuple(others),
    )


def encode_frame(lldpdu: Lldpdu, source: bytes) -> bytes:
    """Write the frame that carries an LLDPDU from this hardware address to the nearest bridge."""
    return ethernet.encode(Frame(LLDP_MULTICAST, source, ETHERTYPE_LLDP, encode(lldpdu)))


def is_lldp(frame: Frame) -> bool:
    """Whether a frame carries LLDP."""
    return not frame.organisation and frame.protocol == ETHERTYPE_LLDP


_SINGLE = (_PORT_DESCRIPTION, _SYSTEM_NAME, _SYSTEM_DESCRIPTION, _CAPABILITIES)


def _id_text(identifier: Identifier, address_kind: int, mac_kind: int) -> str:
    kind, value = identifier.kind, identifier.value
    if kind == address_kind and len(value) == 5 and value[0] == _IPV4:
        return str(IPv4Address(value[1:]))
    if kind == mac_kind and len(value) == 6:
        return value.hex(":")
    if kind in (address_kind, mac_kind):
        return value.hex()
    return value.decode(errors="replace")


def _identifier(value: bytes, which: str) -> Identifier:
    if not 2 <= len(value) <= 256:
        raise RemoteProtocolError(f"an LLDP {which} id of {len(value)} octets, not 2 to 256")
    return Identifier(value[0], value[1:])


def _read_capabilities(value: bytes | None) -> tuple[Capability, Capability] | None:
    if value is None:
        return None
    if len(value) != 4:
        raise RemoteProtocolError(f"LLDP system capabilities of {len(value)} octets, not 4")
    return Capability(int.from_bytes(value[:2])), Capability(int.from_bytes(value[2:]))


def _text(single: dict[int, bytes], kind: int) -> str | None:
    value = single.get(kind)
    return None if value is None else value.decode(errors="replace")


def _tlvs(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise RemoteProtocolError("an LLDP TLV's header runs past the end")
        (head,) = struct.unpack_from("!H", data, at)
        kind, end = head >> 9, at + 2 + (head & 0x1FF)
        if end > len(data):
            raise RemoteProtocolError(f"LLDP TLV {kind} at octet {at} runs past the end")
        if kind == _END:
            if end != at + 2:
                raise RemoteProtocolError("an LLDP end mark with a value")
            return
        yield kind, data[at + 2 : end]
        at = end


def _tlv(kind: int, value: bytes) -> bytes:
    if not 0 <= kind <= _ORGANISATION or len(value) > _LONGEST_VALUE:
        raise ValueError(f"TLV {kind} with {len(value)} octets")
    return struct.pack("!H", kind << 9 | len(value)) + value


def _values(lldpdu: Lldpdu) -> Iterator[tuple[int, bytes]]:
    for kind, identifier in ((_CHASSIS_ID, lldpdu.chassis_id), (_PORT_ID, lldpdu.port_id)):
        if not 1 <= len(identifier.value) <= 255:
            raise ValueError(f"an identifier of {len(identifier.value)} octets")
        yield kind, bytes((identifier.kind,)) + identifier.value
    yield _TTL, struct.pack("!H", lldpdu.ttl)
    texts = (
        (_PORT_DESCRIPTION, lldpdu.port_description),
        (_SYSTEM_NAME, lldpdu.system_name),
        (_SYSTEM_DESCRIPTION, lldpdu.system_description),
    )
    for kind, text in texts:
        if text is not None:
            value = text.encode()
            if len(value) > _LONGEST_TEXT:
                raise ValueError(f"a text of {len(value)} octets")
            yield kind, value
    if lldpdu.capabilities is not None:
        yield _CAPABILITIES, struct.pack("!HH", *lldpdu.capabilities)
    for each in lldpdu.organisational:
        if len(each.organisation) != 3:
            raise ValueError("an organisation's number has three octets")
        yield _ORGANISATION, each.organisation + bytes((each.subtype,)) + each.value
    yield from lldpdu.others
    yield _END, b""
