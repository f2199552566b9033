"""``hil compare``: say whether two runs came to the same, and where they first part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.commands.output import print_data

if TYPE_CHECKING:
    from hil.evidence.comparison import Difference
    from hil.evidence.stored_run import StoredRun


@click.command(name="compare")
@click.argument("first", metavar="RUN_A", type=click.Path(path_type=Path))
@click.argument("second", metavar="RUN_B", type=click.Path(path_type=Path))
@click.option(
    "--tolerance",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="How far apart events must be for their order to count; times may differ by it. 1 by default.",
)
@click.option("--order-only", is_flag=True, help="Do not compare how long anything took.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    first: Path,
    second: Path,
    tolerance: float | None,
    order_only: bool,
    as_json: bool,
) -> None:
    """Compare two runs: tests, verdicts, findings, the order of events, and times.

    A RUN is a directory that `hil certify --out` left, or a history.jsonl: two firmware builds,
    the virtual testbed and a rack, yesterday and today. What a program chooses anew each time
    (ports, transaction ids, nonces) counts for nothing, and neither does the order of what was
    concurrent. Of each test that differs the first difference is shown, from both sides. Runs that
    have no test in common are different, and that is all that is said of them.

    Exit status: 0 the same, 1 different, 2 usage, 3 a history cannot be read.

    \b
    hil certify --quick --out virtual
    hil certify --quick --wall-clock --out wall
    hil compare virtual wall                     two clocks, one verdict
    hil compare --order-only build-609 build-610
    """
    from hil.evidence.comparison import TOLERANCE_S, Comparison
    from hil.evidence.stored_run import load_run

    one, other = load_run(first), load_run(second)
    comparison = Comparison(TOLERANCE_S if tolerance is None else tolerance, order_only)
    differences = comparison.runs(one, other)
    if as_json:
        print_data(_document(one, other, differences))
    else:
        _tell(one, other, differences)
    # Two runs of nothing have nothing in common either.
    ctx.exit(1 if differences or not _in_common(one, other) else 0)


def _tell(one: StoredRun, other: StoredRun, differences: list[Difference]) -> None:
    click.echo(f"A: {one}")
    click.echo(f"B: {other}")
    names = {test.name for test in (*one.tests, *other.tests)}
    if not _in_common(one, other):
        click.echo("")
        nothing = f"no test is in both runs, of {len(one.tests)} in A and {len(other.tests)} in B"
        click.secho(f"{nothing}: nothing was compared", fg="red", bold=True)
        return
    for difference in differences:
        click.echo("")
        click.echo(str(difference))
    click.echo("")
    if differences:
        click.secho(f"{len(differences)} of {len(names)} differ", fg="red", bold=True)
    else:
        click.secho(f"the same in all {len(names)}", fg="green", bold=True)


def _in_common(one: StoredRun, other: StoredRun) -> int:
    """How many tests are in both runs."""
    return len({test.name for test in one.tests} & {test.name for test in other.tests})


def _document(one: StoredRun, other: StoredRun, differences: list[Difference]) -> str:
    document = {
        "same": not differences and _in_common(one, other) > 0,
        "in_common": _in_common(one, other),
        "runs": [
            {
                "path": str(run.path),
                "testbed": run.run.testbed if run.run else "",
                "clock": run.run.clock if run.run else "",
                "tests": len(run.tests),
            }
            for run in (one, other)
        ],
        "differences": [difference.as_json() for difference in differences],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
