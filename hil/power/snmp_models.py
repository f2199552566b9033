"""PDU models as rows of data, each from its vendor's published MIB.

A row names two columns that are written, one that is read back, and the integers that mean on and
off. Below a column stands the outlet's index: its number alone, or after the numbers of the unit and
the feed that it hangs on. All objects are INTEGERs. Values that are neither on nor off have names, so
that whoever reads an error learns what the PDU said and not a number.

No PDU of these makes has been at hand: each row is proven against its MIB, and with net-snmp's agent
that serves the row's objects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hil.errors import PowerError

_ENTERPRISES = "1.3.6.1.4.1"
_ARC = re.compile(r"[0-9]{1,9}")
_LETTERS = re.compile(r"([A-Z])([A-Z])([0-9]{1,3})")


@dataclass(frozen=True)
class Command:
    """What is written to switch: a value into a column."""

    column: str
    value: int


@dataclass(frozen=True)
class PduModel:
    """How one family of PDUs is asked.

    ``source`` names the MIB and its objects. ``index`` are the objects that index the outlets, the
    outlet's last; ``first`` are the values of those before it where an inventory gives the outlet's
    number alone. ``between`` names the values of the state that are neither on nor off. ``lettered``:
    an outlet may be given as the vendor prints it, AA3 for the third of the first feed of the first
    unit.
    """

    name: str
    source: str
    on: Command
    off: Command
    state: str
    state_on: int
    state_off: int
    index: tuple[str, ...]
    first: tuple[int, ...] = ()
    between: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    lettered: bool = False

    def instance(self, outlet: str) -> str:
        """The index of an outlet as the end of an OID; `PowerError` if that is none."""
        arcs = self._arcs(outlet)
        if len(arcs) == 1:
            arcs = (*self.first, *arcs)
        if len(arcs) != len(self.index) or arcs[-1] < 1:
            raise PowerError(
                f"an {self.name} PDU has no outlet {outlet[:40]!r}",
                next_step=f"give {self._form()} in the inventory",
            )
        return ".".join(map(str, arcs))

    def meaning(self, state: int) -> str:
        """The state in the MIB's words, with its number."""
        return f"{self.between[state]}({state})" if state in self.between else str(state)

    def _arcs(self, outlet: str) -> tuple[int, ...]:
        printed = _LETTERS.fullmatch(outlet) if self.lettered else None
        if printed:
            unit, feed = (ord(letter) - ord("A") + 1 for letter in printed.group(1, 2))
            return unit, feed, int(printed[3])
        parts = outlet.split(".")
        return tuple(map(int, parts)) if all(map(_ARC.fullmatch, parts)) else ()

    def _form(self) -> str:
        number = "the outlet's number, 1 or more"
        if not self.first:
            return number
        example = ".".join(map(str, (*self.first, 3)))
        return f"{number}, or {'.'.join(self.index)} such as {example}"


def _named(**states: int) -> Mapping[int, str]:
    return MappingProxyType({value: name for name, value in states.items()})


_APC = f"{_ENTERPRISES}.318.1.1"

APC_RPDU = PduModel(
    name="apc-rpdu",
    source="PowerNet-MIB: rPDUOutletControlOutletCommand (immediateOn 1, immediateOff 2), "
    "rPDUOutletStatusOutletState (outletStatusOn 1, outletStatusOff 2)",
    on=Command(f"{_APC}.12.3.3.1.1.4", 1),
    off=Command(f"{_APC}.12.3.3.1.1.4", 2),
    state=f"{_APC}.12.3.5.1.1.4",
    state_on=1,
    state_off=2,
    index=("rPDUOutletControlIndex",),
)
"""APC switched rack PDUs of the first generation (AP79xx)."""

APC_RPDU2 = PduModel(
    name="apc-rpdu2",
    source="PowerNet-MIB: rPDU2OutletSwitchedControlCommand (immediateOn 1, immediateOff 2), "
    "rPDU2OutletSwitchedStatusState (off 1, on 2: the other way round)",
    on=Command(f"{_APC}.26.9.2.4.1.5", 1),
    off=Command(f"{_APC}.26.9.2.4.1.5", 2),
    state=f"{_APC}.26.9.2.3.1.5",
    state_on=2,
    state_off=1,
    index=("rPDU2OutletSwitchedControlIndex",),
)
"""APC switched rack PDUs of the second generation (AP86xx, AP89xx); the table runs over all units."""

_RARITAN = f"{_ENTERPRISES}.13742"

RARITAN_PDU2 = PduModel(
    name="raritan-pdu2",
    source="PDU2-MIB: switchingOperation (off 0, on 1), outletSwitchingState "
    "(SensorStateEnumeration: on 7, off 8)",
    on=Command(f"{_RARITAN}.6.4.1.2.1.2", 1),
    off=Command(f"{_RARITAN}.6.4.1.2.1.2", 0),
    state=f"{_RARITAN}.6.4.1.2.1.3",
    state_on=7,
    state_off=8,
    index=("pduId", "outletId"),
    first=(1,),
    between=_named(unavailable=-1, fail=14, standby=17, fault=26, warning=27, critical=28),
)
"""Raritan PX2, PX3 and PX4; pduId is the link ID, 1 where nothing is linked."""

