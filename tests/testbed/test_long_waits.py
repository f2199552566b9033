"""What lasts is told once, what does not is nobody's concern; in virtual time."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest

from hil.history import History
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.testbed.long_waits import LONG_S, LongWaits, awaiting
from hil.virtual_clock import VirtualClock

SHORT_S = LONG_S / 2 + 1


class Watched:
    """A history that is followed, and what was told of it with the lab time in seconds."""

    def __init__(self, clock: VirtualClock) -> None:
        self.history = History(clock)
        self.told: list[tuple[float, str]] = []
        self.history.follow(LongWaits(clock, self._hear))

    def _hear(self, text: str) -> None:
        self.told.append((round(self.history.now() / NANOSECONDS, 1), text))

    def waits(self, seconds: float, what: str = "its lease") -> None:
        until = self.history.now() + round(60 * NANOSECONDS)
        with awaiting(self.history, what, until):
            self.history.sleep(seconds)

    @property
    def of(self) -> list[tuple[float, str]]:
        """The times, and what was waited for."""
        return [(at, re.sub(r"waiting for (.*) until .*", r"\1", text)) for at, text in self.told]


@pytest.fixture
def watched() -> Iterator[Watched]:
    with contextlib.closing(VirtualClock()) as clock:
        yield Watched(clock)


def test_a_wait_that_lasts_is_told_once_and_until_when(watched: Watched) -> None:
    watched.waits(50)
    ((at, text),) = watched.told
    assert at == LONG_S
    assert re.fullmatch(r"waiting for its lease until \d\d:\d\d:\d\d", text)


def test_a_short_one_is_not(watched: Watched) -> None:
    watched.waits(LONG_S - 0.1)
    watched.history.sleep(100)
    assert watched.told == []


def test_short_ones_that_follow_each_other_keep_somebody_waiting(watched: Watched) -> None:
    watched.waits(SHORT_S)
    watched.waits(SHORT_S, "its page")
    assert watched.of == [(LONG_S, "its page")]


def test_short_ones_with_something_between_do_not(watched: Watched) -> None:
    for _ in range(5):
        watched.waits(SHORT_S)
        watched.history.sleep(2)
    assert watched.told == []


def test_whoever_was_told_is_not_told_at_once_again(watched: Watched) -> None:
    watched.waits(30)
    watched.waits(LONG_S - 0.1, "its page")
    assert watched.of == [(LONG_S, "its lease")]
    watched.waits(30, "its profile")
    assert watched.of[1:] == [(30 + LONG_S, "its profile")]


def test_what_is_over_by_an_error_is_over(watched: Watched) -> None:
    with pytest.raises(KeyboardInterrupt), awaiting(watched.history, "its lease", 0):
        raise KeyboardInterrupt
    watched.history.sleep(100)
    assert watched.told == []
    assert [each.over for each in watched.history.all(ev.Awaited)] == [False, True]


def test_the_rungs_of_a_ladder_are_told_at_once(watched: Watched) -> None:
    for phase, reason in ((ev.RecoveryPhase.BEGUN, "cut its power"), (ev.RecoveryPhase.FAILED, "")):
        step = ev.RecoveryStep(source="recovery", rung="poe", phase=phase, reason=reason, took=3)
        watched.history.append(step)
    assert [text for _, text in watched.told] == [
        "it is brought back: poe: cut its power ...",
        "it is brought back: poe failed after 3.0 s",
    ]
