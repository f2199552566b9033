"""A run as it lies on disk: its history cut into tests, each with the verdict that it was given.

A run is the directory that ``hil certify --out`` left, or its ``history.jsonl`` alone. A test's part
goes from its `TestStarted` to its `TestEnded`; the verdict follows, and a later one replaces it. The
baseline exchanges of the groups are parts as well; no verdict of theirs is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.errors import UsageError
from hil.history import events as ev
from hil.history import read

HISTORY = "history.jsonl"
_NAMED = 6


@dataclass(frozen=True)
class StoredTest:
    """One test of a stored run.

    ``conduct`` is how the test itself went, None in a history that does not tell; ``verdict`` what
    the judge said, None where the run was broken off before it.
    """

    name: str
    events: tuple[ev.Event, ...]
    conduct: ev.Conducted | None = None
    verdict: ev.Verdict | None = None

    @property
    def started(self) -> ev.TestStarted:
        """The event that the test began with."""
        first = self.events[0]
        if not isinstance(first, ev.TestStarted):
            raise TypeError(f"the part of a test begins with {type(first).__name__}")
        return first

    @property
    def complete(self) -> bool:
        """Whether the history has the test's end."""
        return isinstance(self.events[-1], ev.TestEnded)


@dataclass(frozen=True)
class StoredRun:
    """A stored run: where it lies, what it says of itself, its tests in their order.

    ``ended`` tells that it came to its end; of one that did not, nobody knows what is missing.
    ``faults`` are the laboratory's outside of any test.
    """

    path: Path
    run: ev.RunStarted | None
    tests: tuple[StoredTest, ...]
    ended: bool
    faults: tuple[ev.LabFault, ...] = ()

    def __str__(self) -> str:
        if self.run is None:
            return f"{self.path}: {len(self.tests)} tests"
        told = f"testbed {self.run.testbed}, {self.run.clock} clock, hil {self.run.version}"
        return f"{self.path}: {told}, {len(self.tests)} tests"


def load_run(path: Path) -> StoredRun:
    """Read a run; UsageError where there is none, `HistoryError` for one that is damaged."""
    file = path / HISTORY if path.is_dir() else path
    if not file.is_file():
        raise UsageError("there is no history", file=str(file), remedy=_elsewhere(path))
    stored = read(file)
    run = next((event for event in stored.events if isinstance(event, ev.RunStarted)), None)
    tests = tuple(_tests(stored.events))
    if not tests:
        raise UsageError("the history has no test", file=str(file))
    inside = {event.seq for test in tests for event in test.events}
    faults = (event for event in stored.events if isinstance(event, ev.LabFault))
    between = tuple(fault for fault in faults if fault.seq not in inside)
    return StoredRun(path, run, tests, stored.ended and not stored.torn, between)


def _elsewhere(path: Path) -> str:
    """Where a history would be found: a run on several handsets has one in each one's folder."""
    parts = sorted(str(file.parent) for file in path.glob(f"*/{HISTORY}"))
    if not parts:
        return f"a directory that `hil certify --out` has written, or its {HISTORY}"
    more = [f"{len(parts) - _NAMED} more"] if len(parts) > _NAMED else []
    shown = ", ".join([*parts[:_NAMED], *more])
    return f"a run on several handsets has one for each: {shown}"


def _tests(events: Sequence[ev.Event]) -> Iterator[StoredTest]:
    """Cut a history into its tests. What lies between two of them is no test's."""
    starts = [(at, e.test) for at, e in enumerate(events) if isinstance(e, ev.TestStarted)]
    ends = [at for at, _ in starts[1:]] + [len(events)]
    for (start, name), end in zip(starts, ends, strict=False):
        part, after = _parted(events[start:end])
        conduct = [e for e in after if isinstance(e, ev.Conducted) and e.test == name]
        verdicts = [e for e in after if isinstance(e, ev.Verdict) and e.test == name]
        yield StoredTest(
            name, part, conduct[-1] if conduct else None, verdicts[-1] if verdicts else None
        )


def _parted(
    events: Sequence[ev.Event],
) -> tuple[tuple[ev.Event, ...], tuple[ev.Event, ...]]:
    """A test's own part and what follows it; one that was broken off has all."""
    for at, event in enumerate(events):
        if isinstance(event, ev.TestEnded):
            return tuple(events[: at + 1]), tuple(events[at + 1 :])
    return tuple(events), ()
