"""``hil chaos``: break the laboratory in every way that is known, and see that no phone is blamed."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import click

from hil.commands.output import check_writable, write_results
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.adequacy.suite import Suite
    from hil.chaos.report import Matrix

_STEP = 0.1


@click.command(name="chaos")
@click.option(
    "--json", "json_file", metavar="FILE", help="Write it all as JSON; - is standard output."
)
@click.option(
    "--fault",
    "names",
    metavar="NAME",
    multiple=True,
    help="Only this fault of the lab, see --list; may be repeated.",
)
@click.option(
    "--group",
    "modules",
    metavar="MODULE",
    multiple=True,
    help="Tests of this module of the suite, in the place of the usual ones; may be repeated.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Each module (unless --group says which), each instant, either handset. Takes an hour.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    help="So many benches at a time; as many as there are cores by default.",
)
@click.option("--list", "listing", is_flag=True, help="Say which faults there are, and stop.")
@click.pass_context
def command(
    ctx: click.Context,
    json_file: str | None,
    names: tuple[str, ...],
    modules: tuple[str, ...],
    everything: bool,
    jobs: int | None,
    listing: bool,
) -> None:
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
    from hil.adequacy.pool import usable_cores
    from hil.adequacy.suite import with_suite
    from hil.chaos.campaign import Campaign, cells
    from hil.chaos.catalogue import faults
    from hil.chaos.groups import USUAL, all_modules
    from hil.chaos.report import Matrix, document, lines

    began = time.monotonic()
    chosen = faults(names)
    if listing:
        for fault in chosen:
            click.echo(f"{fault.name:24} {fault.words}")
        return
    known = all_modules()
    _require_known(modules, known)
    check_writable(json_file)
    wanted = tuple(dict.fromkeys(modules)) or (known if everything else USUAL)
    at_once = jobs or usable_cores()

    def work(suite: Suite) -> tuple[Matrix, float]:
        campaign = Campaign(suite, at_once, Progress())
        groups = campaign.groups(wanted)
        results = campaign.run(cells(chosen, groups, everything=everything))
        return Matrix(chosen, groups, results), campaign.cpu_s

    matrix, cpu_s = with_suite(work, *wanted)
    wall_s = time.monotonic() - began
    try:
        for line in lines(matrix):
            click.echo(line, err=json_file == "-")
        click.echo(f"{wall_s:.0f} s, {cpu_s:.0f} s of processor time", err=json_file == "-")
    finally:
        if json_file is not None:
            run: dict[str, object] = {
                "all": everything,
                "wall_s": round(wall_s, 3),
                "cpu_s": round(cpu_s, 3),
            }
            write_results(
                json_file, json.dumps(document(matrix, run), indent=2, ensure_ascii=False) + "\n"
            )
    ctx.exit(matrix.exit_code)


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


def _require_known(modules: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [module for module in modules if module not in known]
    if unknown:
        raise UsageError(
            f"the suite has no module {unknown[0]!r}", remedy="one of " + ", ".join(known)
        )
