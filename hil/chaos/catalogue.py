"""All faults of the laboratory, by name."""

from __future__ import annotations

from collections.abc import Sequence

from hil.chaos.disk_faults import DISK_FAULTS
from hil.chaos.endpoint_faults import ENDPOINT_FAULTS
from hil.chaos.fault import LabFaultKind
from hil.chaos.power_faults import POWER_FAULTS
from hil.chaos.wire_faults import WIRE_FAULTS
from hil.errors import UsageError

FAULTS: tuple[LabFaultKind, ...] = (
    *POWER_FAULTS,
    *ENDPOINT_FAULTS,
    *DISK_FAULTS,
    *WIRE_FAULTS,
)
"""Every row, in the order of the matrix."""


def faults(names: Sequence[str] = ()) -> tuple[LabFaultKind, ...]:
    """The faults of these names, all of them where none is given; UsageError for an unknown one."""
    known = {fault.name: fault for fault in FAULTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"no fault of the laboratory is called {unknown[0]!r}",
            remedy="one of " + ", ".join(known),
        )
    return tuple(known[name] for name in dict.fromkeys(names)) or FAULTS
