"""TLVs that a phone adds to LLDP: those of IEEE 802.3 and those of LLDP-MED.

Each is a pair of a value and its `Organisational` octets. A meaning is found in an LLDPDU by
``MAC_PHY.read(lldpdu)`` and put into one by ``MAC_PHY.pack(value)``. Sources: IEEE 802.3 section
79.3 (MAC/PHY, Power via MDI), ANSI/TIA-1057 section 10.2 (all of LLDP-MED).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Generic, TypeVar

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.lldp import Lldpdu, Organisational

IEEE_802_3 = bytes.fromhex("00120f")
TIA = bytes.fromhex("0012bb")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Extension(Generic[T]):
    """One organisation's TLV and what it means."""

    name: str
    organisation: bytes
    subtype: int
    encode: Callable[[T], bytes]
    decode: Callable[[bytes], T]

    def pack(self, value: T) -> Organisational:
        """Write the TLV; `LocalProtocolError` if it cannot hold ``value``."""
        try:
            return Organisational(self.organisation, self.subtype, self.encode(value))
        except (struct.error, ValueError) as error:
            raise LocalProtocolError(f"{self.name}: {error}") from error

    def read_all(self, lldpdu: Lldpdu) -> tuple[T, ...]:
        """Read every one there is; `RemoteProtocolError` for octets that are none."""
        found = []
        for tlv in lldpdu.organisational:
            if (tlv.organisation, tlv.subtype) == (self.organisation, self.subtype):
                try:
                    found.append(self.decode(tlv.value))
                except (struct.error, ValueError) as error:
                    raise RemoteProtocolError(f"{self.name}: {error}") from error
        return tuple(found)

    def read(self, lldpdu: Lldpdu) -> T | None:
        """Read the first, or give None."""
        return next(iter(self.read_all(lldpdu)), None)


@dataclass(frozen=True, slots=True)
class MacPhy:
    """Speed and duplex.

    ``autonegotiation`` has bits (1 supported, 2 enabled), ``advertised`` the modes that are offered
    (RFC 4836, ifMauAutoNegCapAdvertisedBits), ``mau_type`` the one in use (16: 100BASE-TX full
    duplex).
    """

    autonegotiation: int
    advertised: int
    mau_type: int


@dataclass(frozen=True, slots=True)
class PowerViaMdi:
    """Power over Ethernet as 802.3 tells it.

    ``power_class`` is the PoE class, 0 to 4; the wire has it one higher. ``sources`` says whether
    the sender feeds the link, which a phone does not. ``pairs`` is 1 (signal) or 2 (spare).
    """

    power_class: int
    sources: bool = False
    pairs: int = 1


class MedCapability(IntFlag):
    """Bits of the LLDP-MED Capabilities TLV (TIA-1057 table 10)."""

    CAPABILITIES = 0x01
    NETWORK_POLICY = 0x02
    LOCATION = 0x04
    EXTENDED_POWER_PSE = 0x08
    EXTENDED_POWER_PD = 0x10
    INVENTORY = 0x20


class MedClass(IntEnum):
    """What kind of device it is (table 11)."""

    NOT_DEFINED = 0
    GENERIC_ENDPOINT = 1
    MEDIA_ENDPOINT = 2
    COMMUNICATION_DEVICE = 3
    NETWORK_CONNECTIVITY = 4


@dataclass(frozen=True, slots=True)
class MedCapabilities:
    """Which LLDP-MED TLVs a device has, and its class (`MedClass`)."""

    capabilities: MedCapability
    device_class: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPolicy:
    """VLAN and priorities of one application (table 12: 1 is voice, 2 voice signalling).

    An ``unknown`` policy asks for one, and has all else zero. ``vlan`` is 0 to 4094, ``priority`` 0
    to 7 (layer 2), ``dscp`` 0 to 63.
    """

    application: int = 1
    unknown: bool = False
    tagged: bool = False
    vlan: int = 0
    priority: int = 0
    dscp: int = 0


@dataclass(frozen=True, slots=True)
class MedPower:
    """Extended Power-via-MDI (tables 15 to 18).

    ``kind`` 1 is a powered device, ``source`` 3 is PSE and local, ``priority`` 0 unknown.
    ``power_mw`` is in milliwatts and sent in whole steps of 100.
    """

    kind: int
    source: int
    priority: int
    power_mw: int


