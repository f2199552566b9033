"""Where a command's data go: to a file or to standard output, with one clear line where that fails.

A file is tried before the work that fills it, since nobody wants to learn after an hour that a
directory is missing; what the try has made is taken away again. A disk may be full by the end all the
same. So data are written last, after whatever a person is to read, and a failure is the laboratory's.

A reader who goes away is nobody's failure, and no verdict either: the command ends as SIGPIPE would
have ended it, but in its own time, since phones and leases are to be given back.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path

import click

from hil.errors import LabError, UsageError

STDOUT = "-"
"""Stands for standard output where a file could be named."""
READER_GONE = 128 + signal.SIGPIPE
"""The exit status of a command that nobody reads any more, as a shell tells SIGPIPE."""


class ReaderGoneError(KeyboardInterrupt):
    """Nobody reads what is said: work that has nobody else to tell ends as with Ctrl-C."""


class Voice:
    """Lines for a person, said along with work that does not end where they cannot be said.

    ``to_stderr`` leaves standard output to data. With ``alone`` the lines are all that comes of the
    work, so `ReaderGoneError` ends it when their reader goes away.
    """

    def __init__(self, *, to_stderr: bool, alone: bool) -> None:
        self._to_stderr = to_stderr
        self._alone = alone
        self._unheard = False
        self._lost = ""

    def line(self, text: str) -> None:
        """One line; a full disk may take the next one again."""
        if self._unheard:
            return
        try:
            click.echo(text, err=self._to_stderr)
        except BrokenPipeError as error:
            self._unheard = True
            if self._alone:
                raise ReaderGoneError from error
        except OSError as error:
            self._lost = error.strerror or str(error)

    def account(self) -> None:
        """When all is done: `ReaderGoneError`, or LabError, if not all was heard that was asked for."""
        if self._to_stderr:
            return
        if self._unheard:
            raise ReaderGoneError
        if self._lost:
            let_go_of_streams()
            raise LabError(f"standard output cannot be written: {self._lost}")


def check_writable(target: str | Path | None) -> None:
    """UsageError now rather than after the work; leaves no file that was not there."""
    if target is None or str(target) == STDOUT:
        return
    file = Path(target)
    fresh = not file.exists()
    try:
        with file.open("a", encoding="utf-8"):
            pass
        if fresh:
            file.unlink()
    except OSError as error:
        raise UsageError(f"cannot write there: {error.strerror}", file=str(file)) from error


def write_results(target: str, text: str) -> None:
    """Write what a command came to; LabError if it cannot be written, with no empty file left."""
    if target == STDOUT:
        print_data(text)
        return
    file = Path(target)
    fresh = not file.exists()
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        if fresh:
            file.unlink(missing_ok=True)
        raise LabError(f"{file}: the results cannot be written: {error.strerror}") from error


def print_data(text: str) -> None:
    """Print data to standard output, all of them now; LabError if it does not take them.

    A pipe that nobody reads any more is no error of anybody's: `BrokenPipeError` is passed on.
    """
    try:
        click.echo(text, nl=not text.endswith("\n"))
    except BrokenPipeError:
        raise
    except OSError as error:
        let_go_of_streams()
        raise LabError(f"standard output cannot be written: {error.strerror}") from error


def reader_gone() -> bool:
    """Whether standard output or standard error is a pipe that nobody reads any more."""
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            poll.register(stream.fileno(), 0)
    return any(happened & (select.POLLERR | select.POLLHUP) for _, happened in poll.poll(0))


def refused(error: BaseException) -> str:
    """Why a standard stream did not take what was printed; empty for an error of anything else."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if not isinstance(error, OSError) or trace is None:
        return ""
    # click.echo writes and flushes itself: an error that comes from right there is the stream's.
    return (error.strerror or str(error)) if trace.tb_frame.f_code is click.echo.__code__ else ""


def let_go_of_streams() -> None:
    """Have the interpreter not fail once more when it ends, with what its streams still hold.

    A stream that takes what it holds is left as it is.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                _to_nowhere(stream.fileno())


def _to_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, descriptor)
    finally:
        os.close(nowhere)
