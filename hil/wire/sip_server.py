"""Server transactions (RFC 3261 section 17.2, with the Accepted state of RFC 6026).

::

    INVITE   start ─► PROCEEDING ─2xx─► ACCEPTED ──L──► TERMINATED
                          └─300 to 699─► COMPLETED ─ACK─► CONFIRMED ──I──► TERMINATED
                                             └──H──► failed: no ACK

    other    start ─► TRYING ─1xx─► PROCEEDING ─200 to 699─► COMPLETED ──J──► TERMINATED

A refusal of an INVITE is repeated over an unreliable transport until the ACK comes (timer G). A 2xx
is its user's to repeat, over any transport: `Acceptance` does it (section 13.3.1.4).
"""

from __future__ import annotations

from enum import Enum, auto

from hil.errors import LocalProtocolError
from hil.wire.sip_build import respond_to
from hil.wire.sip_message import Request, Response
from hil.wire.sip_timers import (
    TRYING_DELAY,
    Arrived,
    Cause,
    Ended,
    Event,
    Failed,
    Repeats,
    Send,
    Timers,
)


class State(Enum):
    """Where a server transaction is; see the module."""

    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class ServerTransaction:
    """One request that came in, and our responses to it.

    ``auto_trying`` sends a 100 to an INVITE whose user says nothing for 200 ms.
    """

    def __init__(
        self,
        request: Request,
        now: int,
        *,
        reliable: bool,
        timers: Timers | None = None,
        auto_trying: bool = True,
    ) -> None:
        if request.method == "ACK":
            raise LocalProtocolError("an ACK is no transaction")
        self.request = request
        self.reliable = reliable
        self._timers = timers or Timers()
        self._invite = request.method == "INVITE"
        self._state = State.PROCEEDING if self._invite else State.TRYING
        self._trying_at = now + TRYING_DELAY if self._invite and auto_trying else None
        self._last: Response | None = None
        self._repeats: Repeats | None = None
        self._end_at: int | None = None

    @property
    def state(self) -> State:
        """The state."""
        return self._state

    @property
    def answered(self) -> bool:
        """Whether a final response was sent."""
        return self._state not in (State.TRYING, State.PROCEEDING)

    def next_deadline(self) -> int | None:
        """When `timeout` is due, in ns."""
        repeat = None if self._repeats is None else self._repeats.due
        times = (self._trying_at, repeat, self._end_at)
        return min((time for time in times if time is not None), default=None)

    def respond(self, response: Response, now: int) -> list[Event]:
        """Send a response; `LocalProtocolError` once a final one was sent."""
        if self.answered:
            raise LocalProtocolError(f"a {response.status} after the final response")
        self._trying_at = None
        self._last = response
        if response.status < 200:
            self._state = State.PROCEEDING
            return [Send(response)]
        if not self._invite:
            self._state = State.COMPLETED
            return self._linger(now, self._timers.completed_server(reliable=self.reliable))
        if response.status < 300:
            self._state = State.ACCEPTED
            return self._linger(now, self._timers.patience)
        self._state = State.COMPLETED
        if not self.reliable:
            self._repeats = Repeats(self._timers, now, self._timers.t2)
        return self._linger(now, self._timers.patience)

    def receive(self, request: Request, now: int) -> list[Event]:
        """Take a repetition of the request, or the ACK of a refusal."""
        if request.method == "ACK":
            if self._state is not State.COMPLETED or not self._invite:
                return []
            self._state, self._repeats = State.CONFIRMED, None
            wait = self._timers.stragglers(reliable=self.reliable)
            self._end_at = now + wait
            return [Arrived(request), *([] if wait else self._end())]
        if self._last is None or self._state in (
            State.ACCEPTED,
            State.CONFIRMED,
            State.TERMINATED,
        ):
            return []
        return [Send(self._last)]

    def timeout(self, now: int) -> list[Event]:
        """Send 100 or repeat a refusal if that is due; end when the time of the state is over."""
        if self._end_at is not None and now >= self._end_at:
            unconfirmed = self._invite and self._state is State.COMPLETED
            return self._end(Failed(Cause.NO_ACK)) if unconfirmed else self._end()
        if self._trying_at is not None and now >= self._trying_at:
            return self.respond(respond_to(self.request, 100), now)
        if self._repeats is not None and self._last is not None and self._repeats.passed(now):
            return [Send(self._last)]
        return []

    def abandon(self, now: int) -> None:
        """Never answer: swallow the request's repetitions for 64*T1, then end.

        `LocalProtocolError` once a final response was sent.
        """
        if self.answered:
            raise LocalProtocolError("abandoned after the final response")
        self._state = State.CONFIRMED if self._invite else State.COMPLETED
        self._last = self._trying_at = None
        self._end_at = now + self._timers.patience

    def transport_failed(self) -> list[Event]:
        """A response could not be delivered (section 17.2.4)."""
        if self._state is State.TERMINATED:
            return []
        return self._end(Failed(Cause.TRANSPORT))

    def _linger(self, now: int, wait: int) -> list[Event]:
        sent: list[Event] = [] if self._last is None else [Send(self._last)]
        if wait == 0:
            return [*sent, *self._end()]
        self._end_at = now + wait
        return sent

    def _end(self, *told: Event) -> list[Event]:
        self._state = State.TERMINATED
        self._repeats = self._end_at = self._trying_at = None
        return [*told, Ended()]


class Acceptance:
    """A 2xx to an INVITE that waits for its ACK (section 13.3.1.4).

    The user of the transaction repeats it, over a reliable transport as well, at T1, 2*T1 and so
    on up to T2; 64*T1 without an ACK is `Failed` with `Cause.NO_ACK`.
    """

    def __init__(self, response: Response, now: int, timers: Timers | None = None) -> None:
        timers = timers or Timers()
        self.response = response
        self._repeats: Repeats | None = Repeats(timers, now, timers.t2)
        self._end_at = now + timers.patience

    @property
    def waiting(self) -> bool:
        """Whether the ACK is still due."""
        return self._repeats is not None

    def next_deadline(self) -> int | None:
        """When `timeout` is due, in ns."""
        return None if self._repeats is None else min(self._repeats.due, self._end_at)

    def is_for(self, ack: Request) -> bool:
        """Whether this is the ACK: same dialog, same CSeq number."""
        response = self.response
        return (
            ack.call_id == response.call_id
            and ack.cseq.number == response.cseq.number
            and ack.from_.tag == response.from_.tag
            and ack.to.tag == response.to.tag
        )

    def acknowledged(self, ack: Request) -> list[Event]:
        """The ACK came; a repeated one does nothing."""
        if self._repeats is None:
            return []
        self._repeats = None
        return [Arrived(ack), Ended()]

    def timeout(self, now: int) -> list[Event]:
        """Repeat the 2xx if that is due, or give up."""
        if self._repeats is None:
            return []
        if now >= self._end_at:
            self._repeats = None
            return [Failed(Cause.NO_ACK), Ended()]
        return [Send(self.response)] if self._repeats.passed(now) else []
