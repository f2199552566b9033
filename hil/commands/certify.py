"""``hil certify``: run the certification suite against handsets and say the verdict."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.commands.certify_document import write_json
from hil.commands.certify_run import (
    ENDED,
    TERMINATED,
    Chosen,
    on_one,
    refuse_nothing,
    resolved,
    taken,
)
from hil.commands.output import STDOUT, Voice, check_writable
from hil.errors import UsageError
from hil.interrupts import unheard
from hil.suite_location import suite_root

if TYPE_CHECKING:
    from hil.testbed.inventory import HandsetEntry, Testbed


@click.command(name="certify")
@click.argument("modules", metavar="[MODULE]...", nargs=-1)
@click.option(
    "--testbed",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Inventory file, or labgrid:PLACE.",
)
@click.option(
    "--handset",
    "handsets",
    metavar="NAME",
    multiple=True,
    help="Handset to test, the first one by default; may be repeated, `all` is every one.",
)
@click.option(
    "--each", is_flag=True, help="Let each of several handsets take all tests, not share them."
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    help="How many of several handsets work at a time; the others step in for those that fail.",
)
@click.option(
    "--wait",
    "wait_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="How long to wait for a handset of a rack that somebody else has.",
)
@click.option(
    "--defect",
    "defects",
    metavar="NAME",
    multiple=True,
    help="Give the virtual handset a defect, see `hil defects`; may be repeated.",
)
@click.option(
    "--requirement",
    "requirements",
    metavar="ID",
    multiple=True,
    help="Only tests that check this requirement; may be repeated.",
)
@click.option("-k", "expression", metavar="EXPR", help="Only tests that match, as with pytest -k.")
@click.option(
    "--quick",
    is_flag=True,
    help="Only the tests of small timer values, by default on the testbed quick.yaml.",
)
@click.option(
    "--tier",
    type=click.Choice(["smoke", "nightly", "full"]),
    help="A part of the suite that fits a budget: smoke 10 minutes a phone, nightly 600, full all.",
)
@click.option(
    "--budget",
    metavar="MINUTES",
    type=click.FloatRange(min=0, min_open=True, max=525_600),
    help="Another budget for the tier, a phone's.",
)
@click.option(
    "--timers",
    type=click.Choice(["auto", "usual", "quick"]),
    default="auto",
    help="Values of timers: as in the field, or quick where a test allows it. By default quick where "
    "time passes by itself, and in the tiers smoke and nightly.",
)
@click.option(
    "--json", "json_file", metavar="FILE", help="Write the results as JSON; - is standard output."
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Leave history, JUnit XML, Allure results and a log a test there.",
)
@click.option("--wall-clock", is_flag=True, help="Let time pass by itself on a virtual testbed.")
@click.pass_context
def command(
    ctx: click.Context,
    modules: tuple[str, ...],
    testbed: Path | None,
    handsets: tuple[str, ...],
    each: bool,
    jobs: int | None,
    wait_s: float,
    defects: tuple[str, ...],
    requirements: tuple[str, ...],
    expression: str | None,
    quick: bool,
    tier: str | None,
    budget: float | None,
    timers: str,
    json_file: str | None,
    out: Path | None,
    wall_clock: bool,
) -> None:
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
    from hil.commands.certify_several import on_several
    from hil.parallel.spreading import Spreading
    from hil.reference.requirements import requirement as known_requirement
    from hil.testbed.inventory import load
    from hil.virtual.defects import firmware_with

    began = time.perf_counter()
    file = testbed or suite_root() / "testbeds" / ("quick.yaml" if quick else "virtual.yaml")
    file, handsets, place = resolved(file, handsets)
    inventory = load(file)
    entries = _chosen_entries(inventory, handsets)
    if len(entries) == 1 and (each or jobs):
        raise UsageError("--each and --jobs are for several handsets", remedy="--handset all")
    firmware_with(defects)
    for name in requirements:
        known_requirement(name)
    check_writable(json_file)
    held = taken(out) if out is not None else None
    selection = [f"--hil-requirement={name}" for name in requirements]
    selection += [] if expression is None else ["-k", expression]
    selection += ["--hil-quick"] if quick else []
    if budget is not None and tier is None:
        raise UsageError("--budget is for a tier", remedy="--tier smoke, nightly or full")
    selection += [f"--hil-tier={tier}"] if tier is not None else []
    selection += [f"--hil-budget={budget}"] if budget is not None else []
    selection += [f"--hil-timers={timers}"] if timers != "auto" else []
    chosen = Chosen(file, modules, defects, tuple(selection), wall_clock, place)
    voice = Voice(to_stderr=json_file == STDOUT, alone=json_file is None and out is None)
    if len(entries) == 1:
        ran = on_one(chosen, inventory, entries[0], out, voice, wait_s=wait_s)
    else:
        ran = on_several(
            chosen,
            Spreading(
                inventory, tuple(entry.name for entry in entries), each, jobs or 0, out, wait_s
            ),
            voice,
        )
    if held is not None:
        os.close(held)
    wall_s = time.perf_counter() - began
    with unheard() if ran.status in ENDED else contextlib.nullcontext():
        ran.finish(wall_s)
        if ran.status not in ENDED:
            refuse_nothing(ran.results, selection)
        if json_file is not None:
            write_json(json_file, ran.results, inventory, ran.handset, defects, wall_s)
    voice.account()
    if ran.status == TERMINATED:
        click.echo("Error: terminated", err=True)
        ctx.exit(TERMINATED)
    if ran.status in ENDED:
        raise click.Abort
    ctx.exit(ran.results.exit_code)


def _chosen_entries(inventory: Testbed, handsets: tuple[str, ...]) -> list[HandsetEntry]:
    if handsets == ("all",) and all(each.name != "all" for each in inventory.handsets):
        return list(inventory.handsets)
    names = dict.fromkeys(handsets or (None,))
    return [inventory.handset(name) for name in names]
