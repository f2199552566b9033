"""What a serial console says, and whether it is there, as events."""

from __future__ import annotations

from enum import StrEnum

from hil.history.event import Event, LabEvent


class LineEnd(StrEnum):
    """Why the text of a `ConsoleLine` goes no further."""

    EOL = "eol"
    """The line ended, with LF."""
    QUIET = "quiet"
    """Nothing more came for a while; all of the line follows in an event of its own once it ends."""
    FULL = "full"
    """The line was cut; it goes on in the next."""
    LOST = "lost"
    """The console was lost or closed in the middle of it."""


class ConsoleLine(Event, frozen=True, kw_only=True):
    """A line of the console: ``raw`` as it came, at ``offset`` of the raw log, ``text`` safe to show.

    ``at`` is when its last octets were received; of a `LineEnd.QUIET` one when it was found quiet.
    """

    text: str
    raw: bytes = b""
    offset: int = 0
    end: LineEnd = LineEnd.EOL


class ConsoleSkipped(Event, frozen=True, kw_only=True):
    """The console said more than a history has room for; these are in the raw log alone."""

    lines: int
    octets: int
    offset: int


class ConsoleFound(LabEvent, frozen=True, kw_only=True):
    """The console can be read from now on; what it said before is unknown."""

    console: str


class ConsoleLost(LabEvent, frozen=True, kw_only=True):
    """The console cannot be read from now on; somebody tries to find it again."""

    console: str
    reason: str


class ConsoleSent(LabEvent, frozen=True, kw_only=True):
    """Octets were written to the console; ``text`` is empty for a secret."""

    octets: int
    text: str = ""
    secret: bool = False
