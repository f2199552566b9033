"""``hil power``: switch handsets of a rack by hand, and see what their outlets and links are."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.commands.common_options import required_testbed_option
from hil.commands.phone_options import json_option, print_json, printable
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.commands.power_switching import Outcome
    from hil.history import events as ev

_FAILED = 3


def _whom(function: Callable[..., None]) -> Callable[..., None]:
    """Which handsets are meant, and how the outcome is printed."""
    names = click.argument("handsets", metavar="[HANDSET]...", nargs=-1)
    state = click.option(
        "--state",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="State directory of leases, if it is not the inventory's or the environment's.",
    )
    everyone = click.option("--all", "everyone", is_flag=True, help="All handsets.")
    return names(required_testbed_option(state(everyone(json_option(function)))))


def _force(function: Callable[..., None]) -> Callable[..., None]:
    text = "Also what a run that lives, or another person, holds."
    return click.option("--force", is_flag=True, help=text)(function)


@click.group(name="power")
def command() -> None:
    """Switch handsets of a rack on and off by hand.

    Each goes through the outlet that the inventory names: a command is given up to three times, and
    only what is read back counts. Where the handset's switch tells of its link, that has to agree.
    cycle switches on whatever switching off came to, also when it is interrupted.

    A handset that a run or another person has leased is left alone, unless --force is given.
    Steps are shown on stderr as they happen, the outcome on stdout.

    Exit status: 0 all is as asked, 2 usage, 3 something of the lab failed.

    \b
    hil power status --all --testbed rack.yaml
    hil power cycle a01 --testbed rack.yaml
    hil power off a01 a02 --testbed rack.yaml --json
    """


@command.command()
@_whom
@_force
def on(**options: Any) -> None:
    """Switch handsets on.

    \b
    hil power on a01 --testbed rack.yaml
    """
    _switch("on", **options)


@command.command()
@_whom
@_force
def off(**options: Any) -> None:
    """Switch handsets off; they stay off until somebody switches them on.

    \b
    hil power off a01 --testbed rack.yaml
    """
    _switch("off", **options)


@command.command()
@_whom
@_force
def cycle(**options: Any) -> None:
    """Switch handsets off, and on after the minimum off time of their entries.

    \b
    hil power cycle a01 --testbed rack.yaml
    hil power cycle --all --testbed rack.yaml
    """
    _switch("cycle", **options)


@command.command()
@_whom
def status(**options: Any) -> None:
    """Show what outlets read back and, where a switch tells, the links; nothing is switched.

    \b
    hil power status a01 --testbed rack.yaml
    hil power status --all --testbed rack.yaml --json
        [{"handset": "a01", "asked": "status", "outlet": ..., "state": "on", "commands": 0,
          "link": "up", "witness": ..., "trouble": ""}]
    """
    _switch("status", force=False, **options)


def _switch(
    asked: str,
    *,
    handsets: tuple[str, ...],
    testbed: Path,
    state: Path | None,
    everyone: bool,
    as_json: bool,
    force: bool,
) -> None:
    from hil.commands.power_switching import Switchboard
    from hil.leases.files import state_directory
    from hil.leases.store import LeaseStore
    from hil.testbed.inventory import load

    inventory = load(testbed, authority=False)
    if bool(handsets) is everyone:
        raise UsageError("which handsets are meant is not clear", remedy="their names, or --all")
    if inventory.kind == "virtual":
        raise UsageError(
            "the handsets of a virtual testbed have power while a bench stands, and only then",
            file=str(testbed),
            remedy="an inventory of kind: rack",
        )
    entries = [inventory.handset(name) for name in dict.fromkeys(handsets)]
    chosen = state or inventory.state
    store = LeaseStore(state_directory(str(chosen) if chosen else None), time.time)
    switchboard = Switchboard(inventory, store, _tell, force=force)
    with _terminable():
        outcomes = switchboard.run(asked, entries or list(inventory.handsets))
    if as_json:
        print_json([outcome.as_json() for outcome in outcomes])
    else:
        width = max(len(outcome.handset) for outcome in outcomes)
        for outcome in outcomes:
            click.echo(_line(outcome, width))
    for outcome in outcomes:
        if outcome.trouble:
            # A trouble of the handset's own, such as its lease, begins with its name already.
            said = outcome.trouble.removeprefix(f"{outcome.handset}: ")
            click.echo(f"Error: {outcome.handset}: {said}", err=True)
    click.get_current_context().exit(_FAILED if any(o.trouble for o in outcomes) else 0)


def _line(outcome: Outcome, width: int) -> str:
    """One handset: its state as far as it is known, its outlet and its second witness."""
    state = outcome.state or "?"
    if outcome.trouble and outcome.asked != "status":
        done = "cycled" if outcome.asked == "cycle" else outcome.asked
        state = f"{state} (not {done})" if outcome.state else "?"
    words = [f"{outcome.handset:<{width}}  {state:<7}"]
    if outcome.outlet:
        words.append(printable(outcome.outlet))
    if outcome.link:
        words.append(f"link {outcome.link}")
    return "  ".join(words).rstrip()


def _tell(event: ev.Event) -> None:
    """A step, as it happens."""
    said = _said(event)
    if said:
        click.echo(f"{event.handset}: {printable(said)}", err=True)


def _said(event: ev.Event) -> str:
    from hil.history import events as ev

    match event:
        case ev.PowerRequested():
            return f"{event.outlet} is told {event.action.value}"
        case ev.PowerSwitched():
            tried = f", attempt {event.attempts}" if event.attempts > 1 else ""
            return f"it is {event.action.value}{tried}"
        case ev.PowerFailed():
            return f"it could not be switched {event.action.value}"
        case ev.LinkChanged():
            return f"its link is {'up' if event.up else 'down'}"
        case ev.Note():
            return event.text
        case ev.LabFault():
            return f"{event.what} ({event.evidence})"
    return ""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Have SIGTERM and SIGHUP interrupt as Ctrl-C does, so that a cycle ends with power on."""
    signals = (signal.SIGTERM, signal.SIGHUP)
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, signal.default_int_handler) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
