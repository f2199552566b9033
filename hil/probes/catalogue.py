"""Every experiment by the question that it answers, and why a question has none."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hil.probes import daily, macros, profiles, resyncs, rules, sip, transfers, upgrades
from hil.probes.probe import Probe
from hil.reference.interpretations import CATALOGUE, WITHOUT_EFFECT

_EVERY = (
    *macros.PROBES,
    *rules.PROBES,
    *profiles.PROBES,
    *transfers.PROBES,
    *resyncs.PROBES,
    *daily.PROBES,
    *upgrades.PROBES,
    *sip.PROBES,
)

PROBES: Mapping[str, Probe] = MappingProxyType({each.question: each for each in _EVERY})
"""By question. $PSN and the forms of macros come first, since other experiments use them."""

WITHOUT_PROBE: Mapping[str, str] = MappingProxyType(
    {
        entry.name: "no verdict of this release depends on how it is read"
        if entry.name in WITHOUT_EFFECT
        else "no experiment has been written"
        for entry in CATALOGUE
        if entry.name not in PROBES
    }
)
"""By question, why there is no experiment about it."""
