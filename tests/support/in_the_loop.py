"""What a test has done in the loop of a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hil.clock import Clock


def in_loop(clock: Clock, act: Callable[[], object]) -> None:
    async def acting() -> None:
        act()

    clock.run(acting())


def keep(clock: Clock, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start a task that goes on when the test has the baton again."""

    async def starting() -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        await asyncio.sleep(0)
        return task

    return clock.run(starting())
