"""The command ``hil``: a group of subcommands that are imported when they are called.

``hil --help`` and a misspelt command must answer at once, so this module knows no more of a
subcommand than its name and the line that the overview prints; `hil.commands` has the rest.

What a person got wrong is one line on stderr and exit code 2, whether click noticed it or a typed
error of ours says so. A laboratory that failed is exit code 3 and says what to do next, and so is a
crash of hil itself: exit code 1 is kept for what a command found wrong with its subject. Ctrl-C is 130,
and 141 that nobody read on (`hil judge RUN | head -1`): what SIGINT and SIGPIPE are to a shell.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any

import click

from hil import __version__
from hil.commands.output import (
    READER_GONE,
    ReaderGoneError,
    let_go_of_streams,
    reader_gone,
    refused,
)
from hil.errors import HilError, SpecificationError, UsageError

SUMMARIES: Mapping[str, str] = MappingProxyType(
    {
        "adequacy": "Show that the suite finds what is wrong with a handset.",
        "certify": "Judge a handset against the specification.",
        "chaos": "Show that a broken laboratory is never taken for a broken phone, nor for a good one.",
        "compare": "Compare two runs: tests, verdicts, findings, the order of events, and times.",
        "console": "Talk to a handset's serial console.",
        "decode": "Show what a profile sets, or why it cannot be applied.",
        "defects": "List the defects that a virtual handset can have.",
        "doctor": "Check whether the laboratory is fit to judge a phone.",
        "expand": "Expand the macros of a text.",
        "explore": "Play random legal scenarios against a handset, and judge each.",
        "interpretations": "Show the open questions, and which readings a phone follows.",
        "judge": "Judge a stored run again, without any phone.",
        "leases": "Show who has which handset, and put that right.",
        "load": "Make, show and check firmware loads for tests.",
        "phone": "Run a virtual handset on a network of yours.",
        "power": "Switch handsets of a rack on and off by hand.",
        "rack": "Run a rack of virtual handsets, reached as a real one would be.",
        "recover": "Bring back a handset of a rack.",
        "resolve": "Say what a profile rule or upgrade rule asks for.",
        "schedule": "List the delays that a schedule describes.",
        "spec": "Show the requirements, what tests them and what breaks them.",
        "testbed": "Describe a rack of phones: check, show and begin its inventory.",
    }
)
"""Each subcommand with the first line of its help."""


class LazyGroup(click.Group):
    """A group that finds its commands in `hil.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands without importing any."""
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand; None if there is none of that name."""
        if cmd_name not in SUMMARIES:
            return None
        found = importlib.import_module(f"hil.commands.{cmd_name}").command
        if not isinstance(found, click.Command):
            raise TypeError(f"hil.commands.{cmd_name}.command is no click command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview from the summaries, where click would import every command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Be the program; what is wrong may find nobody to be told to."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            # All others have their exit code by now: this one befell click's own telling of them.
            let_go_of_streams()
            sys.exit(READER_GONE if isinstance(error, BrokenPipeError) else _Broken.exit_code)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the group's own options."""
        with _one_line(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Parse and run the subcommand."""
        with _one_line(ctx):
            return super().invoke(ctx)


class _Wrong(click.ClickException):
    """What was asked for cannot be done: one line, exit code 2."""

    exit_code = 2


class _Broken(click.ClickException):
    """The laboratory or hil itself failed: exit code 3, which is no verdict on any phone."""

    exit_code = 3


class _Interrupted(click.ClickException):
    """Somebody pressed Ctrl-C; the exit code is the shell's for SIGINT."""

    exit_code = 130


@contextmanager
def _one_line(ctx: click.Context) -> Iterator[None]:
    """Give everything that can go wrong its exit code, and one line where click has three."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else ctx.command_path
        raise _Wrong(f"{error.format_message().rstrip('.')} (see {where} --help)") from error
    except (UsageError, SpecificationError) as error:
        raise _Wrong(str(error)) from error
    except HilError as error:
        raise _Broken(str(error)) from error
    except ReaderGoneError as error:
        raise _unread() from error
    except (KeyboardInterrupt, click.Abort) as error:
        raise _Interrupted("interrupted") from error
    except (click.ClickException, click.exceptions.Exit):
        raise
    except Exception as error:
        if isinstance(error, BrokenPipeError) and reader_gone():
            raise _unread() from error
        if why := refused(error):
            let_go_of_streams()
            raise _Broken(f"standard output cannot be written: {why}") from error
        # Python's own exit code for a crash is 1, which would say that a phone failed.
        with suppress(OSError):
            traceback.print_exc()
        raise _Broken("hil crashed; this says nothing about the phone") from error


def _unread() -> click.exceptions.Exit:
    """What ends a command, without a word, when nobody reads on."""
    let_go_of_streams()
    return click.exceptions.Exit(READER_GONE)


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Every command has a --help of its own, with examples.",
)
@click.version_option(__version__, prog_name="hil")
def main() -> None:
    """Certify the provisioning behaviour of 7832-class multiplatform phones.

    \b
    hil certify                     judge the virtual handset, the whole suite
    hil certify --defect NAME       the same with a handset that breaks a clause
    hil resolve '/$PSN.xml' --dhcp 66=192.0.2.1
                                    what one rule asks for, without any phone
    """
