"""The requirements: each clause that tests check, that findings name, and that defects break.

An id is the section's word and the parameter's. The text is our own; the authority is the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from hil.errors import UsageError
from hil.reference.requirement_rows_macros import MACROS, STATE_MACROS
from hil.reference.requirement_rows_phone import FACES
from hil.reference.requirement_rows_profiles import MESSAGES, PERSISTENCE, PROFILES, TIMERS
from hil.reference.requirement_rows_servers import DHCP, SERVERS, TRANSFERS
from hil.reference.requirement_rows_sip import SIP
from hil.reference.requirement_rows_upgrades import UPGRADES


@dataclass(frozen=True, slots=True)
class Requirement:
    """One clause: what a phone must do, and where that is written."""

    id: str
    text: str
    source: str


_ROWS = (
    *PROFILES,
    *DHCP,
    *MESSAGES,
    *MACROS,
    *TRANSFERS,
    *PERSISTENCE,
    *TIMERS,
    *UPGRADES,
    *STATE_MACROS,
    *SIP,
    *FACES,
    *SERVERS,
)

REQUIREMENTS = MappingProxyType({row[0]: Requirement(*row) for row in _ROWS})
"""Every requirement by its id, in the order of the specification."""


def requirement(name: str) -> Requirement:
    """The requirement of that id; UsageError with what would be right if there is none."""
    try:
        return REQUIREMENTS[name]
    except KeyError:
        raise UsageError(
            f"no requirement is called {name!r}", remedy="one of " + ", ".join(REQUIREMENTS)
        ) from None
