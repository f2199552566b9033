"""What a power driver is: on, off and the state of the outlets of one device.

A driver speaks one protocol to one device and knows nothing of retries, read-back or histories;
that is `hil.power.outlet`'s part and the same for all of them.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from hil.history.events import PowerAction


class PowerDriver(Protocol):
    """One device that switches power: a PDU, a PoE switch, a relay board.

    Every call has a deadline of its own and raises `hil.errors.PowerError`, and nothing else, for
    whatever the device or the way to it does. An ``outlet`` is named as the device names it.
    """

    @property
    def name(self) -> str:
        """The device as a person would look for it: model and address."""

    @property
    def queue(self) -> AbstractAsyncContextManager[None]:
        """Held during each call: such devices cannot serve two commands at once."""

    async def on(self, outlet: str) -> None:
        """Tell the device to switch an outlet on; returns when the device accepted it."""

    async def off(self, outlet: str) -> None:
        """Tell the device to switch an outlet off; returns when the device accepted it."""

    async def state(self, outlet: str) -> PowerAction:
        """What the device says the outlet is now; `StateUnknown` if it has no read-back.

        A state between on and off is a `PowerError` that names it: `hil.power.outlet.Outlet` asks
        again until it is over or has lasted too long.
        """
