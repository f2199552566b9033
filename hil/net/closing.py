"""Closing packet sockets without waiting for each.

The kernel closes a packet socket only when no processor can still be at work on it, which takes an RCU
grace period: 10 to 20 ms, in which the process that closes it waits. All that are closed at the same
time wait for the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

_AT_ONCE = 32


class Closable(Protocol):
    """Has a packet socket."""

    def close(self) -> object:
        """Let go of it."""


def close_together(closables: Iterable[Closable]) -> None:
    """Close them all, and return when all are closed.

    Each is tried, whatever becomes of the others; the first error is raised at the end.
    """
    each = list(closables)
    if len(each) < 2:
        for only in each:
            only.close()
        return
    with ThreadPoolExecutor(min(len(each), _AT_ONCE), "closing") as threads:
        closing = [threads.submit(closable.close) for closable in each]
    for done in closing:
        done.result()
