"""The bytes that serial relay boards understand, one row a kind of board.

A board is told to switch with one message and, where it can say so, asked for its state with
another. Whether its answer is complete, and what it says, is a function of the bytes received so far;
it never waits for more than the board sends.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hil.history.events import PowerAction

Answer = Callable[[bytes, str], bool]
"""From the bytes received and the outlet: whether a command has been taken; False while open."""

Reading = Callable[[bytes, str], PowerAction | None]
"""From the bytes received and the outlet: its state, or None while that is open."""

MOST_ANSWER = 4096
"""No board sends more octets in answer to one message."""


@dataclass(frozen=True)
class RelayDialect:
    """How one kind of board is talked to.

    ``outlets`` are the names of its relays, as printed on the board or in its manual. ``switch``
    makes the message for a relay and a state. ``taken`` tells that a board which answers commands
    has taken one; None for a board that says nothing. ``ask`` makes the question for the state and
    ``reading`` reads its answer; None for a board without read-back. ``wake`` is sent first, so that
    half a command of an earlier connection is done with; what it brings is dropped.
    """

    name: str
    outlets: tuple[str, ...]
    switch: Callable[[str, bool], bytes]
    taken: Answer | None = None
    ask: Callable[[str], bytes] | None = None
    reading: Reading | None = None
    wake: bytes = b""
    baud: int = 9600


def _numbers(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(first, last + 1))


def _lcus_switch(outlet: str, on: bool) -> bytes:
    head = bytes((0xA0, int(outlet), on))
    return head + bytes((sum(head) & 0xFF,))


def _lcus_reading(received: bytes, outlet: str) -> PowerAction | None:
    found = re.search(rb"CH%s: ?(ON|OFF)[ \t]*\r?\n" % outlet.encode(), received)
    return None if found is None else _state(found[1] == b"ON")


def _numato_taken(received: bytes, outlet: str) -> bool:
    # The board echoes the command, and then writes its prompt on a line of its own.
    return re.search(rb"relay (on|off) %s\s*[\r\n]+>" % outlet.encode(), received) is not None


def _numato_reading(received: bytes, outlet: str) -> PowerAction | None:
    found = re.search(rb"relay read %s\s+(on|off)\s*[\r\n]+>" % outlet.encode(), received)
    return None if found is None else _state(found[1] == b"on")


def _kmtronic_switch(outlet: str, on: bool) -> bytes:
    return bytes((0xFF, int(outlet), on))


def _kmtronic_reading(received: bytes, outlet: str) -> PowerAction | None:
    answers = {bytes((0xFF, int(outlet), on)): _state(bool(on)) for on in (0, 1)}
    return answers.get(received)


def _kmtronic_all(relays: int) -> Reading:
    def reading(received: bytes, outlet: str) -> PowerAction | None:
        if len(received) != relays or not set(received) <= {0, 1}:
            return None
        return _state(received[int(outlet) - 1] == 1)

    return reading


def _state(on: bool) -> PowerAction:
    return PowerAction.ON if on else PowerAction.OFF


LCUS = RelayDialect(name="lcus", outlets=_numbers(1, 8), switch=_lcus_switch)
"""LCUS-1 and its like (LC Technology, CH340): A0, channel, state, and the sum of the three. No
answer, no read-back."""

LCUS_STATUS = RelayDialect(
    name="lcus-status",
    outlets=_numbers(1, 8),
    switch=_lcus_switch,
    ask=lambda _outlet: b"\xff",
    reading=_lcus_reading,
)
"""The LCUS boards that answer the query FF with a line a channel, ``CH1: ON``; many do not."""

NUMATO = RelayDialect(
    name="numato",
    # Beyond the tenth relay the vendor's numbers go on with letters.
    outlets=tuple("0123456789ABCDEFGHIJKLMNOPQRSTUV"),
    switch=lambda outlet, on: f"relay {'on' if on else 'off'} {outlet}\r".encode("ascii"),
    taken=_numato_taken,
    ask=lambda outlet: f"relay read {outlet}\r".encode("ascii"),
    reading=_numato_reading,
    wake=b"\r",
    baud=19200,
)
"""Numato Lab's USB relay modules: ``relay on 2``, ``relay read 2``; echo, and the prompt ``>``."""

KMTRONIC_2 = RelayDialect(
    name="kmtronic-2",
    outlets=_numbers(1, 2),
    switch=_kmtronic_switch,
    ask=lambda outlet: bytes((0xFF, int(outlet), 3)),
    reading=_kmtronic_reading,
)
"""KMTronic's boards with one and two relays: FF, relay, state; the question FF, relay, 03 is answered
in the same form."""

KMTRONIC_4 = RelayDialect(
    name="kmtronic-4",
    outlets=_numbers(1, 4),
    switch=_kmtronic_switch,
    ask=lambda _outlet: b"\xff\x09\x00",
    reading=_kmtronic_all(4),
)
"""KMTronic's boards with four relays: the question FF 09 00 is answered with one octet a relay."""

KMTRONIC_8 = RelayDialect(
    name="kmtronic-8",
    outlets=_numbers(1, 8),
    switch=_kmtronic_switch,
    ask=lambda _outlet: b"\xff\x09\x00",
    reading=_kmtronic_all(8),
)
"""KMTronic's boards with eight relays, which answer like those with four."""

DIALECTS = (LCUS, LCUS_STATUS, NUMATO, KMTRONIC_2, KMTRONIC_4, KMTRONIC_8)
