"""What the virtual clock promises: time that passes only where nothing is to be done."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from in_the_loop import in_loop, keep

from hil.virtual_clock import VirtualClock

SECOND = 10**9
YEAR_S = 365 * 86_400


@pytest.fixture
def virtual() -> Iterator[VirtualClock]:
    clock = VirtualClock()
    yield clock
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
