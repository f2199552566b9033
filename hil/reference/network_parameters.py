"""Parameters of the link layer: whether and when the phone tells its neighbour about itself.

They stand in no table of the chapter. Their XML names are those of configuration dumps, their
meaning and defaults those of the multiplatform administration guides.
"""

from __future__ import annotations

from hil.reference.parameter_row import Kind, row

_NETWORK = "Multiplatform administration guide, VLAN Settings"

NETWORK_ROWS = (
    row(_NETWORK, "Enable CDP", Kind.BOOL, "Yes"),
    row(_NETWORK, "Enable LLDP-MED", Kind.BOOL, "Yes"),
    row(
        _NETWORK,
        "Network Startup Delay",
        Kind.UNSIGNED,
        "3",
        limits=(0, 65535),
        note="seconds; no range is printed, so that of the chapter's other delays",
    ),
)
