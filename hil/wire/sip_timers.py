"""Timers of SIP transactions (RFC 3261 section 17 and table 4 of appendix A), and what they report.

The letters are the standard's. Over a reliable transport nothing is repeated and nothing waits for
stragglers, so the timers that do this are zero there. Timer L and M are those of RFC 6026, which
keeps an INVITE transaction alive after a 2xx so that a repeated one is recognised.

A transaction machine is told of messages and of time, and answers with a list of these events. Each
event names what has to be done by whom: `Send` is for the transport, `Arrived` for the user of the
transaction, `Failed` and `Ended` as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from hil.wire.sip_message import Message

MILLISECOND = 1_000_000
"""Nanoseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """The three values that all timers are made of, in ns.

    ``t1`` estimates the round trip, ``t2`` is the longest time between repetitions, ``t4`` the
    longest that a message stays in the network.
    """

    t1: int = 500 * MILLISECOND
    t2: int = 4000 * MILLISECOND
    t4: int = 5000 * MILLISECOND

    @property
    def patience(self) -> int:
        """Timers B, F, H, L and M: 64 times T1, the life of a transaction without an answer."""
        return 64 * self.t1

    def completed_client(self, *, reliable: bool) -> int:
        """Timer D: how long an INVITE client answers repeated final responses; 32 s at least."""
        return 0 if reliable else max(self.patience, 32_000 * MILLISECOND)

    def stragglers(self, *, reliable: bool) -> int:
        """Timers I and K: how long repeated ACKs or responses are swallowed."""
        return 0 if reliable else self.t4

    def completed_server(self, *, reliable: bool) -> int:
        """Timer J: how long a non-INVITE server answers repeated requests."""
        return 0 if reliable else self.patience


TRYING_DELAY = 200 * MILLISECOND
"""An INVITE server sends 100 if its user has said nothing by then (section 17.2.1)."""


class Cause(Enum):
    """Why a transaction failed."""

    TIMEOUT = auto()
    """No final response in 64*T1: timer B or F. To the user that is a 408 (section 8.1.3.1)."""
    NO_ACK = auto()
    """No ACK for a final response in 64*T1: timer H, or section 13.3.1.4 for a 2xx."""
    TRANSPORT = auto()
    """The transport could not deliver. To the user that is a 503 (section 8.1.3.1)."""


@dataclass(frozen=True, slots=True)
class Send:
    """Hand the message to the transport."""

    message: Message


@dataclass(frozen=True, slots=True)
class Arrived:
    """The other side's message, for the user: a response to the request, or the ACK it waited for.

    Repetitions are not reported, except those of a 2xx to an INVITE, each of which wants an ACK
    from the user (section 13.2.2.4).
    """

    message: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """The transaction is over without success."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Ended:
    """The transaction is over and can be forgotten; always the last event."""


Event = Send | Arrived | Failed | Ended


class Repeats:
    """A message that is repeated with growing pauses: first after T1, then doubled, up to ``most``.

    ``most`` None lets the pause grow for ever (timer A).
    """

    def __init__(self, timers: Timers, now: int, most: int | None) -> None:
        self._pause = timers.t1
        self._most = most
        self.due = now + self._pause

    def passed(self, now: int) -> bool:
        """Whether the message is due again; plans the next repetition if so.

        Each follows from when the one before was due, not from when it was noticed, so that a late
        call shifts none of those to come.
        """
        if now < self.due:
            return False
        self._pause *= 2
        if self._most is not None:
            self._pause = min(self._pause, self._most)
        self.due += self._pause
        return True

    def slow_down(self) -> None:
        """Have only the longest pauses follow: a provisional response came (section 17.1.2.2)."""
        if self._most is not None:
            self._pause = self._most
