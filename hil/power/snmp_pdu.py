"""A PDU that is switched by SNMP.

What tells one PDU model from another is a row of data: two columns of object identifiers, in which
the outlet's number is the last arc, and the integers that mean on and off. Everything else is the
same for all of them and for SNMPv1, v2c and v3.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

from hil.errors import PowerError
from hil.history.events import PowerAction
from hil.power.snmp_agent import SnmpAgent
from hil.power.snmp_session import SnmpSession
from hil.snmp import SocketFactory


@dataclass(frozen=True)
class PduModel:
    """How one family of PDUs is asked; every object is an INTEGER in a column by outlet number."""

    name: str
    command: str
    state: str
    command_on: int
    command_off: int
    state_on: int
    state_off: int


APC_RPDU = PduModel(
    name="apc-rpdu",
    command="1.3.6.1.4.1.318.1.1.12.3.3.1.1.4",
    state="1.3.6.1.4.1.318.1.1.12.3.5.1.1.4",
    command_on=1,
    command_off=2,
    state_on=1,
    state_off=2,
)
"""APC switched rack PDUs (AP79xx): PowerNet-MIB, rPDUOutletControlOutletCommand (immediateOn 1,
immediateOff 2) and rPDUOutletStatusOutletState (outletStatusOn 1, outletStatusOff 2)."""

APC_RPDU2 = PduModel(
    name="apc-rpdu2",
    command="1.3.6.1.4.1.318.1.1.26.9.2.4.1.5",
    state="1.3.6.1.4.1.318.1.1.26.9.2.3.1.5",
    command_on=1,
    command_off=2,
    state_on=2,
    state_off=1,
)
"""APC's second generation (AP89xx): PowerNet-MIB, rPDU2OutletSwitchedControlCommand (immediateOn 1,
immediateOff 2) and rPDU2OutletSwitchedStatusState (off 1, on 2: the other way round)."""

MODELS = (APC_RPDU, APC_RPDU2)


class SnmpPdu:
    """The `hil.power.driver.PowerDriver` of an SNMP PDU.

    ``socket_factory`` makes the UDP socket of each request, for instance inside a network namespace.
    Nothing stays open and no timer runs between requests.
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
        await self._session.set(f"{self._model.command}.{_number(outlet)}", self._model.command_on)

    async def off(self, outlet: str) -> None:
        """Command immediate power-off; `PowerError` unless the PDU accepts it."""
        await self._session.set(f"{self._model.command}.{_number(outlet)}", self._model.command_off)

    async def state(self, outlet: str) -> PowerAction:
        """What the PDU says of the outlet; `PowerError` for anything but on and off."""
        value = await self._session.get(f"{self._model.state}.{_number(outlet)}")
        if value == self._model.state_on:
            return PowerAction.ON
        if value == self._model.state_off:
            return PowerAction.OFF
        raise PowerError(
            "the outlet is said to be neither on nor off",
            evidence=f"state {value}; on is {self._model.state_on}, off {self._model.state_off}",
            next_step="compare the PDU with the model named in the inventory",
            concerns=f"{self.name} outlet {outlet}",
        )


def _number(outlet: str) -> int:
    if not (outlet.isascii() and outlet.isdigit() and 0 < int(outlet) < 2**31):
        raise PowerError(
            f"an SNMP PDU has no outlet {outlet!r}",
            next_step="give the outlet's number, 1 or more, in the inventory",
        )
    return int(outlet)
