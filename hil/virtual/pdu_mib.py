"""What a manager sees of the virtual PDU: its objects, in order, and who may read and write them.

The interface is that of pysnmp's `AbstractMibInstrumController`, which is three methods. pysnmp
leaves access to the implementer of a MIB of one's own, so each of them starts with it (RFC 3413,
section 3.2, step 4): the read community writes nothing, and a USM user gets nothing with less
protection than its keys allow.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any, Protocol

from hil.snmp import UsmUser

Oid = tuple[int, ...]
READER, WRITER = "reader", "writer"
"""The security names of the two communities."""

# rPDUOutletControlOutletCommand: immediateOn, immediateOff; rPDUOutletStatusOutletState likewise.
ON, OFF = 1, 2
# rPDUOutletStatusCommandPending
_PENDING, _NOT_PENDING = 1, 2
# rPDUOutletControlOutletPhase, rPDUOutletStatusOutletPhase, and the bank
_PHASE_1, _BANK_1 = 1, 1

_SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
_SERVICES = 72  # sysServices: end-to-end and applications (RFC 3418)
_RPDU: Oid = (1, 3, 6, 1, 4, 1, 318, 1, 1, 12)
_SWITCHED_RACK_PDU: Oid = (1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 5)
_IDENT: Oid = (*_RPDU, 1)
_CONTROL: Oid = (*_RPDU, 3, 3, 1, 1)
_COMMAND: Oid = (*_CONTROL, 4)
_STATUS: Oid = (*_RPDU, 3, 5, 1, 1)
_USM = 3


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


class PduMib:
    """The objects of one PDU, for pysnmp's command responders."""

    def __init__(self, relays: Relays, user: UsmUser | None) -> None:
        self._relays = relays
        self._user = user
        self._objects = _objects(relays)
        self._order = sorted(self._objects)
        # The name of an object without its last arc: a column, or the object type of a scalar.
        self._types = {oid[:-1] for oid in self._order}

    def read_variables(self, *varbinds: Any, **context: Any) -> list[Any]:
        """GET (RFC 3416, section 4.2.1)."""
        from pysnmp.proto.rfc1905 import noSuchInstance, noSuchObject

        self._authorize(context, varbinds, write=False)
        answers = []
        for name, _ in varbinds:
            read = self._objects.get(tuple(name))
            missing = noSuchInstance if tuple(name)[:-1] in self._types else noSuchObject
            answers.append((name, missing if read is None else read()))
        return answers

    def read_next_variables(self, *varbinds: Any, **context: Any) -> list[Any]:
        """GETNEXT, and with it GETBULK (RFC 3416, sections 4.2.2 and 4.2.3)."""
        from pysnmp.proto.rfc1902 import ObjectName
        from pysnmp.proto.rfc1905 import endOfMibView

        self._authorize(context, varbinds, write=False)
        answers = []
        for name, _ in varbinds:
            place = bisect.bisect_right(self._order, tuple(name))
            if place == len(self._order):
                answers.append((name, endOfMibView))
            else:
                oid = self._order[place]
                answers.append((ObjectName(oid), self._objects[oid]()))
        return answers

    def write_variables(self, *varbinds: Any, **context: Any) -> list[Any]:
        """SET (RFC 3416, section 4.2.5): all of it is valid, or nothing is done."""
        from pysnmp.smi import error

        self._authorize(context, varbinds, write=True)
        commands = [self._command(index, *varbind) for index, varbind in enumerate(varbinds)]
        obeyed = [self._relays.command(outlet, on) for outlet, on in commands]
        if not all(obeyed):
            # RFC 3416, section 4.2.5: genErr for what fails with no better name.
            raise error.GenError(name=varbinds[0][0], idx=obeyed.index(False))
        return list(varbinds)

    # -- inside ------------------------------------------------------------------------------------

    def _command(self, index: int, name: Any, value: Any) -> tuple[int, bool]:
        from pyasn1.type.univ import Integer
        from pysnmp.smi import error

        oid = tuple(name)
        if oid[:-1] != _COMMAND:
            raise error.NotWritableError(name=name, idx=index)
        if not isinstance(value, Integer) or value.tagSet != Integer.tagSet:
            raise error.WrongTypeError(name=name, idx=index)
        if int(value) not in (ON, OFF):
            raise error.WrongValueError(name=name, idx=index)
        if not 1 <= oid[-1] <= self._relays.outlets:
            raise error.NoCreationError(name=name, idx=index)
        return oid[-1], int(value) == ON

    def _authorize(self, context: Any, varbinds: Any, *, write: bool) -> None:
        from pysnmp.smi import error

        request = context["snmpEngine"].observer.get_execution_context(
            "rfc3412.receiveMessage:request"
        )
        if int(request["securityModel"]) == _USM:
            user = self._user
            allowed = user is not None and int(request["securityLevel"]) >= user.level.number
        else:
            allowed = str(request["securityName"]) == WRITER or not write
        if not allowed:
            raise error.AuthorizationError(name=varbinds[0][0] if varbinds else (), idx=0)


def _objects(relays: Relays) -> dict[Oid, Callable[[], Any]]:
    return {
        **_system(relays),
        **_identification(relays),
        **{
            oid: read
            for outlet in range(1, relays.outlets + 1)
            for oid, read in _outlet(relays, outlet).items()
        },
    }


def _system(relays: Relays) -> dict[Oid, Callable[[], Any]]:
    """The system group (RFC 3418)."""
    from pysnmp.proto.rfc1902 import Integer32, ObjectIdentifier, OctetString, TimeTicks

    return {
        (*_SYSTEM, 1, 0): lambda: OctetString("hil virtual switched rack PDU (PowerNet-MIB rPDU)"),
        (*_SYSTEM, 2, 0): lambda: ObjectIdentifier(_SWITCHED_RACK_PDU),
        (*_SYSTEM, 3, 0): lambda: TimeTicks(relays.uptime() % 2**32),
        (*_SYSTEM, 4, 0): lambda: OctetString(""),
        (*_SYSTEM, 5, 0): lambda: OctetString(relays.name),
        (*_SYSTEM, 6, 0): lambda: OctetString(""),
        (*_SYSTEM, 7, 0): lambda: Integer32(_SERVICES),
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
