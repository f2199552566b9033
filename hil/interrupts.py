"""Ctrl-C while things are put in order, which it may hurry and must not leave half done."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Have Ctrl-C and SIGTERM ignored for the time of the block, which must have an end of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
