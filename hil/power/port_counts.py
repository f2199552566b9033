"""What a switch port has counted: frames that the phone sent into it, and frames sent to the phone.

The counters are those of the IF-MIB (RFC 2863): ifHCInUcastPkts, ifHCInBroadcastPkts and
ifHCOutUcastPkts of ifXTable, 64 bits wide. A port without them, or an agent asked by SNMPv1, which
cannot carry them, has ifInUcastPkts and ifOutUcastPkts of ifTable, 32 bits wide, and no broadcasts
apart from multicasts. Since when they count ifCounterDiscontinuityTime says, where there is one.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from hil.errors import PowerError, PowerRefused
from hil.power.snmp_agent import SnmpAgent
from hil.power.snmp_session import SnmpSession
from hil.power.switch_ports import Numbering, SwitchPorts
from hil.snmp import SocketFactory

_IF_X = "1.3.6.1.2.1.31.1.1.1"
_HC_IN_UCAST, _HC_IN_BROADCAST, _HC_OUT_UCAST = f"{_IF_X}.7", f"{_IF_X}.9", f"{_IF_X}.11"
_DISCONTINUITY = f"{_IF_X}.19"
_IN_UCAST, _OUT_UCAST = "1.3.6.1.2.1.2.2.1.11", "1.3.6.1.2.1.2.2.1.17"


@dataclass(frozen=True)
class PortCounts:
    """What a port says at one moment; each number is below 2 to the power of ``bits``.

    ``received`` are frames from the phone: to one address, and broadcasts if ``broadcasts`` says so;
    ``sent`` are frames to the phone with one address. ``since`` changes when the numbers begin anew.
    """

    received: tuple[int, ...]
    sent: int
    bits: int
    broadcasts: bool
    since: int


class SwitchPortCounts:
    """The counters of a switch port.

    ``port`` is a port as `hil.power.switch_ports` understands it. Proven against the MIB and against
    net-snmp's agent with its objects; no switch has been at hand. ``socket_factory`` makes the
    UDP socket of each request.
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
        self._wide: bool | None = None
        self._session = SnmpSession(self.name, agent, socket_factory)
        self._ports = SwitchPorts(self.name, self._session, numbering)

    @property
    def name(self) -> str:
        """The switch's address and its port."""
        return f"switch {self._agent.host}:{self._agent.port} port {self._port}"

    async def read(self) -> PortCounts:
        """What it counted so far; `PowerError` where it does not say, or says what cannot be."""
        row = await self._ports.interface(self._port)
        since = await self._since(row)
        if self._wide is not False:
            try:
                counts = await self._wide_counts(row, since)
            except PowerRefused:
                if self._wide:
                    raise
                self._wide = False
            else:
                self._wide = True
                return counts
        received = await self._number(_IN_UCAST, row, 32)
        sent = await self._number(_OUT_UCAST, row, 32)
        return PortCounts((received,), sent, 32, broadcasts=False, since=since)

    async def _wide_counts(self, row: int, since: int) -> PortCounts:
        unicasts = await self._number(_HC_IN_UCAST, row, 64)
        broadcasts = await self._number(_HC_IN_BROADCAST, row, 64)
        sent = await self._number(_HC_OUT_UCAST, row, 64)
        return PortCounts((unicasts, broadcasts), sent, 64, broadcasts=True, since=since)

    async def _since(self, row: int) -> int:
        try:
            return await self._session.get(f"{_DISCONTINUITY}.{row}")
        except PowerRefused:
            return 0

    async def _number(self, column: str, row: int, bits: int) -> int:
        value = await self._session.get(f"{column}.{row}")
        if not 0 <= value < 2**bits:
            raise PowerError(
                f"a counter of {bits} bits cannot be {value}",
                evidence=f"{column}.{row}",
                next_step="look at the switch",
                concerns=self.name,
            )
        return value
