"""What of a virtual handset works in one life, and what does not.

A defect breaks a clause of the specification. A phone that hangs breaks none in particular: some part
of it has stopped until the next boot, the next power cut, or for good. In what, a firmware is asked at
each boot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from hil.errors import UsageError
from hil.reference.due import BootCause


@dataclass(frozen=True)
class Health:
    """What works from a boot on.

    ``boots``: without it the link comes up, and that is all. ``networks``: without it the network stack
    stops once it has its lease. ``provisions``: without it no resync, upgrade or report begins, and an
    uploaded configuration has no effect. ``hears_sip`` and ``serves_pages``: whether lines and web
    server are there.
    """

    boots: bool = True
    networks: bool = True
    provisions: bool = True
    hears_sip: bool = True
    serves_pages: bool = True


SOUND = Health()

AILMENTS = MappingProxyType(
    {
        "hung": Health(provisions=False),
        "hung-pageless": Health(provisions=False, serves_pages=False),
        "hung-deaf": Health(provisions=False, hears_sip=False),
        "stackless": Health(networks=False),
        "dead": Health(boots=False),
    }
)
"""Ailments by name, for a command line."""

AtBoot = Callable[[BootCause], Health]


def sound(cause: BootCause) -> Health:
    """All of it works."""
    del cause
    return SOUND


def ailing(health: Health, power_on: int, boots: int = 1) -> AtBoot:
    """A phone of this health from its n-th power-on on, for so many boots, and sound in all others.

    Power-ons are counted from 1; how often a phone restarts by itself depends on what it is told.
    """
    power_ons, left = 0, 0

    def at_boot(cause: BootCause) -> Health:
        nonlocal power_ons, left
        power_ons += cause is BootCause.POWER
        if cause is BootCause.POWER and power_ons == power_on:
            left = boots
        left -= 1
        return health if left >= 0 else SOUND

    return at_boot


def parse_ailment(text: str) -> AtBoot:
    """``NAME`` for good, ``NAME@N`` for the boot of the n-th power-on, ``NAME@NxBOOTS`` for several.

    `UsageError` for anything else.
    """
    name, _, when = text.partition("@")
    power_on, _, boots = when.partition("x")
    if name not in AILMENTS:
        raise UsageError(f"no ailment is called {name!r}", remedy="one of " + ", ".join(AILMENTS))
    if not when:
        return lambda cause: AILMENTS[name]
    if not (power_on.isdecimal() and (boots or "1").isdecimal()):
        raise UsageError(f"{when!r} is no power-on", remedy=f"{name}@3, or {name}@3x2")
    return ailing(AILMENTS[name], int(power_on), int(boots or "1"))
