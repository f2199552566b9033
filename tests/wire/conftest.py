"""A link in virtual time that loses, duplicates and reorders, for tests of two machines."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

MILLISECOND = 1_000_000

Fate = tuple[int, int]
"""What becomes of one datagram: how many copies arrive, and the delay of the first in ms."""


@dataclass
class Link:
    """Datagrams under way. After the ``fates`` are used up, each arrives once, after 1 ms."""

    fates: Iterable[Fate]
    queue: list[tuple[int, int, str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._fates = iter(self.fates)
        self._sent = 0

    def send(self, to: str, data: bytes, now: int) -> None:
        copies, delay = next(self._fates, (1, 1))
        for copy in range(copies):
            self._sent += 1
            arrival = now + (delay + copy * 7) * MILLISECOND
            heapq.heappush(self.queue, (arrival, self._sent, to, data))

    def next_arrival(self) -> int | None:
        return self.queue[0][0] if self.queue else None

    def take(self) -> tuple[str, bytes]:
        _, _, to, data = heapq.heappop(self.queue)
        return to, data


@pytest.fixture(scope="session")
def new_link() -> Callable[[Iterable[Fate]], Link]:
    return Link
