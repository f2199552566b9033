"""What the bytes of a DHCP option mean: one `Option` value each, collected in the table `BY_CODE`.

An `Option` is data: its code, the name that the standard gives it, and a pair of functions between
a Python value and bytes. ``ROUTER.pack([gateway])`` is what `hil.wire.dhcp.Message.options` takes,
``ROUTER.read(message)`` is the value or None. Whoever wants to send what no function would write
(a subnet mask of three octets) puts raw bytes into the message instead.

Unless another source is named, formats are those of RFC 2132.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.dhcp import Message, MessageType

Out = TypeVar("Out")
In = TypeVar("In", contravariant=True)

SubOption = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class VendorBlock:
    """One vendor's part of option 125 (RFC 3925 section 4).

    ``enterprise`` is the vendor's IANA number, ``data`` at most 255 octets, by custom sub-options
    (`parse_suboptions`).
    """

    enterprise: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Option(Generic[In, Out]):
    """The meaning of one option code.

    ``encode`` raises `LocalProtocolError` for a value that the option cannot hold, ``decode``
    raises `RemoteProtocolError` for bytes that are no such value.
    """

    code: int
    name: str
    encode: Callable[[In], bytes]
    decode: Callable[[bytes], Out]

    def pack(self, value: In) -> tuple[int, bytes]:
        """Write the option as an element of `Message.options`."""
        try:
            return self.code, self.encode(value)
        except LocalProtocolError as error:
            raise LocalProtocolError(f"option {self.code} ({self.name}): {error}") from error

    def parse(self, data: bytes) -> Out:
        """Read the option's raw bytes."""
        try:
            return self.decode(data)
        except RemoteProtocolError as error:
            raise RemoteProtocolError(f"option {self.code} ({self.name}): {error}") from error

    def read(self, message: Message) -> Out | None:
        """Read the option from a message; None if it is absent."""
        data = message.option(self.code)
        return None if data is None else self.parse(data)


def parse_suboptions(data: bytes) -> tuple[SubOption, ...]:
    """Read encapsulated options: code, length, value (section 8.4; RFC 3925 section 4).

    Pad (0) is skipped and end (255) ends, but need not be there. Raises `RemoteProtocolError` if a
    value runs past the end.
    """
    found: list[SubOption] = []
    at, end = 0, len(data)
    while at < end and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        if at + 2 > end or at + 2 + data[at + 1] > end:
            raise RemoteProtocolError(f"sub-option {data[at]} runs past the end")
        stop = at + 2 + data[at + 1]
        found.append((data[at], data[at + 2 : stop]))
        at = stop
    return tuple(found)


def format_suboptions(suboptions: Iterable[SubOption]) -> bytes:
    """Write encapsulated options without an end mark; codes 1 to 254, values up to 255 octets."""
    parts: list[bytes] = []
    for code, value in suboptions:
        if not 0 < code < 255 or len(value) > 255:
            raise LocalProtocolError(f"sub-option {code} of {len(value)} octets")
        parts.append(bytes((code, len(value))) + value)
    return b"".join(parts)


def _encode_address(value: IPv4Address) -> bytes:
    return value.packed


def _decode_address(data: bytes) -> IPv4Address:
    if len(data) != 4:
        raise RemoteProtocolError(f"an address of {len(data)} octets")
    return IPv4Address(data)


def _encode_addresses(value: Sequence[IPv4Address]) -> bytes:
    if not value:
        raise LocalProtocolError("a list of addresses must not be empty")
    return b"".join(address.packed for address in value)


def _decode_addresses(data: bytes) -> tuple[IPv4Address, ...]:
    if not data or len(data) % 4:
        raise RemoteProtocolError(f"a list of addresses of {len(data)} octets")
    return tuple(IPv4Address(data[at : at + 4]) for at in range(0, len(data), 4))


def _encode_text(value: str) -> bytes:
    try:
        data = value.encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"text is not Unicode: {error.reason}") from error
    if not data:
        raise LocalProtocolError("text must not be empty")
    return data


def _decode_text(data: bytes) -> str:
    """NVT ASCII; UTF-8 is let through, and trailing NULs go (section 2)."""
    try:
        return data.rstrip(b"\0").decode()
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(f"text is neither ASCII nor UTF-8: {error.reason}") from error


def _raw(value: bytes) -> bytes:
    return value


def _encode_codes(value: Sequence[int]) -> bytes:
    try:
        return bytes(value)
    except ValueError as error:
        raise LocalProtocolError(f"an option code is out of range: {error}") from error


def _decode_codes(data: bytes) -> tuple[int, ...]:
    return tuple(data)


def _encode_vendor_blocks(value: Sequence[VendorBlock]) -> bytes:
    parts: list[bytes] = []
    for block in value:
        if not 0 <= block.enterprise < 1 << 32 or len(block.data) > 255:
            raise LocalProtocolError(
                f"enterprise {block.enterprise} with {len(block.data)} octets of data"
            )
        parts.append(struct.pack("!IB", block.enterprise, len(block.data)) + block.data)
    return b"".join(parts)


def _decode_vendor_blocks(data: bytes) -> tuple[VendorBlock, ...]:
    found: list[VendorBlock] = []
    at, end = 0, len(data)
    while at < end:
        if at + 5 > end or at + 5 + data[at + 4] > end:
            raise RemoteProtocolError("an enterprise's block runs past the end")
        stop = at + 5 + data[at + 4]
        enterprise = int.from_bytes(data[at : at + 4], "big")
        found.append(VendorBlock(enterprise, data[at + 5 : stop]))
        at = stop
    return tuple(found)


