"""The handset's two firmware partitions: one runs, the other one takes the next load.

"If the load already is in the inactive partition it is activated without download" (Administration
Guide 11.3, Provisioning): so a phone has two, and writes an upgrade to the one that it does not run
from. Nothing that can happen to a write touches the active one.

The table that says what each partition holds is a small flash of its own (`hil.virtual.flash`), whose
commits are whole or did not happen. An upgrade is three of them: the inactive partition is declared
void before the first octet of an image goes there, it is named when the last one is written, and
`activate` exchanges the two. The images themselves are nobody's need, so only their names are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from hil.clock import Clock
from hil.errors import LoadError, LoadErrorKind
from hil.reference.loads import Load
from hil.virtual.flash import Flash, Medium

BYTES_PER_SECOND = 4 << 20
"""How fast an image is programmed; the octets of a release take some seconds."""
_SLOT = 4096
_ACTIVE = "active"
_INACTIVE = "inactive"
_NONE = ""


class Partitions:
    """Which load runs and which one could, on a medium of their own.

    ``factory`` is the name of the load that a phone has which was never upgraded. An image takes lab
    time, ``bytes_per_second`` of it a second.
    """

    def __init__(
        self,
        medium: Medium,
        clock: Clock,
        factory: str,
        *,
        bytes_per_second: int = BYTES_PER_SECOND,
    ) -> None:
        self._table = Flash(medium, clock, slot_size=_SLOT)
        self._factory = factory
        self._bytes_per_second = bytes_per_second
        self._writing = asyncio.Lock()

    @property
    def active(self) -> str:
        """The name of the load that the phone boots, such as ``sip7832.11-3-2MPP0001-609``."""
        return self._table.load().get(_ACTIVE) or self._factory

    @property
    def bootable(self) -> bool:
        """Whether the phone finds a whole load to boot."""
        return self._table.load().get(_ACTIVE) != _NONE

    @property
    def inactive(self) -> str | None:
        """The name of the load in the other partition; None where that holds no whole one."""
        return self._table.load().get(_INACTIVE) or None

    async def install(self, load: Load) -> None:
        """Write a load to the inactive partition, in the lab time that its image takes.

        Cancelled at any instant, the active partition is as it was, and the inactive one has what it
        had, nothing, or the whole load.
        """
        async with self._writing:
            active = self.active
            await self._table.commit(_row(active, None))
            await asyncio.sleep(load.size / self._bytes_per_second)
            await self._table.commit(_row(active, load.name))

    async def overwrite(self, load: Load, seconds: float) -> None:
        """Write a load over the one that runs, as no phone should, in so much lab time.

        Cancelled before the last octet, there is none that it could boot.
        """
        async with self._writing:
            other = self.inactive
            await self._table.commit(_row(_NONE, other))
            await asyncio.sleep(seconds)
            await self._table.commit(_row(load.name, other))

    async def activate(self) -> None:
        """Have the phone boot the inactive partition from now on, and keep the other one.

        Cancelled at any instant, it boots either the one or the other. Raises `LoadError`
        (not-installed) where the inactive partition holds no whole load.
        """
        async with self._writing:
            following = self.inactive
            if following is None:
                reason = "the inactive partition holds no whole load"
                raise LoadError(LoadErrorKind.NOT_INSTALLED, reason)
            await self._table.commit(_row(following, self.active))

    def preset(self, active: str | None = None, inactive: str | None = None) -> None:
        """Put loads there at once, as from the factory where none is named.

        For the bench, which prepares a handset that has no power.
        """
        self._table.preset(_row(active or self._factory, inactive))


def _row(active: str, inactive: str | None) -> Mapping[str, str]:
    return {_ACTIVE: active} if inactive is None else {_ACTIVE: active, _INACTIVE: inactive}
