"""Where a serial console is and how patient its reader is.

The URLs are those of pyserial: the path of a device (``/dev/serial/by-id/...``),
``rfc2217://host:port`` for a terminal server that speaks Telnet with COM port control (RFC 2217),
``socket://host:port`` for one that hands the octets through. Its other schemes (``loop``, ``spy``,
``alt``, ``hwgrep``) reach no console of a rack and are refused, and so are passwords and options in a
URL, since URLs are printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from hil.errors import UsageError
from hil.hosts import no_serial_line

SLOWEST, FASTEST = 9_600, 4_000_000
"""The bit rates that a console may have, in bits a second."""

URL_IS = "/dev/..., rfc2217://host:port or socket://host:port"
"""What would be right for the URL of a console."""


class Way(StrEnum):
    """How the octets of a line get here."""

    DEVICE = "device"
    RFC2217 = "rfc2217"
    SOCKET = "socket"


@dataclass(frozen=True)
class Location:
    """A console's URL, taken apart; ``path`` of a device, ``host`` and ``port`` of a server."""

    way: Way
    path: str = ""
    host: str = ""
    port: int = 0


def locate(url: str) -> Location:
    """Take a console's URL apart; `UsageError` for one that cannot be a console's."""
    if problem := no_serial_line(url):
        raise UsageError(f"no console's URL: {problem}", remedy=URL_IS)
    if url.startswith("/"):
        return Location(Way.DEVICE, path=url)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 0
    if parts.path or parts.query or parts.fragment:
        raise UsageError(f"{url!r} is not a host and a port alone", remedy=URL_IS)
    return Location(Way(parts.scheme), host=host, port=port)


@dataclass(frozen=True)
class ConsoleConfig:
    """One serial line, 8 data bits, no parity, 1 stop bit, no flow control; times in seconds.

    ``baud`` is in bits a second; it is nothing to a ``socket://`` server, whose line has its own.
    ``longest_line``: octets after which a line without an end is cut. ``quiet_s``: how long an
    unfinished line (a prompt) rests until it is told as far as it goes. ``open_s`` and ``send_s`` are
    the deadlines of opening and of sending. Between two attempts to open it ``first_retry_s`` pass,
    twice as long each time, up to ``longest_retry_s``. ``largest_log`` bounds the raw log, in octets.
    """

    url: str
    baud: int = 115_200
    longest_line: int = 4096
    quiet_s: float = 0.5
    open_s: float = 10.0
    send_s: float = 5.0
    first_retry_s: float = 0.25
    longest_retry_s: float = 15.0
    largest_log: int = 1 << 28

    def __post_init__(self) -> None:
        locate(self.url)
        if not SLOWEST <= self.baud <= FASTEST:
            raise UsageError(f"{self.baud} baud", remedy=f"{SLOWEST} to {FASTEST}")
        if self.longest_line < 64 or self.largest_log < 0:
            raise UsageError(
                "a console's line or log has no room", remedy="64 octets or more a line"
            )
        times = (self.quiet_s, self.open_s, self.send_s, self.first_retry_s)
        if min(times) <= 0 or self.longest_retry_s < self.first_retry_s:
            raise UsageError("a console has a time that is none", remedy="more than 0 s")
