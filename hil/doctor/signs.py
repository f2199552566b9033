"""What shows that a phone has power, for whoever drops its outlet.

Two kinds. A `Link` is up or down at any moment. A `Voice` is silent while the phone is dark and speaks
when it boots: its console, and its first DHCP message. Only frames have the phone's own MAC address in
them and so prove which phone it is; a port and a console line are what the inventory says they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from hil.console import Console
from hil.errors import LabError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Interface
from hil.net.packet_filter import introductions
from hil.net.tap import Tap
from hil.power.outlet import Outlet
from hil.wire import dhcp_options as opt
from hil.witness.arrivals import introduction

_SOURCE = slice(6, 12)


class Link(Protocol):
    """The link of one handset's port."""

    @property
    def name(self) -> str:
        """What it is and where."""

    async def up(self) -> bool:
        """Whether it is up; `LabError` where nobody can tell."""


class Voice(Protocol):
    """Something that a phone says."""

    @property
    def name(self) -> str:
        """What it is and where."""

    def said(self) -> int:
        """How much it said so far; only whether it grows counts."""


class Wire(Voice, Protocol):
    """What a phone says when it wants a lease, and that it says anything."""

    def frames(self) -> int:
        """How many frames of its own were heard so far, those for a lease among them."""

    def unanswered(self) -> float | None:
        """When it last asked for one, by the loop's time, as long as nobody was seen to answer."""


@dataclass(frozen=True)
class Subject:
    """A handset of the walk: its outlet, and what shows its power; None where nothing does.

    ``boot_s`` is the longest from power-on to its first DHCP message.
    """

    name: str
    outlet: Outlet
    boot_s: float
    link: Link | None = None
    wire: Wire | None = None
    console: Voice | None = None

    @property
    def shows(self) -> bool:
        """Whether anything shows its power."""
        return any((self.link, self.wire, self.console))


class Consoles:
    """Counts what the consoles of a history say."""

    def __init__(self, history: History) -> None:
        self.lines: dict[str, int] = {}
        history.follow(self._follow)

    def of(self, console: Console, handset: str) -> Voice:
        """What the console of one handset says."""
        self.lines.setdefault(handset, 0)
        return _Lines(self, handset, f"console {console.config.url}")

    def _follow(self, event: ev.Event) -> None:
        if isinstance(event, ev.ConsoleLine | ev.ConsoleSkipped):
            self.lines[event.handset] = self.lines.get(event.handset, 0) + 1


class _Lines:
    def __init__(self, consoles: Consoles, handset: str, name: str) -> None:
        self._consoles = consoles
        self._handset = handset
        self.name = name

    def said(self) -> int:
        return self._consoles.lines[self._handset]


class InterfaceLink:
    """The carrier of an interface of this machine that a handset hangs on without a switch."""

    def __init__(self, interface: Interface) -> None:
        self._interface = interface

    @property
    def name(self) -> str:
        """The interface's name."""
        return f"carrier of {self._interface.name}"

    async def up(self) -> bool:
        """Whether there is a carrier."""
        return self._interface.running


class Ear:
    """Hears on ``interface`` which phones boot, by the DHCP messages that begin a lease.

    It counts all else by which they introduce themselves, too: whoever sends LLDP, CDP or any DHCP
    message has power.

    A client that has lost its memory asks for any address (DHCPDISCOVER) or for the one it had
    (DHCPREQUEST without ciaddr, RFC 2131 section 4.3.2); one that renews a lease has its address.
    So does one that goes on asking since nobody answers; it is answered once it takes an offer, which
    it does by the server's identifier. To be made, asked and closed in the loop.
    """

    def __init__(self, interface: Interface, macs: Iterable[str]) -> None:
        self.boots = dict.fromkeys(macs, 0)
        self.frames = dict.fromkeys(self.boots, 0)
        self.unanswered: dict[str, float | None] = dict.fromkeys(self.boots)
        self._tap = Tap(interface, slots=512, program=introductions())
        self._name = interface.name
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._tap, self._drain)

    def of(self, mac: str) -> Wire:
        """What one phone says."""
        return _Boots(self, mac, self._name)

    def close(self) -> None:
        """Hear no more."""
        self._loop.remove_reader(self._tap)
        self._tap.close()

    def _drain(self) -> None:
        for frame in self._tap.frames():
            sender = frame.data[_SOURCE].hex(":")
            if sender in self.frames:
                self.frames[sender] += 1
            message = introduction(frame.data)
            if message is not None and message.mac in self.boots:
                self.boots[message.mac] += 1
                taken = message.option(opt.SERVER_ID.code) is not None
                self.unanswered[message.mac] = None if taken else self._loop.time()


class _Boots:
    def __init__(self, ear: Ear, mac: str, interface: str) -> None:
        self._ear = ear
        self._mac = mac
        self.name = f"DHCP of {mac} on {interface}"

    def said(self) -> int:
        return self._ear.boots[self._mac]

    def frames(self) -> int:
        # A relay may have sent the message that begins the lease.
        return max(self._ear.frames[self._mac], self._ear.boots[self._mac])

    def unanswered(self) -> float | None:
        return self._ear.unanswered[self._mac]


async def link_is_up(subject: Subject) -> bool | None:
    """Whether a subject's link is up; None where it has none or it cannot be asked just now."""
    if subject.link is None:
        return None
    try:
        return await subject.link.up()
    except LabError:
        return None
