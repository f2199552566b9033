"""The virtual PDU alone: its relays, its sockets, and that it has no timer of its own."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from hil.clock import WallClock
from hil.errors import EndpointError, UsageError
from hil.snmp import UsmUser
from hil.virtual.pdu import VirtualPdu
from hil.virtual_clock import VirtualClock

USER = UsmUser("operator", auth_key="authentication", priv_key="privacy-key")


def test_a_relay_acts_after_its_delay_and_the_newest_command_counts():
    clock = VirtualClock()
    relays: list[tuple[float, int, bool]] = []
    pdu = VirtualPdu(
        lambda outlet, on: relays.append((clock.now() / 1e9, outlet, on)),
        port=0,
        relay_delay_s=4.0,
    )

    async def scenario() -> None:
        await pdu.start()
        pdu.command(1, False)
        pdu.command(2, False)
        pdu.command(2, True)

    try:
        clock.run(scenario())
        assert pdu.is_pending(1)
        clock.wait(lambda: False, 10 * 10**9)
        assert relays == [(4.0, 1, False)]
        assert (pdu.is_on(1), pdu.is_on(2), pdu.is_pending(1)) == (False, True, False)
        clock.run(pdu.close())
    finally:
        clock.close()


def test_the_agent_has_no_timer():
    """pysnmp's own dispatcher would need 172,800 jumps for this day."""
    clock = VirtualClock()
    pdu = VirtualPdu(lambda outlet, on: None, port=0, user=USER)
    try:
        clock.run(pdu.start())
        clock.wait(lambda: False, 86_400 * 10**9)
        assert clock.jumps < 5
        clock.run(pdu.close())
    finally:
        clock.close()


def test_a_handset_that_breaks_when_switched_is_reported_and_the_pdu_goes_on():
    clock = WallClock()
    crashes: list[str] = []
    clock.on_crash(crashes.append)

    def switch(outlet: int, on: bool) -> None:
        raise ZeroDivisionError

    pdu = VirtualPdu(switch, port=0)

    async def scenario() -> None:
        await pdu.start()
        pdu.command(1, False)

    try:
        clock.run(scenario())
        clock.wait(lambda: bool(crashes), 5 * 10**9)
        assert "ZeroDivisionError" in crashes[0]
        assert not pdu.is_on(1)
        clock.run(pdu.close())
    finally:
        clock.close()


def test_a_port_in_use_is_told_with_its_address(wall_clock: WallClock):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(EndpointError, match=f"127.0.0.1:{port}: Address already in use"):
            wall_clock.run(VirtualPdu(lambda outlet, on: None, port=port).start())


def test_its_socket_comes_from_the_factory(wall_clock: WallClock):
    made: list[socket.socket] = []

    def factory(family: int, kind: int) -> socket.socket:
        made.append(socket.socket(family, kind))
        return made[-1]

    pdu = VirtualPdu(lambda outlet, on: None, port=0, socket_factory=factory)
    wall_clock.run(pdu.start())
    assert made[0].getsockname() == ("127.0.0.1", pdu.port)
    wall_clock.run(pdu.close())


@pytest.mark.parametrize(
    "options",
    [
        {"outlets": 0},
        {"outlets": 49},
        {"read_community": ""},
        {"write_community": ""},
        {"read_community": "same", "write_community": "same"},
    ],
)
def test_a_pdu_that_cannot_be_is_refused(options: dict[str, Any]):
    with pytest.raises(UsageError):
        VirtualPdu(lambda outlet, on: None, **options)
