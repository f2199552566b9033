"""What a manager sees of the virtual PoE switch.

Of POWER-ETHERNET-MIB (RFC 3621) the port table and the main power supply, of IF-MIB (RFC 2863) the
interfaces with their names and counters, of BRIDGE-MIB (RFC 4188) the ports and the addresses learned
at them. The only thing that can be written is pethPsePortAdminEnable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, Protocol

from hil.snmp import UsmUser
from hil.virtual.mib import Mib, Objects, Oid, chosen, system

_TRUE, _FALSE = 1, 2
_UP, _DOWN = 1, 2
_SERVICES = 2  # sysServices: a bridge (RFC 3418)
_OURS: Oid = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999)  # netSnmpPlaypen: an agent of no product
_PSE: Oid = (1, 3, 6, 1, 2, 1, 105, 1, 1, 1)
_ADMIN_ENABLE: Oid = (*_PSE, 3)
_MAIN_PSE: Oid = (1, 3, 6, 1, 2, 1, 105, 1, 3, 1, 1)
_IF_NUMBER: Oid = (1, 3, 6, 1, 2, 1, 2, 1, 0)
_IF: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1)
_IF_X: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
_IF_NAME: Oid = (*_IF_X, 1)
_BASE_PORT_IF_INDEX: Oid = (1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2)
_FDB: Oid = (1, 3, 6, 1, 2, 1, 17, 4, 3, 1)
_GROUP = 1
_ETHERNET_CSMACD = 6
_LEARNED = 3
_SIGNAL = 1  # pethPsePortPowerPairs
_LOW = 3  # pethPsePortPowerPriority
_WATTS = 370


class Detection(IntEnum):
    """pethPsePortDetectionStatus."""

    DISABLED = 1
    SEARCHING = 2
    DELIVERING_POWER = 3


class Traffic(Protocol):
    """Frames that passed a port; `hil.virtual.poe_switch.Traffic`."""

    @property
    def in_unicasts(self) -> int:
        """From the phone to one address."""

    @property
    def in_broadcasts(self) -> int:
        """From the phone to all."""

    @property
    def out_unicasts(self) -> int:
        """To the phone alone."""

    @property
    def out_broadcasts(self) -> int:
        """To all, the phone among them."""


class Ports(Protocol):
    """What the objects stand for; ports are counted from 1."""

    name: str

    @property
    def ports(self) -> Sequence[str]:
        """The names of the ports, in order."""

    def is_enabled(self, port: int) -> bool:
        """Whether the port was told to give power."""

    def detection(self, port: int) -> Detection:
        """What the port says of the device at its end."""

    def is_linked(self, port: int) -> bool:
        """Whether there is a link."""

    def last_change(self, port: int) -> int:
        """Hundredths of a second from the start to the last change of the link."""

    def traffic(self, port: int) -> Traffic:
        """What passed the port, as it shows it."""

    def learned(self, port: int) -> str | None:
        """The MAC address that was learned at the port, with colons; None if none was."""

    def command(self, port: int, on: bool) -> bool:
        """Give power or not; False to say that it failed."""

    def uptime(self) -> int:
        """Hundredths of a second since the start."""


def switch_mib(ports: Ports, user: UsmUser | None) -> Mib:
    """The objects of one switch."""

    def write(index: int, name: Any, value: Any) -> Callable[[], bool]:
        from pysnmp.smi import error

        oid = tuple(name)
        if oid[:-2] != _ADMIN_ENABLE:
            raise error.NotWritableError(name=name, idx=index)
        wanted = chosen(index, name, value, of=(_TRUE, _FALSE))
        if oid[-2] != _GROUP or not 1 <= oid[-1] <= len(ports.ports):
            raise error.NoCreationError(name=name, idx=index)
        return lambda: ports.command(oid[-1], wanted == _TRUE)

    return Mib(lambda: _objects(ports), write, user)


def _objects(ports: Ports) -> Objects:
    from pysnmp.proto.rfc1902 import Integer32

    numbers = range(1, len(ports.ports) + 1)
    tables = (_interface, _counters, _power, _bridge)
    return {
        **system(
            description="hil virtual switch with power over Ethernet (RFC 3621)",
            identity=_OURS,
            name=ports.name,
            services=_SERVICES,
            uptime=ports.uptime,
        ),
        _IF_NUMBER: lambda: Integer32(len(ports.ports)),
        **_supply(ports),
        **{oid: read for port in numbers for row in tables for oid, read in row(ports, port)},
    }


_Row = Sequence[tuple[Oid, Callable[[], Any]]]


def _interface(ports: Ports, port: int) -> _Row:
    """A row of ifTable and the name in ifXTable."""
    from pysnmp.proto.rfc1902 import Integer32, OctetString, TimeTicks

    name = ports.ports[port - 1]
    return (
        ((*_IF, 1, port), lambda: Integer32(port)),
        ((*_IF, 2, port), lambda: OctetString(f"port {port} of {ports.name}")),
        ((*_IF, 3, port), lambda: Integer32(_ETHERNET_CSMACD)),
        ((*_IF, 7, port), lambda: Integer32(_UP)),
        ((*_IF, 8, port), lambda: Integer32(_UP if ports.is_linked(port) else _DOWN)),
        ((*_IF, 9, port), lambda: TimeTicks(ports.last_change(port))),
        ((*_IF_NAME, port), lambda: OctetString(name)),
    )


def _counters(ports: Ports, port: int) -> _Row:
    """What the port counts, in ifTable and in ifXTable; the numbers began when the switch did."""
    from pysnmp.proto.rfc1902 import Counter32, Counter64, TimeTicks

    def seen() -> Traffic:
        return ports.traffic(port)

    return (
        ((*_IF, 11, port), lambda: Counter32(seen().in_unicasts % 2**32)),
        ((*_IF, 17, port), lambda: Counter32(seen().out_unicasts % 2**32)),
        ((*_IF_X, 7, port), lambda: Counter64(seen().in_unicasts)),
        ((*_IF_X, 9, port), lambda: Counter64(seen().in_broadcasts)),
        ((*_IF_X, 11, port), lambda: Counter64(seen().out_unicasts)),
        ((*_IF_X, 13, port), lambda: Counter64(seen().out_broadcasts)),
        ((*_IF_X, 19, port), lambda: TimeTicks(0)),
    )


def _power(ports: Ports, port: int) -> _Row:
    """A row of pethPsePortTable, but the counters."""
    from pysnmp.proto.rfc1902 import Integer32, OctetString

    def at(column: int) -> Oid:
        return (*_PSE, column, _GROUP, port)

    return (
        (at(3), lambda: Integer32(_TRUE if ports.is_enabled(port) else _FALSE)),
        (at(4), lambda: Integer32(_FALSE)),
        (at(5), lambda: Integer32(_SIGNAL)),
        (at(6), lambda: Integer32(int(ports.detection(port)))),
        (at(7), lambda: Integer32(_LOW)),
        (at(9), lambda: OctetString("")),
    )


def _bridge(ports: Ports, port: int) -> _Row:
    """A row of dot1dBasePortTable, and of dot1dTpFdbTable where an address was learned."""
    from pysnmp.proto.rfc1902 import Integer32, OctetString

    rows: list[tuple[Oid, Callable[[], Any]]] = [
        ((*_BASE_PORT_IF_INDEX, port), lambda: Integer32(port))
    ]
    mac = ports.learned(port)
    if mac is not None:
        octets = bytes.fromhex(mac.replace(":", ""))
        rows += [
            ((*_FDB, 1, *octets), lambda: OctetString(octets)),
            ((*_FDB, 2, *octets), lambda: Integer32(port)),
            ((*_FDB, 3, *octets), lambda: Integer32(_LEARNED)),
        ]
    return rows


def _supply(ports: Ports) -> Objects:
    """The row of pethMainPseTable: nominal power, working, what is consumed."""
    from pysnmp.proto.rfc1902 import Gauge32, Integer32

    delivering = [Detection.DELIVERING_POWER]

    def consumed() -> int:
        numbers = range(1, len(ports.ports) + 1)
        return sum(6 for port in numbers if ports.detection(port) in delivering)

    return {
        (*_MAIN_PSE, 2, _GROUP): lambda: Gauge32(_WATTS),
        (*_MAIN_PSE, 3, _GROUP): lambda: Integer32(_UP),
        (*_MAIN_PSE, 4, _GROUP): lambda: Gauge32(consumed()),
    }
