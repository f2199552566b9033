"""``hil explore``: random legal scenarios against a handset, and a test for what they find.

What is found is said on standard output, by `hil.commands.explore_summary`; how far it is on stderr.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.commands.common_options import (
    defects_option,
    refuse_defects_of_rack,
    results_option,
    testbed_option,
    together,
    wait_option,
)
from hil.commands.explore_summary import as_json, summary
from hil.commands.output import STDOUT, Voice, check_writable, write_results
from hil.errors import LabError, UsageError
from hil.suite_location import suite_root

if TYPE_CHECKING:
    from hil.explore.crew import Outcome
    from hil.explore.worker import Task
    from hil.testbed.inventory import HandsetEntry, Testbed

DEFAULT_SCENARIOS = 1000
DEFAULT_MINUTES = 60.0
_WATCHED_S = 90.0
_SHRINK_S, _RACK_SHRINK_S = 60.0, 900.0
_CLOSING_S, _RACK_CLOSING_S = 15.0, 150.0
_MOST_SEED = 10**6
_PROGRESS_S = 5.0


@dataclass(frozen=True)
class _Asked:
    """The options, as they were given."""

    minutes: float | None
    scenarios: int | None
    seed: int | None
    jobs: int
    testbed: Path | None
    handset: str | None
    defects: tuple[str, ...]
    keep_going: bool
    shrink_seconds: float | None
    watch_seconds: float
    wait_s: float
    out: Path
    json_file: str | None


@dataclass(frozen=True)
class _Plan:
    """What is played, and on which handset."""

    asked: _Asked
    file: Path
    inventory: Testbed
    entry: HandsetEntry
    seed: int

    @property
    def on_rack(self) -> bool:
        """Whether the handset is a real one, or is reached as one."""
        return self.inventory.kind == "rack"

    @property
    def minutes(self) -> float:
        """The longest that it is played; 0 without a limit."""
        usual = DEFAULT_MINUTES if self.on_rack and not self.asked.scenarios else 0.0
        return self.asked.minutes or usual

    @property
    def scenarios(self) -> int:
        """How many are played at the most; 0 without a limit."""
        return self.asked.scenarios or (0 if self.minutes else DEFAULT_SCENARIOS)

    @property
    def shrink_s(self) -> float:
        """How long each finding is made short, seconds."""
        if self.asked.shrink_seconds is not None:
            return self.asked.shrink_seconds
        return _RACK_SHRINK_S if self.on_rack else _SHRINK_S


_extent_options = together(
    click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Stop after so long."),
    click.option(
        "--scenarios",
        type=click.IntRange(1),
        help=f"Stop after so many; {DEFAULT_SCENARIOS} unless --minutes is given, on a rack after "
        f"{DEFAULT_MINUTES:g} minutes.",
    ),
    click.option("--seed", type=click.IntRange(0), help="Play the scenarios of this seed again."),
    click.option("--jobs", type=click.IntRange(1, 64), default=1, help="Processes at a time."),
)

_handset_options = together(
    testbed_option,
    click.option("--handset", metavar="NAME", help="Handset to explore; the first one by default."),
    defects_option,
)

_search_options = together(
    click.option(
        "--keep-going", is_flag=True, help="Look for findings of other requirements, too."
    ),
    click.option(
        "--shrink-seconds",
        type=click.FloatRange(0),
        help=f"Make each finding short for so long; {_SHRINK_S:g}, on a rack {_RACK_SHRINK_S:g}.",
    ),
    click.option(
        "--watch-seconds",
        type=click.FloatRange(5, 86_400),
        default=_WATCHED_S,
        show_default=True,
        help="On a rack, how long a phone is watched after its boot in each scenario.",
    ),
)

_out_option = click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("hil-out/explore"),
    show_default=True,
    help="Where tests for findings go, with their histories.",
)


@click.command(name="explore")
@_extent_options
@_handset_options
@_search_options
@wait_option
@_out_option
@results_option("the results")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Play random legal scenarios against a handset, and judge each.

    A scenario is whatever a laboratory may do to a phone: parameters, profiles, servers that fail,
    power cuts, requests by page, screen and NOTIFY, calls, in any order. What breaks a clause is
    made short and written as a test that reproduces it, for pytest with the plugin
    hil.pytest_plugin. The seed makes the same scenarios again, whatever --jobs is.

    A handset of a rack is leased for it, and brought into a known state before each scenario. What
    its place cannot do, what takes longer than --watch-seconds and what would lock the laboratory out
    is left out, as the summary tells.

    Exit status: 0 nothing found, 1 a clause was broken, 2 usage, 3 the lab failed or nothing was
    exercised, 130 interrupted, after the summary of what there is, 141 that nobody reads on.

    \b
    hil explore --minutes 5                  the virtual handset: finds nothing, it runs the reference
    hil explore --scenarios 10000 --jobs 2   more of the same, in two processes
    hil explore --defect retry-never         finds it, and writes a test
    hil explore --seed 17 --keep-going       all that the scenarios of a seed can find
    hil explore --testbed rack.yaml --handset a01 --minutes 480
    """
    began = time.perf_counter()
    plan = _planned(_Asked(**options))
    outcome = _play(plan, began)
    _tell(plan, outcome, time.perf_counter() - began)
    if outcome.interrupted:
        raise click.Abort
    _account_for(outcome)
    ctx.exit(1 if outcome.found else 0)


