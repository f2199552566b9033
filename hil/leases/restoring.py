"""Giving a handset its power back, whoever took it away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hil.clock import WallClock
from hil.errors import PowerError
from hil.history import History
from hil.power.driver import PowerDriver
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.outlets import handset_power

BUDGET_S = 180.0
"""The longest that it may take, in seconds, waiting for a busy PDU included."""


def restore_power(
    testbed: Testbed,
    entry: HandsetEntry,
    *,
    leased: Callable[[PowerDriver], PowerDriver] = lambda driver: driver,
    budget_s: float = BUDGET_S,
) -> None:
    """Switch a handset on and believe what is read back; `PowerError` if it stays dark.

    ``leased`` is what `hil.leases.device` makes of a driver. Not for the thread of a loop.
    """
    clock = WallClock()
    try:
        history = History(clock, handset=entry.name)
        outlet = handset_power(testbed, entry, history, leased=leased).outlet

        async def switch() -> None:
            try:
                async with asyncio.timeout(budget_s):
                    await outlet.on()
            except TimeoutError:
                raise PowerError(
                    f"the handset has not got its power within {budget_s:g} s",
                    next_step="look at the device itself; the handset may be without power",
                    concerns=outlet.name,
                ) from None

        clock.run(switch(), timeout=budget_s + 5.0)
    finally:
        clock.close()
