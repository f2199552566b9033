"""What a switch port counted against what passed the bench: late, broken and wrapping counters."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from hil.errors import LabError, PowerError
from hil.history import History
from hil.history import events as ev
from hil.virtual_clock import VirtualClock
from hil.witness.port_counters import Meters, PortCounters

DISCOVER = ev.DhcpMessage(
    source="dhcp",
    direction=ev.Direction.RECEIVED,
    kind="DISCOVER",
    mac="00:0e:08:ca:fe:01",
    xid=1,
)


@dataclass
class Said:
    """What a port says."""

    received: tuple[int, ...]
    sent: int
    bits: int = 64
    broadcasts: bool = True
    since: int = 0


class Meter:
    def __init__(self) -> None:
        self.waiting = 0

    def counted(self) -> int:
        counted, self.waiting = self.waiting, 0
        return counted

    def close(self) -> None:
        pass


class Lab:
    """A phone, its port, and a wire between that port and the bench, in virtual time."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.history = History(clock)
        self.seen, self.cried, self.sent = Meter(), Meter(), Meter()
        self.meters = Meters(self.seen, self.cried, self.sent)
        self.name = "switch 192.0.2.9:161 port 7"
        self.true = [1000, 50, 70_000]
        """Frames that the port received, to one address and by broadcast, and those that it sent."""
        self.shown = list(self.true)
        self.late = False
        self.altered: Callable[[Said], Said] = lambda said: said
        self.reads = 0
        self.counters = PortCounters(self, self.meters, self.history)

    async def read(self) -> Said:
        self.reads += 1
        if not self.late:
            self.shown = list(self.true)
        unicasts, broadcasts, sent = self.shown
        return self.altered(Said((unicasts, broadcasts), sent))

    def refresh(self) -> None:
        self.shown = list(self.true)

    def up(self, frames: int, *, lost: int = 0) -> None:
        """The phone sends."""
        self.true[0] += frames
        self.seen.waiting += frames - lost

    def down(self, frames: int, *, lost: int = 0) -> None:
        """The bench sends to the phone."""
        self.true[2] += frames - lost
        self.sent.waiting += frames

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.clock.run(work)

    def tell(self, *events: ev.Event) -> None:
        async def told() -> None:
            for event in events:
                self.history.append(event)

        self.run(told())

    def off(self) -> None:
        self.tell(*power(ev.PowerAction.OFF))

    def on(self) -> None:
        """Power comes, and the phone is heard."""
        self.run(self.counters.dark())
        self.tell(*power(ev.PowerAction.ON))
        self.true[1] += 1
        self.cried.waiting += 1
        self.tell(DISCOVER)

    def begun(self, *, chatter: int = 40) -> None:
        """A test has begun, for which the phone was prepared, and the phone has its power."""
        self.off()
        self.counters.begin()
        self.tell(ev.HandsetPreparing(source="bench", how="as always"))
        self.on()
        self.up(chatter)
        self.down(chatter)
        self.off()
        self.tell(ev.HandsetPrepared(source="bench", parameters={}, software="1"))
        self.on()

    def doubts(self) -> list[str]:
        """What is said at the end, after the phone answered echoes."""
        self.up(20)
        self.down(20)
        return [words(event) for event in self.run(self.counters.doubts())]

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        async def later() -> None:
            asyncio.get_running_loop().call_later(seconds, action)

        self.run(later())


def words(event: ev.Event) -> str:
    match event:
        case ev.WireDoubt():
            return f"{event.what}: {event.evidence}"
        case ev.WireUncounted():
            return f"uncounted: {event.why}"
    raise AssertionError(event)


def power(action: ev.PowerAction) -> tuple[ev.Event, ev.Event]:
    return (
        ev.PowerRequested(source="power", outlet="7", action=action),
        ev.PowerSwitched(source="power", outlet="7", action=action),
    )


@pytest.fixture
def lab() -> Iterator[Lab]:
    with contextlib.closing(VirtualClock()) as clock:
        yield Lab(clock)


def test_a_wire_that_carries_all_is_not_doubted_and_nothing_is_waited_for(lab: Lab):
    lab.begun()
    began = lab.clock.now()
    lab.up(30)
    lab.down(25)
    assert lab.doubts() == []
    assert lab.clock.now() == began


def test_frames_of_the_phone_that_never_came_are_told_with_both_numbers(lab: Lab):
    lab.begun()
    lab.up(30, lost=4)
    (told,) = lab.doubts()
    # Its DISCOVER and the echoes are among them.
    assert told == f"the wire loses frames from the phone: {lab.name} received 51, 47 arrived here"


def test_frames_to_the_phone_that_never_came_are_told_with_both_numbers(lab: Lab):
    lab.begun()
    lab.down(25, lost=3)
    (told,) = lab.doubts()
    assert told == f"the wire loses frames to the phone: 45 were sent here, {lab.name} sent 42"


def test_a_loss_is_held_against_the_wire_in_one_test_alone(lab: Lab):
    lab.begun()
    lab.up(10, lost=1)
    lab.down(10, lost=1)
    assert lab.doubts()
    lab.begun()
    assert lab.doubts() == []


def test_others_that_send_to_the_phone_as_well_accuse_nobody(lab: Lab):
    lab.begun()
    lab.true[2] += 500
    assert lab.doubts() == []


