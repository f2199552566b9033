"""Is the console the handset's own? A phone that boots says there who it is.

Two console lines that are swapped show by nothing else: each speaks, and each of a phone that works. So
the lines since each power-on are searched for the MAC addresses and the serials of the inventory. A
phone may print a neighbour's as well (a conflict of addresses, LLDP), so a line accuses only if it
introduces somebody: what is printed follows a word such as MAC or serial, and the line has no word of
others. And it must be one and the same other handset that is introduced in that boot, and the own one
not named at all. Of a boot of which lines were lost nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hil.errors import LabError
from hil.history import History
from hil.history import events as ev

SHORTEST_SERIAL = 6
"""Characters of a serial, at least, to be looked for: a shorter one is in too many lines."""

_LABEL = (
    r"\b(?:mac|hw ?addr|hardware addr|ether(?:net)?|eth ?addr|serial|s/n|sn)"
    r"(?:[ ._-]?(?:addr(?:ess)?|number|num|no|id))?[\s:=#.\"'\[(]{1,8}"
)
_OF_OTHERS = re.compile(
    r"neighbou?r|\b(?:arp|lldp|cdp|peer|from|conflicts?|duplicate|remote|server|gateway|router|learn\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Known:
    """A handset of the inventory, and what its console would name: its MAC address, its serial."""

    name: str
    mac: str
    serial: str = ""
    _named: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _introduced: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        octets = re.split("[:.-]", self.mac)
        kinds = [r"[:.-]?".join(re.escape(octet) for octet in octets)]
        if len(self.serial) >= SHORTEST_SERIAL:
            kinds.append(re.escape(self.serial))
        itself = rf"(?<![0-9A-Za-z])(?:{'|'.join(kinds)})(?![0-9A-Za-z])"
        object.__setattr__(self, "_named", re.compile(itself, re.IGNORECASE))
        object.__setattr__(self, "_introduced", re.compile(_LABEL + itself, re.IGNORECASE))

    def named_in(self, line: str) -> bool:
        """Whether the line has its MAC address, in whichever notation, or its serial."""
        return self._named.search(line) is not None

    def introduced_by(self, line: str) -> bool:
        """Whether the line says that it is this one who speaks."""
        return self._introduced.search(line) is not None and _OF_OTHERS.search(line) is None


class WhoseConsole:
    """A witness of the console of ``own``; ``others`` are the inventory's other handsets."""

    def __init__(self, history: History, own: Known, others: Iterable[Known]) -> None:
        self._history = history
        self._own = own
        self._others = tuple(others)
        self._mark = history.mark()

    def begin(self) -> None:
        """Look afresh."""
        self._mark = self._history.mark()

    def trouble(self) -> Sequence[LabError]:
        """Whether another handset spoke there, in any boot of the test."""
        for boot in _boots(self._history.since(self._mark)):
            if (accused := self._accused(boot)) is not None:
                return [accused]
        return []

    def close(self) -> None:
        """There is nothing to let go of."""

    def _accused(self, lines: Sequence[ev.ConsoleLine]) -> LabError | None:
        if any(self._own.named_in(line.text) for line in lines):
            return None
        spoke = [
            (other, line)
            for line in lines
            for other in self._others
            if other.introduced_by(line.text)
        ]
        if len({other.name for other, _ in spoke}) != 1:
            return None
        (other, line), own = spoke[0], self._own
        return LabError(
            f"the console of {own.name} is that of {other.name}",
            evidence=(
                f"after power-on it printed {line.text!r}, and nothing of {own.mac}"
                f"{f' or {own.serial}' if own.serial else ''}"
            ),
            next_step=f"exchange the consoles of {own.name} and {other.name}, or see where the "
            "lines end: hil doctor --walk",
            concerns=own.name,
        )


def _boots(events: Iterable[ev.Event]) -> Iterator[list[ev.ConsoleLine]]:
    """The console's lines from each power-on to the next, of those boots that were read in full."""
    lines: list[ev.ConsoleLine] | None = None
    for event in events:
        match event:
            case ev.PowerRequested(action=ev.PowerAction.ON):
                if lines is not None:
                    yield lines
                lines = []
            case ev.ConsoleLost() | ev.ConsoleFound() | ev.ConsoleSkipped():
                lines = None
            case ev.ConsoleLine() if lines is not None:
                lines.append(event)
            case _:
                continue
    if lines is not None:
        yield lines
