"""What a bench stands on: the wire to one handset, its power, and how it is watched.

There are two kinds of site. On the virtual one the handset is a program, and the wire, the PDU and
time itself are ours; on a rack all of them are there without us. A `hil.testbed.bench.Bench` is the
same on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hil.clients.screen import Operator
from hil.clients.web import PhoneWeb
from hil.clock import Clock
from hil.endpoints.admission import Admission
from hil.endpoints.certificates import Authority
from hil.history import History
from hil.history.events import Event
from hil.judge.timing import Timing
from hil.net.interface import Interface, Place
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl
from hil.testbed.health import Trouble
from hil.testbed.models import HandsetEntry, Testbed

if TYPE_CHECKING:
    from hil.testbed.servers import Servers


@dataclass(frozen=True)
class Wire:
    """Where the endpoints of one handset stand.

    ``handset_address`` is what it is leased. ``port`` is the interface at the handset's port, where
    frames are heard that end at the first bridge; where it is None that is the place's own.
    """

    place: Place
    handset_address: IPv4Address
    port: Interface | None = None


@dataclass(frozen=True)
class Surroundings:
    """What is there before the handset: a site builds its power and its witnesses with these.

    ``phone`` is the handset as the reference knows it at the beginning of a test. ``directory`` is
    where evidence goes, if it goes anywhere. ``lab_fault`` puts what broke, and the evidence for it,
    into the history.
    """

    entry: HandsetEntry
    timing: Timing
    history: History
    admission: Admission
    authority: Authority
    servers: Servers
    web: PhoneWeb
    phone: Phone
    directory: Path | None
    lab_fault: Callable[[str, str], None]


class FarEnd(Protocol):
    """Whoever counts frames at the handset's end of the wire."""

    async def doubts(self) -> Sequence[Event]:
        """What both ends counted differently since the test began, if anything: events to be kept."""


class Watch(Protocol):
    """What watches the laboratory around the handset."""

    def begin(self) -> None:
        """A test begins."""

    def end(self) -> None:
        """A test ends: put what was wrong with the laboratory into its part of the history."""

    def survey(self) -> None:
        """Search the wire for foreign DHCP servers; LabError if there is one."""

    async def close(self) -> None:
        """Watch no more."""


@dataclass(frozen=True)
class Offer:
    """What a handset has by its place: what that ``provides``, as `Site` does.

    ``useless`` is what the place has no use for, whatever the handset has, and why.
    """

    provides: frozenset[str]
    useless: Mapping[str, str] = field(default_factory=dict)

    def lacks(self, testbed: Testbed, entry: HandsetEntry, capability: str) -> str:
        """Why a test that needs this capability does not apply to a handset; empty if it does."""
        if capability in self.provides:
            return ""
        if not getattr(entry.capabilities, capability):
            return f"{capability}: {entry.name} of {testbed.name} is not declared to have it"
        return f"{capability}: {self.useless[capability]}" if capability in self.useless else ""


class Site(Protocol):
    """One handset's place in a laboratory. Whoever makes a bench of it gives it away."""

    @property
    def clock(self) -> Clock:
        """The time that passes here."""

    @property
    def wire(self) -> Wire:
        """Where the endpoints stand."""

    @property
    def provides(self) -> frozenset[str]:
        """The capabilities that every handset has here, whatever its entry declares."""

    def lacks(self, capability: str, *, stated: bool) -> str:
        """Why the place of a handset that has a capability does not let it be used; empty if it does.

        ``stated`` tells that the entry itself says so. What the place cannot know is found out, once;
        `Unmet` where that is not what the entry states.
        """

    @property
    def screen(self) -> Operator | None:
        """Who presses the handset's keys, if anybody does."""

    @property
    def far_end(self) -> FarEnd | None:
        """Who is asked where a phone would be blamed; None where nobody counts there."""

    def furnish(self, surroundings: Surroundings) -> HandsetControl:
        """Connect the handset: its power, and how it is brought into a known state."""

    def watch(self, surroundings: Surroundings) -> Watch:
        """Begin to watch the laboratory around the handset; everything runs by now."""

    async def start(self) -> None:
        """Start what the handset's power needs; after the endpoints."""

    async def stop(self) -> None:
        """Leave the handset as it is to be found; before the endpoints close."""

    def begin(self, test: str) -> None:
        """A test begins; the handset is off."""

    def trouble(self) -> Iterable[Trouble]:
        """What was wrong with the site itself since the last call, as (what, evidence)."""

    def close(self) -> None:
        """Let go of everything, the clock included."""
