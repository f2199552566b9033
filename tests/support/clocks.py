"""A wall clock in whose loop nothing may crash unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hil.clock import WallClock


@contextmanager
def wall_clock_without_crashes() -> Iterator[WallClock]:
    """A clock; at the end no task of its loop may have crashed."""
    clock = WallClock()
    crashes: list[str] = []
    clock.on_crash(crashes.append)
    yield clock
    clock.close()
    assert crashes == []
