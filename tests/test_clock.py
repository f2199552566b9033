"""The two clocks and what they promise, without a network; and what TCP has under way."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from hil.clock import Clock, WallClock
from hil.errors import LabError, UsageError
from hil.streams import bytes_under_way
from hil.virtual_clock import VirtualClock

SECOND = 10**9
YEAR_S = 365 * 86_400


@pytest.fixture(params=[WallClock, VirtualClock])
def clock(request: pytest.FixtureRequest) -> Iterator[Clock]:
    clock: Clock = request.param()
    yield clock
    clock.close()


@pytest.fixture
def virtual() -> Iterator[VirtualClock]:
    clock = VirtualClock()
    yield clock
    clock.close()


def in_loop(clock: Clock, act: Callable[[], object]) -> None:
    async def acting() -> None:
        act()

    clock.run(acting())


def keep(clock: Clock, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start a task that goes on when the test has the baton again."""

    async def starting() -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        await asyncio.sleep(0)
        return task

    return clock.run(starting())


class TestBothClocks:
    def test_work_that_is_interrupted_is_cancelled_and_the_clock_goes_on(self, clock: Clock):
        ended = threading.Event()

        async def work() -> None:
            try:
                while True:  # noqa: ASYNC110
                    # Time does not pass, or a virtual clock would be through in an instant.
                    await asyncio.sleep(0)
            finally:
                ended.set()

        def press(number: int, frame: object) -> None:
            raise KeyboardInterrupt

        former = signal.signal(signal.SIGALRM, press)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(KeyboardInterrupt):
                clock.run(work())
        finally:
            signal.signal(signal.SIGALRM, former)
        assert ended.wait(5)
        assert clock.run(asyncio.sleep(0.01, "after")) == "after"

    def test_run_gives_the_result(self, clock: Clock):
        async def work() -> str:
            await asyncio.sleep(0.01)
            return threading.current_thread().name

        assert clock.run(work()) == "lab"

    def test_run_raises_what_the_work_raises(self, clock: Clock):
        async def work(error: BaseException) -> None:
            raise error

        for error in (ZeroDivisionError("x"), LabError("x"), TimeoutError("the work's own")):
            with pytest.raises(type(error), match=str(error)):
                clock.run(work(error))

    def test_work_that_cancels_itself(self, clock: Clock):
        async def work() -> None:
            raise asyncio.CancelledError

        with pytest.raises(CancelledError):
            clock.run(work())

    def test_run_gives_up_and_cancels_the_work(self, clock: Clock):
        ended: list[str] = []

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("cancelled")

        with pytest.raises(LabError, match=r"did not finish its work in 0\.05 s"):
            clock.run(work(), timeout=0.05)
        clock.run(asyncio.sleep(0))
        assert ended == ["cancelled"]

    def test_the_loop_may_not_wait_for_itself(self, clock: Clock):
        async def work() -> None:
            with pytest.raises(UsageError, match="cannot wait for itself"):
                clock.run(asyncio.sleep(0))
            with pytest.raises(UsageError, match="cannot wait for itself"):
                clock.wait(lambda: True, clock.now())

        clock.run(work())

    def test_wait_ends_when_the_condition_holds(self, clock: Clock):
        seen: list[int] = []

        def happen() -> None:
            seen.append(clock.now())
            clock.notify()

        in_loop(clock, lambda: clock.loop.call_later(0.02, happen))
        assert clock.wait(lambda: bool(seen), clock.now() + 10 * SECOND)
        assert clock.now() < 5 * SECOND

    def test_wait_ends_at_the_deadline(self, clock: Clock):
        until = clock.now() + SECOND // 50
        assert not clock.wait(lambda: False, until)
        assert clock.now() >= until

    def test_a_condition_that_holds_is_not_waited_for(self, clock: Clock):
        assert clock.wait(lambda: True, clock.now() + 1000 * SECOND)
        assert not clock.wait(lambda: False, clock.now() - 1)
        assert clock.now() < 5 * SECOND

    def test_a_condition_that_raises_tells_whoever_waits(self, clock: Clock):
        crashes: list[str] = []
        clock.on_crash(crashes.append)
        looks: list[int] = []

        def broken() -> bool:
            looks.append(1)
            if len(looks) > 1:
                raise ZeroDivisionError
            return False

        in_loop(clock, lambda: clock.loop.call_later(0.02, clock.notify))
        with pytest.raises(ZeroDivisionError):
            clock.wait(broken, clock.now() + 10 * SECOND)
        assert crashes == []

    def test_an_unhandled_error_of_the_loop_is_reported(self, clock: Clock):
        crashes: list[str] = []
        clock.on_crash(crashes.append)

        def crash() -> None:
            raise ZeroDivisionError("in a callback")

        in_loop(clock, lambda: clock.loop.call_soon(crash))
        clock.run(asyncio.sleep(0))
        assert len(crashes) == 1
        assert "ZeroDivisionError('in a callback')" in crashes[0]

    def test_close_cancels_what_still_runs_and_ends_the_thread(self):
        for clock in (WallClock(), VirtualClock()):
            ended: list[str] = []

            async def server(ended: list[str] = ended) -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    await asyncio.sleep(0.01)
                    ended.append("closed")

            kept = keep(clock, server())
            before = threading.active_count()
            clock.close()
            clock.close()
            assert kept.cancelled()
            assert ended == ["closed"]
            assert threading.active_count() == before - 1

    def test_close_does_not_wait_for_ever(self):
        for clock in (WallClock(), VirtualClock()):

            async def stubborn() -> None:
                while True:
                    try:
                        await asyncio.Event().wait()
                    except asyncio.CancelledError:
                        continue

            kept = keep(clock, stubborn())
            begun = time.monotonic()
            clock.close()
            assert time.monotonic() - begun < 5
            assert not kept.done()
            kept._log_destroy_pending = False

    def test_a_closed_clock_says_so(self):
        for clock in (WallClock(), VirtualClock()):
            clock.close()
            with pytest.raises(UsageError, match="the clock is closed"):
                clock.run(asyncio.sleep(0))
            with pytest.raises(UsageError, match="the clock is closed"):
                clock.wait(lambda: True, 0)


