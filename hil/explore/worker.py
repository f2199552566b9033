"""One process of an exploration: it plays rounds and reports in lines of JSON.

Rounds are numbered from 0 and their seeds are those of the exploration with the number, so what is
played does not depend on how many processes share the work. This one plays every ``step``-th from
``first`` on, each on a bench of its own.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec

from hil.errors import HilError
from hil.explore.search import ROUND, Found, explore_round, is_lab_trouble
from hil.explore.tally import Tally
from hil.explore.writing import file_name, module_text
from hil.history import events as ev
from hil.history.store import HistoryFile
from hil.net.namespace import enter
from hil.testbed.inventory import load
from hil.testbed.virtual_bench import virtual_bench
from hil.virtual.defects import firmware_with

_TELL_S = 0.5


class Task(msgspec.Struct, frozen=True):
    """What a process has to do; ``minutes`` and ``scenarios`` 0 are without a limit.

    ``command`` is how the exploration was begun, ``options`` are pytest's for the same phone.
    """

    testbed: str
    handset: str
    defects: tuple[str, ...]
    seed: int
    scenarios: int
    minutes: float
    first: int
    step: int
    shrink_s: float
    keep_going: bool
    out: str
    command: str
    options: str

    def rounds(self) -> int:
        """How many rounds the exploration has; 0 without a limit."""
        return -(-self.scenarios // ROUND)

    def size_of(self, number: int) -> int:
        """How many scenarios a round has; the last one has the rest."""
        left = self.scenarios - number * ROUND if self.scenarios else ROUND
        return min(ROUND, left)


class Counted(msgspec.Struct, frozen=True, tag="counted"):
    """What a round has counted so far; a later report of the same round replaces it."""

    round: int
    tally: dict[str, object]


class Reported(msgspec.Struct, frozen=True, tag="found"):
    """A finding, and the file that reproduces it."""

    requirement: str
    file: str
    what: str
    evidence: str
    seed: str
    again: int
    calls: int
    flaky: bool


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The laboratory failed; nothing more is played."""

    why: str


Report = Counted | Reported | Failed


def work(task: Task) -> None:
    """Play the rounds of a task."""
    ends_at = time.monotonic() + task.minutes * 60 if task.minutes else float("inf")
    known: frozenset[str] = frozenset()
    number = task.first
    while time.monotonic() < ends_at and (not task.scenarios or number < task.rounds()):
        tally = Tally()
        found = _play(task, number, tally, known, ends_at)
        _tell(Counted(number, tally.as_json()))
        if found is not None:
            known |= {found.requirement}
            _tell(_written(task, found))
        if is_lab_trouble(tally):
            return
        # A round that ended with a finding is gone on with: what is known is passed over then.
        if found is None or not task.keep_going:
            number += task.step
        if found is not None and not task.keep_going:
            return


def _play(
    task: Task, number: int, tally: Tally, known: frozenset[str], ends_at: float
) -> Found | None:
    testbed = load(Path(task.testbed))
    firmware = firmware_with(task.defects)
    bench = virtual_bench(testbed, testbed.handset(task.handset), firmware=firmware)
    told_at = time.monotonic()

    def told(counted: Tally) -> None:
        nonlocal told_at
        if time.monotonic() > told_at + _TELL_S:
            told_at = time.monotonic()
            _tell(Counted(number, counted.as_json()))

    try:
        return explore_round(
            bench,
            f"{task.seed}/{number}",
            tally=tally,
            count=task.size_of(number),
            known=known,
            until=ends_at,
            shrink_s=task.shrink_s,
            told=told,
        )
    finally:
        bench.close()


def _written(task: Task, found: Found) -> Reported:
    """Write the test module and its evidence to the first name that is free."""
    out = Path(task.out)
    out.mkdir(parents=True, exist_ok=True)
    path = _reserved(out / file_name(found.requirement))
    path.write_text(
        module_text(found, command=task.command, options=task.options), encoding="utf-8"
    )
    _store(path.with_suffix(".history.jsonl"), found.played.events)
    if found.is_flaky:
        _store(path.with_suffix(".first.history.jsonl"), found.first.events)
    return Reported(
        found.requirement,
        str(path),
        found.finding.what,
        str(found.finding),
        found.seed,
        found.again,
        len(found.played.scenario.before) + len(found.played.scenario.after),
        found.is_flaky,
    )


def _reserved(path: Path) -> Path:
    for number in range(1, 10_000):
        name = path if number == 1 else path.with_stem(f"{path.stem}_{number}")
        try:
            name.touch(exist_ok=False)
        except FileExistsError:
            continue
        return name
    return path


def _store(path: Path, events: tuple[ev.Event, ...]) -> None:
    """Keep a scenario's part of the history as a history of its own."""
    with HistoryFile(path) as file:
        for number, event in enumerate(events):
            file.write(msgspec.structs.replace(event, seq=number))


def _tell(report: Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Do the task that is the one argument, as JSON."""
    task = msgspec.json.decode(sys.argv[1], type=Task)
    try:
        enter()
        work(task)
    except HilError as error:
        _tell(Failed(str(error)))
    except BrokenPipeError:
        # Nobody listens any more.
        return


if __name__ == "__main__":
    main()
