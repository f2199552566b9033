"""Virtual time: the packets are real, the hours are not.

The argument why a jump of virtual time loses nothing:

1. The loop runs only while the test waits. The test thread holds a baton: `run` and `wait` pass it
   to the loop and get it back. In between the loop is parked, no matter what arrives, so time stands
   still while a test computes, and how long it computes cannot be seen.
2. The loop gets to `select` with a non-zero timeout only when it has nothing to do: no callback is
   ready, no timer is due. If a descriptor is readable it is served, and no time passes.
3. Otherwise only the network could still hold something. Each link is flushed (`Link.flush`): a
   barrier frame goes out and comes back behind whatever was in flight, since every element of a
   link is a queue (first in, first out) and the loop thread is pinned to one CPU, whose backlog
   takes the frames in the order in which they were sent. An answer that a kernel gave by itself
   (ACK, ARP, RST) may have been caused meanwhile, so the flush is repeated until no frame but the
   barriers moved during a whole round. After that, every frame ever sent has been delivered.
4. A TCP sender may still hold bytes that it could not send yet (window, loss). While both ends of
   such a stream are served by the loop and the receiver lacks bytes, time does not jump.
5. Work handed to threads or to other processes (`outside`) holds time as well.

If all of that is empty, nothing that exists can cause an event before the next timer, and moving
the clock to that timer is what waiting for it would have done. When the work that the test awaits
is finished, the loop first comes to rest in this sense at the present instant, then the test gets
the baton; so a test always finds the bench at rest, and an event at the last instant of a window
is inside it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import os
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from enum import Enum
from typing import Any, Protocol, TypeVar

from hil.clock import GRACE_S, LoopThread
from hil.errors import LabError
from hil.lab_time import NANOSECONDS
from hil.streams import bytes_under_way

T = TypeVar("T")
_WALL_LIMIT_S = 60.0
_ABANDONING = 40
"""How often, each twentieth of a second, the loop is asked to let go of what was interrupted."""


class Link(Protocol):
    """What a virtual clock asks of a network."""

    def flush(self) -> bool:
        """Deliver all that is in flight; say whether anything moved since the last call."""


class Stir(Enum):
    """What keeps virtual time from jumping."""

    NONE = "nothing is in flight"
    MOVED = "frames moved during the last flush: flush again"
    ELSEWHERE = "a stream, a thread or a process is at work"


class VirtualClock:
    """Lab time that jumps from timer to timer while the test waits; see the module's argument."""

    virtual = True

    def __init__(self, *, start_s: int = 0) -> None:
        self._now = start_s * NANOSECONDS
        self._links: list[Link] = []
        self._waiting: dict[asyncio.Future[bool], Callable[[], bool]] = {}
        self._finished: Callable[[], None] | None = None
        self._holding = 0
        self._holding_lock = threading.Lock()
        self.jumps = 0
        cpus = sorted(os.sched_getaffinity(0))
        self._selector = _RestingSelector(self)
        self.loop: asyncio.AbstractEventLoop = _VirtualLoop(self, self._selector)
        self._thread = LoopThread(self.loop, pin=cpus[os.getpid() % len(cpus)])

    def attach(self, link: Link) -> None:
        """Flush this network, too, before time may jump."""
        self._links.append(link)

    def now(self) -> int:
        """Lab time, nanoseconds."""
        return self._now

    def stamp(self, kernel_ns: int) -> int:
        """Virtual time has no relation to the kernel's; what is read now happened now."""
        del kernel_ns
        return self._now

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """Hold time while something that the loop cannot see (a process, a thread) is at work."""
        with self._holding_lock:
            self._holding += 1
        try:
            yield
        finally:
            with self._holding_lock:
                self._holding -= 1

    def run(self, work: Coroutine[Any, Any, T], *, timeout: float = 30.0) -> T:
        """Run a coroutine in the loop and let the bench come to rest; ``timeout`` is lab time."""
        self._thread.refuse_own_thread(work)
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        tasks: list[asyncio.Task[T]] = []
        abandoned = threading.Event()

        async def bounded() -> T:
            try:
                async with asyncio.timeout(timeout) as limit:
                    return await work
            except TimeoutError:
                if not limit.expired():
                    raise
                raise LabError(f"the lab did not finish its work in {timeout:g} s") from None

        def start() -> None:
            tasks.append(self.loop.create_task(bounded()))
            tasks[0].add_done_callback(finish)

        def finish(task: asyncio.Task[T]) -> None:
            if not abandoned.is_set():
                self._finished = lambda: _transfer(task, future)

        def abandon() -> None:
            # What nobody waits for must not hand the baton back, which is the next work's to do.
            abandoned.set()
            self._finished = None
            for task in tasks:
                task.cancel()

        # In this order: a loop that is released with nothing to do would move on in time.
        self.loop.call_soon_threadsafe(start)
        self._selector.release()
        try:
            return future.result(_WALL_LIMIT_S + timeout / 100)
        except concurrent.futures.TimeoutError:
            if future.done():
                raise
            raise LabError(
                "virtual time does not get on",
                evidence=f"lab time {self._now / NANOSECONDS:.3f} s after {self.jumps} jumps",
                next_step="look for two parties that answer each other for ever at one instant",
            ) from None
        except KeyboardInterrupt:
            self.loop.call_soon_threadsafe(abandon)
            for _ in range(_ABANDONING):
                # Again, since the loop may have come to rest in this moment.
                self._selector.release()
                if abandoned.wait(0.05):
                    break
            raise

    def wait(self, condition: Callable[[], bool], until: int) -> bool:
        """Block the test's thread until ``condition`` holds or lab time passes ``until``."""

        async def waiting() -> None:
            done: asyncio.Future[bool] = self.loop.create_future()
            # Registered before the first look, so that what another thread appends is not missed.
            self._waiting[done] = condition
            timer = self.loop.call_at(until / NANOSECONDS, _resolve, done)
            try:
                if not condition():
                    await done
            finally:
                timer.cancel()
                del self._waiting[done]

        self.run(waiting(), timeout=max(0, until - self._now) / NANOSECONDS + 60.0)
        return condition()

    def notify(self) -> None:
        """Look at the conditions again; callable from any thread."""
        if threading.current_thread() is self._thread.thread:
            self._look()
        elif self._waiting:
            self.loop.call_soon_threadsafe(self._look)

    def on_crash(self, report: Callable[[str], None]) -> None:
        """Have unhandled errors of the loop told to ``report`` instead of printed."""
        self._thread.on_crash(report)

    def close(self) -> None:
        """Cancel what still runs, within a budget, and end the thread."""
        if self._thread.thread.is_alive():
            self.run(self._thread.cancel_all(), timeout=2 * GRACE_S)
            self._thread.stop(self._selector.release)

    def _look(self) -> None:
        for done, condition in self._waiting.items():
            if done.done():
                continue
            try:
                holds = condition()
            except Exception as error:  # noqa: BLE001 - the test's, not of whoever notified
                done.set_exception(error)
            else:
                if holds:
                    done.set_result(True)

    # -- called by the selector, in the loop's thread ----------------------------------------------

    def stir(self, descriptors: Mapping[Any, selectors.SelectorKey]) -> Stir:
        """What is in flight; a flush may have made a descriptor ready meanwhile."""
        if self._holding:
            return Stir.ELSEWHERE
        moved = [link.flush() for link in self._links]
        if any(moved):
            return Stir.MOVED
        busy = bytes_under_way(key.fd for key in descriptors.values())
        return Stir.ELSEWHERE if busy else Stir.NONE

    def hand_back(self) -> bool:
        """Give the baton back if the awaited work is finished."""
        if self._finished is None:
            return False
        finished, self._finished = self._finished, None
        self._selector.park()
        finished()
        return True

    def jump(self, seconds: float) -> None:
        """Move to the next timer."""
        self._now += max(1, round(seconds * NANOSECONDS))
        self.jumps += 1


