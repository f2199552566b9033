"""The outlet's policy against the virtual PDU: slow, dead, lossy and lying ones."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from hil.clock import WallClock
from hil.errors import PowerError
from hil.history import History
from hil.history import events as ev
from hil.history.events import PowerAction
from hil.power import Outlet, PowerPolicy, SnmpAgent, SnmpPdu, SnmpVersion
from hil.snmp import UsmUser
from hil.virtual.pdu import PduManner
from hil.virtual_clock import VirtualClock

ON, OFF = PowerAction.ON, PowerAction.OFF
SECOND = 10**9


def outlet_of(rack: Any, number: str = "3", **policy: Any) -> tuple[Outlet, History]:
    history = History(rack.clock)
    pdu = SnmpPdu(SnmpAgent("127.0.0.1", rack.pdu.port, timeout_s=2.0))
    return Outlet(pdu, number, history, PowerPolicy(**policy)), history


def kinds(history: History) -> list[tuple[str, PowerAction]]:
    return [(type(e).__name__, e.action) for e in history if not isinstance(e, ev.Note)]


class TestWithTheVirtualPdu:
    def test_a_cycle_is_off_the_minimum_off_time_and_on(
        self, virtual_clock: VirtualClock, rack_on: Callable[..., Any]
    ):
        rack = rack_on(virtual_clock)
        outlet, history = outlet_of(rack)
        switched = virtual_clock.run(outlet.cycle())

        assert switched == history.last(ev.PowerSwitched, action=ON, attempts=1)
        assert kinds(history) == [
            ("PowerRequested", OFF),
            ("PowerSwitched", OFF),
            ("PowerRequested", ON),
            ("PowerSwitched", ON),
        ]
        assert {e.outlet for e in history.all(ev.PowerRequested)} == {outlet.name}
        (off_at, *off), (on_at, *on) = rack.relays
        assert (off, on) == ([3, False], [3, True])
        assert 5.0 <= on_at - off_at < 5.3

    def test_the_minimum_off_time_holds_between_calls(
        self, virtual_clock: VirtualClock, rack_on: Callable[..., Any]
    ):
        rack = rack_on(virtual_clock)
        outlet, _ = outlet_of(rack, minimum_off_s=30.0)
        virtual_clock.run(outlet.off())
        virtual_clock.run(asyncio.sleep(10))
        virtual_clock.run(outlet.on(), timeout=60)
        (off_at, *_), (on_at, *_) = rack.relays
        assert 30.0 <= on_at - off_at < 30.3
        begun = virtual_clock.now()
        virtual_clock.run(outlet.on())
        assert virtual_clock.now() - begun < SECOND, "an outlet that is on needs no rest"

    def test_in_real_time_as_well(self, rack: Any):
        outlet, _ = outlet_of(rack, minimum_off_s=0.1)
        rack.clock.run(outlet.cycle())
        (off_at, *_), (on_at, *_) = rack.relays
        assert on_at - off_at >= 0.1
        assert rack.clock.run(outlet.state()) is ON

    def test_a_slow_relay_is_waited_for(
        self, virtual_clock: VirtualClock, rack_on: Callable[..., Any]
    ):
        rack = rack_on(virtual_clock, relay_delay_s=4.0)
        outlet, history = outlet_of(rack)
        virtual_clock.run(outlet.off())
        assert history.last(ev.PowerSwitched) is not None
        assert history.last(ev.PowerSwitched, attempts=1).at >= 4 * SECOND  # type: ignore[union-attr]

    def test_a_pdu_that_reads_back_the_old_state_is_not_believed(
        self, virtual_clock: VirtualClock, rack_on: Callable[..., Any]
    ):
        rack = rack_on(virtual_clock, relay_delay_s=3600.0)
        outlet, history = outlet_of(rack)
        with pytest.raises(PowerError) as error:
            virtual_clock.run(outlet.off(), timeout=60)

        assert "could not be switched off in 3 attempt(s)" in error.value.what
        assert error.value.evidence.count("still reads back the other state") == 3
        assert error.value.concerns == f"apc-rpdu PDU 127.0.0.1:{rack.pdu.port} outlet 3"
        assert error.value.next_step
        assert len(history.all(ev.PowerRequested, action=OFF)) == 3
        assert history.last(ev.PowerFailed, action=OFF) is not None
        assert history.last(ev.PowerSwitched) is None

    def test_a_dead_pdu_is_given_up_after_bounded_time_but_asked_for_power(
        self, virtual_clock: VirtualClock
    ):
        history = History(virtual_clock)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
            dead.bind(("127.0.0.1", 0))
            pdu = SnmpPdu(SnmpAgent(*dead.getsockname(), timeout_s=2.0))
            with pytest.raises(PowerError, match="could not be switched on") as error:
                virtual_clock.run(Outlet(pdu, "3", history).cycle(), timeout=100)
        assert isinstance(error.value.__cause__, PowerError)
        assert "check that the device has power and network" in error.value.next_step
        assert [e.action for e in history.all(ev.PowerFailed)] == [OFF, ON]
        # 3 attempts at each, a command and a reading in each attempt, 2 s each, and the rest.
        assert virtual_clock.now() <= (3 * 2 * 2 * 2 + 5.1) * SECOND

    def test_a_command_whose_answer_was_lost_was_carried_out(
        self, virtual_clock: VirtualClock, rack_on: Callable[..., Any]
    ):
        rack = rack_on(virtual_clock)
        path = LossyPath(("127.0.0.1", rack.pdu.port), lose_answers=1)

        async def switch() -> ev.PowerSwitched:
            async with path as port:
                pdu = SnmpPdu(SnmpAgent("127.0.0.1", port))
                return await Outlet(pdu, "3", History(virtual_clock)).off()

        assert virtual_clock.run(switch()).attempts == 1
        assert rack.relays == [(0.0, 3, False)]
        assert path.lost == 1

    @pytest.mark.parametrize("version", list(SnmpVersion))
    def test_lost_datagrams_are_repeated(
        self,
        virtual_clock: VirtualClock,
        rack_on: Callable[..., Any],
        user: UsmUser,
        version: SnmpVersion,
    ):
        rack = rack_on(virtual_clock)
        path = LossyPath(("127.0.0.1", rack.pdu.port), lose_answers=2)

        async def switch() -> ev.PowerSwitched:
            async with path as port:
                config = SnmpAgent("127.0.0.1", port, version=version, user=user)
                return await Outlet(SnmpPdu(config), "3", History(virtual_clock)).off()

        assert virtual_clock.run(switch()).attempts == 2
        assert not rack.pdu.is_on(3)

    def test_a_run_that_ends_in_the_middle_leaves_the_phone_powered(
        self, wall_clock: WallClock, rack_on: Callable[..., Any]
    ):
        """Closing the clock cancels all tasks and grants them a second; the PDU lives elsewhere."""
        rack = rack_on(wall_clock)
        clock = WallClock()
        history = History(clock)
        pdu = SnmpPdu(SnmpAgent("127.0.0.1", rack.pdu.port))
        outlet = Outlet(pdu, "3", history, PowerPolicy(minimum_off_s=600.0))

        async def begin() -> asyncio.Task[Any]:
            return asyncio.ensure_future(outlet.cycle())

        cycling = clock.run(begin())
        history.wait(ev.PowerSwitched, action=OFF, within=5.0)
        clock.close()
        assert cycling.cancelled()
        assert [on for _, _, on in rack.relays] == [False, True]


class LossyPath:
    """A UDP relay before an agent, which drops the first answers."""

    def __init__(self, agent: tuple[str, int], *, lose_answers: int) -> None:
        self.agent = agent
        self.left = lose_answers
        self.lost = 0
        self.transports: list[Any] = []

    async def __aenter__(self) -> int:
        loop = asyncio.get_running_loop()
        client: list[Any] = []

        def to_agent(data: bytes, source: Any) -> None:
            client[:] = [source]
            outer.sendto(data, self.agent)

        def to_client(data: bytes, source: Any) -> None:
            if self.left:
                self.left -= 1
                self.lost += 1
            else:
                inner.sendto(data, client[0])

        local = ("127.0.0.1", 0)
        inner, _ = await loop.create_datagram_endpoint(lambda: _Relay(to_agent), local_addr=local)
        outer, _ = await loop.create_datagram_endpoint(lambda: _Relay(to_client), local_addr=local)
        self.transports = [inner, outer]
        port: int = inner.get_extra_info("sockname")[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        for transport in self.transports:
            transport.close()


class _Relay(asyncio.DatagramProtocol):
    def __init__(self, pass_on: Callable[[bytes, Any], None]) -> None:
        self.datagram_received = pass_on  # type: ignore[method-assign]


def test_a_pdu_that_says_no_and_does_it_is_a_fault_of_the_lab(
    virtual_clock: VirtualClock, rack_on: Callable[..., Any]
):
    rack = rack_on(virtual_clock)
    misled: list[str] = []
    rack.pdu.behave(PduManner(refuses=True), misled.append)
    outlet, history = outlet_of(rack)
    switched = virtual_clock.run(outlet.off())

    assert (switched.action, switched.attempts) == (OFF, 1)
    assert rack.relays == [(0.0, 3, False)]
    assert misled == ["switching outlet 3 off is answered with an error, and done"]
    (fault,) = history.all(ev.LabFault)
    assert "a command that was refused had been obeyed" in fault.what
    assert "genErr" in fault.evidence


@pytest.mark.parametrize(
    ("manner", "reads", "relays"),
    [
        (PduManner(stuck_on=True), OFF, []),
        (PduManner(late_s=20.0), OFF, [(20.0, 3, False)]),
    ],
)
def test_what_a_lying_pdu_reads_back_is_not_what_its_relay_does(
    virtual_clock: VirtualClock,
    rack_on: Callable[..., Any],
    manner: PduManner,
    reads: PowerAction,
    relays: list[tuple[float, int, bool]],
):
    rack = rack_on(virtual_clock)
    rack.pdu.behave(manner)
    outlet, history = outlet_of(rack)
    assert virtual_clock.run(outlet.off()).action is reads
    assert rack.pdu.is_on(3)
    virtual_clock.run(asyncio.sleep(60), timeout=100)
    assert rack.relays == relays
    assert not history.all(ev.LabFault), "the outlet alone cannot know: the link is the witness"
