"""``hil judge``: judge a stored run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.commands.output import print_data
from hil.errors import UsageError
from hil.suite_location import suite_root

if TYPE_CHECKING:
    from hil.evidence.rejudging import Rejudged, Subject
    from hil.evidence.stored_run import StoredRun


@click.command(name="judge")
@click.argument("place", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--testbed",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Inventory file, for a history that does not tell its handset.",
)
@click.option("--handset", metavar="NAME", help="Handset of that inventory; the first by default.")
@click.option("-k", "part", metavar="TEXT", default="", help="Only tests whose name has this text.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    place: Path,
    testbed: Path | None,
    handset: str | None,
    part: str,
    as_json: bool,
) -> None:
    """Judge a stored run again, without any phone.

    RUN is a directory that `hil certify --out` left, or a history.jsonl. Each test is shown with the
    verdict of now and, where that has changed, the one of then. The baseline exchanges of the
    groups are tests here as well. A run that did not come to its end, or during which the
    laboratory broke between tests, does not pass, whatever its tests are.

    Exit status: as that of `hil certify`, of the verdicts of now.

    \b
    hil certify --out evidence
    hil judge evidence
    hil judge evidence -k test_resync_at --json
    """
    from hil.evidence.rejudging import missing_from
    from hil.evidence.stored_run import load_run
    from hil.judge import EXIT_CODES, Word, merge

    run = load_run(place)
    subject = _subject(run, testbed, handset)
    judged = _judged(run, subject, part)
    missing = missing_from(run)
    if as_json:
        told = [each.as_json() for each in judged]
        document = {"run": str(run.path), "tests": told, "troubles": missing}
        print_data(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(str(run))
        for each in judged:
            _tell(each)
        for line in missing:
            click.echo(line)
    words = [each.now.word for each in judged] + [Word.ERROR for _ in missing[:1]]
    ctx.exit(EXIT_CODES[merge(words)])


def _subject(run: StoredRun, testbed: Path | None, handset: str | None) -> Subject:
    """The phone that it was: of a testbed that is given, else as the run tells."""
    from hil.evidence.rejudging import Subject, subject_of
    from hil.testbed.inventory import load

    inventory = load(testbed or suite_root() / "testbeds" / "virtual.yaml", authority=False)
    entry = inventory.handset(handset)
    otherwise = Subject(entry.identity(), entry.chosen_interpretations(), entry.judge_timing())
    return otherwise if testbed is not None else subject_of(run, otherwise)


def _judged(run: StoredRun, subject: Subject, part: str) -> list[Rejudged]:
    """The tests with ``part`` in their names, judged again; UsageError if there are none."""
    from hil.evidence.rejudging import Rejudged, judge_again

    tests = [test for test in run.tests if part in test.name]
    if not tests:
        raise UsageError(f"no test of the run has {part!r} in its name", file=str(run.path))
    return [Rejudged(test, judge_again(test, subject)) for test in tests]


def _tell(judged: Rejudged) -> None:
    """One line for what passes as it did; the whole judgement for everything else."""
    head, *rest = str(judged.now).splitlines()
    then = f"  (then: {judged.then})" if judged.changed else ""
    click.echo(f"{head:<21} {judged.test.name}{then}")
    if judged.now.word.value not in ("PASS", "NOT_APPLICABLE"):
        for line in rest:
            click.echo(f"    {line}")
