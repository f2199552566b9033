"""The virtual PDU and the clocks that the power drivers are tried on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from hil.clock import Clock, WallClock
from hil.snmp import UsmUser
from hil.virtual.pdu import VirtualPdu
from hil.virtual_clock import VirtualClock

C = TypeVar("C", bound=Clock)
USER = UsmUser("operator", auth_key="authentication", priv_key="privacy-key")


@dataclass
class Rack:
    """A running PDU and what its relays did: (lab time in seconds, outlet, on)."""

    clock: Clock
    pdu: VirtualPdu
    relays: list[tuple[float, int, bool]] = field(default_factory=list)


@pytest.fixture(params=[WallClock, VirtualClock])
def clock(request: pytest.FixtureRequest) -> Iterator[Clock]:
    yield from _running(request.param())


@pytest.fixture
def wall_clock() -> Iterator[WallClock]:
    yield from _running(WallClock())


@pytest.fixture
def virtual_clock() -> Iterator[VirtualClock]:
    yield from _running(VirtualClock())


def _running(clock: C) -> Iterator[C]:
    crashes: list[str] = []
    clock.on_crash(crashes.append)
    yield clock
    clock.close()
    assert crashes == []


@pytest.fixture
def user() -> UsmUser:
    return USER


@pytest.fixture
def rack_on() -> Iterator[Callable[..., Rack]]:
    """Starts a PDU in the loop of a clock; it is closed at the end of the test."""
    racks: list[Rack] = []

    def start(clock: Clock, **options: Any) -> Rack:
        def switch(outlet: int, on: bool) -> None:
            rack.relays.append((clock.now() / 1e9, outlet, on))

        rack = Rack(clock, VirtualPdu(switch, port=0, **{"user": USER, **options}))
        racks.append(rack)
        clock.run(rack.pdu.start())
        return rack

    yield start
    for rack in racks:
        rack.clock.run(rack.pdu.close())


@pytest.fixture
def rack(clock: Clock, rack_on: Callable[..., Rack]) -> Rack:
    return rack_on(clock)
