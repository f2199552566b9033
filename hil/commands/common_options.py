"""Options that several commands have, and how options are put together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.testbed.inventory import HandsetEntry, Testbed

Command = TypeVar("Command", bound=Callable[..., Any])


def together(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """One decorator for several options; help shows them in this order."""

    def decorated(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def gathered(
    argument: str, kind: type[Any], *options: Callable[[Any], Any]
) -> Callable[[Command], Callable[..., Any]]:
    """One decorator for options that are one argument: a ``kind``, a dataclass of their names."""
    names = [each.name for each in fields(kind)]

    def decorated(command: Command) -> Callable[..., Any]:
        @functools.wraps(command)
        def called(*args: Any, **given: Any) -> Any:
            made = kind(**{name: given.pop(name) for name in names})
            return command(*args, **{argument: made}, **given)

        return together(*options)(called)

    return decorated


testbed_option = click.option(
    "--testbed", metavar="FILE", type=click.Path(path_type=Path), help="Inventory file."
)
"""Whose handsets are meant, as the argument ``testbed``."""

required_testbed_option = click.option(
    "--testbed",
    metavar="FILE",
    type=click.Path(path_type=Path),
    required=True,
    help="Inventory file.",
)
"""The same where no testbed that comes with hil would do."""

defects_option = click.option(
    "--defect",
    "defects",
    metavar="NAME",
    multiple=True,
    help="Give the virtual handset a defect, see `hil defects`; may be repeated.",
)
"""What is wrong with a virtual handset, as the argument ``defects``."""

wait_option = click.option(
    "--wait",
    "wait_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="How long to wait for a handset of a rack that somebody else has.",
)
"""How patient a command is, as the argument ``wait_s``."""

wall_clock_option = click.option(
    "--wall-clock", is_flag=True, help="Let time pass by itself on a virtual testbed."
)
"""In what time a bench lives, as the argument ``wall_clock``."""


def results_option(what: str) -> Callable[[Command], Command]:
    """The option ``--json FILE``, as the argument ``json_file``; ``what`` is what is written there."""
    return click.option(
        "--json",
        "json_file",
        metavar="FILE",
        help=f"Write {what} as JSON; - is standard output.",
    )


def at_once_option(what: str) -> Callable[[Command], Command]:
    """The option ``--jobs N``, as the argument ``jobs``; ``what`` is what there are so many of."""
    return click.option(
        "--jobs",
        metavar="N",
        type=click.IntRange(1, 256),
        help=f"So many {what} at a time; as many as there are cores by default.",
    )


def refuse_defects_of_rack(
    inventory: Testbed, entry: HandsetEntry, defects: tuple[str, ...]
) -> None:
    """UsageError for defects of a handset that is real."""
    if inventory.kind == "rack" and defects:
        raise UsageError(
            f"handset {entry.name} of {inventory.name} is real and cannot be given a defect",
            remedy="a testbed of kind: virtual, or `hil rack --defect`",
        )
