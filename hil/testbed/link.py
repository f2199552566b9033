"""The second witness of a handset's power: its network link.

What switches power is one witness of it, by what it reads back about itself. A phone that has power has
a link within moments, and one that lost its power loses it, so the link is another, whoever sees it:
the virtual port's own carrier (`PortLink`), somebody who has to be asked again and again, such as a
switch by SNMP (`WatchedLink`), or, where nobody sees the port, what the phone itself lets be heard
(`HeardLink`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Protocol

from hil.clock import Clock
from hil.errors import LabError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Interface, Place
from hil.net.ping import ping

_SOURCE = "link"
_AT_ONCE_S = 5.0
_MOST_LOOKS = 8


class LinkWitness(Protocol):
    """Whoever can be asked whether a link is up; each call raises `LabError` and nothing else."""

    @property
    def name(self) -> str:
        """What it is and where."""

    async def up(self) -> bool:
        """Whether the link is up."""

    async def changes(self) -> int | None:
        """A number that is another one after the link went up or down; None if there is none."""

    async def powered(self) -> bool | None:
        """Whether the port gives power; None where it is none that does, or does not say so."""


class Link(Protocol):
    """Who sees the link of one handset's port, as a handset's control uses it."""

    @property
    def name(self) -> str:
        """What it is and where, for a person who goes and looks."""

    def patience_s(self, *, up: bool) -> float:
        """Seconds from a power command until the link has come ``up`` or gone, at the most."""

    @property
    def up(self) -> bool | None:
        """Whether the link is up, when it was last looked at; None where nobody can tell."""

    @property
    def changes(self) -> int | None:
        """How often it came or went so far, whoever was the cause; None where nobody counts."""

    async def look(self) -> None:
        """Look now; in the loop. `LabError` where the witness cannot be asked."""


class PortLink:
    """The carrier of an interface of ours at the other end of a virtual handset's cable."""

    def __init__(self, near: Interface) -> None:
        self._near = near

    def patience_s(self, *, up: bool) -> float:
        """It follows the power at once; the rest is for a busy machine."""
        del up
        return _AT_ONCE_S

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"the carrier of {self._near.name}"

    @property
    def up(self) -> bool:
        """Whether the link is up, as of now."""
        return self._near.running

    @property
    def changes(self) -> int:
        """How often its carrier came or went so far."""
        return self._near.carrier_changes()

    async def look(self) -> None:
        """Nothing to do: the kernel is asked each time."""


class CarrierWitness:
    """The carrier of an interface that the handset itself hangs on, as a `LinkWitness`."""

    def __init__(self, interface: Interface) -> None:
        self._interface = interface

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"the carrier of {self._interface.name}"

    async def up(self) -> bool:
        """Whether it has a carrier."""
        return self._interface.running

    async def changes(self) -> int | None:
        """How often it came or went."""
        return self._interface.carrier_changes()

    async def powered(self) -> None:
        """An interface gives nobody power."""


