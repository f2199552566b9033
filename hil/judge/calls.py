"""The phone's calls, as SIP shows them: when a line is active for certain, and when it may be.

"The device does not resync while one of its phone lines is active" (Forced Resync Delay). A line is in
use for certain from the ACK of a call to its BYE. Whether it counts while it rings or dials no text
says, nor can anybody know how long a phone goes on that was told to hang up and does not answer: until
then a line is perhaps active. Each call counts as a line of its own, so that it does not matter whose
it is.

::

    INVITE, dialing ──▶ perhaps ──2xx, ACK──▶ active ──BYE of the phone──▶ idle
                           │ refused, silent    │                            ▲
                           ▼                    ▼ hung up, BYE of the lab    │ answered
                          idle                perhaps ───────────────────────┘
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hil.history import events as ev
from hil.judge import sip_text
from hil.judge.sip_timers import patience
from hil.lab_time import NANOSECONDS
from hil.reference.parameters import Parameters
from hil.reference.phone import LineChanged

UNDIALED_NS = 60 * NANOSECONDS
"""How long a line may be busy with a number that leads to no call."""

_MOST_ENDED = 64
_GONE = (408, 481)
"""Responses within a dialogue that say there is none (RFC 3261 section 12.2.1.2)."""


@dataclass(frozen=True)
class _Call:
    """One call, known by its ``line``; ``cseq`` is that of the INVITE that began it.

    ``gives_up`` is when the phone does if nobody answers it, ``accepted`` whether its INVITE had a
    2xx, ``acknowledged`` whether that had its ACK.
    """

    line: int
    cseq: int
    gives_up: int | None = None
    accepted: bool = False
    acknowledged: bool = False


class Calls:
    """Feed it what concerns calls, in order."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._calls: dict[str, _Call] = {}
        self._ended: dict[tuple[str, int], None] = {}
        self._dialing: tuple[int, int] | None = None

    def feed(self, event: ev.SipMessage, parameters: Parameters) -> Iterator[LineChanged]:
        """What an INVITE, an ACK or a BYE, or a response to one, says of the lines."""
        gives_up = event.at + patience(parameters)
        call = self._calls.get(event.call_id)
        if event.method == "INVITE" and event.status == 0:
            yield from self._invited(event, call, gives_up)
        elif call is None:
            return
        elif event.method == "INVITE":
            yield from self._replied(event, call, gives_up)
        elif event.method == "ACK" and call.accepted and not call.acknowledged:
            self._calls[event.call_id] = replace(call, acknowledged=True)
            yield LineChanged(event.at, call.line, True)
        elif event.method == "BYE":
            yield from self._bye(event, call)

    def used(self, event: ev.ScreenUsed) -> Iterator[LineChanged]:
        """Somebody dials at the phone itself, or hangs up: it is about to do something."""
        if not event.offered:
            return
        if event.action == "dial" and self._dialing is None:
            self._dialing = (next(self._numbers), event.at)
            yield LineChanged(event.at, self._dialing[0], None)
        elif event.action == "hang-up":
            yield from self._dialed(event.at)
            for call in self._calls.values():
                yield LineChanged(event.at, call.line, None)

    def undeliverable(self, event: ev.FaultInjected) -> Iterator[LineChanged]:
        """What the phone sent last cannot be delivered, and it was told so (ICMP)."""
        for call_id in [c for c, call in self._calls.items() if call.gives_up is not None]:
            if call_id in event.detail:
                yield from self._over(call_id, event.at)

    def timed_out(self, now: int) -> Iterator[LineChanged]:
        """What has come to an end before ``now`` because nobody answered."""
        silent = [
            (call.gives_up, call_id)
            for call_id, call in self._calls.items()
            if call.gives_up is not None and call.gives_up < now
        ]
        for at, call_id in sorted(silent):
            yield from self._over(call_id, at)
        if self._dialing is not None and self._dialing[1] + UNDIALED_NS < now:
            yield from self._dialed(self._dialing[1] + UNDIALED_NS)

    # -- inside ------------------------------------------------------------------------------------

    def _invited(
        self, event: ev.SipMessage, call: _Call | None, gives_up: int
    ) -> Iterator[LineChanged]:
        from_phone = event.direction is ev.Direction.RECEIVED
        if call is not None:
            if from_phone and not call.accepted and event.cseq > call.cseq:
                # With credentials, or elsewhere.
                again = replace(call, cseq=event.cseq, gives_up=gives_up)
                self._calls[event.call_id] = again
            return
        if (event.call_id, event.cseq) in self._ended:
            return
        call = _Call(next(self._numbers), event.cseq, gives_up if from_phone else None)
        self._calls[event.call_id] = call
        yield LineChanged(event.at, call.line, None)
        if from_phone:
            yield from self._dialed(event.at)

    def _replied(self, event: ev.SipMessage, call: _Call, gives_up: int) -> Iterator[LineChanged]:
        if call.accepted:
            if event.cseq != call.cseq and event.status in _GONE:
                yield LineChanged(event.at, call.line, None)
        elif sip_text.is_challenge(event.status) and call.gives_up is not None:
            self._calls[event.call_id] = replace(call, gives_up=gives_up)
        elif event.status >= 300:
            yield from self._over(event.call_id, event.at)
        else:
            self._calls[event.call_id] = replace(call, gives_up=None, accepted=event.status >= 200)

    def _bye(self, event: ev.SipMessage, call: _Call) -> Iterator[LineChanged]:
        from_phone = event.direction is ev.Direction.RECEIVED
        if from_phone and (event.status == 0 or event.status >= 200):
            # It hangs up, or says that it has.
            yield from self._over(event.call_id, event.at)
        elif not from_phone and event.status == 0:
            yield LineChanged(event.at, call.line, None)

    def _dialed(self, at: int) -> Iterator[LineChanged]:
        if self._dialing is not None:
            line, self._dialing = self._dialing[0], None
            yield LineChanged(at, line, False)

    def _over(self, call_id: str, at: int) -> Iterator[LineChanged]:
        call = self._calls.pop(call_id)
        self._ended[call_id, call.cseq] = None
        if len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]
        yield LineChanged(at, call.line, False)
