"""Mutants that cannot show, each with the reason; they are not drawn and count for nothing.

A row names the place (module, function), the slip (operator, what stood there, what stands there now;
``*`` for any) and why no phone behaves otherwise by it. A row that fits no mutant is an error. Some of
these mutants are run with the others, by the seed, and one that a test kills is reported as wrongly
declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hil.adequacy.mutants.equivalent import Equivalent as Equivalent
from hil.adequacy.mutants.equivalents_attempts import ATTEMPTS
from hil.adequacy.mutants.equivalents_clock import CLOCK
from hil.adequacy.mutants.equivalents_lines import LINES
from hil.adequacy.mutants.equivalents_profiles import PROFILES
from hil.adequacy.mutants.equivalents_timers import TIMERS
from hil.adequacy.mutants.equivalents_upgrades import UPGRADES
from hil.adequacy.mutants.sites import Mutant
from hil.errors import UsageError

_VALID_LIST = "a list with such an entry is no valid value, so none comes to be in force"
_SKIPPED = "why an option was passed over is told by `hil resolve` alone"

_MORE: tuple[Equivalent, ...] = (
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
)

EQUIVALENTS = (*_MORE, *ATTEMPTS, *CLOCK, *LINES, *PROFILES, *TIMERS, *UPGRADES)


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
