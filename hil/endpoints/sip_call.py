"""A call between the bench and the handset, as a test sees it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from hil.endpoints.base import Station
from hil.lab_time import NANOSECONDS


class CallState(StrEnum):
    """How far a call has come."""

    CALLING = "calling"
    """The INVITE is sent, or has come."""
    RINGING = "ringing"
    """The callee rings: 180, or another provisional response but 100."""
    ESTABLISHED = "established"
    """Answered with a 2xx; of a call of the handset's, acknowledged as well."""
    ENDED = "ended"


class Call:
    """One call. ``outgoing`` is one from the bench to the handset; ``line`` is the handset's.

    What is read here may be read from any thread; it changes in the loop.
    """

    def __init__(self, station: Station, line: int | None, *, outgoing: bool) -> None:
        self._station = station
        self._reached = {CallState.CALLING}
        self._hang_up: Callable[[], None] = _nothing
        self.line = line
        self.outgoing = outgoing
        self.state = CallState.CALLING
        self.status = 0
        """The last response to the INVITE; 0 before the first."""
        self.reason = ""
        """Why it ended, in words."""

    def __repr__(self) -> str:
        way = "to" if self.outgoing else "from"
        return f"<call {way} line {self.line}: {self.state}, {self.status} {self.reason}>"

    def wait(self, state: CallState, *, within: float) -> bool:
        """Wait until the call has reached a state, or ended; whether it ever reached it.

        ``within`` is in seconds of lab time.
        """
        until = self._station.clock.now() + round(within * NANOSECONDS)
        self._station.clock.wait(
            lambda: state in self._reached or self.state is CallState.ENDED, until
        )
        return state in self._reached

    def hang_up(self) -> None:
        """End the call: BYE once it is established, CANCEL or a refusal before; again is harmless."""
        self._station.in_loop(self._hang_up)

    # -- for whoever leads the call, in the loop ---------------------------------------------------

    def led_by(self, hang_up: Callable[[], None]) -> None:
        """Have ``hang_up`` do what the method of that name promises."""
        self._hang_up = hang_up

    def reach(self, state: CallState, status: int = 0, reason: str = "") -> None:
        """Note a new state; one that has ended stays so."""
        if self.state is CallState.ENDED:
            return
        self.state = state
        self._reached.add(state)
        self.status = status or self.status
        self.reason = reason or self.reason
        self._station.clock.notify()


def _nothing() -> None:
    """Before anybody leads the call there is nothing to end."""
