"""A switch that gives power over Ethernet, by the POWER-ETHERNET-MIB of RFC 3621.

What is written is pethPsePortAdminEnable; what counts is pethPsePortDetectionStatus. A port that is
enabled and goes on searching has found nobody to give power to, so the command was obeyed and the
phone is dark all the same: that is neither on nor off, and an error that names the state.
"""

from __future__ import annotations

import asyncio
import socket

from hil.errors import PowerError
from hil.history.events import PowerAction
from hil.power.snmp_agent import SnmpAgent
from hil.power.snmp_session import SnmpSession
from hil.snmp import SocketFactory

_ENTRY = "1.3.6.1.2.1.105.1.1.1"
_ADMIN_ENABLE = f"{_ENTRY}.3"
_DETECTION_STATUS = f"{_ENTRY}.6"
_TRUE, _FALSE = 1, 2
_DISABLED, _DELIVERING = 1, 3


class PoeSwitch:
    """The `hil.power.driver.PowerDriver` of a switch with RFC 3621's port table.

    ``socket_factory`` makes the UDP socket of each request.
    """

    def __init__(self, agent: SnmpAgent, *, socket_factory: SocketFactory = socket.socket) -> None:
        self._agent = agent
        self.queue = asyncio.Lock()
        self._session = SnmpSession(self.name, agent, socket_factory)

    @property
    def name(self) -> str:
        """The switch's address."""
        return f"PoE switch {self._agent.host}:{self._agent.port}"

    async def on(self, outlet: str) -> None:
        """Enable power on a port; `PowerError` unless the switch accepts it."""
        await self._session.set(f"{_ADMIN_ENABLE}.{_index(outlet)}", _TRUE)

    async def off(self, outlet: str) -> None:
        """Disable power on a port; `PowerError` unless the switch accepts it."""
        await self._session.set(f"{_ADMIN_ENABLE}.{_index(outlet)}", _FALSE)

    async def state(self, outlet: str) -> PowerAction:
        """ON while it delivers power, OFF while disabled; `PowerError` for all between."""
        value = await self._session.get(f"{_DETECTION_STATUS}.{_index(outlet)}")
        if value == _DELIVERING:
            return PowerAction.ON
        if value == _DISABLED:
            return PowerAction.OFF
        raise PowerError(
            "the port is said to be neither delivering power nor disabled",
            evidence=f"pethPsePortDetectionStatus {value}",
            concerns=f"{self.name} port {outlet}",
        )


def _index(outlet: str) -> str:
    parts = outlet.replace("/", ".").split(".")
    arcs = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 10]
    if len(arcs) != len(parts) or not 1 <= len(arcs) <= 2 or 0 in arcs:
        raise PowerError(
            f"a PoE switch has no port {outlet!r}",
            next_step="give the port's number, or group and port as 1/7, in the inventory",
        )
    return ".".join(str(arc) for arc in ([1, *arcs] if len(arcs) == 1 else arcs))
