"""The virtual PoE switch: an SNMP agent that gives power to what hangs on its ports, and sees it.

A port that is told to give power searches for a moment, finds the phone, and delivers; a phone without
power has no link. What it shows a manager is `hil.virtual.poe_switch_mib`'s. Whoever has the switch in
hand brings the phones: `feed` is called when one gets or loses its power, `changed` tells the switch
that a link came or went.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hil.errors import UsageError
from hil.snmp import SocketFactory
from hil.virtual.poe_switch_mib import Detection, switch_mib
from hil.virtual.snmp_agent import Access, VirtualAgent

REFRESH_S = 5.0
"""Seconds between two refreshes of counters that are late, as on switches that read them by turns."""

MOST_PORTS = 48
"""The ports of the largest switch."""


class PortFault(StrEnum):
    """How a port departs from what it says."""

    NONE = "none"
    STUCK_ON = "stuck-on"
    """It says that it gives no power, and goes on giving it."""
    STUCK_OFF = "stuck-off"
    """It says that it delivers power, and gives none."""
    LATE_COUNTERS = "late-counters"
    """It counts right, and shows new numbers each few seconds only."""


@dataclass(frozen=True)
class Traffic:
    """Frames that passed a port: in from the phone, out to it; to one address, and broadcasts."""

    in_unicasts: int = 0
    in_broadcasts: int = 0
    out_unicasts: int = 0
    out_broadcasts: int = 0


@dataclass
class _Port:
    name: str
    mac: str
    fault: PortFault
    enabled: bool = True
    feeding: bool = False
    linked: bool = False
    changed_at: int = 0
    searching: asyncio.TimerHandle | None = None
    shown: Traffic = Traffic()
    refreshing: asyncio.TimerHandle | None = None


@dataclass(frozen=True)
class PluggedIn:
    """What is known of a port: its name (ifName), the MAC address of its phone, and its fault."""

    name: str
    mac: str
    fault: PortFault = PortFault.NONE


class VirtualPoeSwitch:
    """A switch with these ports; all give power from `start` on, as a switch does that was powered.

    ``feed(port, on)`` is called in the loop when a port, counted from 1, begins or ends to give power.
    ``counted(port)`` tells what passed it; without it nobody counts.
    ``detect_s`` is how long a port takes to find its phone, in seconds of lab time.
    """

    def __init__(
        self,
        feed: Callable[[int, bool], None],
        plugged: Sequence[PluggedIn],
        access: Access,
        *,
        name: str = "poe",
        counted: Callable[[int], Traffic] = lambda port: Traffic(),
        detect_s: float = 0.1,
        socket_factory: SocketFactory = socket.socket,
    ) -> None:
        if not 1 <= len(plugged) <= MOST_PORTS:
            raise UsageError(f"a switch with {len(plugged)} ports", remedy=f"1 to {MOST_PORTS}")
        self.name = name
        self._feed = feed
        self._counted = counted
        self._detect_s = detect_s
        self._ports = [_Port(each.name, each.mac, each.fault) for each in plugged]
        self._agent = VirtualAgent(
            name, switch_mib(self, access.user), access, socket_factory=socket_factory
        )

    # -- for whoever has it in hand ----------------------------------------------------------------

    @property
    def port(self) -> int:
        """The UDP port that is listened on."""
        return self._agent.port

    async def start(self) -> None:
        """Answer managers, and power the phones; `EndpointError` if it cannot listen."""
        await self._agent.start()
        for number, port in enumerate(self._ports, 1):
            if port.enabled:
                self._search(number)
            if port.fault is PortFault.LATE_COUNTERS:
                self._refresh(number)

    async def close(self) -> None:
        """Answer no more; the ports stay as they are."""
        for port in self._ports:
            if port.searching is not None:
                port.searching.cancel()
            if port.refreshing is not None:
                port.refreshing.cancel()
        self._agent.close()

    def changed(self, port: int, linked: bool) -> None:
        """The link of a port came or went."""
        at = self._ports[port - 1]
        if at.linked is not linked:
            at.linked = linked
            at.changed_at = self.uptime()

    # -- for managers (`hil.virtual.poe_switch_mib.Ports`) -----------------------------------------

    @property
    def ports(self) -> Sequence[str]:
        """The names of the ports, in order."""
        return [port.name for port in self._ports]

    def is_enabled(self, port: int) -> bool:
        """Whether the port was told to give power."""
        return self._ports[port - 1].enabled

    def detection(self, port: int) -> Detection:
        """What the port says of the device at its end."""
        at = self._ports[port - 1]
        if not at.enabled:
            return Detection.DISABLED
        if at.searching is not None:
            return Detection.SEARCHING
        return Detection.DELIVERING_POWER

    def is_linked(self, port: int) -> bool:
        """Whether there is a link."""
        return self._ports[port - 1].linked

    def last_change(self, port: int) -> int:
        """Hundredths of a second from the start to the last change of the link."""
        return self._ports[port - 1].changed_at

    def traffic(self, port: int) -> Traffic:
        """What passed the port, as it shows it."""
        at = self._ports[port - 1]
        return at.shown if at.fault is PortFault.LATE_COUNTERS else self._counted(port)

    def learned(self, port: int) -> str | None:
        """The MAC address that was learned at the port; None without a link."""
        at = self._ports[port - 1]
        return at.mac if at.linked else None

    def command(self, port: int, on: bool) -> bool:
        """Give power or not; what changes nothing is accepted as well."""
        at = self._ports[port - 1]
        if at.enabled is on:
            return True
        at.enabled = on
        if on:
            self._search(port)
            return True
        if at.searching is not None:
            at.searching.cancel()
            at.searching = None
        if at.fault is not PortFault.STUCK_ON:
            self._give(port, on=False)
        return True

    def uptime(self) -> int:
        """Hundredths of a second since the start."""
        return self._agent.uptime()

    # -- inside ------------------------------------------------------------------------------------

    def _refresh(self, port: int) -> None:
        """Show what was counted until now, and so again and again."""
        at, loop = self._ports[port - 1], asyncio.get_running_loop()
        at.shown = self._counted(port)
        at.refreshing = loop.call_later(REFRESH_S, self._refresh, port)

    def _search(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._ports[port - 1].searching = loop.call_later(self._detect_s, self._found, port)

    def _found(self, port: int) -> None:
        at = self._ports[port - 1]
        at.searching = None
        if at.fault is not PortFault.STUCK_OFF:
            self._give(port, on=True)

    def _give(self, port: int, *, on: bool) -> None:
        at = self._ports[port - 1]
        if at.feeding is not on:
            at.feeding = on
            self._feed(port, on)
