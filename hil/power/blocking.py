"""Libraries that block, kept out of the loop: one thread a call, and a deadline that holds.

paramiko, pyserial and the wait for a process know no asyncio. Each call gets a daemon thread of its
own, so that one that hangs takes no place from another. The work in it asks its `Errand` how long it
may still wait, and says how it can be interrupted; the loop interrupts it when it is cancelled, and
comes back in any case, even from a library that does not. Its deadlines are of the wall clock, as
those of the devices are.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_S = 0.5
"""How long the loop waits for a thread beyond its deadline, or after it was interrupted."""


class Errand:
    """One piece of blocking work: how long it may still take, and how it is ended early."""

    def __init__(self, within: float) -> None:
        self._until = time.monotonic() + within
        self._lock = threading.Lock()
        self._given_up = False
        self._interrupts: list[Callable[[], object]] = []

    def left(self) -> float:
        """Seconds until the deadline, more than 0; TimeoutError once it has passed."""
        left = self._until - time.monotonic()
        if left <= 0 or self._given_up:
            raise TimeoutError
        return left

    @contextlib.contextmanager
    def interrupted_by(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """Within the block, have ``interrupt`` called from the loop when nobody waits any more.

        It must not block, and makes the work's blocking call end with an error or an empty result.
        """
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            # Also checks that it has not been given up before the loop knew of the interrupt.
            self.left()
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)

    def give_up(self) -> None:
        """Interrupt whatever the work is doing; each library complains of that in its own way."""
        with self._lock:
            self._given_up = True
            for interrupt in self._interrupts:
                with contextlib.suppress(Exception):
                    interrupt()


async def in_thread(work: Callable[[Errand], T], *, within: float) -> T:
    """What ``work`` returns or raises; TimeoutError when it takes longer than ``within`` seconds."""
    errand = Errand(within)
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def tell(setter: Callable[[Any], None], value: object) -> None:
        if not outcome.done():
            setter(value)

    def main() -> None:
        told: tuple[Callable[[Any], None], object]
        try:
            told = outcome.set_result, work(errand)
        except BaseException as error:  # noqa: BLE001 - it is raised in the loop
            told = outcome.set_exception, error
        # The loop may have been closed meanwhile; then nobody is there to be told.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, *told)

    threading.Thread(target=main, name="power", daemon=True).start()
    try:
        async with asyncio.timeout(within + GRACE_S):
            return await asyncio.shield(outcome)
    finally:
        if not outcome.done():
            errand.give_up()
            await asyncio.wait([outcome], timeout=GRACE_S)
        if outcome.done() and not outcome.cancelled():
            outcome.exception()
        else:
            outcome.cancel()
