"""What the two ends of a TFTP read share: the terms they agree on, and the events they report.

Terms are negotiated by RFC 2347: the client proposes, the server accepts an option, lowers its
value where the option's own RFC lets it (blksize, windowsize), or leaves it out, which is a
refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.errors import RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.wire.tftp import LARGEST_BLOCK

BLOCK_NUMBERS = 1 << 16
"""Block numbers count modulo this: 0 follows 65535."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a transfer runs.

    ``blksize`` is in octets (8 to 65464), ``windowsize`` in blocks (1 to 65535), ``timeout`` in ns,
    ``tsize`` the size of the file in octets if the server has told it.
    """

    blksize: int = 512
    windowsize: int = 1
    timeout: int = NANOSECONDS
    tsize: int | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send this datagram to the other end's transfer id."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """The next octets of the file, to a client that takes them piece by piece."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Complete:
    """The client has the whole file; ``data`` is empty where it came in `Block` events."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The server's last block was acknowledged; ``size`` octets have gone over the wire."""

    size: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The transfer is over without success.

    ``code`` is that of the ERROR packet, sent or received; None if the other end fell silent.
    """

    code: int | None
    text: str


Event = Send | Block | Complete | Done | Failed
Options = tuple[tuple[str, str], ...]

_RANGES = {"blksize": (8, LARGEST_BLOCK), "timeout": (1, 255), "windowsize": (1, 65535)}
"""Permitted values: RFC 2348, RFC 2349 and RFC 7440, each in its section 2."""
KNOWN_OPTIONS = frozenset({*_RANGES, "tsize"})
"""The options of RFC 2348, RFC 2349 and RFC 7440."""


def accept(
    proposed: Options, size: int, *, default: Terms, max_blksize: int, max_windowsize: int
) -> tuple[Terms, Options]:
    """Choose the terms as a server, and the options of the OACK (empty: send none).

    ``size`` answers ``tsize``. Unknown options, and values out of range, are left out.
    """
    values = {"blksize": default.blksize, "windowsize": default.windowsize}
    timeout, tsize = default.timeout, None
    lower: dict[str, Callable[[int], int]] = {
        "blksize": lambda value: min(value, max_blksize),
        "windowsize": lambda value: min(value, max_windowsize),
    }
    accepted: list[tuple[str, str]] = []
    for name, text in proposed:
        number = _number(text)
        if number is None:
            continue
        if name == "tsize":
            tsize = number = size
        elif name in _RANGES and _RANGES[name][0] <= number <= _RANGES[name][1]:
            number = lower.get(name, int)(number)
            if name == "timeout":
                timeout = number * NANOSECONDS
            else:
                values[name] = number
        else:
            continue
        accepted.append((name, str(number)))
    return Terms(values["blksize"], values["windowsize"], timeout, tsize), tuple(accepted)


def agree(proposed: Options, answered: Options, default: Terms) -> Terms:
    """Read the OACK as a client; what the server left out has its default.

    Raises `RemoteProtocolError` for an option that was not proposed and a value that the option's
    RFC does not let the server choose; the answer to both is ERROR 8 (RFC 2347).
    """
    asked = {name.lower(): value for name, value in proposed}
    numbers: dict[str, int] = {}
    for name, text in answered:
        if name not in asked:
            raise RemoteProtocolError(f"the server acknowledges {name}, which was not proposed")
        if name not in _RANGES and name != "tsize":
            continue
        number = _number(text)
        if number is None:
            raise RemoteProtocolError(f"the server acknowledges {name} with {text!r}")
        if name in _RANGES:
            least, most = _RANGES[name]
            most = min(most, _number(asked[name]) or most)
            if not (most if name == "timeout" else least) <= number <= most:
                raise RemoteProtocolError(f"{name} {asked[name]} proposed, {number} acknowledged")
        numbers[name] = number
    timeout = numbers["timeout"] * NANOSECONDS if "timeout" in numbers else default.timeout
    return Terms(
        numbers.get("blksize", 512), numbers.get("windowsize", 1), timeout, numbers.get("tsize")
    )


def _number(text: str) -> int | None:
    """Read a decimal number of at most 20 digits; int() would take signs and underscores too."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None
