"""``hil adequacy``: run the suite against handsets that are known to be wrong."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from hil.commands import adequacy_mutants
from hil.commands.common_options import at_once_option, results_option, together
from hil.commands.output import STDOUT, check_writable, write_results
from hil.errors import LabError, UsageError

if TYPE_CHECKING:
    from hil.adequacy.campaign import Accused, Campaign
    from hil.adequacy.matrix import Matrix
    from hil.adequacy.mutants.score import Score
    from hil.adequacy.suite import Suite
    from hil.virtual.defect import Defect


@dataclass(frozen=True)
class _Asked:
    """The options, as they were given."""

    jobs: int | None
    json_file: str | None
    requirements: tuple[str, ...]
    names: tuple[str, ...]
    named_pairs: tuple[str, ...]
    drawn_pairs: int
    thin: bool
    number: str | None
    modules: tuple[str, ...]
    mutants: tuple[str, ...]
    among: str | None
    seed: int

    @property
    def only_mutants(self) -> bool:
        """Whether no defects are meant."""
        return bool(self.modules or self.mutants)

    @property
    def any_defects(self) -> bool:
        """Whether an option says something about defects."""
        named = self.requirements or self.names or self.named_pairs
        return bool(named or self.drawn_pairs or self.thin)


@dataclass(frozen=True)
class _Chosen:
    """What of the catalogue is run."""

    defects: tuple[Defect, ...]
    pairs: tuple[tuple[Defect, Defect], ...]
    thin: bool


@dataclass(frozen=True)
class _Plan:
    """What is run, ``at_once`` handsets at a time; of mutants with the tests ``among`` all."""

    defects: _Chosen | None
    mutants: adequacy_mutants.ChosenMutants | None
    among: str | None
    at_once: int


@dataclass(frozen=True)
class _Measured:
    """What came of it, where it was run; ``cpu_s`` is processor time, seconds."""

    matrix: Matrix | None
    score: Score | None
    cpu_s: float

    @property
    def adequate(self) -> bool:
        """Whether nothing is missing."""
        matrix, score = self.matrix, self.score
        return (matrix is None or matrix.adequate) and (score is None or score.enough)


_defect_options = together(
    click.option(
        "--requirement",
        "requirements",
        metavar="ID",
        multiple=True,
        help="Only defects that break this requirement; may be repeated.",
    ),
    click.option(
        "--defect",
        "names",
        metavar="NAME",
        multiple=True,
        help="Only this defect; may be repeated.",
    ),
    click.option(
        "--pair",
        "named_pairs",
        metavar="A,B",
        multiple=True,
        help="These two defects, and both in one handset; may be repeated.",
    ),
    click.option(
        "--pairs",
        "drawn_pairs",
        metavar="N",
        type=click.IntRange(0),
        default=0,
        help="Besides, so many pairs drawn at random of the defects that are run.",
    ),
    click.option(
        "--thin",
        is_flag=True,
        help="No test meets another defect once it found one, and none a defect that was found.",
    ),
)

_mutant_options = together(
    click.option(
        "--mutants",
        "number",
        metavar="[N|all]",
        is_flag=False,
        flag_value=adequacy_mutants.USUAL,
        help=f"Besides, so many mutants of the reference; {adequacy_mutants.USUAL} without a "
        "number.",
    ),
    click.option(
        "--module",
        "modules",
        metavar="NAME",
        multiple=True,
        help="Only the mutants of this module of the reference, no defects; may be repeated.",
    ),
    click.option(
        "--mutant",
        "mutants",
        metavar="ID",
        multiple=True,
        help="Only this mutant, no defects; may be repeated.",
    ),
    click.option(
        "-k",
        "among",
        metavar="TEXT",
        help="With --mutant or --module: run just the tests with TEXT in their names, all of them.",
    ),
)

_seed_option = click.option(
    "--seed", metavar="N", type=int, default=1, show_default=True, help="What is drawn at random."
)


@click.command(name="adequacy")
@at_once_option("handsets")
@results_option("it all")
@_defect_options
@_mutant_options
@_seed_option
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
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
    hil adequacy --thin                      whether anything is missing, in a fraction of the runs
    hil adequacy --requirement resync.at --jobs 1
    hil adequacy --defect retry-never --json -
    hil adequacy --pair retry-never,random-delay-ignored
    hil adequacy --pairs 100 --seed 7        a hundred pairs besides
    hil adequacy --mutants                   360 mutants besides
    hil adequacy --mutants 20 --module scheduling
    hil adequacy --mutant versions:Version.parse:3:branch:1
    hil adequacy --module versions -k test_profile_rules
    """
    from hil.adequacy.campaign import Accused

    began = time.monotonic()
    asked = _Asked(**options)
    plan = _planned(asked)
    try:
        measured = _measure(plan)
    except Accused as error:
        _tell_accused(error)
        ctx.exit(1)
    wall_s = time.monotonic() - began
    try:
        _tell(measured, wall_s, err=asked.json_file == STDOUT)
    finally:
        if asked.json_file is not None:
            _write(asked.json_file, measured, _about(plan, measured, asked.seed, wall_s))
    ctx.exit(0 if measured.adequate else 1)


