"""Plays the reference phone on an imagined bench and writes down what the bench would have recorded.

`play` makes one scenario from a seed: a configuration, servers that answer well, badly, late or not
at all, calls, requests and times, power cuts at any instant, a phone that picks any instant in each
window and is patient or not. No packet is sent; the events are those that the endpoints would append.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from histories import Story
from imagined.life import Life
from imagined.world import ALL, Attempted, Features, World

from hil.history import events as ev


@dataclass(frozen=True)
class Played:
    """A scenario, and where in it each attempt of the phone's is."""

    events: list[ev.Event]
    attempts: list[Attempted]


def _played(seed: int, features: Features, *, calm: bool) -> World:
    world = World(random.Random(seed), features, calm=calm)  # noqa: S311
    Life(world).live()
    return world


def play(seed: int, *, calm: bool = False) -> Story:
    """The scenario of this seed."""
    chosen = random.Random(-seed - 1)  # noqa: S311
    features = Features(*(chosen.random() < 0.4 for _ in range(7)))
    return _played(seed, features, calm=calm).story


def attempts(seed: int) -> list[list[ev.Event]]:
    """A calm scenario of nothing but resyncs: what came before the first, then resync by resync."""
    world = _played(seed, Features(), calm=True)
    bounds = [0, *(each.first for each in world.attempts), len(world.story.events)]
    return [world.story.events[start:end] for start, end in itertools.pairwise(bounds)]


def lively(seed: int, features: Features = ALL) -> Played:
    """A calm scenario with all that these features make a phone do."""
    world = _played(seed, features, calm=True)
    return Played(world.story.events, world.attempts)
