"""A PDU that is switched by SNMP.

What tells one PDU model from another is a row of `hil.power.snmp_models`. Everything else is the same
for all of them and for SNMPv1, v2c and v3.
"""

from __future__ import annotations

import asyncio
import socket

from hil.errors import PowerError
from hil.history.events import PowerAction
from hil.power.snmp_agent import SnmpAgent
from hil.power.snmp_models import APC_RPDU, Command, PduModel
from hil.power.snmp_session import SnmpSession
from hil.snmp import SocketFactory


class SnmpPdu:
    """The `hil.power.driver.PowerDriver` of an SNMP PDU.

    Proven against the MIBs that the models name and against net-snmp's agent with their objects; no
    PDU has been at hand. ``socket_factory`` makes the UDP socket of each request, for instance inside
    a network namespace. Nothing stays open and no timer runs between requests.
    """

    def __init__(
        self,
        agent: SnmpAgent,
        model: PduModel = APC_RPDU,
        *,
        socket_factory: SocketFactory = socket.socket,
    ) -> None:
        self._agent = agent
        self._model = model
        self.queue = asyncio.Lock()
        self._session = SnmpSession(self.name, agent, socket_factory)

    @property
    def name(self) -> str:
        """Model and address."""
        return f"{self._model.name} PDU {self._agent.host}:{self._agent.port}"

    async def on(self, outlet: str) -> None:
        """Command immediate power-on; `PowerError` unless the PDU accepts it."""
        await self._command(self._model.on, outlet)

    async def off(self, outlet: str) -> None:
        """Command immediate power-off; `PowerError` unless the PDU accepts it."""
        await self._command(self._model.off, outlet)

    async def state(self, outlet: str) -> PowerAction:
        """What the PDU says of the outlet; `PowerError` for anything but on and off."""
        model = self._model
        value = await self._session.get(f"{model.state}.{model.instance(outlet)}")
        if value == model.state_on:
            return PowerAction.ON
        if value == model.state_off:
            return PowerAction.OFF
        raise PowerError(
            "the outlet is said to be neither on nor off",
            evidence=f"state {model.meaning(value)}; on is {model.state_on}, off {model.state_off}",
            next_step="look at the PDU, and compare it with the model named in the inventory",
            concerns=f"{self.name} outlet {outlet}",
        )

    async def _command(self, command: Command, outlet: str) -> None:
        await self._session.set(f"{command.column}.{self._model.instance(outlet)}", command.value)
