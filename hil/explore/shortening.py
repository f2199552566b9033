"""Takes out of a scenario whatever a finding does not need.

Hypothesis makes the choices simple that lead to a scenario, which is quick but stops where the choices
hang together. This looks at the scenario itself, call by call and parameter by parameter.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from hil.explore.player import Bench, Played, play
from hil.explore.scenario import Call, Profile, Scenario


def trimmed(bench: Bench, requirement: str, best: Played, until: float) -> Played:
    """The finding of this requirement in the shortest scenario that is reached before ``until``.

    ``until`` is as `time.monotonic` tells it.
    """
    again = True
    while again and time.monotonic() < until:
        again = False
        for scenario in shortened(best.scenario):
            if time.monotonic() > until:
                break
            if scenario.size >= best.scenario.size:
                continue
            played = play(bench, scenario)
            if any(each.requirement == requirement for each in played.findings):
                best, again = played, True
                break
    return best


def shortened(scenario: Scenario) -> Iterator[Scenario]:
    """Every scenario that lacks one call, one parameter, or one parameter of a call or profile."""
    before, given, after = scenario.before, scenario.parameters, scenario.after
    # Whole stretches first: a lab in which everything is served is mostly not needed.
    for length in (len(before), len(before) // 2, 1):
        for start in range(0, len(before), max(1, length)):
            yield replace(scenario, before=before[:start] + before[start + length :])
    for index in range(len(after)):
        yield replace(scenario, after=after[:index] + after[index + 1 :])
    for index in range(len(given)):
        yield replace(scenario, parameters=given[:index] + given[index + 1 :])
    for index, call in enumerate(before):
        for less in _less(call):
            yield replace(scenario, before=(*before[:index], less, *before[index + 1 :]))
    for index, call in enumerate(after):
        for less in _less(call):
            yield replace(scenario, after=(*after[:index], less, *after[index + 1 :]))


def _less(call: Call) -> Iterator[Call]:
    for index in range(len(call.named)):
        yield replace(call, named=call.named[:index] + call.named[index + 1 :])
    for place, value in enumerate(call.args):
        for less in _plainer(value):
            yield replace(call, args=(*call.args[:place], less, *call.args[place + 1 :]))


def _plainer(value: object) -> Iterator[Profile]:
    if not isinstance(value, Profile):
        return
    if value.gzip:
        yield replace(value, gzip=False)
    for index in range(len(value.parameters)):
        yield replace(value, parameters=value.parameters[:index] + value.parameters[index + 1 :])
