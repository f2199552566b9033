"""What a person at a terminal types and sees: the way out, and times before lines. No I/O."""

from __future__ import annotations

import re

_LEAVE = 0x1D
_LINE_STARTS = (0x0A, 0x0D)


class Keys:
    """Keys on their way to the console; Ctrl-] leaves, and so does ``~.`` at the start of a line.

    ``~~`` at the start of a line sends one ``~``.
    """

    def __init__(self) -> None:
        self._at_start = True
        self._tilde = False

    def feed(self, typed: bytes) -> tuple[bytes, bool]:
        """What is to be sent of what was typed, and whether the person wants to leave then."""
        out = bytearray()
        for key in typed:
            if key == _LEAVE or (self._tilde and key == ord(".")):
                return bytes(out), True
            if self._tilde:
                self._tilde = False
                out += b"~" if key == ord("~") else bytes([ord("~"), key])
            elif self._at_start and key == ord("~"):
                self._tilde = True
                continue
            else:
                out.append(key)
            self._at_start = key in _LINE_STARTS
        return bytes(out), False


class Stamps:
    """Puts the time before each line of a console's octets."""

    def __init__(self) -> None:
        self._at_start = True

    def feed(self, data: bytes, time: str) -> bytes:
        """The octets with ``time`` before each line that begins in them."""
        before = f"{time} ".encode()
        out = bytearray()
        for line in re.findall(rb"[^\n]*\n|[^\n]+", data):
            out += (before if self._at_start else b"") + line
            self._at_start = line.endswith(b"\n")
        return bytes(out)
