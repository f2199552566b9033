"""The second witness of power: the link of the switch port that a phone is plugged into.

What switches power may lie or switch another outlet than the phone's. The port at the other end of
the phone's wire cannot be told what to say: its link goes down with the phone and comes back with it.
"""

from __future__ import annotations

import asyncio
import socket

from hil.errors import PowerError
from hil.power.poe import DETECTION_STATUS, Detection
from hil.power.snmp_agent import SnmpAgent
from hil.power.snmp_session import SnmpSession
from hil.power.switch_ports import Numbering, SwitchPorts
from hil.snmp import SocketFactory

_IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
_IF_LAST_CHANGE = "1.3.6.1.2.1.2.2.1.9"
_UP = 1
_STATUS = {
    2: "down",
    3: "testing",
    4: "unknown",
    5: "dormant",
    6: "notPresent",
    7: "lowerLayerDown",
}
_POLL_S = 0.25
_UNTOLD = ("testing", "unknown")


class SwitchPortLink:
    """The link of a switch port, by the IF-MIB of RFC 2863.

    ``port`` is a port as `hil.power.switch_ports` understands it. Proven against the MIB and against
    net-snmp's agent; no switch has been at hand. ``socket_factory`` makes the UDP socket of each
    request.
    """

    def __init__(
        self,
        agent: SnmpAgent,
        port: str,
        numbering: Numbering = Numbering.IF_INDEX,
        *,
        socket_factory: SocketFactory = socket.socket,
    ) -> None:
        self._agent = agent
        self._port = port
        self._session = SnmpSession(self.name, agent, socket_factory)
        self._ports = SwitchPorts(self.name, self._session, numbering)

    @property
    def name(self) -> str:
        """The switch's address and its port."""
        return f"switch {self._agent.host}:{self._agent.port} port {self._port}"

    async def up(self) -> bool:
        """Whether ifOperStatus is up; `PowerError` if it is testing or unknown."""
        value = await self._session.get(await self._instance(_IF_OPER_STATUS))
        status = _STATUS.get(value, "unknown")
        if value == _UP or status not in _UNTOLD:
            return value == _UP
        raise PowerError(
            f"the link's state is {status}",
            evidence=f"ifOperStatus {value}",
            next_step="look at the port of the switch",
            concerns=self.name,
        )

    async def becomes(self, up: bool, *, within_s: float) -> bool:
        """Look until the link is ``up`` or not, as is awaited, for so many seconds of lab time."""
        deadline = asyncio.get_running_loop().time() + within_s
        while await self.up() is not up:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            await asyncio.sleep(min(_POLL_S, left))
        return True

    async def changes(self) -> int:
        """ifLastChange: the switch's uptime, in hundredths of a second, at the last change of state.

        It is another one after the link went up or down.
        """
        return await self._session.get(await self._instance(_IF_LAST_CHANGE))

    async def powered(self) -> bool | None:
        """Whether the port delivers power (RFC 3621); None where it does not say so."""
        try:
            index = await self._ports.pse(self._port)
            status = await self._session.get(f"{DETECTION_STATUS}.{index}")
        except PowerError:
            return None
        return status == Detection.DELIVERING_POWER

    async def _instance(self, column: str) -> str:
        return f"{column}.{await self._ports.interface(self._port)}"
