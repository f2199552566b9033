"""A handset's outlet, and the link that bears witness of it, from what an inventory says of them.

For a rack. On a virtual testbed PDU and wires exist only while a bench stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.errors import UsageError
from hil.history import History
from hil.power.driver import PowerDriver
from hil.power.outlet import Outlet, PowerPolicy
from hil.power.port_counts import SwitchPortCounts
from hil.power.port_link import SwitchPortLink
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.pdus import Pdu, PoeEntry, SnmpPduEntry

_CALL_S = 15.0
"""The longest that one call of a driver may take: a port's name may have to be looked for first."""


@dataclass(frozen=True)
class HandsetPower:
    """What switches a handset, who sees whether it has power, and who counts its frames.

    The last two are None where there is nobody.
    """

    outlet: Outlet
    witness: SwitchPortLink | None
    counts: SwitchPortCounts | None


def handset_power(
    testbed: Testbed,
    entry: HandsetEntry,
    history: History,
    *,
    leased: Callable[[PowerDriver], PowerDriver] = lambda driver: driver,
) -> HandsetPower:
    """The outlet of a handset of a rack, and the link of its port where its switch tells of it.

    ``leased`` is `hil.leases.guard.Guard.leased` of whoever has the handset: it puts the driver into
    the queue of all runs on this machine, and notes in the lease when power is off.

    Whoever switches several handsets of a device makes one of these for each; only those made by one
    driver share its queue. `UsageError` for a testbed whose devices have no address.
    """
    pdu = pdu_of(testbed, entry)
    if testbed.kind == "virtual":
        raise UsageError(
            f"handset {entry.name} of {testbed.name} is virtual: it has power while a bench stands",
            file=str(testbed.file),
            remedy="an inventory of kind: rack",
        )
    port = str(entry.power.outlet)
    outlet = Outlet(leased(pdu.make_driver()), port, history, power_policy(pdu, entry))
    if not isinstance(pdu, PoeEntry):
        return HandsetPower(outlet, None, None)
    return HandsetPower(outlet, pdu.make_link(port), pdu.make_counts(port))


def pdu_of(testbed: Testbed, entry: HandsetEntry) -> Pdu:
    """The entry of what switches a handset."""
    return next(pdu for pdu in testbed.pdus if pdu.name == entry.power.pdu)


def power_policy(pdu: Pdu, entry: HandsetEntry) -> PowerPolicy:
    """How patient the outlet of a handset is."""
    # A driver with a deadline of its own in the inventory is left to keep it.
    call_s = _CALL_S if isinstance(pdu, SnmpPduEntry | PoeEntry) else _CALL_S + pdu.timeout_s
    return PowerPolicy(minimum_off_s=entry.minimum_off_s, settle_s=pdu.settle_s, call_s=call_s)
