"""``hil defects``: what a virtual handset can do wrong."""

from __future__ import annotations

import click

from hil.commands.phone_options import json_option, print_json
from hil.virtual.defects import DEFECTS


@click.command(name="defects")
@json_option
def command(as_json: bool) -> None:
    """List the defects that a virtual handset can have.

    Each is a small deviation from the specification, with the requirement that it breaks. Use them
    to see that the suite can say no.

    \b
    hil defects
    hil defects --json                       [{"name": ..., "requirement": ..., "summary": ...}]
    hil certify --defect retry-never         exits 1 and says what was broken
    """
    rows = sorted(DEFECTS.values(), key=lambda defect: (defect.requirement, defect.name))
    if as_json:
        print_json(
            [{"name": d.name, "requirement": d.requirement, "summary": d.summary} for d in rows]
        )
        return
    width = max(len(defect.name) for defect in rows)
    broken = ""
    for defect in rows:
        if defect.requirement != broken:
            broken = defect.requirement
            click.echo(broken)
        click.echo(f"  {defect.name:<{width}}  {defect.summary}")
