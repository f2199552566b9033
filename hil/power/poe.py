"""A switch that gives power over Ethernet, by the POWER-ETHERNET-MIB of RFC 3621.

What is written is pethPsePortAdminEnable; what counts is pethPsePortDetectionStatus. A port that is
enabled and goes on searching has found nobody to give power to, so the command was obeyed and the
phone is dark all the same: that is neither on nor off, and an error that names the state.
"""

from __future__ import annotations

import asyncio
import socket
from enum import IntEnum

from hil.errors import PowerError
from hil.history.events import PowerAction
from hil.power.snmp_agent import SnmpAgent
from hil.power.snmp_session import SnmpSession
from hil.power.switch_ports import Numbering, SwitchPorts
from hil.snmp import SocketFactory

_ENTRY = "1.3.6.1.2.1.105.1.1.1"
_ADMIN_ENABLE = f"{_ENTRY}.3"
DETECTION_STATUS = f"{_ENTRY}.6"
_TRUE, _FALSE = 1, 2


class Detection(IntEnum):
    """pethPsePortDetectionStatus: what a port knows of the device at its end of the wire."""

    DISABLED = 1
    SEARCHING = 2
    DELIVERING_POWER = 3
    FAULT = 4
    TEST = 5
    OTHER_FAULT = 6


_POWER = {Detection.DELIVERING_POWER: PowerAction.ON, Detection.DISABLED: PowerAction.OFF}
_BETWEEN = {
    Detection.SEARCHING: (
        "the port is enabled and searching: it finds nothing that takes power",
        "look whether the phone is plugged into this port, and whether the switch has power to give",
    ),
    Detection.FAULT: (
        "the port is in fault: it gives no power",
        "look at the cable, the phone and the switch's power budget",
    ),
    Detection.TEST: (
        "the port is in test mode: it gives no power for use",
        "take the port out of test mode at the switch",
    ),
    Detection.OTHER_FAULT: (
        "the port is in otherFault: it gives no power",
        "look at the cable, the phone and the switch's power budget",
    ),
}


class PoeSwitch:
    """The `hil.power.driver.PowerDriver` of a switch with RFC 3621's port table.

    An outlet is a port as `hil.power.switch_ports` understands it. Proven against the MIB of RFC 3621
    and against net-snmp's agent with its objects; no switch has been at hand. ``socket_factory``
    makes the UDP socket of each request.
    """

    def __init__(
        self,
        agent: SnmpAgent,
        numbering: Numbering = Numbering.IF_INDEX,
        *,
        socket_factory: SocketFactory = socket.socket,
    ) -> None:
        self._agent = agent
        self.queue = asyncio.Lock()
        self._session = SnmpSession(self.name, agent, socket_factory)
        self._ports = SwitchPorts(self.name, self._session, numbering)

    @property
    def name(self) -> str:
        """The switch's address."""
        return f"PoE switch {self._agent.host}:{self._agent.port}"

    async def on(self, outlet: str) -> None:
        """Enable power on a port; `PowerError` unless the switch accepts it."""
        await self._session.set(f"{_ADMIN_ENABLE}.{await self._ports.pse(outlet)}", _TRUE)

    async def off(self, outlet: str) -> None:
        """Disable power on a port; `PowerError` unless the switch accepts it."""
        await self._session.set(f"{_ADMIN_ENABLE}.{await self._ports.pse(outlet)}", _FALSE)

    async def state(self, outlet: str) -> PowerAction:
        """ON while it delivers power, OFF while disabled; `PowerError` for all between."""
        detection = await self.detection(outlet)
        if detection in _POWER:
            return _POWER[detection]
        what, next_step = _BETWEEN[detection]
        raise PowerError(
            what,
            evidence=f"pethPsePortDetectionStatus {detection.value}",
            next_step=next_step,
            concerns=f"{self.name} port {outlet}",
        )

    async def detection(self, outlet: str) -> Detection:
        """What the port knows of the device at its end; `PowerError` if the switch does not say."""
        value = await self._session.get(f"{DETECTION_STATUS}.{await self._ports.pse(outlet)}")
        if value not in Detection.__members__.values():
            raise PowerError(
                "the port's detection status is none of RFC 3621",
                evidence=f"pethPsePortDetectionStatus {value}",
                next_step="compare the switch with the driver named in the inventory",
                concerns=f"{self.name} port {outlet}",
            )
        return Detection(value)
