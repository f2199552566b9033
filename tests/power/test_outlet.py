"""The outlet's policy: what it believes, how often it tries, and that no phone stays dark."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import PowerDeviceError, PowerError, StateUnknown, UsageError
from hil.history import History
from hil.history import events as ev
from hil.history.events import PowerAction
from hil.power import Outlet, PowerPolicy
from hil.virtual_clock import VirtualClock

ON, OFF = PowerAction.ON, PowerAction.OFF
SECOND = 10**9


def kinds(history: History) -> list[tuple[str, PowerAction]]:
    return [(type(e).__name__, e.action) for e in history if not isinstance(e, ev.Note)]


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
        if script == "silent":
            raise PowerDeviceError("no answer")
        if script == "silent, then refuses":
            self.scripts[action] = "refuses"
            raise PowerDeviceError("no answer")

    async def reading(self) -> PowerAction:
        if self.read == "hangs":
            await asyncio.Event().wait()
        if self.read == "silent":
            raise PowerDeviceError("no answer")
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


@pytest.mark.parametrize(
    ("off", "read", "whole"),
    [
        ("silent", "true", True),
        ("silent", "silent", True),
        ("silent", "has none", True),
        ("obeys", "silent", True),
        ("hangs", "true", True),
        ("silent, then refuses", "true", False),
        ("refuses", "true", False),
        ("refuses", "silent", False),
        ("ignores", "true", False),
        ("obeys", "refuses", False),
    ],
)
def test_one_answer_about_the_outlet_shows_that_the_device_answers(
    virtual_clock: VirtualClock, off: str, read: str, whole: bool
):
    device = Device(off=off, read=read)
    outlet = Outlet(device, "1", History(virtual_clock))
    with pytest.raises(PowerError) as error:
        virtual_clock.run(outlet.off(), timeout=200.0)
    assert isinstance(error.value, PowerDeviceError) is whole
    assert outlet.device_fault is (error.value if whole else None)
    device.scripts[OFF] = "obeys"
    device.read = "true"
    virtual_clock.run(outlet.off())
    assert outlet.device_fault is None


@pytest.mark.parametrize("read", ["silent", "refuses", "true"])
def test_a_device_is_asked_whether_it_fails_as_a_whole(virtual_clock: VirtualClock, read: str):
    outlet = Outlet(Device(off="silent", read=read), "1", History(virtual_clock))
    if read == "silent":
        with pytest.raises(PowerDeviceError, match="no answer"):
            virtual_clock.run(outlet.ask_device())
    else:
        virtual_clock.run(outlet.ask_device())
    with pytest.raises(PowerError):
        virtual_clock.run(outlet.off())
    # What it reads back does not tell that it would take a command now.
    with pytest.raises(PowerDeviceError, match="switched off"):
        virtual_clock.run(outlet.ask_device())


def test_an_error_of_a_device_that_obeyed_is_no_failure(virtual_clock: VirtualClock):
    device = Device(off="obeys but refuses")
    switched = virtual_clock.run(Outlet(device, "1", History(virtual_clock)).off())
    assert (switched.action, switched.attempts) == (OFF, 1)


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
