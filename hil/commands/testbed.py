"""``hil testbed``: write, check and show the inventory of a laboratory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hil.commands.phone_options import json_option, print_json
from hil.commands.testbed_authority import authority
from hil.commands.testbed_init import init
from hil.errors import InventoryError, UsageError


@click.group(name="testbed")
def command() -> None:
    """Describe a rack of phones: check, show and begin its inventory.

    An inventory is a YAML file that says which phones a laboratory has, where they get their power,
    and by which wire they are reached. `testbeds/` beside the suite has commented examples.

    \b
    hil testbed init --interface eth1 --output rack.yaml
    hil testbed check rack.yaml
    hil testbed show rack.yaml --handset a01
    hil testbed authority --out lab
    """


command.add_command(init)
command.add_command(authority)


@command.command()
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--without-secrets",
    is_flag=True,
    help="Look up no secret that an inventory refers to, and no authority: for a machine without.",
)
@json_option
@click.pass_context
def check(
    ctx: click.Context, files: tuple[Path, ...], without_secrets: bool, as_json: bool
) -> None:
    """Say everything that is wrong with inventories, each with its line and what would be right.

    A secret in clear text, or in a file that others may read, is remarked upon and no reason to fail.

    Exit status: 0 if nothing is wrong, 2 if something is.

    \b
    hil testbed check rack.yaml
    hil testbed check testbeds/*.yaml --without-secrets
    hil testbed check rack.yaml --json
    """
    answers = [_checked(file, without_secrets) for file in files]
    if as_json:
        print_json(answers)
    else:
        for answer in answers:
            for found in (*answer["problems"], *answer["remarks"]):
                click.echo(found["text"], err=True)
            if not answer["problems"]:
                click.echo(f"{answer['file']}: {answer['handsets']} handset(s), nothing is wrong")
    if any(answer["problems"] for answer in answers):
        ctx.exit(2)


def _checked(file: Path, without_secrets: bool) -> dict[str, Any]:
    from hil.testbed.inventory import load, remarks

    problems: Sequence[UsageError] = ()
    remarked: Sequence[UsageError] = ()
    handsets = 0
    try:
        handsets = len(load(file, secrets=not without_secrets).handsets)
        remarked = remarks(file)
    except InventoryError as error:
        problems = error.problems
    return {
        "file": str(file),
        "handsets": handsets,
        "problems": [_as_data(each) for each in problems],
        "remarks": [_as_data(each) for each in remarked],
    }


def _as_data(found: UsageError) -> dict[str, Any]:
    return {
        "line": found.line,
        "problem": found.problem,
        "remedy": found.remedy,
        "text": str(found),
    }


@command.command()
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--handset", metavar="NAME", help="Show everything about this one.")
@json_option
def show(file: Path | None, handset: str | None, as_json: bool) -> None:
    """Show an inventory, by default the virtual one: tables, or all about one handset.

    What has a default is shown with it. Secrets are neither looked up nor shown.

    \b
    hil testbed show
    hil testbed show rack.yaml
    hil testbed show rack.yaml --handset a01
    hil testbed show rack.yaml --json
    """
    from hil.suite_location import suite_root
    from hil.testbed.display import as_data, handset_as_data, tables, tree
    from hil.testbed.inventory import load

    testbed = load(file or suite_root() / "testbeds" / "virtual.yaml", secrets=False)
    if handset is None:
        data, lines = as_data(testbed), tables(testbed)
    else:
        data = handset_as_data(testbed, testbed.handset(handset))
        lines = tree(data)
    if as_json:
        print_json(data)
        return
    for line in lines:
        click.echo(line)


@command.command()
def schema() -> None:
    """Print the JSON schema of an inventory, for editors.

    The examples name it in their first line, so that an editor with a YAML language server completes
    keys, explains them and underlines what is wrong:

    \b
    hil testbed schema > inventory.schema.json
    # yaml-language-server: $schema=inventory.schema.json      (first line of rack.yaml)
    """
    from hil.testbed.schema import schema_text

    click.echo(schema_text(), nl=False)
