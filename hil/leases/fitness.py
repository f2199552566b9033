"""Whether a handset's place in the rack is fit to test on, by what came of the tests so far.

One test that the laboratory broke may have been bad luck. Several in a row, or groups whose first
baseline exchange cannot be held one after the other, tell of the handset, its outlet, its link or its
console, and more tests there would only tell it again. Which of them it is a person has to find out.
What the handsets share (their wire, the lab's own machine) would break a test on any of them, and says
nothing about this one: see `is_shared`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hil.history.events import Cause, Event, LabFault
from hil.judge import Word


def is_shared(events: Iterable[Event]) -> bool:
    """Whether these events have faults of the lab, and none that concerns somebody in particular."""
    faults = [event for event in events if isinstance(event, LabFault)]
    return bool(faults) and not any(fault.concerns for fault in faults)


@dataclass
class Fitness:
    """Counts what went wrong in a row; ``faults`` and ``baselines`` are how many are too many."""

    faults: int = 3
    baselines: int = 2
    _faults_seen: int = 0
    _baselines_seen: int = 0

    def note(self, word: Word, cause: Cause, *, first_baseline: bool = False) -> str:
        """Take the next verdict; why the handset is not fit any more, empty while it is."""
        broken = word is Word.ERROR and cause is Cause.LAB
        self._faults_seen = self._faults_seen + 1 if broken else 0
        if self._faults_seen >= self.faults:
            return f"the laboratory failed in {self._faults_seen} tests one after the other"
        if first_baseline:
            held = word in (Word.PASS, Word.FAIL)
            self._baselines_seen = 0 if held else self._baselines_seen + 1
            if self._baselines_seen >= self.baselines:
                return (
                    f"the first baseline exchange of {self._baselines_seen} groups"
                    " one after the other could not be held"
                )
        return ""
