"""``hil chaos``: break the laboratory in every way that is known, and see that no phone is blamed."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from hil.commands.common_options import at_once_option, results_option, together
from hil.commands.output import STDOUT, check_writable, write_results
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.adequacy.suite import Suite
    from hil.chaos.fault import LabFaultKind
    from hil.chaos.report import Matrix

_STEP = 0.1


@dataclass(frozen=True)
class _Asked:
    """The options, as they were given."""

    json_file: str | None
    names: tuple[str, ...]
    modules: tuple[str, ...]
    everything: bool
    jobs: int | None
    listing: bool


@dataclass(frozen=True)
class _Plan:
    """Which faults strike which modules of the suite, ``at_once`` benches at a time."""

    faults: tuple[LabFaultKind, ...]
    modules: tuple[str, ...]
    everything: bool
    at_once: int


_what_options = together(
    click.option(
        "--fault",
        "names",
        metavar="NAME",
        multiple=True,
        help="Only this fault of the lab, see --list; may be repeated.",
    ),
    click.option(
        "--group",
        "modules",
        metavar="MODULE",
        multiple=True,
        help="Tests of this module of the suite, in the place of the usual ones; may be repeated.",
    ),
    click.option(
        "--all",
        "everything",
        is_flag=True,
        help="Each module (unless --group says which), each instant, either handset. Takes an "
        "hour.",
    ),
)


@click.command(name="chaos")
@results_option("it all")
@_what_options
@at_once_option("benches")
@click.option("--list", "listing", is_flag=True, help="Say which faults there are, and stop.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Show that a broken laboratory is never taken for a broken phone, nor for a good one.

    Two tests of each group run with a sound handset and with a defective one while a fault of the
    lab strikes: before the group, between stimulus and observation, or shortly before the end. What
    the fault touches must be ERROR or INCONCLUSIVE with the cause lab. What was over before keeps its
    verdict. A fault that never came to pass is vacuous, and proves nothing.

    In the matrix E is ERROR (lab), I is INCONCLUSIVE (lab), w a wrong verdict, v vacuous; a dot says
    that the group gives the fault no occasion.

    Exit status: 0 no verdict is wrong, 1 one is, 2 usage, 3 something was vacuous or the lab failed.

    \b
    hil chaos
    hil chaos --list
    hil chaos --fault pdu-dead --fault disk-full
    hil chaos --group test_flash.py --all --json chaos.json
    """
    from hil.chaos.catalogue import faults

    began = time.monotonic()
    asked = _Asked(**options)
    chosen = faults(asked.names)
    if asked.listing:
        for fault in chosen:
            click.echo(f"{fault.name:24} {fault.words}")
        return
    matrix, cpu_s = _run(_planned(asked, chosen))
    wall_s = time.monotonic() - began
    try:
        _tell(matrix, wall_s, cpu_s, err=asked.json_file == STDOUT)
    finally:
        if asked.json_file is not None:
            _write(asked.json_file, matrix, wall_s, cpu_s, everything=asked.everything)
    ctx.exit(matrix.exit_code)


def _planned(asked: _Asked, chosen: tuple[LabFaultKind, ...]) -> _Plan:
    """What is run; UsageError for a module that the suite has not."""
    from hil.adequacy.pool import usable_cores
    from hil.chaos.groups import USUAL, all_modules

    known = all_modules()
    unknown = [module for module in asked.modules if module not in known]
    if unknown:
        raise UsageError(
            f"the suite has no module {unknown[0]!r}", remedy="one of " + ", ".join(known)
        )
    check_writable(asked.json_file)
    wanted = tuple(dict.fromkeys(asked.modules)) or (known if asked.everything else USUAL)
    return _Plan(chosen, wanted, asked.everything, asked.jobs or usable_cores())


def _run(plan: _Plan) -> tuple[Matrix, float]:
    """Run it all: the matrix, and the processor time in seconds."""
    from hil.adequacy.suite import with_suite
    from hil.chaos.campaign import Campaign, cells
    from hil.chaos.report import Matrix

    def work(suite: Suite) -> tuple[Matrix, float]:
        campaign = Campaign(suite, plan.at_once, Progress())
        groups = campaign.groups(plan.modules)
        results = campaign.run(cells(plan.faults, groups, everything=plan.everything))
        return Matrix(plan.faults, groups, results), campaign.cpu_s

    return with_suite(work, *plan.modules)


def _tell(matrix: Matrix, wall_s: float, cpu_s: float, *, err: bool) -> None:
    """Print the matrix, and how long it took."""
    from hil.chaos.report import lines

    for line in lines(matrix):
        click.echo(line, err=err)
    click.echo(f"{wall_s:.0f} s, {cpu_s:.0f} s of processor time", err=err)


def _write(target: str, matrix: Matrix, wall_s: float, cpu_s: float, *, everything: bool) -> None:
    """The same as JSON."""
    from hil.chaos.report import document

    run: dict[str, object] = {
        "all": everything,
        "wall_s": round(wall_s, 3),
        "cpu_s": round(cpu_s, 3),
    }
    write_results(target, json.dumps(document(matrix, run), indent=2, ensure_ascii=False) + "\n")


class Progress:
    """How far it is, on stderr: one line on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._told: tuple[str, float] = ("", 0.0)

    def progressed(self, phase: str, done: int, of: int) -> None:
        """So many jobs of a phase are through."""
        phase_told, share_told = self._told
        share = done / of
        due = phase != phase_told or share >= share_told + _STEP or done == of
        if not (self._terminal or due):
            return
        self._told = phase, share
        text = f"{phase}: {done}/{of}"
        if self._terminal:
            click.echo(f"\r\x1b[K{text}", err=True, nl=done == of)
        else:
            click.echo(text, err=True)
