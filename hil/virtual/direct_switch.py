"""A power driver that throws the virtual PDU's relays itself, with no protocol in between.

To switch an outlet by SNMP takes a third of the processor time of a short test. Where the same tests
meet hundreds of handsets, the way to the PDU is not what is looked at: the outlet's policy, its
read-back and the witness of the link stay as they are.
"""

from __future__ import annotations

import asyncio

from hil.history.events import PowerAction
from hil.virtual.pdu import VirtualPdu


class DirectSwitch:
    """The `hil.power.driver.PowerDriver` of a `VirtualPdu` that need not be started for it."""

    def __init__(self, pdu: VirtualPdu) -> None:
        self._pdu = pdu
        self.queue = asyncio.Lock()

    @property
    def name(self) -> str:
        """The PDU's name."""
        return f"{self._pdu.name}, switched directly"

    async def on(self, outlet: str) -> None:
        """Close the relay of an outlet."""
        await self._command(outlet, on=True)

    async def off(self, outlet: str) -> None:
        """Open the relay of an outlet."""
        await self._command(outlet, on=False)

    async def state(self, outlet: str) -> PowerAction:
        """What the PDU says of an outlet."""
        return PowerAction.ON if self._pdu.says_on(int(outlet)) else PowerAction.OFF

    async def _command(self, outlet: str, *, on: bool) -> None:
        self._pdu.command(int(outlet), on)
        # A relay without a delay acts in the loop's next round, as it would before an answer came.
        loop = asyncio.get_running_loop()
        acted: asyncio.Future[None] = loop.create_future()
        loop.call_later(0, acted.set_result, None)
        await acted
