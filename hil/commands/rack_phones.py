"""The phones of ``hil rack``: what each one runs, where it hangs, and whom it trusts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hil.commands.phone_options import split_pair
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.virtual.firmware import Firmware
    from hil.virtual.poe_switch import PortFault
    from hil.virtual.rack import Slot

Pairs = tuple[tuple[str, str], ...]
"""Of a handset's name and what is said of it."""

FIRST_VLAN = 101
"""The VLAN of the first phone, where each has one."""

_BOOT_PACE = 0.15


@dataclass(frozen=True)
class Wanted:
    """How many phones there are to be, and what is said of some of them.

    ``strangers`` were not given the laboratory's authority. With ``own_vlans`` each has a VLAN.
    """

    handsets: int
    defects: Pairs
    ailments: Pairs
    readings: Pairs
    faults: Pairs
    strangers: tuple[str, ...]
    own_vlans: bool

    @property
    def names(self) -> list[str]:
        """What the phones are called."""
        return [f"a{number:02}" for number in range(1, self.handsets + 1)]


def slots_of(wanted: Wanted) -> list[Slot]:
    """The phones; UsageError for a handset, a defect, an ailment, a reading or a fault of no name."""
    from hil.reference.identity import Identity
    from hil.virtual.rack import Slot

    names = wanted.names
    firmwares = _firmwares(wanted)
    strangers = _known(names, tuple((name, "") for name in wanted.strangers))
    faults = _known(names, wanted.faults)
    return [
        Slot(
            name,
            Identity(
                f"00:0e:08:ca:fe:{number:02x}",
                serial=f"88012VR{number:05}",
                ccert_installed=False,
            ),
            port=f"Gi1/0/{number}",
            vlan=FIRST_VLAN + number - 1 if wanted.own_vlans else None,
            firmware=firmwares[name],
            fault=_fault(faults.get(name, [])),
            trusting=name not in strangers,
        )
        for number, name in enumerate(names, 1)
    ]


def certified(slots: list[Slot]) -> tuple[list[Slot], str]:
    """The same phones with client certificates of a manufacturer, and the PEM of his root."""
    from hil.endpoints.certificates import Authority

    manufacturer = Authority("manufacturer")
    certified = [
        replace(
            slot,
            identity=replace(slot.identity, ccert_installed=True),
            certificate=manufacturer.client(slot.identity.ma).pem,
        )
        for slot in slots
    ]
    return certified, manufacturer.root_pem


def _firmwares(wanted: Wanted) -> dict[str, Firmware]:
    """What each phone runs; the last ailment that it is given counts."""
    from hil.reference.interpretations import DEFAULT
    from hil.virtual.defects import firmware_with
    from hil.virtual.firmware import REFERENCE_FIRMWARE
    from hil.virtual.health import parse_ailment
    from hil.virtual.pace import booting_at

    names = wanted.names
    defects, ailments = _known(names, wanted.defects), _known(names, wanted.ailments)
    readings = _known(names, wanted.readings)
    made = {}
    for name in names:
        pairs = [split_pair(text, "QUESTION") for text in readings.get(name, [])]
        base = replace(REFERENCE_FIRMWARE, interpretations=DEFAULT.choose(**dict(pairs)))
        firmware = booting_at(firmware_with(defects.get(name, []), base), _BOOT_PACE)
        for text in ailments.get(name, []):
            firmware = replace(firmware, health=parse_ailment(text))
        made[name] = firmware
    return made


def _known(names: list[str], pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in names:
            raise UsageError(f"no handset is called {name!r}", remedy=f"{names[0]} to {names[-1]}")
        known.setdefault(name, []).append(value)
    return known


def _fault(given: list[str]) -> PortFault:
    from hil.virtual.poe_switch import PortFault

    if not given:
        return PortFault.NONE
    try:
        return PortFault(given[-1])
    except ValueError:
        known = ", ".join(each.value for each in PortFault if each is not PortFault.NONE)
        raise UsageError(f"no fault of a port is called {given[-1]!r}", remedy=known) from None
