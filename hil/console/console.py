"""A handset's console in the history: what it says, what it is told, and whether it is there.

What a console says proves what a phone does inside, but a phone is certified by what it does on the
wire. So a console that drops is a fact of the history (`ConsoleLost`) and no fault of the laboratory by
itself: nobody may have needed it. Where a test relies on it, in `Console.expect` or `Console.wait`, and
does not see what it awaits while the console was away or said more than could be kept, then nobody can
tell what the phone said, and that is a lab fault, never the phone's.

The octets are stamped in the thread that reads them; all else happens in the laboratory's loop. Made
for lab time that passes by itself: on a virtual clock nothing holds time while a console speaks.

Proven with ser2net over RFC 2217 and TCP, and with pseudo terminals of socat; no adapter and no phone
was at hand.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from hil.clock import Clock
from hil.console.config import ConsoleConfig
from hil.console.link import Link
from hil.console.ports import SocketFactory
from hil.console.recorder import Recorder
from hil.errors import ConsoleError, UsageError
from hil.history import History, Moment, Unmet
from hil.history import events as ev

LOG_NAME = "console.log"
"""The file of the raw log, beside the history."""

_CHUNKS_UNDER_WAY = 64
_STOP_CHECK_S = 0.5


class Console:
    """The console of the handset of this name; ``log`` is where its raw log goes.

    ``connect`` makes the sockets to a terminal server. `start`, `close` and `send` belong into the
    loop, `expect` and `wait` into the test's thread.
    """

    def __init__(
        self,
        config: ConsoleConfig,
        clock: Clock,
        history: History,
        *,
        handset: str,
        log: Path | None = None,
        connect: SocketFactory = socket.socket,
    ) -> None:
        self.config = config
        self._clock = clock
        self._history = history
        self._handset = handset
        self._recorder = Recorder(config, clock, history, handset, log)
        self._link = Link(config, self, connect)
        self._under_way = threading.BoundedSemaphore(_CHUNKS_UNDER_WAY)
        self._attempted = asyncio.Event()
        self.trouble: ConsoleError | None = ConsoleError(
            "the console was not opened yet", concerns=config.url
        )
        """Why the console cannot be read; None while it can."""

    async def start(self) -> None:
        """Open the console, and keep it open; returns after the first attempt, see `trouble`."""
        self._link.start()
        try:
            # The attempt has its own deadline; only a name server may be slower than that.
            async with asyncio.timeout(2 * self.config.open_s):
                await self._attempted.wait()
        except TimeoutError:
            self.trouble = ConsoleError(
                "the console cannot be opened",
                evidence=f"the attempt did not come back within {2 * self.config.open_s:g} s",
                next_step="see whether the terminal server's name can be resolved",
                concerns=self.config.url,
            )

    async def close(self) -> None:
        """Let go of the console, within 2 seconds, and keep what it said last."""
        await asyncio.to_thread(self._link.close)
        # What the thread handed over before it ended is served first.
        await asyncio.sleep(0)
        self._recorder.close()
        self.trouble = ConsoleError("the console was closed", concerns=self.config.url)

    @property
    def connected(self) -> bool:
        """Whether the console can be read."""
        return self.trouble is None

    async def send(self, data: bytes, *, secret: bool = False) -> ev.ConsoleSent:
        """Write octets; `ConsoleError` if they are not written within ``send_s``.

        A ``secret`` gets into neither history nor log, not even where the console echoes it; white
        space around it is none of it.
        """
        if secret:
            self._recorder.hide(data.strip())
        written: asyncio.Future[None] = self._clock.loop.create_future()

        def sent(error: ConsoleError | None) -> None:
            self._clock.loop.call_soon_threadsafe(_settle, written, error)

        self._link.send(data, sent)
        await written
        return self._recorder.sent(data, secret=secret)

    def expect(
        self, pattern: str, *, within: float, after: Moment | None = None, requirement: str = ""
    ) -> ev.ConsoleLine:
        """A line that the phone owes: one whose text matches within so many seconds after ``after``.

        `Unmet` where the phone did not say it, and `ConsoleError` where nobody can know. The pattern
        is searched in each line as `hil.console.shown` has it.
        """
        wanted = _compiled(pattern)

        def look(start: Moment) -> ev.ConsoleLine:
            return self._history.expect(
                ev.ConsoleLine,
                within=within,
                after=start,
                requirement=requirement,
                handset=self._handset,
                text=wanted,
            )

        return self._relied_upon(after, look)

    def wait(self, pattern: str, *, within: float, after: Moment | None = None) -> ev.ConsoleLine:
        """The same as a precondition of the test, see `History.wait`."""
        wanted = _compiled(pattern)

        def look(start: Moment) -> ev.ConsoleLine:
            return self._history.wait(
                ev.ConsoleLine, within=within, after=start, handset=self._handset, text=wanted
            )

        return self._relied_upon(after, look)

    # -- told by the link, in its thread -----------------------------------------------------------

    def found(self) -> None:
        """The port is open."""
        self._clock.loop.call_soon_threadsafe(self._opened)

    def lost(self, error: ConsoleError) -> None:
        """The port is gone, or not there."""
        self._clock.loop.call_soon_threadsafe(self._missed, error)

    def heard(self, data: bytes) -> None:
        """Octets have arrived; the thread waits here where the loop cannot keep up."""
        at = self._clock.now()
        while not self._under_way.acquire(timeout=_STOP_CHECK_S):
            if self._link.stopped:
                return
        self._clock.loop.call_soon_threadsafe(self._arrived, data, at)

    # -- inside ------------------------------------------------------------------------------------

    def _opened(self) -> None:
        self.trouble = None
        self._recorder.found()
        self._attempted.set()

    def _missed(self, error: ConsoleError) -> None:
        self.trouble = error
        self._recorder.lost(error)
        self._attempted.set()

    def _arrived(self, data: bytes, at: int) -> None:
        self._under_way.release()
        self._recorder.arrived(data, at)

    def _relied_upon(
        self, after: Moment | None, look: Callable[[Moment], ev.ConsoleLine]
    ) -> ev.ConsoleLine:
        start = after if after is not None else self._history.mark()
        try:
            return look(start)
        except Unmet as unmet:
            blind = self._blind(start)
            if not blind:
                raise
            fault = ConsoleError(
                "the console could not be read while a test relied on it",
                evidence=blind,
                next_step="see why the console drops, then run the test again",
                concerns=self._handset,
            )
            self._recorder.fault(fault)
            raise fault from unmet

    def _blind(self, start: Moment) -> str:
        """Why not all that the console said after ``start`` is in the history; empty if it is."""
        state: ev.ConsoleFound | ev.ConsoleLost | None = None
        for event in self._history.all(ev.Event, handset=self._handset):
            if event.seq <= start.seq:
                if isinstance(event, ev.ConsoleFound | ev.ConsoleLost):
                    state = event
            elif isinstance(event, ev.ConsoleLost):
                return f"lost: {event.reason}"
            elif isinstance(event, ev.ConsoleSkipped):
                return f"{event.lines} lines came too fast for the history"
        if isinstance(state, ev.ConsoleFound):
            return ""
        return f"away: {state.reason}" if state is not None else "it was not open yet"


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"{pattern!r} is no pattern: {error}", remedy="see the module re"
        ) from error


def _settle(written: asyncio.Future[None], error: ConsoleError | None) -> None:
    if written.done():
        return
    if error is None:
        written.set_result(None)
    else:
        written.set_exception(error)
