"""Takes out of a scenario whatever a finding does not need.

Hypothesis makes the choices simple that lead to a scenario, which is quick but stops where the choices
hang together. This looks at the scenario itself, call by call and parameter by parameter.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from hil.errors import LabError
from hil.explore.player import Bench, Played, play
from hil.explore.scenario import Call, Profile, Scenario

T = TypeVar("T")


def trimmed(bench: Bench, requirement: str, best: Played, until: float) -> Played:
    """The finding of this requirement in the shortest scenario that is reached before ``until``.

    ``until`` is as `time.monotonic` tells it. A laboratory that fails ends it as well.
    """
    again = True
    while again and time.monotonic() < until:
        again = False
        for scenario in shortened(best.scenario):
            if time.monotonic() > until:
                break
            if scenario.size >= best.scenario.size:
                continue
            try:
                played = play(bench, scenario)
            except LabError:
                return best
            if any(each.requirement == requirement for each in played.findings):
                best, again = played, True
                break
    return best


def shortened(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios that lack a stretch of calls or parameters, from the longest to single ones."""
    before, given, after = scenario.before, scenario.parameters, scenario.after
    # Whole stretches first: a lab in which everything is served is mostly not needed.
    for fewer in _fewer(before):
        yield replace(scenario, before=fewer)
    for fewer in _fewer(after):
        yield replace(scenario, after=fewer)
    for parameters in _fewer(given):
        yield replace(scenario, parameters=parameters)
    for index, call in enumerate(before):
        for less in _less(call):
            yield replace(scenario, before=(*before[:index], less, *before[index + 1 :]))
    for index, call in enumerate(after):
        for less in _less(call):
            yield replace(scenario, after=(*after[:index], less, *after[index + 1 :]))


def _fewer(parts: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """The parts without all, half, a quarter and so on of them, and without each one."""
    length = len(parts)
    while length:
        for start in range(0, len(parts), length):
            yield parts[:start] + parts[start + length :]
        length //= 2


def _less(call: Call) -> Iterator[Call]:
    for named in _fewer(call.named):
        yield replace(call, named=named)
    for place, value in enumerate(call.args):
        for less in _plainer(value):
            yield replace(call, args=(*call.args[:place], less, *call.args[place + 1 :]))


def _plainer(value: object) -> Iterator[Profile]:
    if not isinstance(value, Profile):
        return
    if value.gzip:
        yield replace(value, gzip=False)
    for parameters in _fewer(value.parameters):
        yield replace(value, parameters=parameters)
