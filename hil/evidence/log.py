"""The log of a test: everything that happened in it, a line an event, and the judgement."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from pathlib import Path

from hil.evidence.results import TestResult
from hil.history import describe
from hil.history import events as ev
from hil.lab_time import NANOSECONDS

_LONGEST_NAME = 120
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def write_log(directory: Path, result: TestResult, events: Iterable[ev.Event]) -> Path:
    """Write the log of one test into ``directory``; returns its path.

    The file has the test's name as far as file names go; a log of the same test is replaced. OSError
    if it cannot be written, of which no half is left then.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = _path(directory, result.id)
    text = "\n".join(log_lines(result, events)) + "\n"
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _path(directory: Path, test: str) -> Path:
    name = _NO_NAME.sub("_", test).strip("_")[-_LONGEST_NAME:]
    path = directory / f"{name}.log"
    if path.exists() and path.read_text("utf-8").partition("\n")[0] != test:
        # test_x[1] and test_x_1 are two tests, and the name of one file.
        return directory / f"{name}-{zlib.crc32(test.encode()):08x}.log"
    return path


def log_lines(result: TestResult, events: Iterable[ev.Event]) -> list[str]:
    """The lines of a log: head, events in lab time from the test's beginning, judgement."""
    taken = list(events)
    start = taken[0].at if taken else 0
    lines = [
        result.id,
        f"requirements: {', '.join(result.requirements) or 'none'}",
        f"wall time {result.wall_s:.3f} s, lab time {result.lab_s:.3f} s",
        "",
    ]
    for event in taken:
        seconds = (event.at - start) / NANOSECONDS
        lines.append(f"{seconds:14.6f}  {event.source:<8} {describe(event)}")
    return [*lines, "", *str(result.judgement).splitlines()]
