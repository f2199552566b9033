"""What the commands that reason about one phone have in common: who it is, and how text is shown.

Without ``-p`` the phone is the specification's own example: MAC 00:0e:08:aa:bb:cc, serial number
88012BA01234, every parameter at its default.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from hil.commands.output import print_data
from hil.reference.identity import Identity
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters

EXAMPLE_MAC = "00:0e:08:aa:bb:cc"

Command = TypeVar("Command", bound=Callable[..., Any])


def values_option(command: Command) -> Command:
    """Give a command the option ``-p NAME=VALUE``, as the argument ``values``."""
    return click.option(
        "-p",
        "values",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_pairs,
        help="Set a parameter or macro, by XML name or macro name (GPP_A or A, MA, SWVER, ...). "
        "May be repeated; the last value of a name counts.",
    )(command)


def json_option(command: Command) -> Command:
    """Give a command the option ``--json``, as the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def macro_table(values: Sequence[tuple[str, str]]) -> MacroTable:
    """Return the example phone with ``values`` set.

    Raises `SpecificationError` for a name that is none or a value that it cannot have.
    """
    table = MacroTable(Identity(EXAMPLE_MAC), Parameters())
    return table.with_values(dict(values))


def split_pair(text: str, left: str) -> tuple[str, str]:
    """Split ``NAME=VALUE`` at its first equals sign; raises click.BadParameter without one."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{printable(text[:80])!r} is not {left}=VALUE")
    return name, value


def print_json(value: object) -> None:
    """Print one line of JSON, in ASCII, so that no terminal or locale can spoil it."""
    print_data(json.dumps(value))


def print_exactly(text: str) -> None:
    """Print text as it is; what came from the command line as undecodable octets leaves as such."""
    click.echo(text.encode("utf-8", "surrogateescape"))


def printable(text: str) -> str:
    """Return text with its control characters escaped, for a terminal to show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _pairs(
    _ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    return tuple(split_pair(text, "NAME") for text in given)
