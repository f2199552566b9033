"""Defects of what a phone makes of numbers out of their ranges, and of texts in their place."""

from __future__ import annotations

import re
from dataclasses import replace

from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile
from hil.virtual.defect import Defect
from hil.virtual.deviations import Apply, Change, deviating

_INTEGER = re.compile(r"-?[0-9]+")


def _any_number(name: str) -> Change:
    """Take whatever a profile sets this parameter to for a number from 0 to 65535."""

    def apply(right: Apply, parameters: Parameters, profile: Profile) -> Parameters:
        values = dict(profile.parameters)
        if name in values:
            found = _INTEGER.match(values[name])
            values[name] = str(min(max(int(found[0]), 0), 65_535) if found is not None else 0)
        return right(parameters, replace(profile, parameters=values))

    return deviating(apply_profile=apply)


DEFECTS = tuple(
    Defect(
        defect,
        requirement,
        f"takes a {name} out of its range for the nearest number, and a text for 0",
        _any_number(name),
    )
    for defect, requirement, name in (
        ("random-delay-any-number", "resync.random_delay.range", "Resync_Random_Delay"),
        ("forced-delay-any-number", "resync.forced_delay.range", "Forced_Resync_Delay"),
        ("resync-at-delay-any-number", "resync.at.delay_range", "Resync_At_Random_Delay"),
    )
)