class _RestingSelector(selectors.BaseSelector):
    """A selector that, when nothing is in flight, moves virtual time instead of blocking."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._inner = selectors.DefaultSelector()
        self._running = threading.Event()

    def release(self) -> None:
        self._running.set()

    def park(self) -> None:
        self._running.clear()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        while True:
            # Parked until the test's thread passes the baton.
            self._running.wait()
            ready = self._inner.select(0)
            if ready or (timeout is not None and timeout <= 0):
                return ready
            stir = self._clock.stir(self._inner.get_map())
            # A stream or a process at work wakes us with its next byte or its end.
            ready = self._inner.select(0.0005 if stir is Stir.ELSEWHERE else 0)
            if ready:
                return ready
            if stir is not Stir.NONE:
                continue
            if self._clock.hand_back():
                continue
            if timeout is None:
                return self._inner.select(None)
            self._clock.jump(timeout)
            return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.modify(fileobj, events, data)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


class _VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's loop with our time and selector; work in threads holds the clock."""

    def __init__(self, clock: VirtualClock, selector: _RestingSelector) -> None:
        self._clock = clock
        super().__init__(selector)

    def time(self) -> float:
        return self._clock.now() / NANOSECONDS

    @property
    def _clock_resolution(self) -> float:
        """How far ahead a timer counts as due, in seconds.

        asyncio takes a nanosecond, which is lost in floating point when half a year is added to it:
        a timer would then stay just not due for ever.
        """
        return max(1 / NANOSECONDS, math.ulp(self.time()))

    @_clock_resolution.setter
    def _clock_resolution(self, resolution: float) -> None:
        """What asyncio's constructor sets counts for the kernel's clock."""

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        holding = self._clock.outside()
        holding.__enter__()
        try:
            future = super().run_in_executor(executor, func, *args)
        except BaseException:
            holding.__exit__(None, None, None)
            raise
        future.add_done_callback(lambda _: holding.__exit__(None, None, None))
        return future


def _resolve(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_result(False)


def _transfer(task: asyncio.Task[T], future: concurrent.futures.Future[T]) -> None:
    if task.cancelled():
        future.set_exception(concurrent.futures.CancelledError())
        return
    error = task.exception()
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())