def _encode_kind(value: MessageType) -> bytes:
    return bytes((value,))


def _decode_kind(data: bytes) -> MessageType:
    try:
        (value,) = data
        return MessageType(value)
    except ValueError as error:
        raise RemoteProtocolError(f"no message type: {data.hex() or 'empty'}") from error


def _integer(code: int, name: str, form: str) -> Option[int, int]:
    """Make the option for one integer of the `struct` format ``form``."""
    codec = struct.Struct(form)

    def encode(value: int) -> bytes:
        try:
            return codec.pack(value)
        except struct.error as error:
            raise LocalProtocolError(f"{value} is out of range: {error}") from error

    def decode(data: bytes) -> int:
        if len(data) != codec.size:
            raise RemoteProtocolError(f"{len(data)} octets instead of {codec.size}")
        value: int = codec.unpack(data)[0]
        return value

    return Option(code, name, encode, decode)


def _address(code: int, name: str) -> Option[IPv4Address, IPv4Address]:
    return Option(code, name, _encode_address, _decode_address)


def _addresses(code: int, name: str) -> Option[Sequence[IPv4Address], tuple[IPv4Address, ...]]:
    return Option(code, name, _encode_addresses, _decode_addresses)


def _text(code: int, name: str) -> Option[str, str]:
    return Option(code, name, _encode_text, _decode_text)


def _opaque(code: int, name: str) -> Option[bytes, bytes]:
    return Option(code, name, _raw, _raw)


SUBNET_MASK = _address(1, "Subnet Mask")
TIME_OFFSET = _integer(2, "Time Offset", "!i")
"""Seconds east of UTC, signed (section 3.4)."""
ROUTER = _addresses(3, "Router")
DOMAIN_SERVER = _addresses(6, "Domain Name Server")
HOST_NAME = _text(12, "Host Name")
DOMAIN_NAME = _text(15, "Domain Name")
NTP_SERVERS = _addresses(42, "NTP Servers")
VENDOR_SPECIFIC: Option[Iterable[SubOption], tuple[SubOption, ...]] = Option(
    43, "Vendor Specific Information", format_suboptions, parse_suboptions
)
REQUESTED_ADDRESS = _address(50, "Requested IP Address")
LEASE_TIME = _integer(51, "IP Address Lease Time", "!I")
"""Seconds, or `INFINITE`."""
INFINITE = 0xFFFFFFFF
"""A lease without end (RFC 2131 section 3.3)."""
MESSAGE_TYPE: Option[MessageType, MessageType] = Option(
    53, "DHCP Message Type", _encode_kind, _decode_kind
)
SERVER_ID = _address(54, "Server Identifier")
PARAMETER_LIST: Option[Sequence[int], tuple[int, ...]] = Option(
    55, "Parameter Request List", _encode_codes, _decode_codes
)
ERROR_TEXT = _text(56, "Message")
MAXIMUM_SIZE = _integer(57, "Maximum DHCP Message Size", "!H")
"""Octets of the largest IP datagram that the client takes; at least 576."""
RENEWAL_TIME = _integer(58, "Renewal (T1) Time Value", "!I")
"""Seconds from the grant of the lease."""
REBINDING_TIME = _integer(59, "Rebinding (T2) Time Value", "!I")
"""Seconds from the grant of the lease."""
VENDOR_CLASS = _text(60, "Vendor Class Identifier")
CLIENT_ID = _opaque(61, "Client Identifier")
TFTP_SERVER_NAME = _text(66, "TFTP Server Name")
BOOTFILE_NAME = _text(67, "Bootfile Name")
RELAY_AGENT = _opaque(82, "Relay Agent Information")
"""RFC 3046; carried, not looked into."""
VENDOR_IDENTIFYING: Option[Sequence[VendorBlock], tuple[VendorBlock, ...]] = Option(
    125, "Vendor-Identifying Vendor-Specific Information", _encode_vendor_blocks,
    _decode_vendor_blocks
)  # fmt: skip
TFTP_SERVER_ADDRESSES = _addresses(150, "TFTP Server Addresses")
"""RFC 5859."""
PROVISIONING_ADDRESSES = _addresses(159, "Provisioning Server IP")
"""Addresses, as multiplatform phones read this code; IANA gives it to RFC 7618."""
PROVISIONING_URL = _text(160, "Provisioning URL")
"""A URL or profile rule, as multiplatform phones read this code."""

BY_CODE: Mapping[int, Option[Any, Any]] = MappingProxyType(
    {
        option.code: option
        for option in (
            SUBNET_MASK, TIME_OFFSET, ROUTER, DOMAIN_SERVER, HOST_NAME, DOMAIN_NAME, NTP_SERVERS,
            VENDOR_SPECIFIC, REQUESTED_ADDRESS, LEASE_TIME, MESSAGE_TYPE, SERVER_ID, PARAMETER_LIST,
            ERROR_TEXT, MAXIMUM_SIZE, RENEWAL_TIME, REBINDING_TIME, VENDOR_CLASS, CLIENT_ID,
            TFTP_SERVER_NAME, BOOTFILE_NAME, RELAY_AGENT, VENDOR_IDENTIFYING, TFTP_SERVER_ADDRESSES,
            PROVISIONING_ADDRESSES, PROVISIONING_URL,
        )
    }
)  # fmt: skip
"""Every option above by its code; any other code is raw bytes only."""
