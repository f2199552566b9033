"""A power driver in the hands of one run among several on the same rack.

Two things are added to a driver, and nothing of what it does is changed. Its queue is held by one
process at a time on the whole machine: a cheap PDU cannot serve two managers at once, and a rack is
worked on by one process a handset. And before power is switched off the lease says so, on disk, so that
whoever finds the lease of a dead run knows what it owes the handset. The note goes when the outlet
reads back as on again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType

from hil.errors import LeaseError, PowerDeviceError, PowerError
from hil.history.events import PowerAction
from hil.leases import files
from hil.power.blocking import Errand, in_thread
from hil.power.driver import PowerDriver

QUEUE_S = 120.0
"""How long a command waits for its turn, in seconds: 48 handsets on a PDU that takes 2 s for each."""
_NOTE_S = 15.0


class DeviceQueue:
    """The queue of a device: ``inner`` within this process, the lock of a file among all."""

    def __init__(self, inner: AbstractAsyncContextManager[None], lock: Path) -> None:
        self._inner = inner
        self._lock = lock
        self._held = -1

    async def __aenter__(self) -> None:
        await self._inner.__aenter__()
        try:
            self._held = await self._acquired()
        except BaseException:
            await self._inner.__aexit__(None, None, None)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        held, self._held = self._held, -1
        os.close(held)
        await self._inner.__aexit__(kind, error, traceback)

    async def _acquired(self) -> int:
        try:
            descriptor = files.opened_lock(self._lock)
        except LeaseError as error:
            raise PowerError(error.what, evidence=error.evidence) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await self._wait(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    async def _wait(self, descriptor: int) -> None:
        def work(_: Errand) -> None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)

        try:
            await in_thread(work, within=QUEUE_S)
        except BaseException as error:
            # A thread that is left waiting gets the lock of a file that nobody has open any more.
            os.close(descriptor)
            if isinstance(error, TimeoutError | OSError):
                raise PowerDeviceError(
                    f"another process has kept the device busy for {QUEUE_S:g} s",
                    evidence=str(self._lock),
                    next_step=f"find it with `fuser {self._lock}`",
                ) from error
            raise


class LeasedDriver:
    """A driver with a queue for the whole machine, that tells ``note`` what it does to the power.

    ``note(off)`` is called in a thread, before power-off with True and after power-on was read back
    with False; where it raises `LeaseError` before a power-off, nothing is switched.
    """

    def __init__(self, driver: PowerDriver, devices: Path, note: Callable[[bool], object]) -> None:
        self._driver = driver
        self._note = note
        self._noted = False
        self._wanted_on = False
        self._queue = DeviceQueue(driver.queue, devices / f"{_file_name(driver.name)}.lock")

    @property
    def name(self) -> str:
        """The device as a person would look for it: model and address."""
        return self._driver.name

    @property
    def queue(self) -> AbstractAsyncContextManager[None]:
        """Held during each call, by one process of this machine at a time."""
        return self._queue

    async def on(self, outlet: str) -> None:
        """Tell the device to switch an outlet on."""
        self._wanted_on = True
        await self._driver.on(outlet)

    async def off(self, outlet: str) -> None:
        """Tell the device to switch an outlet off, once the lease says so."""
        self._wanted_on = False
        if not self._noted:
            await self._tell(off=True)
        await self._driver.off(outlet)

    async def state(self, outlet: str) -> PowerAction:
        """What the device says the outlet is now."""
        state = await self._driver.state(outlet)
        # A relay that is about to open still reads back as on.
        if state is PowerAction.ON and self._wanted_on and self._noted:
            await self._tell(off=False)
        return state

    async def _tell(self, *, off: bool) -> None:
        try:
            await in_thread(lambda _: self._note(off), within=_NOTE_S)
        except (LeaseError, TimeoutError) as error:
            raise PowerError(
                "the handset's lease cannot take note of its power",
                evidence=str(error) or f"not within {_NOTE_S:g} s",
                next_step="nothing was switched" if off else "see `hil leases list`",
            ) from error
        self._noted = off


def _file_name(device: str) -> str:
    """A name for the lock of a device: readable, and another one for each device."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", device)[:40]
    return f"{readable}-{hashlib.sha256(device.encode()).hexdigest()[:8]}"
