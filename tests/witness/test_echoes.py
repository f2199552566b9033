"""A wire that loses frames shows by the echoes of the phone, and one that does not, does not."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator

import pytest

from hil.clock import WallClock
from hil.net.interposer import Interposer
from hil.net.ping import Echoes, echoes
from hil.net.virtual import VirtualNetwork, VirtualPort
from hil.witness.echoes import lost_on_the_way

MAC = "00:0e:08:aa:bb:cc"
ECHO_REPLY = 0


@pytest.fixture
def clock() -> Iterator[WallClock]:
    with contextlib.closing(WallClock()) as made:
        yield made


@pytest.fixture
def network() -> Iterator[VirtualNetwork]:
    with contextlib.closing(VirtualNetwork()) as made:
        yield made


@pytest.fixture
def port(network: VirtualNetwork) -> VirtualPort:
    made = network.add_handset(MAC)
    made.far.up()
    made.far.configure(made.address, network.netmask)
    network.flush()
    return made


def losing(which: Callable[[int], bool]) -> Callable[[bytes, bool], int]:
    """A wire that loses those of the phone's echo replies, counted from 0."""
    counted = itertools.count()

    def manner(frame: bytes, to_handset: bool) -> int:
        is_echo = not to_handset and frame[12:14] == b"\x08\x00" and frame[23] == 1
        return 0 if is_echo and which(next(counted)) else 1

    return manner


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (lambda number: False, False),
        (lambda number: number == 7, False),
        (lambda number: number % 5 == 3, True),
        (lambda number: number in (4, 25), True),
        (lambda number: number < 10, False),
        (lambda number: number >= 10, False),
        (lambda number: True, False),
    ],
    ids=["none", "one", "each-fifth", "one-each-time", "it-comes", "it-goes", "it-is-not-there"],
)
def test_what_the_wire_loses_is_told_and_no_phone_that_comes_or_goes(
    network: VirtualNetwork,
    port: VirtualPort,
    clock: WallClock,
    which: Callable[[int], bool],
    found: bool,
) -> None:
    wire = Interposer(network, port, losing(which))
    try:
        told = clock.run(lost_on_the_way(network.place(), clock, port.address))
    finally:
        wire.remove()
    assert bool(told) is found
    assert not found or str(port.address) in told


def test_a_series_counts_what_lies_between_two_answers() -> None:
    assert Echoes(6, frozenset({1, 2, 4})).lost == 1
    assert Echoes(6, frozenset()).lost == 0


def test_a_phone_that_answers_all_has_lost_none(
    network: VirtualNetwork, port: VirtualPort, clock: WallClock
) -> None:
    series = clock.run(echoes(network.place(), clock, port.address, count=5))
    assert series == Echoes(5, frozenset(range(5)))
