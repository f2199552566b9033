"""The driver that throws the virtual PDU's relays itself."""

from __future__ import annotations

import asyncio

from hil.history.events import PowerAction
from hil.virtual.direct_switch import DirectSwitch
from hil.virtual.pdu import PduManner, VirtualPdu


def test_a_relay_has_acted_when_the_command_returns() -> None:
    async def switch() -> list[tuple[int, bool]]:
        acted: list[tuple[int, bool]] = []
        pdu = VirtualPdu(
            lambda outlet, on: acted.append((outlet, on)), outlets=2, initially_on=False
        )
        driver = DirectSwitch(pdu)
        await driver.on("2")
        assert acted == [(2, True)]
        assert await driver.state("2") is PowerAction.ON
        assert await driver.state("1") is PowerAction.OFF
        await driver.off("2")
        assert await driver.state("2") is PowerAction.OFF
        return acted

    assert asyncio.run(switch()) == [(2, True), (2, False)]


def test_what_the_pdu_does_wrong_it_does_here_as_well() -> None:
    async def switch() -> PowerAction:
        pdu = VirtualPdu(lambda outlet, on: None, outlets=1)
        pdu.behave(PduManner(stuck_on=True))
        driver = DirectSwitch(pdu)
        await driver.off("1")
        assert pdu.is_on(1)
        return await driver.state("1")

    assert asyncio.run(switch()) is PowerAction.OFF