class TestWallClock:
    def test_a_kernel_stamp_is_as_old_in_lab_time(self):
        clock = WallClock()
        try:
            clock.run(asyncio.sleep(0.05))
            age = SECOND // 50
            assert clock.now() - clock.stamp(time.time_ns() - age) == pytest.approx(age, abs=10**7)
            assert clock.stamp(time.time_ns() + SECOND) <= clock.now()
            assert clock.stamp(1) == 0, "before the clock was made"
            assert clock.stamp(0) == pytest.approx(clock.now(), abs=10**7)
        finally:
            clock.close()


class TestVirtualClock:
    def test_it_starts_where_it_is_told(self):
        clock = VirtualClock(start_s=7)
        try:
            assert clock.now() == 7 * SECOND
            assert clock.stamp(time.time_ns()) == 7 * SECOND
        finally:
            clock.close()

    def test_a_year_of_hours_passes_in_a_moment(self, virtual: VirtualClock):
        hours: list[int] = []

        async def every_hour() -> None:
            while True:
                await asyncio.sleep(3600)
                hours.append(virtual.now())

        begun = time.monotonic()
        kept = keep(virtual, every_hour())
        virtual.wait(lambda: False, YEAR_S * SECOND)
        assert time.monotonic() - begun < 2.0
        assert not kept.done()
        assert len(hours) == YEAR_S // 3600
        assert virtual.now() == pytest.approx(YEAR_S * SECOND, abs=10)

    def test_a_year_without_events_is_one_jump_a_day(self, virtual: VirtualClock):
        """asyncio never sleeps longer than a day at a time."""
        begun = time.monotonic()
        virtual.wait(lambda: False, YEAR_S * SECOND)
        assert time.monotonic() - begun < 0.5
        assert virtual.jumps <= 366

    def test_time_stands_still_while_the_test_computes(self, virtual: VirtualClock):
        fired: list[int] = []
        in_loop(virtual, lambda: virtual.loop.call_later(0.001, fired.append, 1))
        waited = threading.Event().wait(0.05)
        assert (waited, fired, virtual.now()) == (False, [], 0)
        virtual.run(asyncio.sleep(0.001))
        assert (fired, virtual.now()) == ([1], SECOND // 1000)

    def test_time_stands_still_for_a_wake_up_from_another_thread(self, virtual: VirtualClock):
        fired: list[str] = []
        in_loop(virtual, lambda: virtual.loop.call_later(1.0, fired.append, "timer"))
        thread = threading.Thread(
            target=virtual.loop.call_soon_threadsafe, args=(fired.append, "thread")
        )
        thread.start()
        thread.join()
        used = time.process_time()
        threading.Event().wait(0.1)
        assert time.process_time() - used < 0.05, "a parked loop does not spin"
        assert (fired, virtual.now()) == ([], 0)
        virtual.run(asyncio.sleep(0))
        assert (fired, virtual.now()) == (["thread"], 0)

    def test_timers_fire_in_order_and_on_the_nanosecond(self, virtual: VirtualClock):
        fired: list[tuple[str, int]] = []

        def note(name: str) -> None:
            fired.append((name, virtual.now()))

        def arrange() -> None:
            for name, delay in (("c", 3.3), ("a", 0.1), ("d", 86_400.7), ("b", 0.2)):
                virtual.loop.call_later(delay, note, name)

        in_loop(virtual, arrange)
        virtual.wait(lambda: False, 100_000 * SECOND)
        assert fired == [
            ("a", SECOND // 10),
            ("b", SECOND // 5),
            ("c", 33 * SECOND // 10),
            ("d", 864_007 * SECOND // 10),
        ]

    def test_what_happens_at_the_deadline_is_seen(self, virtual: VirtualClock):
        seen: list[int] = []
        in_loop(virtual, lambda: virtual.loop.call_later(5.0, seen.append, 1))
        assert virtual.wait(lambda: bool(seen), 5 * SECOND)
        assert virtual.now() == 5 * SECOND

    def test_the_test_finds_the_bench_at_rest(self, virtual: VirtualClock):
        """What follows from the awaited work at the same instant has happened when it returns."""
        left, right = socket.socketpair()
        got: list[bytes] = []

        async def work() -> None:
            left.setblocking(False)
            right.setblocking(False)
            virtual.loop.add_reader(right, lambda: got.append(right.recv(100)))
            left.send(b"x")

        async def undo() -> None:
            virtual.loop.remove_reader(right)

        with left, right:
            virtual.run(work())
            assert got == [b"x"]
            virtual.run(undo())
        assert virtual.now() == 0

    def test_work_in_a_thread_holds_time(self, virtual: VirtualClock):
        async def work() -> tuple[int, int]:
            begun = virtual.now()
            timer = asyncio.ensure_future(asyncio.sleep(0.001))
            await virtual.loop.run_in_executor(None, threading.Event().wait, 0.05)
            held = virtual.now() - begun
            await timer
            return held, virtual.now() - begun

        assert virtual.run(work()) == (0, SECOND // 1000)

    def test_an_executor_that_refuses_does_not_hold_time_for_ever(self, virtual: VirtualClock):
        class Closed:
            def submit(self, *_: object) -> None:
                raise RuntimeError("cannot schedule new futures after shutdown")

        async def work() -> None:
            with pytest.raises(RuntimeError):
                virtual.loop.run_in_executor(Closed(), time.sleep, 0)  # type: ignore[arg-type]
            await asyncio.sleep(3600)

        virtual.run(work(), timeout=4000)
        assert virtual.now() == 3600 * SECOND

    def test_what_the_loop_cannot_see_may_hold_time(self, virtual: VirtualClock):
        held, may_end = threading.Event(), threading.Event()
        at_the_end: list[int] = []

        def at_work() -> None:
            with virtual.outside():
                held.set()
                may_end.wait()
                threading.Event().wait(0.05)
                at_the_end.append(virtual.now())

        thread = threading.Thread(target=at_work)
        thread.start()
        held.wait()

        async def work() -> None:
            may_end.set()
            await asyncio.sleep(60)

        virtual.run(work(), timeout=100)
        thread.join()
        assert at_the_end == [0]
        assert virtual.now() == 60 * SECOND

    def test_many_threads_hold_and_let_go(self, virtual: VirtualClock):
        def hold() -> None:
            for _ in range(2000):
                with virtual.outside():
                    pass

        threads = [threading.Thread(target=hold) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        virtual.run(asyncio.sleep(1))
        assert virtual.now() == SECOND

    def test_a_link_that_moved_something_keeps_time_from_jumping(self, virtual: VirtualClock):
        class Busy:
            def __init__(self) -> None:
                self.left = 5
                self.at: list[int] = []

            def flush(self) -> bool:
                self.left -= 1
                self.at.append(virtual.now())
                return self.left >= 0

        link = Busy()
        virtual.attach(link)
        virtual.run(asyncio.sleep(1))
        assert link.at[:6] == [0] * 6


# -- TCP streams -------------------------------------------------------------------------------------


@pytest.fixture
def stream() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    with near, far:
        near.setblocking(False)
        far.setblocking(False)
        yield near, far


def fill(sender: socket.socket) -> int:
    sent = 0
    while True:
        try:
            sent += sender.send(b"x" * 65_536)
        except BlockingIOError:
            return sent


def drain(receiver: socket.socket, size: int) -> None:
    receiver.setblocking(True)
    receiver.settimeout(10)
    while size:
        size -= len(receiver.recv(65_536))


def test_a_quiet_stream_has_nothing_under_way(stream: tuple[socket.socket, socket.socket]):
    near, far = stream
    assert not bytes_under_way([near.fileno(), far.fileno()])
    near.send(b"delivered, though not read")
    assert not bytes_under_way([near.fileno(), far.fileno()])


def test_what_the_window_keeps_back_is_under_way_until_it_is_read(
    stream: tuple[socket.socket, socket.socket],
):
    near, far = stream
    size = fill(near)
    assert bytes_under_way([near.fileno(), far.fileno()])
    assert bytes_under_way([far.fileno(), near.fileno()])
    drain(far, size)
    assert not bytes_under_way([near.fileno(), far.fileno()])


def test_both_directions_count(stream: tuple[socket.socket, socket.socket]):
    near, far = stream
    size = fill(far)
    assert bytes_under_way([near.fileno(), far.fileno()])
    drain(near, size)
    assert not bytes_under_way([near.fileno(), far.fileno()])


def test_a_stream_to_elsewhere_does_not_hold_time(stream: tuple[socket.socket, socket.socket]):
    near, _ = stream
    fill(near)
    assert not bytes_under_way([near.fileno()])


def test_other_descriptors_are_passed_over_and_none_is_leaked(
    stream: tuple[socket.socket, socket.socket], tmp_path: object
):
    near, far = stream
    reading, writing = os.pipe()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as unconnected,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as local,
    ):
        known = [s.fileno() for s in (datagrams, unconnected, local, near, far)]
        known += [reading, writing, 0, 9999]
        fill(near)
        before = list(Path("/proc/self/fd").iterdir())
        for _ in range(10):
            assert bytes_under_way(known)
        assert len(list(Path("/proc/self/fd").iterdir())) == len(before)
    os.close(reading)
    os.close(writing)
