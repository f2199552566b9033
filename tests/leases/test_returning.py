"""Whoever started a process that died waits until its handset was given back, or gives it back."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence

import pytest
from leased_rack import MAC, Rack, kill, lines, watchdogs

from hil.leases.returning import see_home


@pytest.fixture
def asked_to_wait() -> list[Sequence[str]]:
    return []


@pytest.fixture
def seen_home(rack: Rack, asked_to_wait: list[Sequence[str]]) -> Callable[..., dict[str, str]]:
    def see(**options: float) -> dict[str, str]:
        return see_home(rack.store, rack.testbed, ["a01"], waits=asked_to_wait.append, **options)

    return see


def dark(rack: Rack, **options: float) -> tuple[subprocess.Popen[str], int]:
    """A run that has just switched its handset off, and its watchdog."""
    run = rack.run(1000, **options)
    lines(run, "off 0")
    (watchdog,) = watchdogs(rack)
    return run, watchdog


def test_a_handset_that_nobody_has_is_not_waited_for(
    seen_home: Callable[..., dict[str, str]], asked_to_wait: list[Sequence[str]]
) -> None:
    assert seen_home() == {}
    assert asked_to_wait == []


def test_the_watchdog_of_a_process_that_died_is_waited_for(
    rack: Rack, seen_home: Callable[..., dict[str, str]], asked_to_wait: list[Sequence[str]]
) -> None:
    run, _ = dark(rack)
    kill(run)
    assert seen_home() == {}
    assert rack.on
    assert rack.store.standing(MAC).lease is None
    assert asked_to_wait == [["a01"]]


def test_where_the_watchdog_is_dead_too_the_handset_is_reclaimed(
    rack: Rack, seen_home: Callable[..., dict[str, str]]
) -> None:
    run, watchdog = dark(rack)
    os.kill(run.pid, signal.SIGSTOP)
    os.kill(watchdog, signal.SIGKILL)
    kill(run)
    assert seen_home() == {}
    assert rack.on
    assert rack.store.standing(MAC).lease is None


def test_a_handset_that_stays_dark_is_told_with_the_reason(
    rack: Rack, seen_home: Callable[..., dict[str, str]]
) -> None:
    run, _ = dark(rack, budget_s=0.5)
    rack.pdu.order("die")
    kill(run)
    left = seen_home()
    rack.pdu.order("live")
    assert list(left) == ["a01"]
    assert "quarantine: a run died and the handset's power could not be restored" in left["a01"]
    rack.store.end_quarantine(MAC)
    assert seen_home() == {}
    assert rack.on
    assert rack.store.standing(MAC).lease is None


def test_a_watchdog_that_hangs_is_not_waited_for_for_ever(
    rack: Rack, seen_home: Callable[..., dict[str, str]]
) -> None:
    run, watchdog = dark(rack)
    os.kill(watchdog, signal.SIGSTOP)
    kill(run)
    left = seen_home(within_s=0.1)
    assert left == {"a01": f"its watchdog (pid {watchdog}) was not through with it within 0.1 s"}
    os.kill(watchdog, signal.SIGCONT)
    assert seen_home() == {}
    assert rack.on


def test_a_handset_that_somebody_has_is_theirs(
    rack: Rack, seen_home: Callable[..., dict[str, str]], asked_to_wait: list[Sequence[str]]
) -> None:
    run, _ = dark(rack)
    theirs = rack.store.standing(MAC).lease
    assert seen_home() == {}
    assert asked_to_wait == []
    now = rack.store.standing(MAC).lease
    assert theirs is not None
    assert now is not None
    assert now.token == theirs.token
    kill(run)
