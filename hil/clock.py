"""Lab time, and the one asyncio loop that everything on a bench runs in.

All waiting goes through a `Clock`. Servers, drivers and the virtual handset are coroutines in its
loop, which runs in a background thread; a test is ordinary synchronous code that hands work over
with `run` and waits with `wait`. Lab time is integer nanoseconds since the clock was made.

`WallClock` is what a rack uses; `hil.virtual_clock.VirtualClock` is what the virtual testbed uses.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from hil.errors import LabError, UsageError
from hil.lab_time import NANOSECONDS

T = TypeVar("T")
GRACE_S = 1.0


class Clock(Protocol):
    """Lab time and the loop."""

    @property
    def virtual(self) -> bool:
        """Whether hours may pass in no time."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that all endpoints and drivers run in."""

    def now(self) -> int:
        """Lab time, nanoseconds."""

    def stamp(self, kernel_ns: int) -> int:
        """Lab time of a kernel time stamp (nanoseconds since 1970; 0 means there was none)."""

    def run(self, work: Coroutine[Any, Any, T], *, timeout: float = 30.0) -> T:
        """Run a coroutine in the loop from the test's thread; LabError after ``timeout`` s."""

    def wait(self, condition: Callable[[], bool], until: int) -> bool:
        """Block the test's thread until ``condition`` holds or lab time passes ``until``."""

    def notify(self) -> None:
        """Look at the conditions again; callable from any thread."""

    def on_crash(self, report: Callable[[str], None]) -> None:
        """Have unhandled errors of the loop told to ``report`` instead of printed."""

    def close(self) -> None:
        """Cancel what still runs, within a budget, and end the thread."""


class LoopThread:
    """A loop in a daemon thread, its crash report and its orderly end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pin: int | None = None) -> None:
        self.loop = loop
        self._report: Callable[[str], None] | None = None
        loop.set_exception_handler(self._crashed)
        self.thread = threading.Thread(target=self._main, args=(pin,), name="lab", daemon=True)
        self.thread.start()

    def _main(self, pin: int | None) -> None:
        asyncio.set_event_loop(self.loop)
        if pin is not None:
            os.sched_setaffinity(0, {pin})
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def on_crash(self, report: Callable[[str], None]) -> None:
        """Tell unhandled errors to ``report``."""
        self._report = report

    def _crashed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        text = f"{context.get('message', 'error')}: {error!r}"
        if self._report is None:
            loop.default_exception_handler(context)
        else:
            self._report(text)

    def refuse_own_thread(self, work: Coroutine[Any, Any, Any] | None = None) -> None:
        """UsageError where a coroutine calls what only a test may call, or after the end.

        ``work``, which will not run then, is closed.
        """
        if threading.current_thread() is self.thread:
            problem, remedy = "the lab loop cannot wait for itself", "await the coroutine instead"
        elif not self.thread.is_alive():
            problem, remedy = "the clock is closed", "close it after everything that runs on it"
        else:
            return
        if work is not None:
            work.close()
        raise UsageError(problem, remedy=remedy)

    async def cancel_all(self) -> None:
        """Cancel every other task and give them a second of lab time to end."""
        others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=GRACE_S)

    def stop(self, release: Callable[[], None] = lambda: None) -> None:
        """End the loop and its thread; ``release`` lets a loop that is held run to its end."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        release()
        self.thread.join(timeout=5.0)


class WallClock:
    """Lab time that passes by itself: CLOCK_MONOTONIC, zero when the clock was made."""

    virtual = False

    def __init__(self) -> None:
        self._zero = time.monotonic_ns()
        self._thread = LoopThread(asyncio.SelectorEventLoop())
        self.loop = self._thread.loop
        self._changed = threading.Condition()

    def now(self) -> int:
        """Lab time, nanoseconds."""
        return time.monotonic_ns() - self._zero

    def stamp(self, kernel_ns: int) -> int:
        """Kernel stamps are wall-clock time: their age is what carries over."""
        if kernel_ns == 0:
            return self.now()
        age = time.time_ns() - kernel_ns
        return max(0, self.now() - max(0, age))

    def run(self, work: Coroutine[Any, Any, T], *, timeout: float = 30.0) -> T:
        """Run a coroutine in the loop from the test's thread; LabError after ``timeout`` s."""
        self._thread.refuse_own_thread(work)
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            if future.done():
                raise
            future.cancel()
            raise LabError(f"the lab did not finish its work in {timeout:g} s") from None
        except KeyboardInterrupt:
            # Nobody waits for it any more, and whoever tidies up has the bench to himself.
            future.cancel()
            raise

    def wait(self, condition: Callable[[], bool], until: int) -> bool:
        """Block the test's thread until ``condition`` holds or lab time passes ``until``."""
        self._thread.refuse_own_thread()
        with self._changed:
            while not condition():
                left = until - self.now()
                if left <= 0:
                    break
                self._changed.wait(left / NANOSECONDS)
        # What the kernel stamped before the deadline may still wait to be read by the loop.
        self.run(asyncio.sleep(0))
        return condition()

    def notify(self) -> None:
        """Look at the conditions again; callable from any thread."""
        with self._changed:
            self._changed.notify_all()

    def on_crash(self, report: Callable[[str], None]) -> None:
        """Have unhandled errors of the loop told to ``report`` instead of printed."""
        self._thread.on_crash(report)

    def close(self) -> None:
        """Cancel what still runs, within a budget, and end the thread."""
        if self._thread.thread.is_alive():
            self.run(self._thread.cancel_all(), timeout=2 * GRACE_S)
            self._thread.stop()
