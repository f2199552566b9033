"""The virtual handset: a phone with a power cord, memories, a link, and a screen.

What it does between two boots is a `hil.virtual.life.Life`. A power cut is what it is on a real
phone: the link drops first, then everything that ran is gone between two bytes, without FIN or
RELEASE; what the flash held stays. Where the phone restarts by itself, the link stays up.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime

from hil.clock import Clock
from hil.net.interface import Interface
from hil.reference.parameters import Parameters
from hil.reference.phone import BootCause, Phase, Phone
from hil.virtual.firmware import Firmware
from hil.virtual.flash import Flash, MemoryMedium
from hil.virtual.inside import enter
from hil.virtual.life import Body, Hardware, Life
from hil.virtual.logbook import Logbook
from hil.virtual.partitions import Partitions
from hil.virtual.screen import Screen
from hil.virtual.services import screen
from hil.virtual.told import Told

__all__ = ["Handset", "Hardware"]

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_UNPLUGGED_S = 2.0


class Handset:
    """A phone on ``interface``. Its methods belong to the loop's thread.

    ``crashed`` is told of anything that a phone could not do to itself: a fault of the simulation.
    ``tell`` is told of all that the phone does. ``epoch`` is the date at lab time 0. ``partitions``
    has the loads; without it there are new ones, with the load of the hardware's identity.
    """

    def __init__(
        self,
        hardware: Hardware,
        interface: Interface,
        clock: Clock,
        flash: Flash,
        crashed: Callable[[str], None],
        tell: Callable[[Told], None] = lambda told: None,
        epoch: datetime = _EPOCH,
        partitions: Partitions | None = None,
    ) -> None:
        self.firmware = Firmware()
        self.partitions = partitions or Partitions(MemoryMedium(), clock, hardware.identity.swver)
        self.logbook = Logbook()
        chance = random.Random(hardware.seed)  # noqa: S311
        self._body = Body(
            hardware=hardware,
            interface=interface,
            clock=clock,
            flash=flash,
            partitions=self.partitions,
            chance=chance,
            logbook=self.logbook,
            crashed=crashed,
            tell=tell,
            epoch=epoch,
        )
        self._life: Life | None = None

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._life is not None

    @property
    def flash(self) -> Flash:
        """What survives power cuts."""
        return self._body.flash

    @property
    def screen(self) -> Screen:
        """Its screen and keys, with the firmware that it runs now."""
        return screen(
            lambda: (
                self._phone is not None
                and self._phone.phase not in (Phase.OFF, Phase.BOOTING, Phase.REBOOTING)
            ),
            lambda: self._phone.parameters if self._phone is not None else Parameters(),
            lambda: self._life.services.keys() if self._life is not None else None,
            self.firmware,
        )

    def reseed(self, seed: str) -> None:
        """Draw its random numbers from ``seed`` on: the same seed, the same behaviour."""
        self._body.chance.seed(seed)

    def power_on(self) -> None:
        """Plug it in; no effect if it has power already."""
        if self._life is None:
            self._body.interface.up()
            self._life = enter(Life, self._body, self.firmware, self._restart)

    def power_off(self) -> None:
        """Pull the plug, at whatever instant this is."""
        self._cut()

    async def unplugged(self) -> None:
        """Power off and wait until everything that ran is gone."""
        ending = self._cut()
        if ending:
            await asyncio.wait(ending, timeout=_UNPLUGGED_S)

    def release_lease(self) -> None:
        """Give the address back, which no phone does that loses its power; it gets no other."""
        if self._life is not None:
            enter(self._life.release_lease)

    # -- inside ------------------------------------------------------------------------------------

    @property
    def _phone(self) -> Phone | None:
        return self._life.phone if self._life is not None else None

    def _cut(self) -> tuple[asyncio.Task[None], ...]:
        if self._life is None:
            return ()
        self._body.interface.down()
        ending = enter(self._life.cut)
        self._life = None
        self._body.interface.unconfigure()
        return ending

    def _restart(self, cause: BootCause) -> None:
        if self._life is None:
            return
        phone = self._life.phone
        self._life.cut()
        self._body.interface.unconfigure()
        self._life = Life(self._body, self.firmware, self._restart, cause, phone)
