"""NTP packets (RFC 5905 section 7.3), as much of them as an SNTP client and its server need.

A `Packet` is the header field by field. Its timestamps stay the 64 bits that are on the wire, since
a server has to return a client's unchanged; `timestamp` and `utc_ns` convert them. They count
2^-32 s and wrap every 136 years, so an instant is read in the era that is told or, without that,
in the one that RFC 4330 section 3 assumes: 1968 to 2104.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import IntEnum

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.lab_time import NANOSECONDS

SERVER_PORT = 123
UNKNOWN = 0
"""The timestamp of a clock that knows no time (section 6)."""
NO_TIME_STRATUM = 0
"""Unspecified or invalid: no time, or a kiss-o'-death (sections 7.3 and 7.4)."""
HIGHEST_STRATUM = 15
"""16 is unsynchronized, more is reserved (figure 11)."""
LARGEST = 65_507
"""Octets that a UDP datagram may carry."""

_HEADER = struct.Struct("!BBbbII4sQQQQ")
_SECONDS_TO_1970 = 2_208_988_800
_ERA_S = 1 << 32
_EARLIEST_S = (1 << 31) - _SECONDS_TO_1970
_BITS_64 = (1 << 64) - 1


class Mode(IntEnum):
    """Modes of an association whose packets have this header (figure 10)."""

    SYMMETRIC_ACTIVE = 1
    SYMMETRIC_PASSIVE = 2
    CLIENT = 3
    SERVER = 4
    BROADCAST = 5


class Leap(IntEnum):
    """Leap indicators (figure 9)."""

    NO_WARNING = 0
    LAST_MINUTE_61 = 1
    LAST_MINUTE_59 = 2
    UNSYNCHRONIZED = 3


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet.

    ``poll`` and ``precision`` are exponents of two, in seconds. ``root_delay`` and
    ``root_dispersion`` count 2^-16 s. ``reference``, ``origin``, ``receive`` and ``transmit`` are
    timestamps. ``trailer`` is what follows the header: extension fields and the authentication
    code, in words of four octets, not looked into.
    """

    mode: Mode
    leap: Leap = Leap.NO_WARNING
    version: int = 4
    stratum: int = NO_TIME_STRATUM
    poll: int = 0
    precision: int = 0
    root_delay: int = 0
    root_dispersion: int = 0
    reference_id: bytes = bytes(4)
    reference: int = UNKNOWN
    origin: int = UNKNOWN
    receive: int = UNKNOWN
    transmit: int = UNKNOWN
    trailer: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Packet:
        """Read a packet; `RemoteProtocolError` if it is none of versions 1 to 4 and `Mode`."""
        if not _HEADER.size <= len(data) <= LARGEST or len(data) % 4:
            raise RemoteProtocolError(f"an NTP packet of {len(data)} octets")
        first, *fields = _HEADER.unpack_from(data)
        version = first >> 3 & 7
        if not 1 <= version <= 4:
            raise RemoteProtocolError(f"NTP version {version}")
        try:
            mode = Mode(first & 7)
        except ValueError:
            raise RemoteProtocolError(f"an NTP packet of mode {first & 7}") from None
        return replace(cls(mode, Leap(first >> 6), version, *fields), trailer=data[_HEADER.size :])

    def pack(self) -> bytes:
        """Write the packet; `LocalProtocolError` if a field cannot hold its value."""
        if not 1 <= self.version <= 4 or len(self.reference_id) != 4:
            raise LocalProtocolError(
                f"an NTP packet of version {self.version} with reference id {self.reference_id!r}"
            )
        if len(self.trailer) % 4 or _HEADER.size + len(self.trailer) > LARGEST:
            raise LocalProtocolError(f"{len(self.trailer)} octets behind an NTP header")
        try:
            header = _HEADER.pack(
                self.leap << 6 | self.version << 3 | self.mode,
                self.stratum,
                self.poll,
                self.precision,
                self.root_delay,
                self.root_dispersion,
                self.reference_id,
                self.reference,
                self.origin,
                self.receive,
                self.transmit,
            )
        except struct.error as error:
            raise LocalProtocolError(f"an NTP field is out of range: {error}") from error
        return header + self.trailer

    @property
    def kiss_code(self) -> str:
        """The code of a kiss-o'-death such as ``RATE`` (section 7.4); empty if it is none."""
        if self.mode is not Mode.SERVER or self.stratum != NO_TIME_STRATUM:
            return ""
        code = self.reference_id.rstrip(b"\0")
        return code.decode("ascii") if code.isascii() and code.isalnum() else ""


def timestamp(utc_ns: int) -> int:
    """The timestamp of an instant (nanoseconds since 1970), in whatever era.

    It is never `UNKNOWN`: the one instant of an era that would be so is 2^-32 s later.
    """
    since_1900 = utc_ns + _SECONDS_TO_1970 * NANOSECONDS
    return ((since_1900 << 32) // NANOSECONDS & _BITS_64) or 1


def utc_ns(timestamp: int, *, near_ns: int | None = None) -> int:
    """The instant of a timestamp, nanoseconds since 1970.

    Of all eras it is taken in the one that puts it less than 68 years from ``near_ns``; by default
    between 1968-01-20T03:14:08Z and 2104-02-26T09:42:24Z (RFC 4330 section 3).
    """
    ns = (timestamp * NANOSECONDS + (1 << 31) >> 32) - _SECONDS_TO_1970 * NANOSECONDS
    era_ns = _ERA_S * NANOSECONDS
    earliest = _EARLIEST_S * NANOSECONDS if near_ns is None else near_ns - era_ns // 2
    return earliest + (ns - earliest) % era_ns


def unusable(answer: Packet, asked: Packet) -> str:
    """Why a client takes no time from ``answer`` to what it ``asked``; empty if it does.

    These are the checks of RFC 4330 section 5 that everybody makes: a server's answer, to this very
    question (its transmit timestamp returns as the origin), of a clock that is synchronized.
    """
    if answer.mode is not Mode.SERVER:
        return f"mode {answer.mode.name.lower()}"
    if answer.origin != asked.transmit:
        return "it answers another question"
    if answer.stratum == NO_TIME_STRATUM:
        return f"kiss-o'-death {answer.kiss_code or answer.reference_id.hex()}"
    if answer.stratum > HIGHEST_STRATUM:
        return f"stratum {answer.stratum}"
    if answer.leap is Leap.UNSYNCHRONIZED:
        return "the server's clock is not synchronized"
    if answer.transmit == UNKNOWN:
        return "the server tells no time"
    return ""