@pytest.mark.parametrize("hidden", [(7, 0, 0), (0, 1, 0), (30, 1, 25)])
def test_counters_that_are_late_accuse_nobody(lab: Lab, hidden: tuple[int, int, int]):
    """Wherever the refresh falls: the preparation is shown late, and so is the test."""
    lab.late = True
    lab.off()
    lab.counters.begin()
    lab.on()
    lab.up(40)
    lab.down(40)
    lab.off()
    lab.tell(ev.HandsetPrepared(source="bench", parameters={}, software="1"))
    lab.shown = [true - late for true, late in zip(lab.true, hidden, strict=True)]
    lab.after(8, lab.refresh)
    lab.on()
    lab.up(30)
    lab.down(25)
    lab.after(9, lab.refresh)
    assert lab.doubts() == []


def test_what_a_late_counter_shows_at_last_is_doubted(lab: Lab):
    lab.begun()
    lab.late = True
    lab.down(25, lost=3)
    lab.after(5, lab.refresh)
    (told,) = lab.doubts()
    assert "to the phone: 45 were sent here" in told


def test_counters_later_than_any_refresh_say_nothing(lab: Lab):
    lab.begun()
    lab.late = True
    lab.up(30)
    lab.down(25)
    assert lab.doubts() == [f"uncounted: {lab.name} counts less than arrived: it is late"]


def test_what_is_sent_to_a_phone_without_a_link_is_not_lost(lab: Lab):
    lab.begun()
    lab.off()
    lab.sent.waiting += 9
    lab.tell(*power(ev.PowerAction.ON))
    lab.sent.waiting += 2
    lab.tell(DISCOVER)
    assert lab.doubts() == []


def test_a_link_that_goes_by_itself_takes_frames_that_nobody_lost(lab: Lab):
    lab.begun()
    lab.tell(ev.LinkChanged(source="link", up=False), ev.LinkChanged(source="link", up=True))
    lab.down(10, lost=2)
    assert lab.doubts() == ["uncounted: the phone's link went while frames were counted"]


def test_narrow_counters_wrap(lab: Lab):
    def narrow(said: Said) -> Said:
        return Said((said.received[0] % 2**32,), said.sent % 2**32, 32, broadcasts=False)

    lab.altered = narrow
    lab.true = [2**32 - 60, 0, 2**32 - 50]
    lab.begun()
    lab.up(30, lost=4)
    lab.down(25)
    assert lab.true[0] > 2**32
    (told,) = lab.doubts()
    assert told.endswith("received 50, 46 arrived here")


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (lambda s: Said((0, 0), 0), "a step of"),
        (lambda s: Said((s.received[0] + 2**40, s.received[1]), s.sent), "a step of"),
        (lambda s: Said((s.received[0] - 50, s.received[1]), s.sent), "a step of"),
        (lambda s: Said((2**64 - 1, 2**64 - 1), 2**64 - 1), "a step of"),
        (lambda s: Said(s.received, s.sent, since=7), "before, now"),
        (lambda s: Said((s.received[0],), s.sent, 32, broadcasts=False), "before, now"),
    ],
    ids=["zero", "huge", "back", "largest", "discontinuity", "other counters"],
)
def test_counters_that_cannot_be_say_nothing(lab: Lab, alter: Callable[[Said], Said], said: str):
    lab.begun()
    lab.altered = alter
    (told,) = lab.doubts()
    assert told.startswith(f"uncounted: {lab.name}: the port's counters began anew: ")
    assert said in told
    lab.altered = lambda said: said
    lab.begun()
    lab.begun()
    assert lab.doubts() == []


def test_a_port_that_counts_nothing_at_all_says_nothing(lab: Lab):
    lab.altered = lambda said: Said((0, 0), 0)
    lab.begun()
    lab.down(10)
    (told,) = lab.doubts()
    assert told.startswith("uncounted: ")


def test_a_switch_that_does_not_answer_says_nothing(lab: Lab):
    async def refused() -> Said:
        raise PowerError("no answer within 2 s", concerns=lab.name)

    lab.begun()
    lab.read = refused  # type: ignore[method-assign]
    (told,) = lab.doubts()
    assert told.startswith("uncounted: ")
    assert "no answer within 2 s" in told
    lab.off()
    lab.counters.begin()
    lab.on()
    (told,) = lab.doubts()
    assert "no answer within 2 s" in told


def test_a_switch_that_hangs_is_not_waited_for(lab: Lab):
    async def hangs() -> Said:
        await asyncio.Event().wait()
        raise LabError("never")

    lab.begun()
    lab.read = hangs  # type: ignore[method-assign]
    assert lab.doubts() == [f"uncounted: {lab.name}: its counters were not read in time"]


def test_without_a_base_nothing_is_asked(lab: Lab):
    lab.counters.begin()
    assert lab.run(lab.counters.doubts()) == []
    assert lab.reads == 0


def test_where_the_kernel_joins_segments_frames_of_the_phone_cannot_be_counted(lab: Lab):
    tcp = Meter()
    lab.history = History(lab.clock)
    lab.counters = PortCounters(lab, Meters(lab.seen, lab.cried, lab.sent, tcp), lab.history)
    lab.begun()
    lab.up(30, lost=4)
    tcp.waiting += 1
    (told,) = lab.doubts()
    assert "gro off" in told
