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


def ailing(health: Health, boots: range) -> AtBoot:
    """A phone of this health in these of its boots, counted from 1, and sound in all others."""
    count = 0

    def at_boot(cause: BootCause) -> Health:
        nonlocal count
        del cause
        count += 1
        return health if count in boots else SOUND

    return at_boot


def parse_ailment(text: str) -> AtBoot:
    """``NAME`` for good, ``NAME@BOOT`` in one boot, ``NAME@FIRST-LAST`` in several; `UsageError`."""
    name, _, when = text.partition("@")
    first, _, last = when.partition("-")
    if name not in AILMENTS:
        raise UsageError(f"no ailment is called {name!r}", remedy="one of " + ", ".join(AILMENTS))
    if not when:
        return lambda cause: AILMENTS[name]
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise UsageError(f"{when!r} is no boot", remedy=f"{name}@3, or {name}@1-3")
    return ailing(AILMENTS[name], range(int(first), int(last or first) + 1))
