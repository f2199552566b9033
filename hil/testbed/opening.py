"""Opening the bench of a testbed's handset, whatever kind of testbed it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hil.testbed.bench import Bench
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.site import Site
from hil.testbed.virtual_bench import virtual_bench
from hil.testbed.virtual_firmware import firmware_of


def open_bench(
    testbed: Testbed,
    entry: HandsetEntry,
    *,
    defects: Sequence[str] = (),
    directory: Path | None = None,
    wall_clock: bool = False,
    direct_power: bool = False,
) -> Bench[Site]:
    """The bench around ``entry``; whoever gets it closes it.

    ``directory`` is where evidence goes. ``defects`` are those of a virtual handset, ``wall_clock``
    lets time pass by itself on a virtual testbed, ``direct_power`` throws its PDU's relays without
    SNMP in between.
    """
    return virtual_bench(
        testbed,
        entry,
        firmware=firmware_of(entry, defects),
        directory=directory,
        wall_clock=wall_clock,
        direct_power=direct_power,
    )
