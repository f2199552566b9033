"""What every run of `hil certify` does, on one handset or on many: arguments, directories, pytest."""

from __future__ import annotations

import contextlib
import difflib
import fcntl
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import LabError, UsageError
from hil.suite_location import certification_suite, pytest_alone, pytest_arguments

if TYPE_CHECKING:
    from hil.commands.output import Voice
    from hil.evidence.results import RunResults
    from hil.testbed.inventory import HandsetEntry, Testbed

_PYTEST_TROUBLE = (2, 4)
_PYTEST_CRASH = 3
INTERRUPTED = 130
"""The status of a run that somebody ended with Ctrl-C, as a shell tells SIGINT."""
TERMINATED = 143
"""The same for SIGTERM."""
ENDED = (INTERRUPTED, TERMINATED)


@dataclass(frozen=True)
class Chosen:
    """What was asked for, as pytest is told."""

    file: Path
    modules: tuple[str, ...]
    defects: tuple[str, ...]
    selection: tuple[str, ...]
    wall_clock: bool
    place: str = ""
    """The place of labgrid's whose handset it is, if it is one's."""

    def arguments(self) -> list[str]:
        """What pytest is told."""
        arguments = [
            *_suite(self.modules),
            *pytest_arguments(),
            f"--hil-testbed={self.file.resolve()}",
            *(f"--hil-defect={name}" for name in self.defects),
            *self.selection,
        ]
        if self.wall_clock:
            arguments.append("--hil-wall-clock")
        if self.place:
            arguments.append(f"--hil-labgrid={self.place}")
        return arguments


def resolved(testbed: Path, handsets: tuple[str, ...]) -> tuple[Path, tuple[str, ...], str]:
    """The inventory file, the handsets, and the place of labgrid's that named them, if one did."""
    from hil.leases.labgrid import look_up, named

    name = named(str(testbed))
    if name is None:
        return testbed, handsets, ""
    place = look_up(name)
    if handsets not in ((), (place.handset,)):
        raise UsageError(
            f"labgrid's place {name} is handset {place.handset}", remedy="leave --handset out"
        )
    return place.inventory, (place.handset,), name


@dataclass(frozen=True)
class Ran:
    """A run that is over: its results, the handset or handsets as JSON has them, and its last words.

    ``summary`` prints what came of it, given the wall time in seconds.
    """

    results: RunResults
    handset: dict[str, object] | list[dict[str, object]]
    status: int
    summary: Callable[[float], None]

    def finish(self, wall_s: float) -> None:
        """Let no trouble of pytest's own go under, and print the summary."""
        account_for(self.status, self.results)
        self.summary(wall_s)


def on_one(
    chosen: Chosen,
    inventory: Testbed,
    entry: HandsetEntry,
    out: Path | None,
    voice: Voice,
    *,
    wait_s: float,
) -> Ran:
    """Run the tests here, on one handset."""
    from hil.commands.certify_document import about
    from hil.commands.certify_progress import Progress, aside
    from hil.commands.certify_reports import reporting

    arguments = [*chosen.arguments(), f"--hil-handset={entry.name}", f"--hil-wait={wait_s}"]
    arguments += [f"--hil-out={out}"] if out is not None else []
    with aside() as say, reporting(out) as reports:
        progress = Progress(entry, inventory, chosen.defects, voice, say)
        status = run_pytest([*arguments, *reports.arguments], progress, reports)
        progress.results.troubles += reports.unwritten()

    def summary(wall_s: float) -> None:
        progress.summary(progress.results, out, wall_s)

    return Ran(progress.results, about(entry), status, summary)


def account_for(status: int, results: RunResults) -> None:
    """Let no trouble of pytest's own go under in the verdicts."""
    if status in ENDED:
        results.troubles.append("the run was interrupted")
        return
    if status in _PYTEST_TROUBLE and not results.tests:
        raise UsageError("the suite cannot be run as it was asked for; what pytest said is above")
    # The verdicts of a run have the same status if nobody can know.
    if status == _PYTEST_CRASH and results.exit_code != status:
        raise LabError("pytest itself failed; this says nothing about the phone")
    if status != 0 and results.planned and results.exit_code == 0:
        results.troubles.append(f"pytest ended with status {status} although every test passed")


@contextlib.contextmanager
def taken(out: Path) -> Iterator[None]:
    """Keep a directory for the evidence of one run; UsageError if another run has it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        held = os.open(out / ".hil-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise UsageError(f"cannot write there: {error.strerror}", file=str(out)) from error
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                "another run writes its evidence there", file=str(out), remedy="another directory"
            ) from error
        yield
    finally:
        os.close(held)


def _suite(modules: tuple[str, ...]) -> list[str]:
    """Where the tests are; UsageError for a module that the suite has not."""
    suite = certification_suite()
    known = {path.name: path for path in sorted(suite.glob("test_*.py"))}
    for name in modules:
        if name not in known:
            alike = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
            raise UsageError(
                f"the suite has no module {name!r}", remedy="perhaps " + ", ".join(alike)
            )
    return [str(known[name]) for name in modules] or [str(suite)]


def run_pytest(arguments: Sequence[str], *plugins: object) -> int:
    """Run pytest with the suite's arguments; its exit status, or one of `ENDED`."""
    import pytest

    interrupts: list[BaseException] = []

    class Ear:
        """Tells Ctrl-C from whatever else ends pytest early with the same status."""

        def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
            """Somebody has pressed it, or a plugin has ended the run."""
            if isinstance(excinfo.value, KeyboardInterrupt):
                interrupts.append(excinfo.value)

    terminated: list[int] = []

    def terminate(number: int, frame: object) -> None:
        # As Ctrl-C does: phones are given back, and what there is is told.
        del frame
        terminated.append(number)
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, terminate)
    try:
        with pytest_alone():
            status = int(pytest.main(list(arguments), plugins=[*plugins, Ear()]))
    except KeyboardInterrupt as error:
        # In the middle of pytest's own end.
        interrupts.append(error)
        status = INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, former)
    if terminated:
        return TERMINATED
    return INTERRUPTED if interrupts else status


def refuse_nothing(results: RunResults, selection: Sequence[str]) -> None:
    """UsageError for a run that selected no test."""
    if results.planned == 0:
        raise UsageError(
            f"no test matches {' '.join(selection)}" if selection else "the suite has no test",
            remedy="a selection that tests nothing proves nothing",
        )
