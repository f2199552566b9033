"""``hil certify``: run the certification suite against handsets and say the verdict."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.commands.certify_document import write_json
from hil.commands.certify_run import (
    ENDED,
    TERMINATED,
    Chosen,
    Ran,
    on_one,
    refuse_nothing,
    resolved,
    taken,
)
from hil.commands.common_options import (
    defects_option,
    results_option,
    together,
    wait_option,
    wall_clock_option,
)
from hil.commands.output import STDOUT, Voice, check_writable
from hil.errors import UsageError
from hil.interrupts import unheard
from hil.suite_location import suite_root

if TYPE_CHECKING:
    from hil.testbed.inventory import HandsetEntry, Testbed


@dataclass(frozen=True)
class _Asked:
    """The options, as they were given; ``budget`` in minutes."""

    modules: tuple[str, ...]
    testbed: Path | None
    handsets: tuple[str, ...]
    each: bool
    jobs: int | None
    wait_s: float
    defects: tuple[str, ...]
    requirements: tuple[str, ...]
    expression: str | None
    quick: bool
    tier: str | None
    budget: float | None
    timers: str
    json_file: str | None
    out: Path | None
    wall_clock: bool

    def selection(self) -> tuple[str, ...]:
        """Which tests, as pytest is told."""
        told = [f"--hil-requirement={name}" for name in self.requirements]
        told += [] if self.expression is None else ["-k", self.expression]
        told += ["--hil-quick"] if self.quick else []
        told += [f"--hil-tier={self.tier}"] if self.tier is not None else []
        told += [f"--hil-budget={self.budget}"] if self.budget is not None else []
        told += [f"--hil-timers={self.timers}"] if self.timers != "auto" else []
        return tuple(told)


@dataclass(frozen=True)
class _Plan:
    """What is run, and on which handsets."""

    asked: _Asked
    chosen: Chosen
    inventory: Testbed
    entries: list[HandsetEntry]


_handset_options = together(
    click.option(
        "--testbed",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Inventory file, or labgrid:PLACE.",
    ),
    click.option(
        "--handset",
        "handsets",
        metavar="NAME",
        multiple=True,
        help="Handset to test, the first one by default; may be repeated, `all` is every one.",
    ),
    click.option(
        "--each", is_flag=True, help="Let each of several handsets take all tests, not share them."
    ),
    click.option(
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1),
        help="How many of several handsets work at a time; the others step in for those that fail.",
    ),
    wait_option,
    defects_option,
)

_test_options = together(
    click.option(
        "--requirement",
        "requirements",
        metavar="ID",
        multiple=True,
        help="Only tests that check this requirement; may be repeated.",
    ),
    click.option(
        "-k", "expression", metavar="EXPR", help="Only tests that match, as with pytest -k."
    ),
    click.option(
        "--quick",
        is_flag=True,
        help="Only the tests of small timer values, by default on the testbed quick.yaml.",
    ),
    click.option(
        "--tier",
        type=click.Choice(["smoke", "nightly", "full"]),
        help="A part of the suite that fits a budget: smoke 10 minutes a phone, nightly 600, full "
        "all.",
    ),
    click.option(
        "--budget",
        metavar="MINUTES",
        type=click.FloatRange(min=0, min_open=True, max=525_600),
        help="Another budget for the tier, a phone's.",
    ),
    click.option(
        "--timers",
        type=click.Choice(["auto", "usual", "quick"]),
        default="auto",
        help="Values of timers: as in the field, or quick where a test allows it. By default quick "
        "where time passes by itself, and in the tiers smoke and nightly.",
    ),
)

_evidence_options = together(
    results_option("the results"),
    click.option(
        "--out",
        metavar="DIR",
        type=click.Path(path_type=Path, file_okay=False),
        help="Leave history, JUnit XML, Allure results and a log a test there.",
    ),
)


@click.command(name="certify")
@click.argument("modules", metavar="[MODULE]...", nargs=-1)
@_handset_options
@_test_options
@_evidence_options
@wall_clock_option
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Judge a handset against the specification.

    Without options it judges the first virtual handset of the testbed that comes with hil, which
    takes less than a minute. Each MODULE is one of the suite's, the whole suite runs where none is
    named. Each test ends in a verdict: PASS, FAIL (the phone broke a clause), INCONCLUSIVE
    (it cannot be known), ERROR (lab or test broke), NOT_APPLICABLE.

    Several handsets share the modules among them, a process each; a handset that fails is left out,
    and its unfinished module goes to another. Evidence is then in a directory of --out a handset.

    Exit status: 0 all PASS, 1 a FAIL, 2 usage, 3 nothing failed but something is INCONCLUSIVE or
    ERROR, a handset that was left out and evidence that cannot be written among it, 130 interrupted
    and 143 terminated, after the summary of what there is, 141 that nobody reads on; without --out and
    --json that ends the run, as Ctrl-C does.

    \b
    hil certify
    hil certify --defect retry-never         a handset that breaks a clause: exits 1
    hil certify test_resync_at.py            one module of the suite
    hil certify -k random_delay --out run1   a part of the suite, with all the evidence
    hil certify --quick --wall-clock         the tests that are quick, and wait for them
    hil certify --testbed rack.yaml --handset a01 --tier smoke      ten minutes
    hil certify --testbed rack.yaml --handset all --tier nightly --budget 480
    hil certify --json results.json --testbed rack.yaml --handset a01
    hil certify --testbed rack.yaml --handset a01 --handset a02     share the suite
    hil certify --testbed rack.yaml --handset all --each            the suite on every one
    hil certify --testbed labgrid:desk-7     the handset that the tags of a labgrid place name
    """
    began = time.perf_counter()
    asked = _Asked(**options)
    plan = _planned(asked)
    alone = asked.json_file is None and asked.out is None
    voice = Voice(to_stderr=asked.json_file == STDOUT, alone=alone)
    ran = _run(plan, voice)
    with unheard() if ran.status in ENDED else contextlib.nullcontext():
        _tell(plan, ran, time.perf_counter() - began)
    voice.account()
    ctx.exit(_status(ran))


