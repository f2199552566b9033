"""The shared base: the way into the loop, timers, and evidence of bounded size."""

from __future__ import annotations

import threading

import pytest

from hil.endpoints.base import Station
from hil.history import events as ev


@pytest.fixture
def station(bench):
    return Station("test", bench.place, bench.clock, bench.history, bench.admission)


def test_in_loop_gets_from_the_tests_thread_into_the_loop_and_back(station):
    where: list[threading.Thread] = []

    def outer() -> None:
        where.append(threading.current_thread())
        station.in_loop(lambda: where.append(threading.current_thread()))

    station.in_loop(outer)
    assert where[0] is where[1]
    assert where[0] is not threading.current_thread()


def test_cancelled_timer_does_nothing(bench, station):
    fired: list[str] = []
    station.in_loop(lambda: station.after(1, lambda: fired.append("kept")))
    bench.let_pass(2)
    station.in_loop(lambda: station.after(1, lambda: fired.append("cancelled")))
    station.in_loop(station.cancel_timers)
    bench.let_pass(2)
    assert fired == ["kept"]


@pytest.mark.parametrize("kind", [ev.Refused, ev.Stranger])
def test_evidence_is_bounded(bench, station, kind):
    if kind is ev.Refused:
        station.refused("somebody", "too long", b"x" * 100_000)
    else:
        station.stranger("somebody", b"x" * 100_000)
    seen = bench.history.last(kind)
    assert seen is not None
    assert len(seen.data) == 2048
