"""Mutants that cannot show, each with the reason; they are not drawn and count for nothing.

A row names the place (module, function), the slip (operator, what stood there, what stands there now;
``*`` for any) and why no phone behaves otherwise by it. A row that fits no mutant is an error, and so
is one that fits a mutant that a test kills.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hil.adequacy.mutants.sites import Mutant
from hil.errors import UsageError


@dataclass(frozen=True)
class Equivalent:
    """Mutants of a kind that cannot show. Every text but the reason may have ``*`` in it."""

    module: str
    function: str
    operator: str
    before: str
    after: str
    reason: str

    def fits(self, mutant: Mutant) -> bool:
        """Whether the mutant is one of them."""
        texts = (
            (mutant.module, self.module),
            (mutant.function.name, self.function),
            (mutant.operator, self.operator),
            (mutant.edit.before, self.before),
            (mutant.edit.after, self.after),
        )
        return all(given == "*" or fnmatchcase(text, _literal(given)) for text, given in texts)


def _literal(pattern: str) -> str:
    """The pattern with ``*`` alone having a meaning."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


EQUIVALENTS: tuple[Equivalent, ...] = ()


def declared(
    mutants: Sequence[Mutant], rows: Sequence[Equivalent] = EQUIVALENTS
) -> Iterator[Mutant]:
    """The mutants that are declared equivalent; UsageError for a row that fits none."""
    fitted: set[int] = set()
    for mutant in mutants:
        places = [place for place, row in enumerate(rows) if row.fits(mutant)]
        fitted.update(places)
        if places:
            yield mutant
    stale = [row for place, row in enumerate(rows) if place not in fitted]
    if stale:
        raise UsageError(
            "the table of equivalent mutants has rows that fit none: "
            + "; ".join(f"{row.module}:{row.function} {row.before}" for row in stale),
            remedy="take them out of hil/adequacy/mutants/equivalents.py",
        )
