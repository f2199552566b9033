"""A power device that fails as a whole, told once for all the handsets that hang on it."""

from __future__ import annotations

from hil.errors import PowerDeviceError, SharedFault
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.outlets import pdu_of

_NAMED = 6


def fed_with(testbed: Testbed, entry: HandsetEntry) -> tuple[str, ...]:
    """The handsets of the inventory that hang on the power device of this one, itself among them."""
    return tuple(each.name for each in testbed.handsets if each.power.pdu == entry.power.pdu)


def shared_fault(testbed: Testbed, entry: HandsetEntry, error: PowerDeviceError) -> SharedFault:
    """What such a handset met, as a fault of the device: its name and address, and whom it feeds."""
    return SharedFault(
        f"the power device fails, and with it {_listed(fed_with(testbed, entry))}: {error.what}",
        evidence=f"outlet {entry.power.outlet} of {entry.name}: {error.evidence}",
        next_step=error.next_step,
        # Whoever met it may call the device by what it asked of it.
        concerns=f"{entry.power.pdu} ({pdu_of(testbed, entry).make_driver().name})",
    )


def _listed(names: tuple[str, ...]) -> str:
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} other handsets"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
