"""What a fault of the laboratory is: a row with a name, words, and how it is brought about.

A fault is *armed* at an instant and *strikes* when it really comes to pass: a PDU that will lie has
not lied before somebody switches. Injectors say so by `Scene.struck`, which leaves a note in the
history (judges ignore notes); a fault that never struck proves nothing about its detector.

A strike is momentary (this one answer was a lie) or lasting (this server is dead from now on). It
concerns the test inside whose part of the history it happened, a lasting one each later test too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hil.history import events as ev
from hil.testbed.virtual_bench import VirtualBench

SOURCE = "chaos"
"""The source of the notes that tell of strikes."""
MOMENTARY = "struck: "
LASTING = "struck for good: "


class Instant(StrEnum):
    """When a fault is armed."""

    BEFORE = "before"
    """Before the group's first baseline exchange."""
    MIDWAY = "midway"
    """Between stimulus and observation: the phone has just got its lease."""
    LATE = "late"
    """A moment before the test has seen all that it waits for."""


@dataclass(frozen=True)
class Scene:
    """Where a fault happens: a bench, used from inside its loop."""

    bench: VirtualBench

    def struck(self, what: str, *, lasting: bool = False) -> None:
        """Record that the fault came to pass; ``what`` is the evidence, for a reader."""
        text = f"{LASTING if lasting else MOMENTARY}{what}"
        self.bench.history.append(ev.Note(source=SOURCE, text=text))


Remedy = Callable[[], None]
"""Takes a fault away again, in the bench's loop, so that the bench can be closed."""


@dataclass(frozen=True)
class LabFaultKind:
    """One row of the catalogue.

    ``arm`` is called in the bench's loop at the instant; it brings the fault about (or waits for the
    occasion), tells the scene when it strikes, and returns how it is taken away. It may start tasks
    of the loop but not block. ``words`` say what is broken, ``detector`` what is to notice it.
    ``instants`` are those at which it can be armed. With ``needs`` the fault has an occasion only where
    that is heard afterwards: an endpoint (the source of its events), or a power command.
    """

    name: str
    words: str
    detector: str
    arm: Callable[[Scene], Remedy]
    instants: tuple[Instant, ...] = tuple(Instant)
    needs: str = ""
