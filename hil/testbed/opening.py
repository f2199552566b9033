"""Opening the bench of a testbed's handset, whatever kind of testbed it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hil.errors import UsageError
from hil.testbed.bench import Bench
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.other_phone import Others
from hil.testbed.rack_bench import Leased, provided_by, rack_bench
from hil.testbed.restorer import LadderMaker
from hil.testbed.site import Offer, Site
from hil.testbed.trust import NO_AUTHORITY
from hil.testbed.virtual_bench import provided_to, virtual_bench
from hil.testbed.virtual_firmware import firmware_of


def offer_of(testbed: Testbed, entry: HandsetEntry) -> Offer:
    """What a handset of a testbed has there, before there is a bench of it."""
    if testbed.kind == "rack":
        useless = {} if testbed.kept_authority is not None else {"https": NO_AUTHORITY}
        return Offer(provided_by(testbed, entry), useless)
    return Offer(provided_to(entry))


def open_bench(
    testbed: Testbed,
    entry: HandsetEntry,
    *,
    defects: Sequence[str] = (),
    directory: Path | None = None,
    wall_clock: bool = False,
    direct_power: bool = False,
    leased: Leased = lambda driver: driver,
    ladder: LadderMaker | None = None,
    others: Others | None = None,
) -> Bench[Site]:
    """The bench around ``entry``; whoever gets it closes it.

    ``directory`` is where evidence goes. ``defects`` are those of a virtual handset, ``wall_clock``
    lets time pass by itself on a virtual testbed, ``direct_power`` throws its PDU's relays without
    SNMP in between. ``leased`` is what a lease makes of a rack's power driver, and ``ladder``
    makes the ways back for a phone of a rack that takes no profile; ``others`` are the rack's other
    users, without whom no outlet is said to feed another phone. `UsageError` for a
    defect of a handset that is none of ours.
    """
    if testbed.kind == "rack":
        if defects:
            raise UsageError(
                f"a handset of {testbed.name} cannot be given a defect",
                remedy="a testbed of kind: virtual, or `hil rack --defect`",
            )
        return rack_bench(
            testbed, entry, directory=directory, leased=leased, ladder=ladder, others=others
        )
    return virtual_bench(
        testbed,
        entry,
        firmware=firmware_of(entry, defects),
        directory=directory,
        wall_clock=wall_clock,
        direct_power=direct_power,
    )
