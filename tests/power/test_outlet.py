"""The outlet's policy: what it believes, how often it tries, and that no phone stays dark."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.clock import WallClock
from hil.errors import PowerError, StateUnknown, UsageError
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


# -- devices that misbehave at will ------------------------------------------------------------------


class Device:
    """A driver whose device does what a script says, and which remembers what it was told."""

    name = "scripted device"

    def __init__(self, on: str = "obeys", off: str = "obeys", read: str = "true") -> None:
        self.queue = asyncio.Lock()
        self.scripts = {ON: on, OFF: off}
        self.read = read
        self.powered = ON
        self.calls: list[PowerAction] = []
        self.busy = 0
        self.most_busy = 0

    async def on(self, outlet: str) -> None:
        self.calls.append(ON)
        await self.alone(lambda: self.switch(ON))

    async def off(self, outlet: str) -> None:
        self.calls.append(OFF)
        await self.alone(lambda: self.switch(OFF))

    async def state(self, outlet: str) -> PowerAction:
        return await self.alone(self.reading)

    async def alone(self, work: Callable[[], Awaitable[Any]]) -> Any:
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            await asyncio.sleep(0.1)
            return await work()
        finally:
            self.busy -= 1

    async def switch(self, action: PowerAction) -> None:
        script = self.scripts[action]
        if script in ("obeys", "obeys but refuses"):
            self.powered = action
        if script == "hangs":
            await asyncio.Event().wait()
        if script == "breaks":
            raise ZeroDivisionError
        if "refuses" in script:
            raise PowerError("refused")

    async def reading(self) -> PowerAction:
        if self.read == "hangs":
            await asyncio.Event().wait()
        if self.read == "refuses":
            raise PowerError("unreadable")
        if self.read == "has none":
            raise StateUnknown("no read-back")
        return self.powered


scripts = st.sampled_from(["obeys", "obeys but refuses", "refuses", "ignores", "hangs", "breaks"])
instants = st.floats(0.0, 120.0).map(lambda t: round(t, 2))


@settings(max_examples=150, deadline=None)
@given(
    on=scripts,
    off=scripts,
    read=st.sampled_from(["true", "refuses", "hangs", "has none"]),
    cancellations=st.lists(instants | st.floats(0, 1), max_size=2).map(sorted),
)
def test_power_on_is_attempted_whatever_power_off_said(
    on: str, off: str, read: str, cancellations: list[float]
):
    clock = VirtualClock()
    device = Device(on, off, read)
    history = History(clock)

    async def cycle() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(Outlet(device, "1", history).cycle())
        for instant in cancellations:
            loop.call_later(instant, task.cancel)
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()

    try:
        clock.run(cycle(), timeout=1000)
    finally:
        clock.close()
    assert not device.calls or device.calls[-1] is ON
    assert len(device.calls) <= 4 * PowerPolicy().attempts
    if on.startswith("obeys"):
        assert device.powered is ON


def test_a_cancelled_cycle_stays_cancelled(virtual_clock: VirtualClock):
    """Even where power-on fails then: a deadline around it must see its own cancellation."""
    for on in ("obeys", "refuses"):
        device = Device(on=on)

        async def late(device: Device = device) -> None:
            async with asyncio.timeout(2.0):
                await Outlet(device, "1", History(virtual_clock)).cycle()

        with pytest.raises(TimeoutError):
            virtual_clock.run(late(), timeout=700)
        assert device.calls[-1] is ON


def test_a_failed_power_off_is_raised_after_power_on(virtual_clock: VirtualClock):
    device = Device(off="refuses")
    history = History(virtual_clock)
    with pytest.raises(PowerError, match="could not be switched off"):
        virtual_clock.run(Outlet(device, "1", history).cycle(), timeout=100)
    assert history.last(ev.PowerFailed, action=OFF) is not None
    assert history.last(ev.PowerSwitched, action=ON) is not None


def test_an_error_of_a_device_that_obeyed_is_no_failure(virtual_clock: VirtualClock):
    device = Device(off="obeys but refuses")
    switched = virtual_clock.run(Outlet(device, "1", History(virtual_clock)).off())
    assert (switched.action, switched.attempts) == (OFF, 1)


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


def test_each_attempt_is_in_the_history(virtual_clock: VirtualClock):
    device = Device(off="refuses")
    history = History(virtual_clock)
    with pytest.raises(PowerError):
        virtual_clock.run(Outlet(device, "1", history, PowerPolicy(attempts=2)).off())
    assert kinds(history) == [
        ("PowerRequested", OFF),
        ("PowerRequested", OFF),
        ("PowerFailed", OFF),
    ]
    assert [e.text.count("refused") > 0 for e in history.all(ev.Note)] == [True, True]
    failed = history.last(ev.PowerFailed)
    assert failed is not None
    assert "attempt 1: the command was refused (refused;" in failed.reason
    assert "attempt 2" in failed.reason


class TestWithoutReadBack:
    def test_an_accepted_command_is_all_that_can_be_known_and_is_noted(
        self, virtual_clock: VirtualClock
    ):
        device, history = Device(read="has none"), History(virtual_clock)
        assert virtual_clock.run(Outlet(device, "1", history).off()).attempts == 1
        assert device.calls == [OFF]
        (note,) = history.all(ev.Note)
        assert note.text == "scripted device outlet 1 was told off; it has no read-back"

    def test_a_command_that_was_not_accepted_is_given_again(self, virtual_clock: VirtualClock):
        device, history = Device(on="refuses", read="has none"), History(virtual_clock)
        with pytest.raises(PowerError, match="in 3 attempt"):
            virtual_clock.run(Outlet(device, "1", history).on(), timeout=100)
        assert device.calls == [ON, ON, ON]
        assert history.last(ev.PowerSwitched) is None

    def test_its_state_is_unknown_and_not_asked_for_again(self, virtual_clock: VirtualClock):
        begun = virtual_clock.now()
        with pytest.raises(StateUnknown):
            virtual_clock.run(Outlet(Device(read="has none"), "1", History(virtual_clock)).state())
        assert virtual_clock.now() - begun < 0.2 * SECOND


def test_one_command_at_a_time_for_each_device(virtual_clock: VirtualClock):
    device = Device()
    history = History(virtual_clock)
    outlets = [Outlet(device, str(n), history) for n in range(8)]

    async def all_at_once() -> None:
        await asyncio.gather(*(outlet.cycle() for outlet in outlets), return_exceptions=True)

    virtual_clock.run(all_at_once(), timeout=600)
    assert device.calls.count(OFF) >= 8
    assert device.most_busy == 1


def test_a_driver_that_never_comes_back_is_given_up(virtual_clock: VirtualClock):
    outlet = Outlet(Device(read="hangs"), "1", History(virtual_clock), PowerPolicy(call_s=4.0))
    with pytest.raises(PowerError, match=r"cannot read the state.*in 3 attempt"):
        virtual_clock.run(outlet.state())
    assert virtual_clock.now() == pytest.approx(12 * SECOND, rel=1e-6)


@pytest.mark.parametrize(
    "policy",
    [
        {"attempts": 0},
        {"minimum_off_s": -1.0},
        {"settle_s": -0.1},
        {"poll_s": 0.0},
        {"call_s": 0.0},
    ],
)
def test_a_policy_that_cannot_work_is_refused(policy: dict[str, Any]):
    with pytest.raises(UsageError):
        PowerPolicy(**policy)
