"""Client transactions (RFC 3261 section 17.1, with the Accepted state of RFC 6026).

::

    INVITE   start ─► CALLING ─1xx─► PROCEEDING
                         │               │
                         ├───────────────┴─2xx─► ACCEPTED ──M──► TERMINATED
                         ├───────────────┴─300 to 699, ACK─► COMPLETED ──D──► TERMINATED
                         └─B, transport─► TERMINATED

    other    start ─► TRYING ─1xx─► PROCEEDING
                         ├───────────────┴─200 to 699─► COMPLETED ──K──► TERMINATED
                         └───────────────┴─F, transport─► TERMINATED

A request is repeated over an unreliable transport until something answers it: an INVITE at T1,
2*T1, 4*T1 and so on (timer A), any other at pauses that grow to T2 (timer E).
"""

from __future__ import annotations

from enum import Enum, auto

from hil.errors import LocalProtocolError
from hil.wire.sip_build import ack_refusal
from hil.wire.sip_message import Request, Response
from hil.wire.sip_timers import Arrived, Cause, Ended, Event, Failed, Repeats, Send, Timers


class State(Enum):
    """Where a client transaction is; see the module."""

    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class ClientTransaction:
    """One request and its responses; an INVITE or any other but ACK, which has no transaction.

    ``request`` is complete, with a Via and a branch of its own. ``reliable`` tells whether the
    transport is TCP or TLS.
    """

    def __init__(self, request: Request, *, reliable: bool, timers: Timers | None = None) -> None:
        if request.method == "ACK":
            raise LocalProtocolError("an ACK is no transaction")
        self.request = request
        self.reliable = reliable
        self._timers = timers or Timers()
        self._invite = request.method == "INVITE"
        self._state: State | None = None
        self._repeats: Repeats | None = None
        self._end_at: int | None = None
        self._ack: Request | None = None

    @property
    def state(self) -> State | None:
        """The state; None before `start`."""
        return self._state

    @property
    def answered(self) -> bool:
        """Whether any response has come; only then may a CANCEL be sent (section 9.1)."""
        return self._state not in (None, State.CALLING, State.TRYING)

    def next_deadline(self) -> int | None:
        """When `timeout` is due, in ns."""
        due = [] if self._repeats is None else [self._repeats.due]
        return min([*due, *([] if self._end_at is None else [self._end_at])], default=None)

    def start(self, now: int) -> list[Event]:
        """Send the request."""
        if self._state is not None:
            raise LocalProtocolError("a transaction is started once")
        self._state = State.CALLING if self._invite else State.TRYING
        if not self.reliable:
            most = None if self._invite else self._timers.t2
            self._repeats = Repeats(self._timers, now, most)
        self._end_at = now + self._timers.patience
        return [Send(self.request)]

    def receive(self, response: Response, now: int) -> list[Event]:
        """Take a response that `matches` this transaction."""
        match self._state:
            case State.CALLING | State.TRYING | State.PROCEEDING:
                if response.status < 200:
                    return self._provisional(response, now)
                return self._final(response, now)
            case State.ACCEPTED if 200 <= response.status < 300:
                return [Arrived(response)]
            case State.COMPLETED if self._ack is not None and response.status >= 300:
                return [Send(self._ack)]
        return []

    def timeout(self, now: int) -> list[Event]:
        """Repeat the request if that is due; fail or end when the time of the state is over."""
        if self._end_at is not None and now >= self._end_at:
            waiting = self._state in (State.CALLING, State.TRYING, State.PROCEEDING)
            return self._end(Failed(Cause.TIMEOUT)) if waiting else self._end()
        if self._repeats is not None and self._repeats.passed(now):
            return [Send(self.request)]
        return []

    def transport_failed(self) -> list[Event]:
        """The request, or the ACK, could not be delivered (section 17.1.4)."""
        if self._state in (None, State.TERMINATED):
            return []
        return self._end(Failed(Cause.TRANSPORT))

    def _provisional(self, response: Response, now: int) -> list[Event]:
        self._state = State.PROCEEDING
        if self._invite:
            # Timer B has done its duty as well: a phone may ring for as long as its user likes.
            self._repeats = self._end_at = None
        elif self._repeats is not None:
            self._repeats.slow_down()
        return [Arrived(response)]

    def _final(self, response: Response, now: int) -> list[Event]:
        self._repeats = None
        timers, reliable = self._timers, self.reliable
        if not self._invite:
            self._state = State.COMPLETED
            return self._linger(now, timers.stragglers(reliable=reliable), [Arrived(response)])
        if response.status < 300:
            self._state = State.ACCEPTED
            return self._linger(now, timers.patience, [Arrived(response)])
        self._state = State.COMPLETED
        self._ack = ack_refusal(self.request, response)
        told: list[Event] = [Send(self._ack), Arrived(response)]
        return self._linger(now, timers.completed_client(reliable=reliable), told)

    def _linger(self, now: int, wait: int, told: list[Event]) -> list[Event]:
        if wait == 0:
            return [*told, *self._end()]
        self._end_at = now + wait
        return told

    def _end(self, *told: Event) -> list[Event]:
        self._state = State.TERMINATED
        self._repeats = self._end_at = None
        return [*told, Ended()]


def matches(request: Request, response: Response) -> bool:
    """Whether a response belongs to the request's transaction (section 17.1.3)."""
    return response.via.branch == request.via.branch and response.cseq.method == request.cseq.method
