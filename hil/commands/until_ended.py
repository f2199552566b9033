"""What the commands have in common that run phones until somebody ends them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hil.errors import UsageError


@contextmanager
def told_of_signals(tell: Callable[[int], None]) -> Iterator[None]:
    """Have ``tell`` called with the number of a SIGINT or SIGTERM, for the time of the block.

    It is called between any two steps of the main thread, so it may do no more than put something into
    a queue.
    """

    def heard(number: int, _frame: Any) -> None:
        tell(number)

    former = {each: signal.signal(each, heard) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def content_of(file: Path) -> bytes:
    """What a file holds that a person has named; `UsageError` if it cannot be read."""
    try:
        return file.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot be read: {reason}", file=str(file)) from error
