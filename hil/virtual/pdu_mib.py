"""What a manager sees of the virtual PDU: the objects of PowerNet-MIB that switch and tell outlets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from hil.snmp import UsmUser
from hil.virtual.mib import Mib, Oid, chosen, system

# rPDUOutletControlOutletCommand: immediateOn, immediateOff; rPDUOutletStatusOutletState likewise.
ON, OFF = 1, 2
# rPDUOutletStatusCommandPending
_PENDING, _NOT_PENDING = 1, 2
# rPDUOutletControlOutletPhase, rPDUOutletStatusOutletPhase, and the bank
_PHASE_1, _BANK_1 = 1, 1

_SERVICES = 72  # sysServices: end-to-end and applications (RFC 3418)
_RPDU: Oid = (1, 3, 6, 1, 4, 1, 318, 1, 1, 12)
_SWITCHED_RACK_PDU: Oid = (1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 5)
_IDENT: Oid = (*_RPDU, 1)
_CONTROL: Oid = (*_RPDU, 3, 3, 1, 1)
_COMMAND: Oid = (*_CONTROL, 4)
_STATUS: Oid = (*_RPDU, 3, 5, 1, 1)


class Relays(Protocol):
    """What the objects stand for."""

    name: str
    outlets: int

    def is_pending(self, outlet: int) -> bool:
        """Whether a command is still to be carried out."""

    def says_on(self, outlet: int) -> bool:
        """Whether it is said to have."""

    def command(self, outlet: int, on: bool) -> bool:
        """Switch an outlet; False to say that it failed."""

    def uptime(self) -> int:
        """Hundredths of a second since the start."""


def pdu_mib(relays: Relays, user: UsmUser | None) -> Mib:
    """The objects of one PDU."""

    def write(index: int, name: Any, value: Any) -> Callable[[], bool]:
        from pysnmp.smi import error

        oid = tuple(name)
        if oid[:-1] != _COMMAND:
            raise error.NotWritableError(name=name, idx=index)
        command = chosen(index, name, value, of=(ON, OFF))
        if not 1 <= oid[-1] <= relays.outlets:
            raise error.NoCreationError(name=name, idx=index)
        return lambda: relays.command(oid[-1], command == ON)

    objects = _objects(relays)
    return Mib(lambda: objects, write, user)


def _objects(relays: Relays) -> dict[Oid, Callable[[], Any]]:
    return {
        **system(
            description="hil virtual switched rack PDU (PowerNet-MIB rPDU)",
            identity=_SWITCHED_RACK_PDU,
            name=relays.name,
            services=_SERVICES,
            uptime=relays.uptime,
        ),
        **_identification(relays),
        **{
            oid: read
            for outlet in range(1, relays.outlets + 1)
            for oid, read in _outlet(relays, outlet).items()
        },
    }


def _identification(relays: Relays) -> dict[Oid, Callable[[], Any]]:
    """rPDUIdent: name, hardware and firmware revision, model, serial number, number of outlets."""
    from pysnmp.proto.rfc1902 import Integer32, OctetString

    return {
        (*_IDENT, 1, 0): lambda: OctetString(relays.name),
        (*_IDENT, 2, 0): lambda: OctetString("virtual"),
        (*_IDENT, 3, 0): lambda: OctetString("virtual"),
        (*_IDENT, 5, 0): lambda: OctetString("AP7921"),
        (*_IDENT, 6, 0): lambda: OctetString("VIRTUAL"),
        (*_IDENT, 8, 0): lambda: Integer32(relays.outlets),
    }


def _outlet(relays: Relays, outlet: int) -> dict[Oid, Callable[[], Any]]:
    """The rows of rPDUOutletControlTable and rPDUOutletStatusTable of one outlet."""
    from pysnmp.proto.rfc1902 import Gauge32, Integer32, OctetString

    def index() -> Any:
        return Integer32(outlet)

    def name() -> Any:
        return OctetString(f"Outlet {outlet}")

    def phase() -> Any:
        return Integer32(_PHASE_1)

    def bank() -> Any:
        return Integer32(_BANK_1)

    def state() -> Any:
        return Integer32(ON if relays.says_on(outlet) else OFF)

    def pending() -> Any:
        return Integer32(_PENDING if relays.is_pending(outlet) else _NOT_PENDING)

    def load() -> Any:
        return Gauge32(0)

    # Reading a command gives the state, as PowerNet-MIB has it.
    control = (index, name, phase, state, bank)
    status = (index, name, phase, state, pending, bank, load)
    return {
        **{(*_CONTROL, column, outlet): read for column, read in enumerate(control, 1)},
        **{(*_STATUS, column, outlet): read for column, read in enumerate(status, 1)},
    }
