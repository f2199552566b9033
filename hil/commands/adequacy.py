"""``hil adequacy``: run the suite against handsets that are known to be wrong."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from hil.commands import adequacy_mutants
from hil.commands.output import check_writable, write_results
from hil.errors import LabError, UsageError

if TYPE_CHECKING:
    from hil.adequacy.campaign import Campaign
    from hil.adequacy.matrix import Matrix
    from hil.adequacy.mutants.score import Score
    from hil.adequacy.suite import Suite
    from hil.virtual.defect import Defect


@dataclass(frozen=True)
class _Chosen:
    """What of the catalogue is run."""

    defects: tuple[Defect, ...]
    pairs: tuple[tuple[Defect, Defect], ...]
    thin: bool


@click.command(name="adequacy")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    help="So many handsets at a time; as many as there are cores by default.",
)
@click.option(
    "--json", "json_file", metavar="FILE", help="Write it all as JSON; - is standard output."
)
@click.option(
    "--requirement",
    "requirements",
    metavar="ID",
    multiple=True,
    help="Only defects that break this requirement; may be repeated.",
)
@click.option(
    "--defect", "names", metavar="NAME", multiple=True, help="Only this defect; may be repeated."
)
@click.option(
    "--pair",
    "named_pairs",
    metavar="A,B",
    multiple=True,
    help="These two defects, and both in one handset; may be repeated.",
)
@click.option(
    "--pairs",
    "drawn_pairs",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    help="Besides, so many pairs drawn at random of the defects that are run.",
)
@click.option(
    "--thin",
    is_flag=True,
    help="No test meets another defect once it found one, and none a defect that was found.",
)
@click.option(
    "--mutants",
    "number",
    metavar="[N|all]",
    is_flag=False,
    flag_value=adequacy_mutants.USUAL,
    help=f"Besides, so many mutants of the reference; {adequacy_mutants.USUAL} without a number.",
)
@click.option(
    "--module",
    "modules",
    metavar="NAME",
    multiple=True,
    help="Only the mutants of this module of the reference, no defects; may be repeated.",
)
@click.option(
    "--mutant",
    "mutants",
    metavar="ID",
    multiple=True,
    help="Only this mutant, no defects; may be repeated.",
)
@click.option(
    "-k",
    "among",
    metavar="TEXT",
    help="With --mutant or --module: run just the tests with TEXT in their names, all of them.",
)
@click.option(
    "--seed", metavar="N", type=int, default=1, show_default=True, help="What is drawn at random."
)
@click.pass_context
def command(
    ctx: click.Context,
    jobs: int | None,
    json_file: str | None,
    requirements: tuple[str, ...],
    names: tuple[str, ...],
    named_pairs: tuple[str, ...],
    drawn_pairs: int,
    thin: bool,
    number: str | None,
    modules: tuple[str, ...],
    mutants: tuple[str, ...],
    among: str | None,
    seed: int,
) -> None:
    """Show that the suite finds what is wrong with a handset.

    First the reference handset has to pass. Then each defect of the catalogue (see `hil defects`)
    meets every test that names the requirement which it breaks. It counts as killed only if a test
    says FAIL with a finding of that very requirement; a crash, an ERROR, an INCONCLUSIVE is no kill.
    Each line of the matrix has the defect, how many of its tests killed it, and the first of them
    with its check. Tests that find no defect of the requirement that they name first are told, too.

    Exit status: 0 nothing is missing, 1 something is, or the reference was called broken, 2 usage,
    3 the lab failed.

    \b
    hil adequacy
    hil adequacy --thin                      whether anything is missing, in half the time
    hil adequacy --requirement resync.at --jobs 1
    hil adequacy --defect retry-never --json -
    hil adequacy --pair retry-never,random-delay-ignored
    hil adequacy --pairs 100 --seed 7        a hundred pairs besides
    hil adequacy --mutants                   360 mutants besides
    hil adequacy --mutants 20 --module scheduling
    hil adequacy --mutant versions:Version.parse:3:branch:1
    hil adequacy --module versions -k test_profile_rules
    """
    from hil.adequacy.campaign import Accused, Campaign
    from hil.adequacy.pool import usable_cores
    from hil.adequacy.report import document, lines
    from hil.adequacy.suite import with_suite
    from hil.commands.adequacy_progress import Progress

    began = time.monotonic()
    slips = adequacy_mutants.choose(number, modules, mutants, seed)
    only_slips = bool(modules or mutants)
    if among is not None and not only_slips:
        raise UsageError("-k chooses tests for mutants", remedy="--mutant ID or --module NAME, too")
    if only_slips and (requirements or names or named_pairs or drawn_pairs or thin):
        raise UsageError(
            "--mutant and --module run no defects", remedy="defects in a run of their own"
        )
    chosen = _choose(requirements, names, named_pairs, drawn_pairs, seed, thin=thin)
    check_writable(json_file)
    at_once = jobs or usable_cores()

    def work(suite: Suite) -> tuple[Matrix | None, Score | None, Campaign]:
        campaign = Campaign(suite, at_once, Progress())
        matrix = None if only_slips else _run(campaign, chosen)
        score = None if slips is None else adequacy_mutants.run(campaign, slips, among)
        return matrix, score, campaign

    try:
        found, score, campaign = with_suite(work)
    except Accused as error:
        _refuse(ctx, error.what, failed=error.failed)
    to_stderr = json_file == "-"
    wall_s = time.monotonic() - began
    try:
        for line in () if found is None else lines(found):
            click.echo(line, err=to_stderr)
        if score is not None:
            adequacy_mutants.show(score, err=to_stderr)
        click.echo(f"{wall_s:.0f} s, {campaign.cpu_s:.0f} s of processor time", err=to_stderr)
    finally:
        if json_file is not None:
            run = _about(at_once, seed, wall_s, campaign.cpu_s)
            whole = {"run": run} if found is None else document(found, run)
            if score is not None:
                whole["mutants"] = score.as_json()
            write_results(json_file, json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    adequate = (found is None or found.adequate) and (score is None or score.enough)
    ctx.exit(0 if adequate else 1)


def _run(campaign: Campaign, chosen: _Chosen) -> Matrix:
    from hil.adequacy.catalogue import EQUIVALENT, defect_job, pair_job
    from hil.adequacy.job import Kind
    from hil.adequacy.matrix import matrix
    from hil.virtual.defects import DEFECTS

    suite = campaign.suite
    defects = [defect_job(suite, defect) for defect in chosen.defects]
    pairs = [pair_job(suite, *pair) for pair in chosen.pairs]
    used = {test for job in (*defects, *pairs) for test in job.tests}
    tests = {test: named for test, named in suite.tests.items() if test in used}
    campaign.sound(tuple(tests))
    ended = (
        campaign.economical(chosen.defects) if chosen.thin else campaign.run(Kind.DEFECT, defects)
    )
    rows = list(zip(chosen.defects, ended, strict=True))
    outcomes = campaign.run(Kind.PAIR, pairs) if pairs else []
    both = [(*pair, outcome) for pair, outcome in zip(chosen.pairs, outcomes, strict=True)]
    return matrix(rows, both, tests, DEFECTS, EQUIVALENT)


def _choose(
    requirements: tuple[str, ...],
    names: tuple[str, ...],
    named_pairs: tuple[str, ...],
    drawn: int,
    seed: int,
    *,
    thin: bool,
) -> _Chosen:
    """What is run; UsageError for names that nobody knows."""
    from hil.adequacy.catalogue import random_pairs
    from hil.reference.requirements import requirement
    from hil.virtual.defects import DEFECTS, firmware_with

    for name in requirements:
        requirement(name)
    pairs = []
    for text in named_pairs:
        one, comma, other = text.partition(",")
        if not comma or one == other:
            raise UsageError(
                f"{text!r} is no pair of defects", remedy="two names, as in --pair A,B"
            )
        firmware_with((one, other))
        pairs.append((DEFECTS[one], DEFECTS[other]))
    firmware_with(names)
    wanted = {*names, *(defect.name for pair in pairs for defect in pair)}
    everything = not wanted and not requirements
    defects = tuple(
        defect
        for defect in DEFECTS.values()
        if everything or defect.name in wanted or defect.requirement in requirements
    )
    if not defects:
        raise UsageError(
            f"no defect breaks {', '.join(requirements)}", remedy="see `hil defects` for what does"
        )
    return _Chosen(defects, (*pairs, *random_pairs(defects, drawn, seed)), thin)


def _refuse(ctx: click.Context, what: tuple[str, ...], *, failed: bool) -> None:
    """End without a matrix, since the sound handset did not pass."""
    for line in what:
        click.echo(line, err=True)
    if not failed:
        raise LabError(
            "the reference handset did not pass every test, so nothing can be measured",
            evidence=f"{len(what)} tests without a verdict",
            next_step="hil certify",
        )
    click.echo(
        "Error: the suite calls the reference handset broken, so nothing can be measured", err=True
    )
    ctx.exit(1)


def _about(at_once: int, seed: int, wall_s: float, cpu_s: float) -> dict[str, Any]:
    from hil import __version__

    return {
        "hil": __version__,
        "jobs": at_once,
        "seed": seed,
        "wall_s": round(wall_s, 3),
        "cpu_s": round(cpu_s, 3),
    }
