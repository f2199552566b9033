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


_TYPES = (
    "a guard that the type checker asks for: whoever calls this has made sure, and no phone gets here "
    "without"
)
_BESIDES = (
    "what may come besides is for the judge, who cannot know it: the phone begins what is due, and "
    "does nothing that is only allowed"
)
_LATE = (
    "a phone begins what it has missed at once, however late it might have; the end of that window is "
    "for the judge"
)
_DOUBT = (
    "the spread of an instant is the judge's doubt; a phone knows when it did what, and it is 0"
)
_ASKED_ONCE = (
    "a duty whose answer is under way belongs to an attempt, and attempts end before a boot"
)

_RUNS_IN_ORDER = (
    "the phone tells its machine only what it waits for: an attempt begins while nothing else is under "
    "way, an answer comes to a request; a history can have it otherwise"
)
_VALID_LIST = "a list with such an entry is no valid value, so none comes to be in force"
_SKIPPED = "why an option was passed over is told by `hil resolve` alone"

EQUIVALENTS: tuple[Equivalent, ...] = (
    Equivalent("attempts", "locate", "branch", "phone.attempt is None", "False", _TYPES),
    Equivalent(
        "attempts", "*", "branch", "attempt is None or attempt.fetch is None", "False", _TYPES
    ),
    Equivalent(
        "attempts", "*", "connective", "attempt is None or attempt.fetch is None", "*", _TYPES
    ),
    Equivalent("attempts", "announcement", "branch", "*phone.attempt is not None*", "*", _TYPES),
    Equivalent("attempts", "announcement", "branch", "*kind is not None*", "result_log*", _TYPES),
    Equivalent(
        "besides", "due_at", "branch", "due is not None and due.earliest <= at", "True", _BESIDES
    ),
    Equivalent("besides", "due_at", "connective", "due is not None and *", "*", _BESIDES),
    Equivalent("besides", "due_at", "*", "*other*", "*", _BESIDES),
    Equivalent("besides", "due_at", "*", "each.latest", "*", _BESIDES),
    Equivalent("besides", "due_at", "*", "due", "None", _BESIDES),
    Equivalent("besides", "due_at", "*", "due is None", "*", _BESIDES),
    Equivalent("besides", "due_at", "*", "due.earliest", "due.latest", _BESIDES),
    Equivalent("besides", "due_at", "*", "due.earliest - at", "*", _BESIDES),
    Equivalent("besides", "left_over", "*", "*", "*", _BESIDES),
    Equivalent("besides", "may_go_on", "*", "*", "*", _BESIDES),
    Equivalent("besides", "still_allowed", "*", "*", "*", _BESIDES),
    Equivalent("daily", "awaited", "*", "*present*", "*", _BESIDES),
    Equivalent("daily", "awaited", "*", "*each.clause == CLAUSE*", "*", _BESIDES),
    Equivalent("daily", "awaited", "*", "*besides*", "*", _BESIDES),
    Equivalent("machine", "_concluded", "branch", "phone.attempt is None", "False", _TYPES),
    Equivalent(
        "machine", "_began", "branch", "phone.phase is not Phase.WAITING", "False", _RUNS_IN_ORDER
    ),
    Equivalent(
        "machine",
        "_react",
        "*",
        "phone.attempt is None or phone.attempt.server is None",
        "*",
        _TYPES,
    ),
    Equivalent("machine", "_react", "branch", "at if since is None else since", "at", _DOUBT),
    Equivalent(
        "provisioning_source",
        "parse_order",
        "*",
        "not _CODE.fullmatch(entry)",
        "False",
        _VALID_LIST,
    ),
    Equivalent("provisioning_source", "parse_order", "branch", "entry", "*", _VALID_LIST),
    Equivalent("provisioning_source", "*", "*", "skipped.append(*", "*", _SKIPPED),
    Equivalent("provisioning_source", "*", "update", "replace(source, skipped=*", "*", _SKIPPED),
    Equivalent("registration", "advance", "branch", "line.phase is not *", "False", _RUNS_IN_ORDER),
    Equivalent("scheduling", "not_late", "*", "*", "*", _LATE),
    Equivalent("upgrade", "*", "branch", "attempt is None", "False", _TYPES),
    Equivalent("upgrade", "concluded", "branch", "attempt.fetch is None", "False", _TYPES),
    Equivalent("watching", "_turning", "*", "*_unsure*", "*", _DOUBT),
    Equivalent("watching", "_turning", "*", "*spread*", "*", _DOUBT),
    Equivalent("watching", "_unsure", "*", "*", "*", _DOUBT),
    Equivalent("watching", "watched", "*", "*besides*", "*", _BESIDES),
    Equivalent("watching", "watched", "*", "turned.earliest*", "*", _BESIDES),
)


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
