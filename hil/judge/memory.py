"""Whether it is known what a phone that lost its power still remembers.

A phone applies a profile and then stores it, and storing takes a moment that nobody outside can see.
If the power goes in that moment, the phone wakes up with the former parameters or with the new ones;
both are right ("Parameters survive loss of power; a profile is applied whole or not at all"), and the
judge cannot know which it will act on.
"""

from __future__ import annotations

from hil.judge.timing import Timing
from hil.reference.parameters import Parameters

NANOSECONDS = 1_000_000_000


class Memory:
    """When parameters last changed, against when the power went; times in nanoseconds."""

    def __init__(self, timing: Timing) -> None:
        self._store = round(timing.store * NANOSECONDS)
        self._changed: int | None = None
        self._cut_from: int | None = None

    def applied(self, before: Parameters, after: Parameters, at: int) -> None:
        """Parameters were applied; that they are the same as before needs no storing."""
        if before.items_set() != after.items_set():
            self._changed = at

    def cut_requested(self, at: int) -> None:
        """Power may go from now on: an outlet tells only afterwards that it has switched."""
        self._cut_from = at

    def is_doubtful(self, cut: int) -> bool:
        """Whether the phone may have lost its power, gone by ``cut``, before it had stored."""
        earliest = cut if self._cut_from is None else min(self._cut_from, cut)
        return self._changed is not None and earliest - self._changed < self._store

    def forget(self) -> None:
        """What the phone remembers is known from here on."""
        self._changed = self._cut_from = None
