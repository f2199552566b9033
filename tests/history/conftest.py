"""A history on each of the two clocks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.clock import Clock, WallClock
from hil.history import History
from hil.virtual_clock import VirtualClock


@pytest.fixture(params=[WallClock, VirtualClock])
def clock(request: pytest.FixtureRequest) -> Iterator[Clock]:
    clock: Clock = request.param()
    yield clock
    clock.close()


@pytest.fixture
def virtual_clock() -> Iterator[VirtualClock]:
    clock = VirtualClock()
    yield clock
    clock.close()


@pytest.fixture
def history(virtual_clock: VirtualClock) -> History:
    return History(virtual_clock)
