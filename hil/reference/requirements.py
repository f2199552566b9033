"""The requirements: each clause that tests check, that findings name, and that defects break.

An id is the section's word and the parameter's; what a third word names is one sentence of the
parameter. `hil.reference.coverage` says which sentences of the chapter become which requirements.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType

from hil.errors import UsageError
from hil.reference.requirement import Level, Observable, Requirement, Witness
from hil.reference.requirement_rows_defaults import DEFAULTS
from hil.reference.requirement_rows_macros import MACROS
from hil.reference.requirement_rows_phone import FACES
from hil.reference.requirement_rows_profiles import PROFILES
from hil.reference.requirement_rows_servers import DHCP, SERVERS, TRANSFERS
from hil.reference.requirement_rows_sip import SIP
from hil.reference.requirement_rows_states import STATE_MACROS
from hil.reference.requirement_rows_timers import MESSAGES, PERSISTENCE, TIMERS
from hil.reference.requirement_rows_upgrades import UPGRADES

__all__ = ["REQUIREMENTS", "Level", "Observable", "Requirement", "Witness", "requirement"]

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
    *DEFAULTS,
)

REQUIREMENTS = MappingProxyType({row.id: row for row in _ROWS})
"""Every requirement by its id, in the order of the specification."""


def requirement(name: str) -> Requirement:
    """The requirement of that id; UsageError with what would be right if there is none."""
    try:
        return REQUIREMENTS[name]
    except KeyError:
        close = difflib.get_close_matches(name[:80], REQUIREMENTS, n=1)
        raise UsageError(
            f"no requirement is called {name[:80]!r}",
            remedy=f"did you mean {close[0]}?" if close else "see `hil spec list`",
        ) from None