RARITAN_PDU = PduModel(
    name="raritan-pdu",
    source="PDU-MIB: outletOperationalState (error -1, off 0, on 1, cycling 2), which is both "
    "written and read",
    on=Command(f"{_RARITAN}.4.1.2.2.1.3", 1),
    off=Command(f"{_RARITAN}.4.1.2.2.1.3", 0),
    state=f"{_RARITAN}.4.1.2.2.1.3",
    state_on=1,
    state_off=0,
    index=("outletIndex",),
    between=_named(error=-1, cycling=2),
)
"""Raritan Dominion PX, the first generation."""

_SERVERTECH = f"{_ENTERPRISES}.1718"

SENTRY3 = PduModel(
    name="servertech-sentry3",
    source="Sentry3-MIB: outletControlAction (on 1, off 2), outletStatus (off 0, on 1)",
    on=Command(f"{_SERVERTECH}.3.2.3.1.11", 1),
    off=Command(f"{_SERVERTECH}.3.2.3.1.11", 2),
    state=f"{_SERVERTECH}.3.2.3.1.5",
    state_on=1,
    state_off=0,
    index=("towerIndex", "infeedIndex", "outletIndex"),
    first=(1, 1),
    between=_named(
        offWait=2, onWait=3, offError=4, onError=5, noComm=6, reading=7, offFuse=8, onFuse=9
    ),
    lettered=True,
)
"""Server Technology Sentry CDUs with firmware 7 and before."""

SENTRY4 = PduModel(
    name="servertech-sentry4",
    source="Sentry4-MIB: st4OutletControlAction (on 1, off 2), st4OutletState (DeviceState: "
    "unknown 0, on 1, off 2)",
    on=Command(f"{_SERVERTECH}.4.1.8.5.1.2", 1),
    off=Command(f"{_SERVERTECH}.4.1.8.5.1.2", 2),
    state=f"{_SERVERTECH}.4.1.8.3.1.1",
    state_on=1,
    state_off=2,
    index=("st4UnitIndex", "st4InputCordIndex", "st4OutletIndex"),
    first=(1, 1),
    between=_named(unknown=0),
    lettered=True,
)
"""Server Technology PRO1, PRO2 and later, firmware 8."""

_EATON = f"{_ENTERPRISES}.534.6.6.7.6.6.1"

EATON_EPDU = PduModel(
    name="eaton-epdu",
    source="EATON-EPDU-MIB: outletControlOnCmd and outletControlOffCmd (seconds until it is done, 0 "
    "at once), outletControlStatus (off 0, on 1, pendingOff 2, pendingOn 3)",
    on=Command(f"{_EATON}.4", 0),
    off=Command(f"{_EATON}.3", 0),
    state=f"{_EATON}.2",
    state_on=1,
    state_off=0,
    index=("strappingIndex", "outletIndex"),
    first=(0,),
    between=_named(pendingOff=2, pendingOn=3),
)
"""Eaton switched and managed ePDU G3; strappingIndex is 0 where units are not daisy-chained."""

_CYBERPOWER = f"{_ENTERPRISES}.3808.1.1"

CYBERPOWER_EPDU = PduModel(
    name="cyberpower-epdu",
    source="CPS-MIB: ePDUOutletControlOutletCommand (immediateOn 1, immediateOff 2), "
    "ePDUOutletStatusOutletState (outletStatusOn 1, outletStatusOff 2)",
    on=Command(f"{_CYBERPOWER}.3.3.3.1.1.4", 1),
    off=Command(f"{_CYBERPOWER}.3.3.3.1.1.4", 2),
    state=f"{_CYBERPOWER}.3.3.5.1.1.4",
    state_on=1,
    state_off=2,
    index=("ePDUOutletControlIndex",),
)
"""CyberPower switched PDUs whose agent has the group ePDU of the MIB."""

CYBERPOWER_EPDU2 = PduModel(
    name="cyberpower-epdu2",
    source="CPS-MIB: ePDU2OutletSwitchedControlCommand (immediateOn 1, immediateOff 2), "
    "ePDU2OutletSwitchedStatusState (outletStatusOn 1, outletStatusOff 2)",
    on=Command(f"{_CYBERPOWER}.6.6.1.5.1.5", 1),
    off=Command(f"{_CYBERPOWER}.6.6.1.5.1.5", 2),
    state=f"{_CYBERPOWER}.6.6.1.4.1.5",
    state_on=1,
    state_off=2,
    index=("ePDU2OutletSwitchedControlIndex",),
)
"""CyberPower switched PDUs whose agent has the group ePDU2; the table runs over all linked units."""

MODELS = (
    APC_RPDU,
    APC_RPDU2,
    RARITAN_PDU2,
    RARITAN_PDU,
    SENTRY3,
    SENTRY4,
    EATON_EPDU,
    CYBERPOWER_EPDU,
    CYBERPOWER_EPDU2,
)
"""Every row; an inventory names one by its ``name``."""
