"""Captured frames as a file that Wireshark reads: pcapng (draft-ietf-opsawg-pcapng).

One section, one Ethernet interface, time stamps in nanoseconds. Frames are written as they come, so a
file that was cut short is readable up to there.
"""

from __future__ import annotations

import struct
from typing import IO

_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_PACKET = 6
_BYTE_ORDER = 0x1A2B3C4D
_ETHERNET = 1
_COMMENT, _IF_NAME, _IF_RESOLUTION, _PACKET_FLAGS = 1, 2, 9, 2
_INBOUND, _OUTBOUND = 1, 2


class PcapngFile:
    """Writes frames seen at the interface ``name`` to ``file``; OSError passes through.

    ``comment`` says what the file is.
    """

    def __init__(self, file: IO[bytes], name: str, comment: str = "") -> None:
        self._file = file
        head = struct.pack("=IHHq", _BYTE_ORDER, 1, 0, -1)
        self._write(_SECTION, head + _options((_COMMENT, comment.encode())))
        described = _options((_IF_NAME, name.encode()), (_IF_RESOLUTION, b"\x09"))
        self._write(_INTERFACE, struct.pack("=HHI", _ETHERNET, 0, 0) + described)

    def add(self, data: bytes, length: int, at_ns: int, *, outgoing: bool) -> None:
        """Add a frame of ``length`` octets, of which ``data`` was taken, at ns since 1970."""
        flags = struct.pack("=I", _OUTBOUND if outgoing else _INBOUND)
        head = struct.pack("=IIIII", 0, at_ns >> 32, at_ns & 0xFFFF_FFFF, len(data), length)
        self._write(_PACKET, head + _padded(data) + _options((_PACKET_FLAGS, flags)))

    def _write(self, kind: int, body: bytes) -> None:
        length = struct.pack("=I", len(body) + 12)
        self._file.write(struct.pack("=I", kind) + length + body + length)


def _options(*options: tuple[int, bytes]) -> bytes:
    told = [
        struct.pack("=HH", code, len(value)) + _padded(value) for code, value in options if value
    ]
    return b"".join(told) + struct.pack("=HH", 0, 0)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