class WatchedLink:
    """A link that is looked at every ``every_s`` seconds, each change an event of the history.

    A link that went and came back between two looks is told as both, since the witness has another
    number then. How often it changed is counted by nobody: a phone's own link comes and goes while it
    starts its loads, which no power command explains. A phone may take ``rises_s`` from its power to
    its link; without power no link lasts longer than ``falls_s``. ``trouble`` is told what the witness
    says when it could not be asked ``misses`` times in a row, once until it can: a datagram that got
    lost hides nothing, since the next look tells what has changed.

    A switch has a bench for each of its ports that looks at it, so as long as the number is the same
    nothing else is asked; unless the link was once seen to change and the number did not.
    """

    def __init__(
        self,
        witness: LinkWitness,
        history: History,
        trouble: Callable[[LabError], None],
        *,
        every_s: float = 1.0,
        rises_s: float = 30.0,
        falls_s: float = 5.0,
        misses: int = 3,
    ) -> None:
        self._witness = witness
        self._history = history
        self._trouble = trouble
        self._every_s = every_s
        self._rises_s = rises_s
        self._falls_s = falls_s
        self.up: bool | None = None
        self.changes = None
        self._number: int | None = None
        self._counts = True
        self._misses = misses
        self._missed = 0
        self._watching: asyncio.Task[None] | None = None
        self._one = asyncio.Lock()

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"the link at {self._witness.name}"

    def patience_s(self, *, up: bool) -> float:
        """A phone's link may come late; without power it goes at once."""
        return self._rises_s if up else self._falls_s

    async def start(self) -> None:
        """Look, and go on looking; `LabError` where the witness cannot be asked."""
        await self.look()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Look no more."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def look(self) -> None:
        """Look now, and tell what has changed."""
        async with self._one:
            asked_at = self._history.now()
            number, up = await self._seen()
            powered = None if up or self.up is None else await self._witness.powered()
        moved = number not in (None, self._number)
        if self.up is up and moved:
            self._tell(not up, asked_at)
        elif self.up not in (None, up) and not moved:
            self._counts = False
        if self.up is not up or moved:
            self._tell(up, asked_at, powered)
        self._number = number

    async def _glance(self) -> None:
        """The same, where the number alone may tell that nothing has changed."""
        if self._counts and self._number is not None:
            async with self._one:
                if await self._witness.changes() == self._number:
                    return
        await self.look()

    async def _seen(self) -> tuple[int | None, bool]:
        """Both of one moment: a link that changes in between would be told twice."""
        before = await self._witness.changes()
        for _ in range(_MOST_LOOKS):
            up = await self._witness.up()
            number = await self._witness.changes()
            if number == before:
                return number, up
            before = number
        raise LabError(
            "the link does not come to rest",
            evidence=f"it changed during {_MOST_LOOKS} looks in a row",
            next_step="look at the cable and the port",
            concerns=self._witness.name,
        )

    def _tell(self, up: bool, asked_at: int, powered: bool | None = None) -> None:
        self.up = up
        self._history.append(
            ev.LinkChanged(source=_SOURCE, up=up, powered=powered, asked_at=asked_at)
        )

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self._glance()
            except LabError as error:
                self._missed += 1
                if self._missed == self._misses:
                    self._trouble(error)
            else:
                self._missed = 0


class HeardLink:
    """What can be known of a link that nobody sees: a phone that is heard has one.

    A DHCPDISCOVER after power-on says that the power came; that nothing answers after power-off says
    that it went. Until ``boot_s`` after power-on nobody can tell.
    """

    changes = None
    name = "what is heard of the phone (DHCPDISCOVER after power-on, no answer after power-off)"

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        address: Callable[[], IPv4Address | None],
        boot_s: float,
    ) -> None:
        self._place = place
        self._clock = clock
        self._history = history
        self._address = address
        self._boot_ns = round(boot_s * 1e9)
        self._heard = False
        self._off_at: int | None = None
        self._on_at: int | None = None
        history.follow(self._follow)

    @property
    def up(self) -> bool | None:
        """True from the phone's first DHCP message on, False once it is silent, else None."""
        if self._heard:
            return True
        if self._on_at is not None:
            return None if self._clock.now() < self._on_at + self._boot_ns else False
        return None if self._off_at is None else False

    def patience_s(self, *, up: bool) -> float:
        """Nothing to wait for: of a phone that has power again nobody knows before it is heard."""
        del up
        return _AT_ONCE_S

    async def look(self) -> None:
        """Where the power was cut, see whether the phone answers all the same."""
        address = self._address()
        if self._off_at is None or self._on_at is not None or address is None:
            return
        self._heard = not await ping(self._place, self._clock, address)

    def _follow(self, event: ev.Event) -> None:
        match event:
            case ev.PowerSwitched(action=ev.PowerAction.OFF):
                self._heard, self._off_at, self._on_at = False, event.at, None
                self._history.append(ev.LinkChanged(source=_SOURCE, up=False))
            case ev.PowerSwitched(action=ev.PowerAction.ON):
                self._on_at = event.at
            case ev.DhcpMessage(direction=ev.Direction.RECEIVED) if not self._heard:
                self._heard = True
                self._history.append(ev.LinkChanged(source=_SOURCE, up=True))
