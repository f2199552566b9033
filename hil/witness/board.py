"""The witnesses of a bench side by side: they begin together, and one report hears them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hil.errors import LabError
from hil.history import History
from hil.history import events as ev
from hil.witness.witness import Witness

_Kind = TypeVar("_Kind", bound=Witness)


class Board:
    """Witnesses that are looked after together; ``report`` is told of all trouble."""

    def __init__(self, report: Callable[[LabError], None]) -> None:
        self.report = report
        self._witnesses: list[Witness] = []

    def add(self, witness: _Kind) -> _Kind:
        """Look after one more."""
        self._witnesses.append(witness)
        return witness

    def begin(self) -> None:
        """A test begins."""
        for witness in self._witnesses:
            witness.begin()

    def end(self) -> None:
        """A test ends: report what was wrong since it began."""
        for witness in self._witnesses:
            for trouble in witness.trouble():
                self.report(trouble)

    def close(self) -> None:
        """Watch no more; in the loop."""
        for witness in self._witnesses:
            witness.close()
        self._witnesses.clear()


def into(history: History) -> Callable[[LabError], None]:
    """A report that makes each trouble a `LabFault` of the history."""

    def report(trouble: LabError) -> None:
        history.append(
            ev.LabFault(
                source="witness",
                what=trouble.what,
                evidence=trouble.evidence,
                next_step=trouble.next_step,
                concerns=trouble.concerns,
            )
        )

    return report