def _encode_power(value: PowerViaMdi) -> bytes:
    if not 0 <= value.power_class <= 4:
        raise ValueError(f"PoE class {value.power_class}")
    return bytes((value.sources, value.pairs, value.power_class + 1))


def _decode_power(data: bytes) -> PowerViaMdi:
    # A longer one negotiates the power besides (802.3at); its first three octets say the same.
    if len(data) < 3 or not 1 <= data[2] <= 5:
        raise ValueError(f"no PoE class in {data.hex() or 'nothing'}")
    return PowerViaMdi(data[2] - 1, bool(data[0] & 1), data[1])


def _encode_policy(value: NetworkPolicy) -> bytes:
    if not (0 <= value.vlan < 4095 and 0 <= value.priority < 8 and 0 <= value.dscp < 64):
        raise ValueError(f"{value}")
    bits = value.unknown << 23 | value.tagged << 22 | value.vlan << 9
    return struct.pack("!I", value.application << 24 | bits | value.priority << 6 | value.dscp)


def _decode_policy(data: bytes) -> NetworkPolicy:
    (bits,) = struct.unpack("!I", data)
    return NetworkPolicy(
        application=bits >> 24,
        unknown=bool(bits >> 23 & 1),
        tagged=bool(bits >> 22 & 1),
        vlan=bits >> 9 & 0xFFF,
        priority=bits >> 6 & 7,
        dscp=bits & 63,
    )


def _encode_med_power(value: MedPower) -> bytes:
    if not (0 <= value.kind < 4 and 0 <= value.source < 4 and 0 <= value.priority < 16):
        raise ValueError(f"{value}")
    first = value.kind << 6 | value.source << 4 | value.priority
    return struct.pack("!BH", first, value.power_mw // 100)


def _decode_med_power(data: bytes) -> MedPower:
    first, tenths = struct.unpack("!BH", data)
    return MedPower(first >> 6, first >> 4 & 3, first & 15, tenths * 100)


def _encode_text(value: str) -> bytes:
    data = value.encode()
    if len(data) > 32:
        raise ValueError(f"{len(data)} octets, 32 are most")
    return data


def _decode_text(data: bytes) -> str:
    return data.decode(errors="replace")


def _decode_med_capabilities(data: bytes) -> MedCapabilities:
    capabilities, device_class = struct.unpack("!HB", data)
    return MedCapabilities(MedCapability(capabilities), device_class)


MAC_PHY = Extension(
    "MAC/PHY Configuration/Status",
    IEEE_802_3,
    1,
    lambda value: struct.pack("!BHH", value.autonegotiation, value.advertised, value.mau_type),
    lambda data: MacPhy(*struct.unpack("!BHH", data)),
)
POWER_VIA_MDI = Extension("Power via MDI", IEEE_802_3, 2, _encode_power, _decode_power)
MED_CAPABILITIES = Extension(
    "LLDP-MED Capabilities",
    TIA,
    1,
    lambda value: struct.pack("!HB", value.capabilities, value.device_class),
    _decode_med_capabilities,
)
NETWORK_POLICY = Extension("Network Policy", TIA, 2, _encode_policy, _decode_policy)
MED_POWER = Extension("Extended Power-via-MDI", TIA, 4, _encode_med_power, _decode_med_power)
HARDWARE_REVISION = Extension("Hardware Revision", TIA, 5, _encode_text, _decode_text)
FIRMWARE_REVISION = Extension("Firmware Revision", TIA, 6, _encode_text, _decode_text)
SOFTWARE_REVISION = Extension("Software Revision", TIA, 7, _encode_text, _decode_text)
SERIAL_NUMBER = Extension("Serial Number", TIA, 8, _encode_text, _decode_text)
MANUFACTURER = Extension("Manufacturer Name", TIA, 9, _encode_text, _decode_text)
MODEL_NAME = Extension("Model Name", TIA, 10, _encode_text, _decode_text)
ASSET_ID = Extension("Asset ID", TIA, 11, _encode_text, _decode_text)
INVENTORY = (
    HARDWARE_REVISION, FIRMWARE_REVISION, SOFTWARE_REVISION, SERIAL_NUMBER, MANUFACTURER,
    MODEL_NAME, ASSET_ID,
)  # fmt: skip
"""The inventory TLVs (section 10.2.6), each a text of at most 32 octets."""
