"""Resync_Trigger_1 and _2: when their equations turn true.

"A resync is triggered when the logic equation in these parameters evaluates to TRUE." The equation is
an expression over macros; of those only the timers (PRVTMR, UPGTMR, REGTMR1, REGTMR2) change by
themselves. So between two happenings it can change its value only when a timer reaches a number that
stands in it, or passes it: `rising` looks at these instants one by one and needs no clock.

Two triggers combine by OR (Administration Guide 11.3, Provisioning Formats).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from hil.errors import SpecificationError
from hil.lab_time import NANOSECONDS
from hil.reference import expressions
from hil.reference.expansion import expand
from hil.reference.macros import MacroTable
from hil.reference.rules import active_text

_NUMBER = re.compile(r"[0-9]{1,9}")
_MOST_NUMBERS = 16

Moment = Callable[[str, int], bool]
"""Whether an equation holds at an instant, nanoseconds of lab time."""


def holds(text: str, table: MacroTable) -> bool:
    """Whether the equation ``text`` is true now; an empty one, or one that is none, is not."""
    equation = active_text(text)
    if not equation:
        return False
    try:
        expanded = expand(equation, table.lookup, table.interpretations)
        parsed = expressions.parse(expanded, swver=table.lookup("SWVER"))
        return expressions.evaluate(parsed, table.interpretations)
    except SpecificationError:
        # An equation that cannot be evaluated does not evaluate to TRUE.
        return False


def rising(
    moment: Moment, text: str, origins: Iterable[int | None], since: int, was_true: bool
) -> int | None:
    """The first instant from ``since`` on at which the equation turns true, or None.

    ``origins`` are the instants from which the timers count, ``was_true`` is its value before.
    """
    for at in _instants(text, origins, since):
        now = moment(text, at)
        if now and not was_true:
            return at
        was_true = now
    return None


def true_from(moment: Moment, text: str, origins: Iterable[int | None], since: int) -> int | None:
    """The first instant from ``since`` on at which the equation is true, or None."""
    return rising(moment, text, origins, since, was_true=False)


def _instants(text: str, origins: Iterable[int | None], since: int) -> list[int]:
    """When the equation may change: as it is now, and when a timer reaches or passes a number."""
    numbers = sorted({int(n) for n in _NUMBER.findall(text)})[:_MOST_NUMBERS]
    instants = {since}
    for origin in {each for each in origins if each is not None}:
        for number in numbers:
            for seconds in (number, number + 1):
                instants.add(origin + seconds * NANOSECONDS)
    return sorted(at for at in instants if at >= since)
