"""What a bench waits for of its handset, told to whoever sits in front of it.

A phone that is brought into a known state may keep the laboratory waiting for minutes, and no verdict
falls meanwhile. Whoever waits says so in the history, with the time at which it gives up (`awaiting`).
`LongWaits` follows the history and tells what is awaited when that has lasted, each wait once at the
most; short ones are nobody's concern, unless one follows the other. It tells the rungs of a ladder at
once, each is a matter of minutes.

That is said and nothing more: no judge looks at it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from hil.clock import Clock
from hil.history import History
from hil.history import events as ev
from hil.lab_time import NANOSECONDS

LONG_S = 8.0
"""After how long somebody who is kept waiting is told what for, in seconds."""
_PAUSE_S = 1.0
"""Between two waits of which one follows the other, the bench does less than this, in seconds."""


@contextlib.contextmanager
def awaiting(history: History, what: str, until: int) -> Iterator[None]:
    """Have the history say what is awaited in this block, and until when (lab time, nanoseconds)."""
    history.append(ev.Awaited(source="bench", what=what, until=until))
    try:
        yield
    finally:
        history.append(ev.Awaited(source="bench", what=what, until=until, over=True))


class LongWaits:
    """Tells ``tell`` what lasts; to be given to `History.follow`.

    On a clock whose time passes by itself: no other keeps anybody waiting. ``tell`` may block, it is
    called in a thread that nothing else waits for, or in the one that climbs the ladder.
    """

    def __init__(
        self, clock: Clock, tell: Callable[[str], None], *, long_s: float = LONG_S
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._long_s = long_s
        self._timer: asyncio.TimerHandle | None = None
        self._since: int | None = None
        self._ended = 0

    def __call__(self, event: ev.Event) -> None:
        """Take an event that was appended, from any thread."""
        match event:
            case ev.Awaited():
                self._clock.loop.call_soon_threadsafe(self._watch, event)
            case ev.RecoveryStep():
                self._tell(f"it is brought back: {step_in_words(event)}")

    # -- inside ------------------------------------------------------------------------------------

    def _watch(self, event: ev.Awaited) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if event.over:
            self._ended = event.at
            return
        if self._since is None or event.at - self._ended > _PAUSE_S * NANOSECONDS:
            self._since = event.at
        left = self._long_s - (self._clock.now() - self._since) / NANOSECONDS
        self._timer = self._clock.loop.call_later(max(left, 0.0), self._lasts, event)

    def _lasts(self, event: ev.Awaited) -> None:
        self._timer = self._since = None
        left = timedelta(seconds=(event.until - self._clock.now()) / NANOSECONDS)
        until = (datetime.now(UTC) + left).astimezone()
        # A terminal that is held takes no line, and must not hold up the servers of the loop.
        self._clock.loop.run_in_executor(
            None, self._tell, f"waiting for {event.what} until {until:%H:%M:%S}"
        )


def step_in_words(step: ev.RecoveryStep) -> str:
    """A rung of the ladder that is begun, or what became of it."""
    if step.phase is ev.RecoveryPhase.BEGUN:
        return f"{step.rung}: {step.reason} ..."
    why = f": {step.reason}" if step.reason else ""
    return f"{step.rung} {step.phase.value} after {step.took:.1f} s{why}"
