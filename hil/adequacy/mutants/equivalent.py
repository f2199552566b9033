"""An equivalent mutant: a row that names a kind of slip, and why no phone can show it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from hil.adequacy.mutants.sites import Mutant


@dataclass(frozen=True)
class Equivalent:
    """Mutants of a kind that cannot show. Every text but the reason may have ``*`` in it.

    ``line`` is the line of source that they stand in, where what they change does not tell them apart.
    """

    module: str
    function: str
    operator: str
    before: str
    after: str
    reason: str
    line: str = "*"

    def fits(self, mutant: Mutant) -> bool:
        """Whether the mutant is one of them."""
        texts = (
            (mutant.module, self.module),
            (mutant.function.name, self.function),
            (mutant.operator, self.operator),
            (mutant.edit.before, self.before),
            (mutant.edit.after, self.after),
            (mutant.line, self.line),
        )
        return all(given == "*" or fnmatchcase(text, _literal(given)) for text, given in texts)


def _literal(pattern: str) -> str:
    """The pattern with ``*`` alone having a meaning."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
