"""The processes of an exploration, and what they report, brought together.

Each is a program of its own (`hil.explore.worker`), since a namespace and a bench belong to one
process and hypothesis to one thread. A process that ends in any other way than it should is a failure
of the laboratory: what it has not reported was not played.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hil.errors import LabError
from hil.explore.tally import Tally
from hil.explore.worker import Counted, Failed, Report, Reported, Task

_KILLED_S = 15.0
_NEWS_S = 1.0


@dataclass
class Outcome:
    """What an exploration has come to: counts by round, findings by requirement, and troubles."""

    rounds: dict[int, Tally] = field(default_factory=dict)
    found: dict[str, Reported] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def settled(self) -> bool:
        """Whether a finding is as short as it is going to be."""
        return any(each.settled for each in self.found.values())

    @property
    def tally(self) -> Tally:
        """The counts of all rounds."""
        total = Tally()
        for _, each in sorted(self.rounds.items()):
            total.merge(each)
        return total

    def take(self, report: Report) -> None:
        """Add one report."""
        match report:
            case Counted(number, tally):
                self.rounds[number] = Tally.from_json(tally)
            case Failed(why):
                self.troubles.append(why)
            case Reported():
                known = self.found.setdefault(report.requirement, report)
                if known is not report:
                    # It is told once more now that it is short, or two processes have found it: the
                    # one that was written is kept, of two the shorter.
                    better, worse = sorted((known, report), key=_worth)
                    self.found[report.requirement] = better
                    if worse.file:
                        _remove(Path(worse.file))


def _worth(report: Reported) -> tuple[bool, bool, int]:
    return not report.file, not report.unwritten, report.calls


def _remove(module: Path) -> None:
    for suffix in (".py", ".history.jsonl", ".first.history.jsonl"):
        module.with_suffix(suffix).unlink(missing_ok=True)


def explore(tasks: Sequence[Task], *, told: Callable[[Outcome], None]) -> Outcome:
    """Have each task done by a process of its own; ``told`` hears of each piece of news.

    Unless they are to keep going, all of them stop at the first finding. Ctrl-C ends them with what
    they have.
    """
    outcome = Outcome()
    reports: queue.Queue[Report | None] = queue.Queue()
    with _running(tasks, reports) as processes:
        left = len(processes)
        try:
            while left and not _is_over(outcome, tasks[0]):
                left -= _heard(reports, outcome)
                told(outcome)
        except KeyboardInterrupt:
            outcome.interrupted = True
            for process in processes:
                process.send_signal(signal.SIGINT)
            until = time.monotonic() + tasks[0].closing_s
            while left and time.monotonic() < until:
                left -= _heard(reports, outcome)
    return outcome


def _is_over(outcome: Outcome, task: Task) -> bool:
    return bool(outcome.troubles) or (outcome.settled and not task.keep_going)


def _heard(reports: queue.Queue[Report | None], outcome: Outcome) -> int:
    """Take the next report, if one comes soon; how many processes have ended with it, 0 or 1."""
    try:
        report = reports.get(timeout=_NEWS_S)
    except queue.Empty:
        return 0
    if report is None:
        return 1
    outcome.take(report)
    return 0


@contextlib.contextmanager
def _running(
    tasks: Sequence[Task], reports: queue.Queue[Report | None]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes at work; however the block ends, they end with it."""
    command = [sys.executable, "-m", "hil.explore.worker", str(os.getpid())]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for task in tasks:
            text = msgspec.json.encode(task).decode()
            process = subprocess.Popen(  # noqa: S603
                [*command, text],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            processes.append(process)
            threading.Thread(target=_listen, args=(process, reports), daemon=True).start()
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            _ended(process, tasks[0].closing_s)


def _ended(process: subprocess.Popen[bytes], within_s: float) -> None:
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_KILLED_S)


def _listen(process: subprocess.Popen[bytes], reports: queue.Queue[Report | None]) -> None:
    """Pass on what a process reports; None in the end."""
    if process.stdout is None:
        raise LabError("a process without output")
    with process.stdout:
        for line in process.stdout:
            try:
                reports.put(msgspec.json.decode(line, type=Report))
            except msgspec.DecodeError as error:
                reports.put(Failed(f"a process of the exploration said {line[:200]!r}: {error}"))
    status = process.wait()
    if status:
        reports.put(Failed(f"a process of the exploration ended with status {status}"))
    reports.put(None)
