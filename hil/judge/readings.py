"""Which readings of the specification a verdict rests on, and which would have acquitted.

A reading has a part in a verdict if the monitor looked its question up while it followed the history
(`hil.reference.consulted`), or if the test says that its own expectation rests on it. A FAIL that the
monitor found is judged again under each other reading of those questions, one at a time: if nothing is
held against the phone then, the report says so, and whoever reads it knows what to decide first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from hil.reference.consulted import watched
from hil.reference.interpretations import (
    CATALOGUE,
    WITHOUT_EFFECT,
    Interpretation,
    Interpretations,
)
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone


@dataclass(frozen=True, slots=True)
class Reading:
    """How one open question is read: ``key`` is its number, ``name`` its field of `Interpretations`."""

    key: str
    name: str
    reading: str
    is_default: bool = True

    def __str__(self) -> str:
        return f"{self.name}={self.reading} ({self.key})"

    def as_json(self) -> dict[str, object]:
        """The reading as `hil certify --json` prints it."""
        return {
            "key": self.key,
            "name": self.name,
            "reading": self.reading,
            "default": self.is_default,
        }


def read_as(phone: Phone, **readings: str | int) -> Phone:
    """The phone as it is when some questions are read in another way; its parameters follow."""
    chosen = phone.interpretations.choose(**readings)
    parameters = Parameters(phone.parameters.items_set(), chosen)
    return replace(phone, interpretations=chosen, parameters=parameters)


def watched_phone(phone: Phone, asked: set[str]) -> Phone:
    """The same phone; each question that the reference asks about it joins ``asked``."""
    readings = watched(phone.interpretations, asked)
    parameters = Parameters(phone.parameters.items_set(), readings)
    return replace(phone, interpretations=readings, parameters=parameters)


def readings_of(interpretations: Interpretations, names: Collection[str]) -> tuple[Reading, ...]:
    """How these questions are read, in the order of the catalogue."""
    return tuple(_reading(interpretations, entry) for entry in CATALOGUE if entry.name in names)


def differing(interpretations: Interpretations) -> tuple[Reading, ...]:
    """The questions that are read in another way than by default."""
    every = (_reading(interpretations, entry) for entry in CATALOGUE)
    return tuple(each for each in every if not each.is_default)


def _reading(interpretations: Interpretations, entry: Interpretation) -> Reading:
    chosen = getattr(interpretations, entry.name)
    return Reading(entry.key, entry.name, str(chosen), chosen == entry.default)


def alternatives(phone: Phone, names: Collection[str]) -> Iterator[Reading]:
    """Every other reading of these questions that a testbed could choose for the phone."""
    for entry in CATALOGUE:
        if entry.name in names and entry.name not in WITHOUT_EFFECT:
            chosen = getattr(phone.interpretations, entry.name)
            for candidate in entry.candidates:
                if candidate != chosen:
                    default = candidate == entry.default
                    yield Reading(entry.key, entry.name, str(candidate), default)


def acquitting(
    phone: Phone, names: Collection[str], accused: Callable[[Phone], bool]
) -> tuple[Reading, ...]:
    """The readings of these questions, each taken alone, under which nothing is found.

    ``accused`` judges the history once more, for the phone as it is read then.
    """
    return tuple(
        each
        for each in alternatives(phone, names)
        if not accused(read_as(phone, **{each.name: each.reading}))
    )
