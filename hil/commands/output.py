"""Where a command's data go: to a file or to standard output, with one clear line where that fails.

A file is tried before the work that fills it, since nobody wants to learn after an hour that a
directory is missing; what the try has made is taken away again. A disk may be full by the end all the
same. So data are written last, after whatever a person is to read, and a failure is the laboratory's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from hil.errors import LabError, UsageError

STDOUT = "-"
"""Stands for standard output where a file could be named."""


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
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _let_go_of_stdout()
        raise LabError(f"standard output cannot be written: {error.strerror}") from error


def _let_go_of_stdout() -> None:
    """Have the interpreter not fail once more when it ends, with what it still holds for stdout."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    finally:
        os.close(nowhere)
