"""Which open questions a piece of the reference asked while it ran.

`watched` gives readings that behave like the ones they are made of and note each question that is
looked up. The reference is a pure function of what it is given, so a question that was never looked up
cannot have had a part in the result; one that was may have.

Looking at readings as a whole (comparing two phones, copying) asks nothing, and a reading that the
reference itself supposes (`Interpretations.choose`) is no question any more.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

from hil.reference.interpretations import Interpretations

_NAMES = frozenset(field.name for field in fields(Interpretations))


class _Watched(Interpretations):
    """Readings that tell ``asked`` what is looked up; ``plain`` are the same, unwatched."""

    __slots__ = ("asked", "plain", "supposed")

    asked: set[str]
    plain: Interpretations
    supposed: frozenset[str]

    def __new__(
        cls, plain: Interpretations, asked: set[str], supposed: frozenset[str] = frozenset()
    ) -> _Watched:
        made = super().__new__(cls)
        object.__setattr__(made, "asked", asked)
        object.__setattr__(made, "plain", plain)
        object.__setattr__(made, "supposed", supposed)
        return made

    def __init__(self, *_: object) -> None:
        """The readings are those of ``plain``; there are none to initialise."""

    def __getattribute__(self, name: str) -> Any:
        if name in _NAMES:
            if name not in object.__getattribute__(self, "supposed"):
                object.__getattribute__(self, "asked").add(name)
            return getattr(object.__getattribute__(self, "plain"), name)
        return object.__getattribute__(self, name)

    def __eq__(self, other: object) -> bool:
        return self is other or self.plain == getattr(other, "plain", other)

    def __hash__(self) -> int:
        return hash(self.plain)

    def __copy__(self) -> _Watched:
        return self

    def __deepcopy__(self, memo: object) -> _Watched:
        return self

    def choose(self, **readings: str | int) -> _Watched:
        return _Watched(self.plain.choose(**readings), self.asked, self.supposed | set(readings))


def watched(readings: Interpretations, asked: set[str]) -> Interpretations:
    """Readings equal to ``readings``; each question that is looked up in them joins ``asked``."""
    plain = readings.plain if isinstance(readings, _Watched) else readings
    return cast(Interpretations, _Watched(plain, asked))
