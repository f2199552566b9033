"""``hil console``: a handset's serial console on the terminal."""

from __future__ import annotations

import time
from pathlib import Path

import click

from hil.commands.common_options import testbed_option
from hil.errors import UsageError


@click.command(name="console")
@click.argument("handset")
@testbed_option
@click.option(
    "--log",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Keep every octet of the console in this file, which is written anew.",
)
@click.option("--times", is_flag=True, help="Show the time of receipt before each line.")
@click.option(
    "--linger",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    default=1.0,
    show_default=True,
    help="Once stdin has ended, leave when the console was silent for so long.",
)
@click.option("--force", is_flag=True, help="Talk to it although somebody else has the handset.")
def command(
    handset: str, testbed: Path | None, log: Path | None, times: bool, linger: float, force: bool
) -> None:
    """Talk to a handset's serial console.

    HANDSET is the name of a handset whose entry in the inventory has a console. Keys go to the
    console as they are typed. Ctrl-] leaves, and so does ~. at the start of a line (~~ sends one ~).
    A console that is lost is waited for.

    What is typed is kept nowhere, and --log has only what the console says. From a pipe, stdin is
    sent as it is.

    A handset that a run or another person has leased is left alone, unless --force is given.

    Exit status: 0, 2 usage, 3 where the console cannot be opened: it is not there, or another
    program has it, which is then named.

    \b
    hil console a01 --testbed rack.yaml
    hil console a01 --testbed rack.yaml --times --log a01.log
    printf 'show version\\r' | hil console a01 --testbed rack.yaml --linger 3
    """
    from hil.console.terminal import Manner, Terminal
    from hil.leases.files import state_directory
    from hil.leases.store import LeaseStore
    from hil.suite_location import suite_root
    from hil.testbed.inventory import load

    inventory = load(testbed or suite_root() / "testbeds" / "virtual.yaml", secrets=False)
    entry = inventory.handset(handset)
    if entry.console is None:
        raise UsageError(
            f"{entry.name} has no console in the inventory",
            file=str(inventory.file),
            remedy="console: {url: rfc2217://192.0.2.20:4001, baud: 115200} in its entry",
        )
    if not force:
        state = state_directory(str(inventory.state) if inventory.state else None)
        LeaseStore(state, time.time).refuse_if_taken(entry.name, entry.mac)
    Terminal(entry.console.config(), Manner(times, log, linger)).run()
