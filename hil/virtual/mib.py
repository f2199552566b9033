"""What a manager sees of a virtual device: its objects, in order, and who may read and write them.

The interface is that of pysnmp's `AbstractMibInstrumController`, which is three methods. pysnmp
leaves access to the implementer of a MIB of one's own, so each of them starts with it (RFC 3413,
section 3.2, step 4): the read community writes nothing, and a USM user gets nothing with less
protection than its keys allow.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from typing import Any

from hil.snmp import UsmUser

Oid = tuple[int, ...]
Objects = Mapping[Oid, Callable[[], Any]]
"""The objects of a device by name, each with a function that gives its value as pysnmp has it."""

Write = Callable[[int, Any, Any], Callable[[], bool]]
"""Checks one variable of a SET (its place in the request, name and value) and returns what carries it
out, which says whether that went well. Raises an error of `pysnmp.smi.error`, by which the whole SET
is refused, for what cannot be written."""

READER, WRITER = "reader", "writer"
"""The security names of the two communities."""

_SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
_USM = 3


class Mib:
    """The objects of one device, for pysnmp's command responders; ``user`` may use SNMPv3."""

    def __init__(self, objects: Callable[[], Objects], write: Write, user: UsmUser | None) -> None:
        self._objects = objects
        self._write = write
        self._user = user

    def read_variables(self, *varbinds: Any, **context: Any) -> list[Any]:
        """GET (RFC 3416, section 4.2.1)."""
        from pysnmp.proto.rfc1905 import noSuchInstance, noSuchObject

        self._authorize(context, varbinds, write=False)
        objects = self._objects()
        # The name of an object without its index: a column, or the object type of a scalar.
        types = {oid[:-1] for oid in objects}
        answers = []
        for name, _ in varbinds:
            read = objects.get(tuple(name))
            missing = noSuchInstance if tuple(name)[:-1] in types else noSuchObject
            answers.append((name, missing if read is None else read()))
        return answers

    def read_next_variables(self, *varbinds: Any, **context: Any) -> list[Any]:
        """GETNEXT, and with it GETBULK (RFC 3416, sections 4.2.2 and 4.2.3)."""
        from pysnmp.proto.rfc1902 import ObjectName
        from pysnmp.proto.rfc1905 import endOfMibView

        self._authorize(context, varbinds, write=False)
        objects = self._objects()
        order = sorted(objects)
        answers = []
        for name, _ in varbinds:
            place = bisect.bisect_right(order, tuple(name))
            if place == len(order):
                answers.append((name, endOfMibView))
            else:
                answers.append((ObjectName(order[place]), objects[order[place]]()))
        return answers

    def write_variables(self, *varbinds: Any, **context: Any) -> list[Any]:
        """SET (RFC 3416, section 4.2.5): all of it is valid, or nothing is done."""
        from pysnmp.smi import error

        self._authorize(context, varbinds, write=True)
        commands = [self._write(index, *varbind) for index, varbind in enumerate(varbinds)]
        obeyed = [command() for command in commands]
        if not all(obeyed):
            # RFC 3416, section 4.2.5: genErr for what fails with no better name.
            raise error.GenError(name=varbinds[0][0], idx=obeyed.index(False))
        return list(varbinds)

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


def chosen(index: int, name: Any, value: Any, *, of: tuple[int, int]) -> int:
    """An INTEGER of a SET that is one of two; else the errors of RFC 3416 for a wrong value."""
    from pyasn1.type.univ import Integer
    from pysnmp.smi import error

    if not isinstance(value, Integer) or value.tagSet != Integer.tagSet:
        raise error.WrongTypeError(name=name, idx=index)
    if int(value) not in of:
        raise error.WrongValueError(name=name, idx=index)
    return int(value)


def system(
    *, description: str, identity: Oid, name: str, services: int, uptime: Callable[[], int]
) -> Objects:
    """The system group (RFC 3418); ``uptime`` in hundredths of a second."""
    from pysnmp.proto.rfc1902 import Integer32, ObjectIdentifier, OctetString, TimeTicks

    return {
        (*_SYSTEM, 1, 0): lambda: OctetString(description),
        (*_SYSTEM, 2, 0): lambda: ObjectIdentifier(identity),
        (*_SYSTEM, 3, 0): lambda: TimeTicks(uptime() % 2**32),
        (*_SYSTEM, 4, 0): lambda: OctetString(""),
        (*_SYSTEM, 5, 0): lambda: OctetString(name),
        (*_SYSTEM, 6, 0): lambda: OctetString(""),
        (*_SYSTEM, 7, 0): lambda: Integer32(services),
    }