def _planned(asked: _Asked) -> _Plan:
    """What is run; UsageError for what nobody knows and for what does not go together."""
    from hil.adequacy.pool import usable_cores

    slips = adequacy_mutants.choose(asked.number, asked.modules, asked.mutants, asked.seed)
    if asked.among is not None and not asked.only_mutants:
        raise UsageError("-k chooses tests for mutants", remedy="--mutant ID or --module NAME, too")
    if asked.only_mutants and asked.any_defects:
        raise UsageError(
            "--mutant and --module run no defects", remedy="defects in a run of their own"
        )
    defects = None if asked.only_mutants else _choose(asked)
    check_writable(asked.json_file)
    return _Plan(defects, slips, asked.among, asked.jobs or usable_cores())


def _measure(plan: _Plan) -> _Measured:
    """Run it all; `Accused` if the sound handset does not pass."""
    from hil.adequacy.campaign import Campaign
    from hil.adequacy.suite import with_suite
    from hil.commands.adequacy_progress import Progress

    def work(suite: Suite) -> _Measured:
        campaign = Campaign(suite, plan.at_once, Progress())
        matrix = None if plan.defects is None else _run(campaign, plan.defects)
        score = (
            None
            if plan.mutants is None
            else adequacy_mutants.run(campaign, plan.mutants, plan.among)
        )
        return _Measured(matrix, score, campaign.cpu_s)

    return with_suite(work)


def _run(campaign: Campaign, chosen: _Chosen) -> Matrix:
    from hil.adequacy.catalogue import EQUIVALENT, defect_job, pair_job
    from hil.adequacy.hints import shipped
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
        campaign.economical(chosen.defects, shipped())
        if chosen.thin
        else campaign.run(Kind.DEFECT, defects)
    )
    rows = list(zip(chosen.defects, ended, strict=True))
    outcomes = campaign.run(Kind.PAIR, pairs) if pairs else []
    both = [(*pair, outcome) for pair, outcome in zip(chosen.pairs, outcomes, strict=True)]
    return matrix(rows, both, tests, DEFECTS, EQUIVALENT)


def _choose(asked: _Asked) -> _Chosen:
    """The defects that are run; UsageError for names that nobody knows."""
    from hil.adequacy.catalogue import random_pairs
    from hil.reference.requirements import requirement
    from hil.virtual.defects import DEFECTS, firmware_with

    for name in asked.requirements:
        requirement(name)
    pairs = []
    for text in asked.named_pairs:
        one, comma, other = text.partition(",")
        if not comma or one == other:
            raise UsageError(
                f"{text!r} is no pair of defects", remedy="two names, as in --pair A,B"
            )
        firmware_with((one, other))
        pairs.append((DEFECTS[one], DEFECTS[other]))
    firmware_with(asked.names)
    wanted = {*asked.names, *(defect.name for pair in pairs for defect in pair)}
    everything = not wanted and not asked.requirements
    defects = tuple(
        defect
        for defect in DEFECTS.values()
        if everything or defect.name in wanted or defect.requirement in asked.requirements
    )
    if not defects:
        raise UsageError(
            f"no defect breaks {', '.join(asked.requirements)}",
            remedy="see `hil defects` for what does",
        )
    drawn = random_pairs(defects, asked.drawn_pairs, asked.seed)
    return _Chosen(defects, (*pairs, *drawn), asked.thin)


def _tell_accused(error: Accused) -> None:
    """Say why there is no matrix: the sound handset did not pass. LabError if none called it broken."""
    for line in error.what:
        click.echo(line, err=True)
    if not error.failed:
        raise LabError(
            "the reference handset did not pass every test, so nothing can be measured",
            evidence=f"{len(error.what)} tests without a verdict",
            next_step="hil certify",
        )
    click.echo(
        "Error: the suite calls the reference handset broken, so nothing can be measured", err=True
    )


def _tell(measured: _Measured, wall_s: float, *, err: bool) -> None:
    """Print the matrix, the score of the mutants, and how long it took."""
    from hil.adequacy.report import lines

    for line in () if measured.matrix is None else lines(measured.matrix):
        click.echo(line, err=err)
    if measured.score is not None:
        adequacy_mutants.show(measured.score, err=err)
    click.echo(f"{wall_s:.0f} s, {measured.cpu_s:.0f} s of processor time", err=err)


def _write(target: str, measured: _Measured, run: dict[str, Any]) -> None:
    """The same as JSON."""
    from hil.adequacy.report import document

    whole = {"run": run} if measured.matrix is None else document(measured.matrix, run)
    if measured.score is not None:
        whole["mutants"] = measured.score.as_json()
    write_results(target, json.dumps(whole, indent=2, ensure_ascii=False) + "\n")


def _about(plan: _Plan, measured: _Measured, seed: int, wall_s: float) -> dict[str, Any]:
    from hil import __version__

    return {
        "hil": __version__,
        "jobs": plan.at_once,
        "seed": seed,
        "wall_s": round(wall_s, 3),
        "cpu_s": round(measured.cpu_s, 3),
    }
