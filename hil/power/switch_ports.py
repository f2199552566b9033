"""Which rows of a switch's tables are meant by what an inventory calls a port.

Power over Ethernet (RFC 3621) is indexed by group and port, a link (RFC 2863) by ifIndex, and a person
knows a name. A name is looked for in ifName, then in ifDescr, and held against the table again before
each use, since a switch may number its interfaces anew when it starts. How the two indices belong
together no RFC says; `Numbering` has what vendors do.

A port given as a number, or as group and port ("7", "1/7", "1.7"), is the index of RFC 3621 itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import TypeVar

from hil.errors import PowerDeviceError, PowerError, PowerRefused
from hil.power.snmp_session import SnmpSession

_IF_NAME = "1.3.6.1.2.1.31.1.1.1.1"
_IF_DESCR = "1.3.6.1.2.1.2.2.1.2"
_PSE_ADMIN_ENABLE = "1.3.6.1.2.1.105.1.1.1.3"
_ENT_ALIAS_MAPPING = "1.3.6.1.2.1.47.1.3.2.1.2"
_CISCO_PSE_PHYSICAL = "1.3.6.1.4.1.9.9.402.1.2.1.11"
_IF_INDEX = "1.3.6.1.2.1.2.2.1.1"

_T = TypeVar("_T")
_NUMBERED = re.compile(r"(?:([0-9]{1,9})[./])?([0-9]{1,9})")
_MOST_NAME = 255
_WALKS_S = 8.0
"""How long a port may be looked for, seconds of lab time; the tables of a stack take a while."""


class Numbering(StrEnum):
    """How a port's index in the power table and its ifIndex belong together."""

    IF_INDEX = "if-index"
    """pethPsePortIndex is the ifIndex (Netgear, HP ProCurve, Cisco Business, and others)."""
    CISCO = "cisco"
    """cpeExtPsePortEntPhyIndex of CISCO-POWER-ETHERNET-EXT-MIB and entAliasMappingIdentifier of
    ENTITY-MIB (RFC 6933) lead from one to the other (Catalyst)."""


class SwitchPorts:
    """The ports of one switch; ``name`` is what errors call it."""

    def __init__(self, name: str, session: SnmpSession, numbering: Numbering) -> None:
        self._name = name
        self._session = session
        self._numbering = numbering
        self._interfaces: dict[str, tuple[str, int]] = {}
        self._pse: dict[int, str] = {}

    async def pse(self, port: str) -> str:
        """The index in RFC 3621's port table, ``group.port``; `PowerError` if there is none."""
        numbered = _numbered(port)
        if numbered:
            return numbered
        interface = await self.interface(port)
        if interface not in self._pse:
            async with self._deadline(port):
                self._pse[interface] = self._only(port, await self._pse_of(interface))
        return self._pse[interface]

    async def interface(self, port: str) -> int:
        """The ifIndex of a port; `PowerError` if there is none."""
        async with self._deadline(port):
            numbered = _numbered(port)
            if numbered and self._numbering is Numbering.IF_INDEX:
                return int(numbered.rpartition(".")[2])
            if numbered:
                physical = await self._session.get(f"{_CISCO_PSE_PHYSICAL}.{numbered}")
                return self._only(port, await self._aliases(str(physical)))
            if not await self._still(port):
                # Numbered anew: what was known of the power table is as old.
                self._interfaces.clear()
                self._pse.clear()
                self._interfaces[port] = await self._named(port)
            return self._interfaces[port][1]

    # -- inside ------------------------------------------------------------------------------------

    async def _still(self, port: str) -> bool:
        """Whether the interface that was found for a name has the name now."""
        if port not in self._interfaces:
            return False
        column, interface = self._interfaces[port]
        try:
            return await self._session.text(f"{column}.{interface}") == port
        except PowerRefused:
            return False

    async def _named(self, port: str) -> tuple[str, int]:
        """The column that has the name, and the ifIndex."""
        if not 0 < len(port) <= _MOST_NAME:
            raise self._no_port(port, "a name of 1 to 255 characters")
        for column in (_IF_NAME, _IF_DESCR):
            found = [index async for index, name in self._session.walk(column) if name == port]
            if found:
                return column, int(self._only(port, found))
        raise self._no_port(port, "ifName and ifDescr have no such interface")

    async def _pse_of(self, interface: int) -> list[str]:
        if self._numbering is Numbering.IF_INDEX:
            rows = [row async for row, _ in self._session.walk(_PSE_ADMIN_ENABLE)]
            return [row for row in rows if row.rpartition(".")[2] == str(interface)]
        entities = {row: entity async for row, entity in self._session.walk(_CISCO_PSE_PHYSICAL)}
        physical = [
            index.partition(".")[0]
            async for index, pointer in self._session.walk(_ENT_ALIAS_MAPPING)
            if pointer == f"{_IF_INDEX}.{interface}"
        ]
        return [row for row, entity in entities.items() if entity in physical]

    async def _aliases(self, physical: str) -> list[int]:
        """The interfaces of a physical port."""
        pointers = [p async for _, p in self._session.walk(f"{_ENT_ALIAS_MAPPING}.{physical}")]
        numbers = [p.removeprefix(f"{_IF_INDEX}.") for p in pointers]
        return [int(number) for number in numbers if number.isdigit()]

    @contextlib.asynccontextmanager
    async def _deadline(self, port: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(_WALKS_S):
                yield
        except TimeoutError:
            raise PowerDeviceError(
                f"port {port[:60]!r} was not found within {_WALKS_S:g} s",
                next_step="give group and port of the power table as 1/7 in the inventory",
                concerns=self._name,
            ) from None

    def _only(self, port: str, found: list[_T]) -> _T:
        if len(found) != 1:
            said = f"{len(found)} rows belong to it" if found else "no row belongs to it"
            raise self._no_port(port, f"{said} with numbering {self._numbering.value}")
        return found[0]

    def _no_port(self, port: str, evidence: str) -> PowerError:
        return PowerError(
            f"the switch has no port {port[:60]!r} that can be told from its others",
            evidence=evidence,
            next_step="give the interface's ifName, or group and port of the power table as 1/7, and "
            "the numbering of the switch, in the inventory",
            concerns=self._name,
        )


def _numbered(port: str) -> str:
    """``group.port`` of a port that is given as numbers; empty if it is a name."""
    match = _NUMBERED.fullmatch(port) if port.isascii() else None
    if not match:
        return ""
    group, number = int(match[1] or 1), int(match[2])
    return f"{group}.{number}" if group and number else ""
