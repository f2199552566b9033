"""Whether the phone's lines are registered, as SIP shows it: what $REGTMR1 and $REGTMR2 count from.

That a server grants a registration is plain. When a phone takes it for lost is not: a refused or
unanswered REGISTER may be the end of it, or the binding's last second, and another server may hold one
still. Where anything depends on it, both are followed. So it is with a line that has never had a
registration: it may count from its first failure, or not at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from hil.history import events as ev
from hil.judge import sip_text
from hil.judge.perhaps import News, Perhaps, Settled
from hil.judge.sip_timers import patience
from hil.lab_time import NANOSECONDS
from hil.reference.line_parameters import LINES
from hil.reference.parameters import Parameters
from hil.reference.phone import Registration

USUAL_S = 3600
"""The lifetime of a binding of which nothing is said (RFC 3261 section 10.2)."""

_INTERVAL_TOO_BRIEF = 423


@dataclass(frozen=True)
class _Asking:
    """A REGISTER that has no answer yet, for one of these lines; at ``until`` the phone gives it up."""

    lines: tuple[int, ...]
    cseq: int
    until: int
    expires: int
    server: tuple[str, int]
    matters: bool


class Bindings:
    """Feed it REGISTERs and their responses, in order."""

    def __init__(self) -> None:
        self._asking: dict[str, _Asking] = {}
        self._bindings: dict[int, dict[tuple[str, int], int]] = {}
        self._failed: set[int] = set()
        self._running_out: dict[int, int] = {}
        self._numbers = itertools.count(1)

    def feed(self, event: ev.SipMessage, parameters: Parameters) -> Iterator[News]:
        """What a REGISTER or a response to one says."""
        server = (event.source, event.port)
        if event.direction is ev.Direction.RECEIVED:
            lines = lines_of(event, parameters)
            before = self._asking.get(event.call_id)
            if lines and (before is None or before.cseq < event.cseq):
                matters = counts_registrations(parameters)
                until = event.at + patience(parameters)
                self._asking[event.call_id] = _Asking(
                    lines, event.cseq, until, event.expires, server, matters
                )
            return
        asking = self._asking.get(event.call_id)
        if asking is None or event.status < 200:
            return
        if event.cseq >= asking.cseq:
            del self._asking[event.call_id]
        if event.status < 300:
            expires = asking.expires if event.expires < 0 else event.expires
            yield from self._granted(asking, event.at, USUAL_S if expires < 0 else expires)
        elif not _may_be_mended(event.status):
            yield from self._refused(asking, event.at)
        elif asking.matters:
            # Without credentials, or a longer interval, it may be the end.
            yield from self._refused(asking, event.at)

    def undeliverable(self, event: ev.FaultInjected) -> Iterator[News]:
        """What the phone sent last cannot be delivered, and it was told so (ICMP)."""
        for call_id in [each for each in self._asking if each in event.detail]:
            yield from self._refused(self._asking.pop(call_id), event.at)

    def timed_out(self, now: int) -> Iterator[News]:
        """What has come to an end before ``now`` because nobody answered, or by itself."""
        for call_id, asking in tuple(self._asking.items()):
            if asking.until < now:
                del self._asking[call_id]
                yield from self._refused(asking, asking.until)
        for line, ends in tuple(self._running_out.items()):
            if ends < now:
                del self._running_out[line]
                self._bindings.pop(line, None)
                yield Registration(ends, line, False)

    # -- inside ------------------------------------------------------------------------------------

    def _granted(self, asking: _Asking, at: int, expires: int) -> Iterator[News]:
        if not expires:
            yield from self._refused(asking, at)
            return
        for line in asking.lines:
            self._bindings.setdefault(line, {})[asking.server] = at + expires * NANOSECONDS
            self._running_out.pop(line, None)
            granted = Registration(at, line, True)
            if len(asking.lines) == 1:
                yield granted
            elif asking.matters:
                yield from self._either(granted)

    def _refused(self, asking: _Asking, at: int) -> Iterator[News]:
        for line in asking.lines:
            held = self._bindings.get(line, {})
            first = not held and line not in self._failed
            self._failed.add(line)
            lost = Registration(at, line, False)
            if asking.matters and (held or first):
                yield from self._either(lost)
                if held and len(asking.lines) == 1:
                    self._running_out.setdefault(line, max(held.values()))
            elif held:
                del self._bindings[line]
                yield lost

    def _either(self, happening: Registration) -> Iterator[News]:
        """It happens, or not: nobody can tell."""
        name = f"registration {next(self._numbers)}"
        yield Perhaps(name, happening)
        yield Settled(name, happening, None, "macros.registration")


def counts_registrations(parameters: Parameters) -> bool:
    """Whether anything that the phone does depends on how long a line has not been registered."""
    return any("REGTMR" in value for value in parameters.items_set().values())


def _may_be_mended(status: int) -> bool:
    """Whether a refusal says what the next REGISTER needs: credentials, or a longer interval."""
    return sip_text.is_challenge(status) or status == _INTERVAL_TOO_BRIEF


def lines_of(event: ev.SipMessage, parameters: Parameters) -> tuple[int, ...]:
    """The lines that a REGISTER may be of: those with its user, told apart by their ports."""
    user = event.to_user
    users = [n for n in LINES if user and parameters.raw(f"User_ID_{n}_") == user]
    port = event.peer.rpartition(":")[2]
    there = [n for n in users if parameters.raw(f"SIP_Port_{n}_") == port]
    return tuple(there or users)
