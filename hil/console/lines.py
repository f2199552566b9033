"""From the octets of a serial line to lines: bounded, without losing one octet.

A line ends with LF; what stands before it belongs to it, CR and NUL and escape sequences alike. A line
that grows beyond the bound is cut and goes on in the next. What a person is shown of a line has no
character that could move a cursor.
"""

from __future__ import annotations

from dataclasses import dataclass

from hil.history.consoles import LineEnd


@dataclass(frozen=True)
class Line:
    """Octets of a console, as they came; ``offset`` is how many came before them."""

    offset: int
    raw: bytes
    end: LineEnd


class LineSplitter:
    """Cuts what it is fed into lines of at most ``longest`` octets.

    A text that was told with `hide` is replaced by as many asterisks wherever it is seen.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._held = bytearray()
        self._offset = 0
        self._previewed = 0
        self._hidden: tuple[bytes, ...] = ()

    @property
    def offset(self) -> int:
        """How many octets went into lines that are complete."""
        return self._offset

    def hide(self, secret: bytes) -> None:
        """Never give this text away, should the other side echo it."""
        if secret and secret not in self._hidden:
            # The longest first: a secret may be a part of another.
            self._hidden = tuple(sorted((*self._hidden, secret), key=len, reverse=True))

    def feed(self, data: bytes) -> list[Line]:
        """The lines that these octets complete."""
        found: list[Line] = []
        for start in range(0, len(data), self._longest):
            searched = len(self._held)
            self._held += data[start : start + self._longest]
            self._conceal()
            while True:
                end = self._held.find(b"\n", searched) + 1
                if 0 < end <= self._longest:
                    found.append(self._take(end, LineEnd.EOL))
                elif len(self._held) > self._longest:
                    found.append(self._take(self._longest - self._reserve(), LineEnd.FULL))
                else:
                    break
                searched = 0
        return found

    def preview(self) -> Line | None:
        """The unfinished line as far as it goes; None where nothing came since it was told last."""
        if len(self._held) == self._previewed:
            return None
        self._previewed = len(self._held)
        return Line(self._offset, bytes(self._held), LineEnd.QUIET)

    def rest(self) -> Line | None:
        """The unfinished line, which will never end as the console is gone; None if there is none."""
        return self._take(len(self._held), LineEnd.LOST) if self._held else None

    # -- inside ------------------------------------------------------------------------------------

    def _take(self, length: int, end: LineEnd) -> Line:
        line = Line(self._offset, bytes(self._held[:length]), end)
        del self._held[:length]
        self._offset += length
        self._previewed = 0
        return line

    def _reserve(self) -> int:
        """How much stays here at a cut, since it may be the beginning of a secret."""
        return min(len(self._hidden[0]) - 1, self._longest // 2) if self._hidden else 0

    def _conceal(self) -> None:
        for secret in self._hidden:
            if secret in self._held:
                self._held[:] = self._held.replace(secret, b"*" * len(secret))


def shown(raw: bytes) -> str:
    r"""Octets of a console as one line of text that is safe to print.

    UTF-8 is decoded; other octets, control characters, escape sequences and what reorders or hides
    text are written as escapes (``\x1b[2J``). The line's own CR and LF are left out.
    """
    text = raw.strip(b"\r\n").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
