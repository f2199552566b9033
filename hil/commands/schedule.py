"""``hil schedule``: the delays that a Resync_Periodic or a retry delay describes."""

from __future__ import annotations

import click

from hil.commands.phone_options import json_option, print_json
from hil.reference.schedules import Schedule

MOST = 1_000_000


@click.command(name="schedule")
@click.argument("value")
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(0, MOST),
    default=5,
    show_default=True,
    help=f"How many delays to list, at most {MOST}.",
)
@json_option
def command(value: str, count: int, as_json: bool) -> None:
    """List the delays that a schedule describes.

    VALUE is what Resync_Periodic, Resync_Error_Retry_Delay and Upgrade_Error_Retry_Delay hold:
    seconds, a range (2400+30), or a list of them, whose last element repeats. Empty and 0 mean
    never. Exits 2 with the reason if VALUE is none of these.

    \b
    hil schedule 600,1200,300                each delay in seconds
    hil schedule 2400+30 --count 1 --json    [{"earliest": 2400, "latest": 2430}]
    hil schedule 0 --json                    []
    """
    schedule = Schedule.parse(value)
    windows = schedule.windows(count)
    if as_json:
        print_json([window.as_json() for window in windows])
        return
    for number, window in enumerate(windows, 1):
        click.echo(f"{number}: after {window}")
    if len(windows) < count:
        click.echo("never" if schedule.never else "then never again")
