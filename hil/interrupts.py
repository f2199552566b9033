"""Ctrl-C and SIGTERM while things are put in order, which they may hurry and must not leave half done.

What is given back to a lab (a lease, a handset's power) is heard out first: `held_back`. What has an
end of its own, and is to end the same way however often it is asked, hears nothing: `unheard`.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_ASKED = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Have both signals ignored for the time of the block, which must have an end of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {each: signal.signal(each, signal.SIG_IGN) for each in _ASKED}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Hear the signals only after the block; one that is given twice, at once.

    That concerns signals for which this program has a handler. Another one ends the process, as
    nobody can hold back; then its watchdogs clean up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {each: found for each in _ASKED if callable(found := signal.getsignal(each))}
    asked: list[signal.Signals] = []

    def hear(number: int, frame: FrameType | None) -> None:
        asked_for = signal.Signals(number)
        if asked_for not in asked:
            asked.append(asked_for)
            return
        asked.remove(asked_for)
        handlers[asked_for](number, frame)

    try:
        for each in handlers:
            signal.signal(each, hear)
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        for each in asked:
            signal.raise_signal(each)
