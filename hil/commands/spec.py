"""``hil spec``: the requirements, what tests them, and whether anything is left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from hil.commands.phone_options import json_option, print_json
from hil.errors import UsageError
from hil.reference.chapter import FRONT
from hil.reference.coverage import ROWS, differences
from hil.reference.requirement import Level
from hil.reference.requirements import requirement
from hil.spec.matrix import Entry, matrix, totals, uncovered
from hil.spec.page import page as make_page


@click.group(name="spec")
def command() -> None:
    """Show the requirements, what tests them and what breaks them.

    A requirement is a clause of the specification in our own words: with its force, where it is
    written, how a bench can see it, the certification tests that name it, and the defects that
    break it.

    \b
    hil spec list --section "Configuration Profile"
    hil spec list --level SHOULD --json
    hil spec show resync.at.format
    hil spec coverage                        exits 1 if a requirement has no test or no defect
    hil spec check chapter.txt               exits 1 if a sentence of the chapter is not covered
    hil spec page --output docs/requirements.md
    """


@command.command(name="list")
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level], case_sensitive=False),
    help="Only requirements of this force.",
)
@click.option(
    "--section", metavar="TEXT", help="Only those whose source or id has this text, in any case."
)
@json_option
def list_(level: str | None, section: str | None, as_json: bool) -> None:
    """List the requirements.

    \b
    hil spec list                            id, level, text
    hil spec list --section resync.at        a family of ids
    hil spec list --section "error codes"    a section of the chapter
    hil spec list --level MAY --json
    """
    chosen = [entry for entry in matrix() if _is_wanted(entry, level, section)]
    if not chosen:
        raise UsageError("no requirement is so", remedy="see `hil spec list`")
    if as_json:
        print_json([entry.as_json() for entry in chosen])
        return
    width = max(len(entry.requirement.id) for entry in chosen)
    for entry in chosen:
        required = entry.requirement
        click.echo(f"{required.id:<{width}}  {required.level:<6}  {required.text}")


def _is_wanted(entry: Entry, level: str | None, section: str | None) -> bool:
    required = entry.requirement
    told = f"{required.id}\n{required.source}".lower()
    return level in (None, required.level.value) and (section or "").lower() in told


@command.command()
@click.argument("name", metavar="ID")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show one requirement with its sentences, tests, defects and open questions.

    \b
    hil spec show resync.periodic
    hil spec show codes.x40 --json
    """
    requirement(name)
    (entry,) = (entry for entry in matrix() if entry.requirement.id == name)
    if as_json:
        print_json(entry.as_json())
        return
    required = entry.requirement
    click.echo(f"{required.id}  {required.level}\n  {required.text}")
    click.echo(f"  source: {required.source}\n  seen: {required.observable}")
    for title, names in (
        ("sentences", entry.sentences),
        ("tests", entry.tests),
        ("defects", entry.defects),
        ("open questions about the same rows", entry.questions),
    ):
        _print_names(title, names)


def _print_names(title: str, names: Sequence[str]) -> None:
    click.echo(f"  {title}: {len(names)}")
    for name in names:
        click.echo(f"    {name}")


@command.command()
@json_option
@click.pass_context
def coverage(ctx: click.Context, as_json: bool) -> None:
    """Say whether every requirement has a certification test and a defect.

    Exit status: 0 if each has both, 1 if one lacks something.

    \b
    hil spec coverage
    hil spec coverage --json                 totals, what is uncovered, and each requirement
    """
    entries = matrix()
    open_ends, numbers = uncovered(entries), totals(entries)
    if as_json:
        print_json(
            {
                "totals": numbers,
                "uncovered": list(open_ends),
                "requirements": [entry.as_json() for entry in entries],
            }
        )
    else:
        width = max(len(entry.requirement.id) for entry in entries)
        click.echo(f"{'':<{width}}  level   sentences  tests  defects  seen by")
        for entry in entries:
            required = entry.requirement
            click.echo(
                f"{required.id:<{width}}  {required.level:<6}  {len(entry.sentences):>9}  "
                f"{len(entry.tests):>5}  {len(entry.defects):>7}  {', '.join(required.observable.by)}"
            )
        for problem in open_ends:
            click.echo(problem)
        click.echo(", ".join(f"{count} {name}" for name, count in numbers.items()))
    ctx.exit(1 if open_ends else 0)


@command.command()
@click.argument("chapter", metavar="FILE", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def check(ctx: click.Context, chapter: Path, as_json: bool) -> None:
    """Hold a text of the chapter "Provisioning Parameters" against the catalogue.

    The catalogue has a fingerprint of each row instead of its text. FILE is covered if it has the same
    rows with the same text; else what is missing, new or changed is listed, and a requirement may
    have to be written.

    Exit status: 0 if every sentence is covered, 1 if one is not, 2 if FILE is not the chapter.

    \b
    hil spec check provisioning-parameters.txt
    """
    try:
        text = chapter.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", file=str(chapter)) from error
    found = differences(text)
    numbers = totals(matrix())
    sections = len({row.section for row in ROWS} - {FRONT})
    if as_json:
        print_json({"covered": not found, "differences": list(found), "totals": numbers})
    else:
        for difference in found:
            click.echo(difference)
        click.echo(
            f"{'not covered' if found else 'covered'}: {numbers['sentences']} sentences are known in "
            f"{numbers['rows']} rows of {sections} sections, {numbers['normative']} of them normative"
        )
    ctx.exit(1 if found else 0)


@command.command()
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it there.")
def page(output: Path | None) -> None:
    """Make the matrix as a page in Markdown.

    \b
    hil spec page --output docs/requirements.md
    """
    text = make_page()
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write there: {error.strerror}", file=str(output)) from error
