"""Walks of a table whose agent is up to no good: they end, with an error that says why."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hil.errors import PowerError
from hil.power import Numbering, PoeSwitch, SnmpAgent, SnmpVersion
from hil.power.snmp_session import SnmpSession
from hil.virtual_clock import VirtualClock

COLUMN = "1.3.6.1.2.1.31.1.1.1.1"
Next = Callable[[int], tuple[str, Any]]
"""The row that an agent gives for its n-th answer: name and value."""


class Agent(asyncio.DatagramProtocol):
    """Answers each request with the next rows, one a datagram, after ``late_s`` of lab time."""

    def __init__(self, row: Next, late_s: float) -> None:
        self.row = row
        self.late_s = late_s
        self.answers = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        asyncio.get_running_loop().call_later(self.late_s, self.answer, data, addr)

    def answer(self, data: bytes, addr: Any) -> None:
        from pyasn1.codec.ber import decoder, encoder
        from pysnmp.proto import api

        module = api.PROTOCOL_MODULES[int(api.decodeMessageVersion(data))]
        request, _ = decoder.decode(data, asn1Spec=module.Message())
        response = module.apiMessage.get_response(request)
        self.answers += 1
        name, value = self.row(self.answers)
        pdu = module.apiMessage.get_pdu(response)
        module.apiPDU.set_varbinds(pdu, [(tuple(map(int, name.split("."))), value)])
        self.transport.sendto(encoder.encode(response), addr)


@asynccontextmanager
async def agent_of(
    row: Next, *, version: SnmpVersion = SnmpVersion.V2C, late_s: float = 0.0
) -> AsyncIterator[tuple[SnmpAgent, Agent]]:
    loop = asyncio.get_running_loop()
    transport, agent = await loop.create_datagram_endpoint(
        lambda: Agent(row, late_s), local_addr=("127.0.0.1", 0)
    )
    host, port = transport.get_extra_info("sockname")
    yield SnmpAgent(host, port, version=version), agent
    transport.close()


def text(said: str) -> Any:
    from pysnmp.proto.rfc1902 import OctetString

    return OctetString(said.encode())


async def rows_of(agent: SnmpAgent, most: int = 50) -> list[tuple[str, str]]:
    session = SnmpSession("switch", agent, socket.socket)
    return [row async for row in session.walk(COLUMN, most)]


@pytest.mark.parametrize("version", [SnmpVersion.V1, SnmpVersion.V2C])
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(lambda n: (f"{COLUMN}.{n}", text(f"port {n}")), id="without end"),
        pytest.param(lambda n: (f"{COLUMN}.7", text("port")), id="the same row again"),
        pytest.param(lambda n: (f"{COLUMN}.{100 - n}", text("port")), id="backwards"),
    ],
)
def test_a_table_that_has_no_end_is_left(
    virtual_clock: VirtualClock, version: SnmpVersion, row: Next
):
    async def walk() -> int:
        async with agent_of(row, version=version) as (config, agent):
            with pytest.raises(PowerError, match="table has no end"):
                await rows_of(config)
            return agent.answers

    assert virtual_clock.run(walk()) <= 51


@pytest.mark.parametrize("version", [SnmpVersion.V1, SnmpVersion.V2C])
def test_a_table_ends_where_another_begins(virtual_clock: VirtualClock, version: SnmpVersion):
    def row(number: int) -> tuple[str, Any]:
        return (f"{COLUMN}.{number}", text(f"Gi{number}")) if number < 3 else (f"{COLUMN}0.1", 5)

    async def walk() -> list[tuple[str, str]]:
        async with agent_of(lambda n: _typed(row(n)), version=version) as (config, _):
            return await rows_of(config)

    assert virtual_clock.run(walk()) == [("1", "Gi1"), ("2", "Gi2")]


def _typed(row: tuple[str, Any]) -> tuple[str, Any]:
    from pysnmp.proto.rfc1902 import Integer32

    name, value = row
    return name, Integer32(value) if isinstance(value, int) else value


def test_names_that_are_no_text_are_escaped(virtual_clock: VirtualClock):
    from pysnmp.proto.rfc1902 import OctetString

    def row(number: int) -> tuple[str, Any]:
        column = COLUMN if number == 1 else "1.3.6.1.2.1.32"
        return f"{column}.{number}", OctetString(b"\xff\x00\x1b[2J")

    async def walk() -> list[tuple[str, str]]:
        async with agent_of(row) as (config, _):
            return await rows_of(config)

    assert virtual_clock.run(walk()) == [("1", "\\xff\x00\x1b[2J")]


def test_a_port_is_looked_for_no_longer_than_a_moment(virtual_clock: VirtualClock):
    async def switch() -> None:
        slow = agent_of(lambda n: (f"{COLUMN}.{n}", text(f"other {n}")), late_s=1.0)
        async with slow as (config, _):
            poe = PoeSwitch(config, Numbering.IF_INDEX)
            with pytest.raises(PowerError, match="not found within 8 s") as error:
                await poe.off("Gi1/0/7")
            assert "group and port" in error.value.next_step

    virtual_clock.run(switch())
    assert virtual_clock.now() == pytest.approx(8e9, rel=1e-3)
