"""The virtual PDU: an SNMP agent that looks like an APC switched rack PDU and switches handsets.

It serves the system group (RFC 3418) and of PowerNet-MIB the identification, the outlet control and
the outlet status, over SNMPv1, v2c and v3. An outlet's command is what a manager writes; a moment
later the relay acts, which starts or kills whatever hangs on the outlet, and only then does the
state read back differently.

What it serves is `hil.virtual.pdu_mib`'s, and to whom `hil.virtual.snmp_agent`'s.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

from hil.errors import UsageError
from hil.snmp import SocketFactory, UsmUser
from hil.virtual.pdu_mib import pdu_mib
from hil.virtual.snmp_agent import Access, VirtualAgent


@dataclass(frozen=True)
class PduManner:
    """How a PDU departs from doing what it is told and saying what it did.

    ``stuck_on`` and ``stuck_off``: a relay does not leave that state, though the outlet reads back
    as it was told. ``refuses``: commands are carried out and answered with genErr. ``late_s``: the
    relay acts that many seconds of lab time after the outlet reads back as switched. ``dead``:
    nothing that arrives is answered or done.
    """

    stuck_on: bool = False
    stuck_off: bool = False
    refuses: bool = False
    late_s: float = 0.0
    dead: bool = False


HONEST = PduManner()


class VirtualPdu:
    """A PDU with ``outlets`` outlets, all on at first, unless ``initially_on`` says otherwise.

    ``switch(outlet, on)`` is called in the loop when a relay acts, for outlets 1 to ``outlets``; it
    is not called for a command that changes nothing. The commands immediateOn (1) and immediateOff
    (2) are understood; all others of PowerNet-MIB get wrongValue. ``relay_delay_s`` is the lab time
    from the command to the relay. The read community (v1, v2c) may not write, an unknown one gets no
    answer. ``user`` may read and write with SNMPv3 if its messages are as protected as its keys
    allow; without it v3 knows nobody. Port 0 takes a free one, see `port`.
    """

    def __init__(
        self,
        switch: Callable[[int, bool], None],
        *,
        outlets: int = 8,
        address: str = "127.0.0.1",
        port: int = 161,
        read_community: str = "public",
        write_community: str = "private",
        user: UsmUser | None = None,
        name: str = "pdu",
        initially_on: bool = True,
        relay_delay_s: float = 0.0,
        socket_factory: SocketFactory = socket.socket,
    ) -> None:
        if not 1 <= outlets <= 48:
            raise UsageError(f"a PDU with {outlets} outlets", remedy="1 to 48")
        self.name = name
        self.outlets = outlets
        self._switch = switch
        self._relay_delay_s = relay_delay_s
        self._agent = VirtualAgent(
            name,
            pdu_mib(self, user),
            Access(address, port, read_community, write_community, user),
            socket_factory=socket_factory,
            deaf=self._deaf,
        )
        self._on = dict.fromkeys(range(1, outlets + 1), initially_on)
        self._said = dict(self._on)
        self._manner = HONEST
        self._departed: Callable[[str], None] = lambda _: None
        self._pending: dict[int, asyncio.TimerHandle] = {}

    # -- for the laboratory ------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The UDP port that is listened on."""
        return self._agent.port

    @property
    def malformed(self) -> int:
        """How many datagrams were dropped because processing them failed."""
        return self._agent.malformed

    def behave(self, manner: PduManner, departed: Callable[[str], None] = lambda _: None) -> None:
        """Be like this from now on; ``departed`` is told each time that a manager is misled."""
        self._manner = manner
        self._departed = departed

    def is_on(self, outlet: int) -> bool:
        """Whether the relay of an outlet is closed."""
        return self._on[outlet]

    def says_on(self, outlet: int) -> bool:
        """What a manager reads of an outlet; of an honest PDU the same as `is_on`."""
        return self._said[outlet]

    def is_pending(self, outlet: int) -> bool:
        """Whether a command was accepted that the relay has not carried out yet."""
        return outlet in self._pending

    def uptime(self) -> int:
        """Hundredths of a second since the agent started (sysUpTime), in lab time."""
        return self._agent.uptime()

    async def start(self) -> None:
        """Open the socket and answer from now on; `EndpointError` if that is impossible."""
        await self._agent.start()

    async def close(self) -> None:
        """Answer no more and forget what is pending; the outlets stay as they are."""
        for timer in self._pending.values():
            timer.cancel()
        self._pending.clear()
        self._agent.close()

    def command(self, outlet: int, on: bool) -> bool:
        """What writing the outlet's command does; a newer command replaces a pending one.

        False where the PDU says that it failed, whatever it did.
        """
        pending = self._pending.pop(outlet, None)
        if pending is not None:
            pending.cancel()
        manner, word = self._manner, "on" if on else "off"
        if (manner.stuck_off if on else manner.stuck_on) and self._on[outlet] != on:
            self._said[outlet] = on
            self._departed(f"outlet {outlet} reads back {word} and is not")
            return True
        delay = self._relay_delay_s
        if manner.late_s and self._on[outlet] != on:
            delay, self._said[outlet] = manner.late_s, on
            self._departed(f"outlet {outlet} reads back {word} {delay:g} s before it is")
        loop = asyncio.get_running_loop()
        self._pending[outlet] = loop.call_later(delay, self._act, outlet, on)
        if manner.refuses:
            self._departed(f"switching outlet {outlet} {word} is answered with an error, and done")
        return not manner.refuses

    # -- inside ------------------------------------------------------------------------------------

    def _deaf(self) -> bool:
        if self._manner.dead:
            self._departed("a request is not answered")
        return self._manner.dead

    def _act(self, outlet: int, on: bool) -> None:
        del self._pending[outlet]
        self._said[outlet] = on
        if self._on[outlet] != on:
            self._on[outlet] = on
            self._switch(outlet, on)