def _planned(asked: _Asked) -> _Plan:
    """Look up what was asked for; UsageError for what does not exist or cannot be done."""
    from hil.reference.requirements import requirement as known_requirement
    from hil.testbed.inventory import load
    from hil.virtual.defects import firmware_with

    usual = suite_root() / "testbeds" / ("quick.yaml" if asked.quick else "virtual.yaml")
    file, handsets, place = resolved(asked.testbed or usual, asked.handsets)
    inventory = load(file)
    entries = _chosen_entries(inventory, handsets)
    if len(entries) == 1 and (asked.each or asked.jobs):
        raise UsageError("--each and --jobs are for several handsets", remedy="--handset all")
    firmware_with(asked.defects)
    for name in asked.requirements:
        known_requirement(name)
    if asked.budget is not None and asked.tier is None:
        raise UsageError("--budget is for a tier", remedy="--tier smoke, nightly or full")
    check_writable(asked.json_file)
    chosen = Chosen(file, asked.modules, asked.defects, asked.selection(), asked.wall_clock, place)
    return _Plan(asked, chosen, inventory, entries)


def _run(plan: _Plan, voice: Voice) -> Ran:
    """Run the tests, with the directory of the evidence kept meanwhile."""
    from hil.commands.certify_several import on_several
    from hil.parallel.spreading import Spreading

    asked, inventory, entries = plan.asked, plan.inventory, plan.entries
    with taken(asked.out) if asked.out is not None else contextlib.nullcontext():
        if len(entries) == 1:
            return on_one(plan.chosen, inventory, entries[0], asked.out, voice, wait_s=asked.wait_s)
        names = tuple(entry.name for entry in entries)
        spreading = Spreading(
            inventory, names, asked.each, asked.jobs or 0, asked.out, asked.wait_s
        )
        return on_several(plan.chosen, spreading, voice)


def _tell(plan: _Plan, ran: Ran, wall_s: float) -> None:
    """Print the summary, and write the results."""
    asked = plan.asked
    ran.finish(wall_s)
    if ran.status not in ENDED:
        refuse_nothing(ran.results, plan.chosen.selection)
    if asked.json_file is not None:
        write_json(asked.json_file, ran.results, plan.inventory, ran.handset, asked.defects, wall_s)


def _status(ran: Ran) -> int:
    """The exit status, that of the verdicts if the run came to its end; Abort after Ctrl-C."""
    if ran.status == TERMINATED:
        click.echo("Error: terminated", err=True)
        return TERMINATED
    if ran.status in ENDED:
        raise click.Abort
    return ran.results.exit_code


def _chosen_entries(inventory: Testbed, handsets: tuple[str, ...]) -> list[HandsetEntry]:
    if handsets == ("all",) and all(each.name != "all" for each in inventory.handsets):
        return list(inventory.handsets)
    names = dict.fromkeys(handsets or (None,))
    return [inventory.handset(name) for name in names]
