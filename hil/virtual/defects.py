"""The defect catalogue: ways in which a handset can break the specification.

Each defect is a small named deviation from the reference firmware together with the clause that it
breaks. A certification test proves its worth by failing on one. Defects are about what a phone does
wrong; what a laboratory does wrong is not here.

To add one: write a function from `Firmware` to `Firmware` in the module of its field, and a row in
that module's table. `firmware_with` composes them in the order given.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from hil.errors import UsageError
from hil.virtual import (
    defects_acceptance,
    defects_calls,
    defects_causes,
    defects_clock,
    defects_codes,
    defects_commands,
    defects_defaults,
    defects_dhcp,
    defects_faces,
    defects_lines,
    defects_macro_places,
    defects_macro_values,
    defects_macros,
    defects_pages,
    defects_profiles,
    defects_ranges,
    defects_reports,
    defects_rules,
    defects_schedule,
    defects_servers,
    defects_sip,
    defects_timing,
    defects_transfers,
    defects_triggers,
    defects_upgrade_outcomes,
    defects_upgrades,
)
from hil.virtual.defect import Defect
from hil.virtual.firmware import REFERENCE_FIRMWARE, Firmware

DEFECTS = MappingProxyType(
    {
        defect.name: defect
        for defect in (
            *defects_timing.DEFECTS,
            *defects_defaults.DEFECTS,
            *defects_schedule.DEFECTS,
            *defects_clock.DEFECTS,
            *defects_lines.DEFECTS,
            *defects_triggers.DEFECTS,
            *defects_causes.DEFECTS,
            *defects_ranges.DEFECTS,
            *defects_rules.DEFECTS,
            *defects_macros.DEFECTS,
            *defects_macro_places.DEFECTS,
            *defects_macro_values.DEFECTS,
            *defects_dhcp.DEFECTS,
            *defects_profiles.DEFECTS,
            *defects_transfers.DEFECTS,
            *defects_servers.DEFECTS,
            *defects_acceptance.DEFECTS,
            *defects_commands.DEFECTS,
            *defects_pages.DEFECTS,
            *defects_faces.DEFECTS,
            *defects_reports.DEFECTS,
            *defects_sip.DEFECTS,
            *defects_calls.DEFECTS,
            *defects_codes.DEFECTS,
            *defects_upgrades.DEFECTS,
            *defects_upgrade_outcomes.DEFECTS,
        )
    }
)
"""Every defect by its name."""


def firmware_with(names: Iterable[str], base: Firmware = REFERENCE_FIRMWARE) -> Firmware:
    """The firmware ``base`` with these defects; UsageError for a name that is none."""
    firmware = base
    for name in names:
        try:
            defect = DEFECTS[name]
        except KeyError:
            raise UsageError(
                f"no defect is called {name!r}", remedy="see `hil defects` for their names"
            ) from None
        firmware = defect.apply(firmware)
    return firmware


__all__ = ["DEFECTS", "Defect", "firmware_with"]