def _planned(asked: _Asked) -> _Plan:
    """Look up what was asked for; UsageError for what does not exist or cannot be done."""
    from hil.testbed.inventory import load
    from hil.virtual.defects import firmware_with

    file = asked.testbed or suite_root() / "testbeds" / "virtual.yaml"
    inventory = load(file)
    entry = inventory.handset(asked.handset)
    refuse_defects_of_rack(inventory, entry, asked.defects)
    if inventory.kind == "rack" and asked.jobs > 1:
        raise UsageError(
            f"handset {entry.name} of {inventory.name} can only be used by one process",
            remedy="one run of `hil explore` for each handset",
        )
    firmware_with(asked.defects)
    _check_directory(asked.out)
    check_writable(asked.json_file)
    seed = secrets.randbelow(_MOST_SEED) if asked.seed is None else asked.seed
    return _Plan(asked, file, inventory, entry, seed)


def _play(plan: _Plan, began: float) -> Outcome:
    """Have the processes play their shares, and see that the handset is free in the end."""
    from hil.explore.crew import explore

    voice = Voice(to_stderr=True, alone=plan.asked.json_file is None)
    voice.line(f"exploring {plan.entry.name}, seed {plan.seed}")
    progress = _Progress(began, plan.scenarios, voice)
    outcome = explore(_tasks(plan), told=progress.told)
    if plan.on_rack:
        _see_home(plan.inventory, plan.entry, outcome, voice)
    return outcome


def _tasks(plan: _Plan) -> list[Task]:
    """What each process has to do; none for those that no scenario is left for."""
    from hil.explore.worker import Task

    asked = plan.asked
    same = _options(
        asked.testbed, plan.entry.name if plan.on_rack else asked.handset, asked.defects
    )
    watching = ["--watch-seconds", f"{asked.watch_seconds:g}"] if plan.on_rack else []
    told = shlex.join(["hil", "explore", "--seed", str(plan.seed), *watching, *same])
    again = shlex.join(f"--hil-{each[2:]}" if each.startswith("--") else each for each in same)
    tasks = [
        Task(
            testbed=str(plan.file.resolve()),
            handset=plan.entry.name,
            defects=asked.defects,
            seed=plan.seed,
            scenarios=plan.scenarios,
            minutes=plan.minutes,
            first=first,
            step=asked.jobs,
            shrink_s=plan.shrink_s,
            keep_going=asked.keep_going,
            out=str(asked.out),
            command=told,
            options=again,
            watched_s=asked.watch_seconds,
            wait_s=asked.wait_s,
            closing_s=_RACK_CLOSING_S if plan.on_rack else _CLOSING_S,
        )
        for first in range(asked.jobs)
    ]
    return [task for task in tasks if not task.scenarios or task.first < task.rounds()]


def _tell(plan: _Plan, outcome: Outcome, wall_s: float) -> None:
    """Print the summary, and write the results."""
    from hil.explore.scope import scope_of

    asked, entry = plan.asked, plan.entry
    left_out = scope_of(plan.inventory, entry, asked.watch_seconds).left_out
    try:
        if asked.json_file != STDOUT:
            summary(outcome, plan.seed, wall_s, left_out)
    finally:
        if asked.json_file is not None:
            document = as_json(outcome, plan.seed, entry.name, asked.defects, wall_s, left_out)
            write_results(asked.json_file, json.dumps(document, indent=2) + "\n")


def _options(
    testbed: Path | None, handset: str | None, defects: tuple[str, ...]
) -> tuple[str, ...]:
    """The options that say which phone it was."""
    chosen = [] if testbed is None else ["--testbed", str(testbed)]
    chosen += [] if handset is None else ["--handset", handset]
    return (*chosen, *(part for name in defects for part in ("--defect", name)))


def _see_home(inventory: Testbed, entry: HandsetEntry, outcome: Outcome, voice: Voice) -> None:
    """Wait until the handset is free and has its power, however its process ended."""
    from hil.leases.holding import store_of
    from hil.leases.returning import see_home

    def waits(handsets: Sequence[str]) -> None:
        voice.line(f"giving back {', '.join(handsets)}, with power")

    try:
        left = see_home(store_of(inventory), inventory, [entry.name], waits=waits)
    except KeyboardInterrupt:
        outcome.interrupted = True
        return
    outcome.troubles += [f"{name} was not given back: {why}" for name, why in left.items()]


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

    def __init__(self, began: float, count: int, voice: Voice) -> None:
        self._began = began
        self._voice = voice
        self._count = count
        self._said = began
        self._seen: set[str] = set()

    def told(self, outcome: Outcome) -> None:
        """Say at once what was seen broken, and how far it is, if that was not said lately."""
        for name in outcome.found.keys() - self._seen:
            self._seen.add(name)
            self._voice.line(f"seen broken: {name}; it is made short now")
        now = time.perf_counter()
        if now < self._said + _PROGRESS_S:
            return
        self._said = now
        tally = outcome.tally
        of = f" of {self._count}" if self._count else ""
        self._voice.line(
            f"{now - self._began:6.0f} s  {tally.scenarios}{of} scenarios, "
            f"{tally.lab_s / 3600:.1f} lab hours, {len(tally.clauses)} clauses checked, "
            f"{len(outcome.found)} found",
        )


def _check_directory(directory: Path) -> None:
    """UsageError now rather than with a finding in hand; makes nothing."""
    there = next(each for each in (directory, *directory.absolute().parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to {there}", file=str(directory), remedy="another --out")
