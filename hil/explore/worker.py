"""One process of an exploration: it plays rounds and reports in lines of JSON.

Rounds are numbered from 0 and their seeds are those of the exploration with the number, so what is
played does not depend on how many processes share the work. This one plays every ``step``-th from
``first`` on, each on a bench of its own. A finding is told before anything is written, and what cannot
be written is told as well.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import msgspec

from hil.children import die_with
from hil.errors import HilError, LabError
from hil.explore.scope import scope_of
from hil.explore.search import ROUND, Found, explore_round, is_lab_trouble
from hil.explore.tally import Tally
from hil.explore.writing import file_name, module_text
from hil.history import Unmet
from hil.history import events as ev
from hil.history.store import HistoryFile
from hil.recovery.tenancy import Tenancy, tenancy
from hil.testbed.bench import Bench, Site
from hil.testbed.inventory import load

_TELL_S = 0.5


class Task(msgspec.Struct, frozen=True):
    """What a process has to do; ``minutes`` and ``scenarios`` 0 are without a limit.

    ``command`` is how the exploration was begun, ``options`` are pytest's for the same phone. For
    a handset of a rack ``watched_s`` are the seconds that each scenario may take after its boot,
    ``wait_s`` those that somebody else may have it. A process has ``closing_s`` to let go in the end.
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
    watched_s: float
    wait_s: float
    closing_s: float

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
    """A finding, and the file that reproduces it.

    It is told as soon as it is seen, without a file, and once more when it is short and written.
    ``unwritten`` is why it could not be; then ``module`` is the text that should have been.
    """

    requirement: str
    what: str
    evidence: str
    seed: str
    again: int
    calls: int
    flaky: bool
    file: str = ""
    unwritten: str = ""
    module: str = ""

    @property
    def settled(self) -> bool:
        """Whether nothing more will be told of it."""
        return bool(self.file or self.unwritten)


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The laboratory failed; nothing more is played."""

    why: str


Report = Counted | Reported | Failed


class _GoneError(BaseException):
    """Ends the work from a signal: what is found meanwhile is of no interest any more."""


def work(task: Task, tenancy: Tenancy) -> None:
    """Play the rounds of a task."""
    ends_at = time.monotonic() + task.minutes * 60 if task.minutes else float("inf")
    known: frozenset[str] = frozenset()
    number = task.first
    while time.monotonic() < ends_at and (not task.scenarios or number < task.rounds()):
        tally = Tally()
        found = _play(task, tenancy, number, tally, known, ends_at)
        if found is not None:
            known |= {found.requirement}
            _tell(_written(task, found))
        if is_lab_trouble(tally) and tenancy.testbed.kind != "rack":
            return
        # A round that ended with a finding is gone on with: what is known is passed over then.
        if found is None or not task.keep_going:
            number += task.step
        if found is not None and not task.keep_going:
            return


def _play(
    task: Task,
    tenancy: Tenancy,
    number: int,
    tally: Tally,
    known: frozenset[str],
    ends_at: float,
) -> Found | None:
    told_at = time.monotonic()
    pending: list[Found] = []

    def told(counted: Tally) -> None:
        nonlocal told_at
        if time.monotonic() > told_at + _TELL_S:
            told_at = time.monotonic()
            _tell(Counted(number, counted.as_json()))

    def sighted(found: Found) -> None:
        pending.append(found)
        _tell(_about(found))

    scope = scope_of(tenancy.testbed, tenancy.entry, task.watched_s)
    with tenancy.bench(defects=task.defects) as bench:
        try:
            if scope.trust:
                _see_trust(bench)
            return explore_round(
                bench,
                f"{task.seed}/{number}",
                tally=tally,
                count=task.size_of(number),
                known=known,
                until=ends_at,
                shrink_s=task.shrink_s,
                told=told,
                scope=scope,
                sighted=sighted,
                unfit=lambda played: tenancy.unfit(played.judgement.word, played.judgement.cause),
            )
        except KeyboardInterrupt:
            # Before the bench is closed, which may take longer than anybody waits.
            for each in pending:
                _tell(_written(task, each))
            raise
        finally:
            _tell(Counted(number, tally.as_json()))


def _see_trust(bench: Bench[Site]) -> None:
    """`LabError` where the phone does not trust the laboratory as its entry says."""
    try:
        bench.lacks("https")
    except Unmet as unmet:
        raise LabError(
            "the phone is not as its entry says",
            evidence="; ".join(str(unmet).splitlines()),
            concerns=bench.entry.name,
        ) from None


def _about(found: Found) -> Reported:
    """What is told of a finding before it is written."""
    return Reported(
        found.requirement,
        found.finding.what,
        str(found.finding),
        found.seed,
        found.again,
        len(found.played.scenario.before) + len(found.played.scenario.after),
        found.is_flaky,
    )


def _written(task: Task, found: Found) -> Reported:
    """Write the test module and its evidence to the first name that is free."""
    text = module_text(found, command=task.command, options=task.options)
    made: list[Path] = []
    try:
        out = Path(task.out)
        out.mkdir(parents=True, exist_ok=True)
        path = _reserved(out / file_name(found.requirement))
        made.append(path)
        path.write_text(text, encoding="utf-8")
        made.append(path.with_suffix(".history.jsonl"))
        _store(made[-1], found.played.events)
        if found.is_flaky:
            made.append(path.with_suffix(".first.history.jsonl"))
            _store(made[-1], found.first.events)
    except (OSError, HilError) as error:
        # Half a test is no test, and half a history may be judged otherwise.
        for each in made:
            each.unlink(missing_ok=True)
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return msgspec.structs.replace(_about(found), unwritten=reason, module=text)
    return msgspec.structs.replace(_about(found), file=str(path))


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
        if events:
            file.seal(at=events[-1].at, seq=len(events), handset=events[-1].handset)


def _tell(report: Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Do a task, as JSON the second argument; the first is the process id of whoever started this.

    SIGINT ends it with what it has; with SIGTERM a handset of a rack is given back. It dies with its
    parent: a handset's watchdog is at hand then.
    """
    parent, task = int(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=Task)
    die_with(parent)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        testbed = load(Path(task.testbed))
        if testbed.kind == "rack":
            signal.signal(signal.SIGTERM, _gone)
        with tenancy(testbed, testbed.handset(task.handset), within_s=task.wait_s) as having:
            die_with(parent)
            work(task, having)
    except HilError as error:
        _tell(Failed(str(error)))
    except (BrokenPipeError, KeyboardInterrupt, _GoneError):
        # Nobody listens any more, or nobody wants to hear more.
        return


def _gone(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _GoneError


if __name__ == "__main__":
    main()
