"""``hil explore``: random legal scenarios against a handset, and a test for what they find."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.errors import LabError, UsageError
from hil.suite_location import suite_root

if TYPE_CHECKING:
    from hil.explore.crew import Outcome
    from hil.explore.tally import Tally
    from hil.explore.worker import Task

DEFAULT_SCENARIOS = 1000
_MOST_SEED = 10**6
_PROGRESS_S = 5.0


@click.command(name="explore")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Stop after so long.")
@click.option(
    "--scenarios",
    type=click.IntRange(1),
    help=f"Stop after so many; {DEFAULT_SCENARIOS} unless --minutes is given.",
)
@click.option("--seed", type=click.IntRange(0), help="Play the scenarios of this seed again.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, help="Processes at a time.")
@click.option("--testbed", metavar="FILE", type=click.Path(path_type=Path), help="Inventory file.")
@click.option("--handset", metavar="NAME", help="Handset to explore; the first one by default.")
@click.option(
    "--defect",
    "defects",
    metavar="NAME",
    multiple=True,
    help="Give the virtual handset a defect, see `hil defects`; may be repeated.",
)
@click.option("--keep-going", is_flag=True, help="Look for findings of other requirements, too.")
@click.option(
    "--shrink-seconds",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    help="Make each finding short for so long.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("hil-out/explore"),
    show_default=True,
    help="Where tests for findings go, with their histories.",
)
@click.option(
    "--json", "json_file", metavar="FILE", help="Write the results as JSON; - is standard output."
)
@click.pass_context
def command(
    ctx: click.Context,
    minutes: float | None,
    scenarios: int | None,
    seed: int | None,
    jobs: int,
    testbed: Path | None,
    handset: str | None,
    defects: tuple[str, ...],
    keep_going: bool,
    shrink_seconds: float,
    out: Path,
    json_file: str | None,
) -> None:
    """Play random legal scenarios against a handset, and judge each.

    A scenario is whatever a laboratory may do to a phone: parameters, profiles, servers that fail,
    power cuts, requests by page, screen and NOTIFY, calls, in any order. What breaks a clause is
    made short and written as a test that reproduces it, for pytest with the plugin
    hil.pytest_plugin. The seed makes the same scenarios again, whatever --jobs is. A rack's handset
    is refused, this needs a virtual one.

    Exit status: 0 nothing found, 1 a clause was broken, 2 usage, 3 the lab failed or nothing was
    exercised.

    \b
    hil explore --minutes 5                  the virtual handset: finds nothing, it runs the reference
    hil explore --scenarios 10000 --jobs 2   more of the same, in two processes
    hil explore --defect retry-never         finds it, and writes a test
    hil explore --seed 17 --keep-going       all that the scenarios of a seed can find
    """
    from hil.explore.crew import explore
    from hil.explore.worker import Task
    from hil.testbed.inventory import load
    from hil.testbed.virtual_bench import refuse_rack
    from hil.virtual.defects import firmware_with

    began = time.perf_counter()
    file = testbed or suite_root() / "testbeds" / "virtual.yaml"
    inventory = load(file)
    entry = inventory.handset(handset)
    refuse_rack(inventory, entry)
    firmware_with(defects)
    _check_directory(out)
    chosen = secrets.randbelow(_MOST_SEED) if seed is None else seed
    count = scenarios or (0 if minutes else DEFAULT_SCENARIOS)
    if json_file not in (None, "-"):
        _check_writable(Path(str(json_file)))
    same = _options(testbed, handset, defects)
    told = shlex.join(["hil", "explore", "--seed", str(chosen), *same])
    again = shlex.join(f"--hil-{each[2:]}" if each.startswith("--") else each for each in same)
    tasks = [
        Task(
            testbed=str(file.resolve()),
            handset=entry.name,
            defects=defects,
            seed=chosen,
            scenarios=count,
            minutes=minutes or 0.0,
            first=first,
            step=jobs,
            shrink_s=shrink_seconds,
            keep_going=keep_going,
            out=str(out),
            command=told,
            options=again,
        )
        for first in range(jobs)
    ]
    click.echo(f"exploring {entry.name}, seed {chosen}", err=True)
    progress = _Progress(began, count)
    outcome = explore(_with_work(tasks), told=progress.told)
    wall_s = time.perf_counter() - began
    if json_file is not None:
        _write(json_file, _as_json(outcome, chosen, entry.name, defects, wall_s))
    if json_file != "-":
        _summary(outcome, chosen, wall_s)
    _account_for(outcome)
    ctx.exit(1 if outcome.found else 0)


def _options(
    testbed: Path | None, handset: str | None, defects: tuple[str, ...]
) -> tuple[str, ...]:
    """The options that say which phone it was."""
    chosen = [] if testbed is None else ["--testbed", str(testbed)]
    chosen += [] if handset is None else ["--handset", handset]
    return (*chosen, *(part for name in defects for part in ("--defect", name)))


def _with_work(tasks: list[Task]) -> list[Task]:
    return [task for task in tasks if not task.scenarios or task.first < task.rounds()]


def _account_for(outcome: Outcome) -> None:
    """Let no trouble of the laboratory go under, unless a clause was seen broken."""
    if outcome.found:
        return
    tally = outcome.tally
    if outcome.troubles:
        raise LabError(outcome.troubles[0])
    for kind in ("lab", "crash"):
        if tally.results[kind]:
            raise LabError(
                f"{tally.results[kind]} scenario(s) ended in trouble of the lab or of hil",
                evidence=tally.remarks.get(kind, ""),
            )
    if not tally.clauses:
        raise LabError("no clause was exercised", next_step="play more scenarios, or longer")


class _Progress:
    """A line on stderr now and then."""

    def __init__(self, began: float, count: int) -> None:
        self._began = began
        self._count = count
        self._said = began

    def told(self, outcome: Outcome) -> None:
        """Say how far it is, if it was not said lately."""
        now = time.perf_counter()
        if now < self._said + _PROGRESS_S:
            return
        self._said = now
        tally = outcome.tally
        of = f" of {self._count}" if self._count else ""
        click.echo(
            f"{now - self._began:6.0f} s  {tally.scenarios}{of} scenarios, "
            f"{tally.lab_s / 3600:.1f} lab hours, {len(tally.clauses)} clauses checked, "
            f"{len(outcome.found)} found",
            err=True,
        )


def _summary(outcome: Outcome, seed: int, wall_s: float) -> None:
    from hil.explore.search import Found

    tally = outcome.tally
    words = ", ".join(f"{count} {word}" for word, count in sorted(tally.results.items()))
    click.echo(f"seed {seed}: {tally.scenarios} scenarios ({words})")
    click.echo(f"{tally.lab_s / 3600:.1f} lab hours in {wall_s:.0f} s")
    click.echo(f"{len(tally.clauses)} clauses were checked, each in so many scenarios:")
    for line in _columns(tally):
        click.echo(f"  {line}")
    for name, count in sorted(tally.broken.items()):
        click.echo(f"{name} was seen broken in {count} scenario(s)")
    if "inconclusive" in tally.remarks:
        click.echo(f"inconclusive, for example: {tally.remarks['inconclusive'].splitlines()[-1]}")
    for found in outcome.found.values():
        flaky = f"; FLAKY, came again in {found.again} of {Found.AGAIN} runs" if found.flaky else ""
        click.echo(f"\n{found.evidence}\n  test: {found.file} ({found.calls} calls{flaky})")


def _columns(tally: Tally) -> list[str]:
    return [f"{count:6} {name}" for name, count in tally.clauses.most_common()]


def _as_json(
    outcome: Outcome, seed: int, handset: str, defects: tuple[str, ...], wall_s: float
) -> dict[str, object]:
    tally = outcome.tally
    return {
        "seed": seed,
        "handset": handset,
        "defects": list(defects),
        "scenarios": tally.scenarios,
        **tally.as_json(),
        "found": [
            {
                "requirement": each.requirement,
                "what": each.what,
                "file": each.file,
                "seed": each.seed,
                "flaky": each.flaky,
            }
            for each in outcome.found.values()
        ],
        "troubles": outcome.troubles,
        "wall_s": round(wall_s, 3),
    }


def _check_directory(directory: Path) -> None:
    """UsageError now rather than with a finding in hand; makes nothing."""
    there = next(each for each in (directory, *directory.absolute().parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to {there}", file=str(directory), remedy="another --out")


def _check_writable(file: Path) -> None:
    """UsageError now rather than after the run."""
    try:
        with file.open("a", encoding="utf-8"):
            return
    except OSError as error:
        raise UsageError(f"cannot write there: {error.strerror}", file=str(file)) from error


def _write(target: str, data: dict[str, object]) -> None:
    text = json.dumps(data, indent=2)
    if target == "-":
        click.echo(text)
        return
    try:
        Path(target).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write the results: {error.strerror}", file=target) from error
