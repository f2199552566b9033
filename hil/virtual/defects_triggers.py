"""Defects of Resync_Trigger_1 and Resync_Trigger_2."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from hil.errors import SpecificationError
from hil.reference import decisions as spec
from hil.reference import expressions
from hil.reference.due import Reason
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile
from hil.reference.rules import active_text
from hil.reference.triggers import holds
from hil.virtual.defect import Defect, decision
from hil.virtual.deviations import Change, deviating

Holds: TypeAlias = Callable[[str, MacroTable], bool]

_AND = re.compile(r"\band\b", re.IGNORECASE)


def _judged(change: Callable[[str, MacroTable], bool]) -> Change:
    """Judge equations in another way."""
    return decision(equation_holds=change)


def _blind_to(*macros: str) -> Change:
    """Take no equation for true in which one of these macros stands."""

    def judged(right: Holds, text: str, table: MacroTable) -> bool:
        return not any(f"${name}" in text for name in macros) and right(text, table)

    return deviating(equation_holds=judged)


def _read(change: Callable[[str], str]) -> Change:
    """Read other equations than those that are written."""
    return _judged(lambda text, table: holds(change(text), table))


def _both(text: str, table: MacroTable) -> bool:
    others = (table.parameters.raw(name) for name in spec.TRIGGERS)
    return holds(text, table) and all(holds(each, table) for each in others if each.strip())


def _any_part(text: str, table: MacroTable) -> bool:
    return any(holds(part, table) for part in _AND.split(text))


def _is_broken(text: str, table: MacroTable) -> bool:
    if not active_text(text):
        return False
    try:
        expressions.parse(table.expand(text), swver=table.lookup("SWVER"))
    except SpecificationError:
        return True
    return False


def _ill_formed_too(text: str, table: MacroTable) -> bool:
    if _is_broken(text, table):
        # Later than the last resync, so that it does not begin again at once.
        return int(table.lookup("PRVTMR") or 0) >= 600
    return holds(text, table)


def _broken_breaks_all(text: str, table: MacroTable) -> bool:
    written = [table.parameters.raw(name) for name in spec.TRIGGERS]
    return not any(_is_broken(each, table) for each in written) and holds(text, table)


def _once(text: str, table: MacroTable) -> bool:
    return table.lookup("PRVST") != Reason.PERIODIC.value and holds(text, table)


def _instead_of_periods(parameters: Parameters, reading: Interpretations, known: bool) -> bool:
    del reading, known
    return any(parameters.raw(name).strip() for name in spec.TRIGGERS)


def _not_from_profile(parameters: Parameters, profile: Profile) -> Parameters:
    rest = {n: v for n, v in profile.parameters.items() if n not in spec.TRIGGERS}
    return spec.apply_profile(parameters, replace(profile, parameters=rest))


def _registered_counts_too(text: str, table: MacroTable) -> bool:
    return holds(re.sub(r"\$REGTMR[12]", "99999", text), table)


DEFECTS = (
    Defect(
        "trigger-never",
        "resync.trigger",
        "takes no equation for true",
        _judged(lambda text, table: False),
    ),
    Defect(
        "trigger-second-ignored",
        "resync.trigger",
        "does not look at Resync_Trigger_2",
        decision(triggers=("Resync_Trigger_1",)),
    ),
    Defect(
        "trigger-both-needed",
        "resync.trigger",
        "resyncs only if both equations are true",
        _judged(_both),
    ),
    Defect(
        "trigger-any-comparison",
        "resync.trigger",
        "resyncs if any comparison of an equation is true",
        _judged(_any_part),
    ),
    Defect(
        "trigger-as-long-as-true",
        "resync.trigger",
        "resyncs again and again as long as an equation is true",
        decision(triggers_on_edge=False),
    ),
    Defect(
        "trigger-once",
        "resync.trigger",
        "resyncs once by a trigger and not again",
        _judged(_once),
    ),
    Defect(
        "trigger-without-upgtmr",
        "resync.trigger",
        "does not know $UPGTMR in an equation",
        _blind_to("UPGTMR"),
    ),
    Defect(
        "trigger-without-regtmr",
        "resync.trigger",
        "does not know $REGTMR1 and $REGTMR2 in an equation",
        _blind_to("REGTMR1", "REGTMR2"),
    ),
    Defect(
        "trigger-regtmr-of-registered-lines",
        "resync.trigger",
        "takes a line that is registered for one that has long been lost",
        _judged(_registered_counts_too),
    ),
    Defect(
        "trigger-without-strings",
        "resync.trigger",
        "takes no equation for true that has a string in it",
        _judged(lambda text, table: '"' not in text and holds(text, table)),
    ),
    Defect(
        "trigger-reads-eq-as-ne",
        "resync.trigger",
        "takes eq in an equation for ne",
        _read(lambda text: text.replace(" eq ", " ne ")),
    ),
    Defect(
        "trigger-reads-lt-as-gt",
        "resync.trigger",
        "takes lt in an equation for gt",
        _read(lambda text: text.replace(" lt ", " gt ")),
    ),
    Defect(
        "trigger-reads-comments",
        "resync.trigger",
        "reads an equation that is commented out",
        _read(lambda text: text.lstrip("# ")),
    ),
    Defect(
        "trigger-ill-formed-counts",
        "resync.trigger",
        "resyncs by what is no equation",
        _judged(_ill_formed_too),
    ),
    Defect(
        "trigger-one-broken-breaks-both",
        "resync.trigger",
        "looks at neither equation if one of them is broken",
        _judged(_broken_breaks_all),
    ),
    Defect(
        "trigger-instead-of-periods",
        "resync.trigger",
        "ignores Resync_Periodic if a trigger is set",
        decision(replaces_periodic=_instead_of_periods),
    ),
    Defect(
        "trigger-not-from-profile",
        "resync.trigger",
        "does not take its triggers from a profile",
        decision(apply_profile=_not_from_profile),
    ),
)
