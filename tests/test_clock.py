"""The two clocks and what both promise, without a network."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest
from in_the_loop import in_loop, keep

from hil.clock import Clock, WallClock
from hil.errors import LabError, UsageError
from hil.virtual_clock import VirtualClock

SECOND = 10**9


@pytest.fixture(params=[WallClock, VirtualClock])
def clock(request: pytest.FixtureRequest) -> Iterator[Clock]:
    clock: Clock = request.param()
    yield clock
    clock.close()


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
