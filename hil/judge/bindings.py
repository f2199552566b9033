"""Whether the phone's lines are registered, as SIP shows it: what $REGTMR1 and $REGTMR2 count from.

That a server grants a registration is plain. When a phone takes it for lost is not: a refused or
unanswered REGISTER may be the end of it, or the binding's last second, and another server may hold one
still. Where anything depends on it, both are followed. So it is with a line that has never had a
registration: it may count from its first failure, or not at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from hil.history import events as ev
from hil.judge.perhaps import News, Perhaps, Settled
from hil.judge.sip_timers import patience
from hil.lab_time import NANOSECONDS
from hil.reference.line_parameters import LINES
from hil.reference.parameters import Parameters
from hil.reference.phone import Registration

USUAL_S = 3600
"""The lifetime of a binding of which nothing is said (RFC 3261 section 10.2)."""


@dataclass(frozen=True)
class _Asking:
    """A REGISTER that has no answer yet, for one of these lines; at ``until`` the phone gives it up."""

    lines: tuple[int, ...]
    cseq: int
    until: int
    expires: int
    server: tuple[str, int]
    matters: bool


@dataclass
class _Line:
    """What is known of a line's registration.

    ``bindings`` has when each server's ends. ``refused``: it was refused or not answered since it had
    one; ``hopeful``: its end has passed while an answer was outstanding. ``doubted`` is since when it
    may be lost, where nothing depended on that yet.
    """

    bindings: dict[tuple[str, int], int] = field(default_factory=dict)
    ends: int | None = None
    failed: bool = False
    refused: bool = False
    hopeful: bool = False
    doubted: int | None = None
    matters: bool = False


class Bindings:
    """Feed it REGISTERs and their responses, in order."""

    def __init__(self) -> None:
        self._asking: dict[str, _Asking] = {}
        self._lines: dict[int, _Line] = {}
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
        else:
            # Without credentials, or a longer interval, a challenge may be the end, too.
            yield from self._refused(asking, event.at)

    def undeliverable(self, event: ev.FaultInjected) -> Iterator[News]:
        """What the phone sent last cannot be delivered, and it was told so (ICMP)."""
        for call_id in [each for each in self._asking if each in event.detail]:
            yield from self._refused(self._asking.pop(call_id), event.at)

    def timed_out(self, now: int) -> Iterator[News]:
        """What has come to an end before ``now`` because nobody answered, or by itself."""
        while ended := self._first_to_end(now):
            at, what = ended
            if isinstance(what, str):
                yield from self._refused(self._asking.pop(what), at)
            else:
                yield from self._ran_out(what, at)

    def learned(self, at: int, *parameters: Parameters) -> Iterator[News]:
        """What may have been lost before, of which something depends from ``at`` on."""
        doubted = {n: line.doubted for n, line in self._lines.items() if line.doubted is not None}
        if not doubted or not any(map(counts_registrations, parameters)):
            return
        for number, since in doubted.items():
            self._lines[number].doubted = None
            yield from self._either(Registration(at, number, False, since))

    # -- inside ------------------------------------------------------------------------------------

    def _first_to_end(self, now: int) -> tuple[int, str | int] | None:
        """The REGISTER, by its Call-ID, or the line's binding that ended first before ``now``."""
        ends: list[tuple[int, str | int]] = [(a.until, key) for key, a in self._asking.items()]
        ends += [(line.ends, n) for n, line in self._lines.items() if line.ends is not None]
        over = [each for each in ends if each[0] < now]
        return min(over, key=lambda each: each[0], default=None)

    def _granted(self, asking: _Asking, at: int, expires: int) -> Iterator[News]:
        for number in asking.lines:
            line = self._lines.get(number, _Line())
            bindings = {**line.bindings, asking.server: at + expires * NANOSECONDS}
            alone, doubted = len(asking.lines) == 1, None
            if not expires:
                bindings = {}
                doubted = at if line.bindings and not alone else None
            ends = max(bindings.values(), default=None) if alone else None
            self._lines[number] = _Line(
                bindings, ends, failed=line.failed, doubted=doubted, matters=asking.matters
            )
            granted = Registration(at, number, bool(bindings))
            if alone and (bindings or line.bindings):
                yield granted
            elif not alone and asking.matters:
                yield from self._either(granted)

    def _refused(self, asking: _Asking, at: int) -> Iterator[News]:
        for number in asking.lines:
            line = self._lines.setdefault(number, _Line())
            line.matters = asking.matters
            lost = Registration(at, number, False)
            if line.hopeful:
                line.hopeful = False
                yield lost
            elif line.bindings or not line.failed:
                yield from self._doubted(number, lost)
            line.failed = line.refused = True

    def _ran_out(self, number: int, at: int) -> Iterator[News]:
        line = self._lines[number]
        line.ends, line.bindings = None, {}
        lost = Registration(at, number, False)
        # Of an answer that is outstanding it may have hopes, and of a question that it did not ask.
        waits = any(number in asking.lines for asking in self._asking.values())
        if line.refused and not waits:
            yield lost
        else:
            line.hopeful = True
            yield from self._doubted(number, lost)

    def _doubted(self, number: int, lost: Registration) -> Iterator[News]:
        """It is lost, or not yet; both are followed where anything depends on it."""
        line = self._lines[number]
        if line.matters:
            line.doubted = None
            yield from self._either(lost)
        elif line.doubted is None:
            line.doubted = lost.at

    def _either(self, happening: Registration) -> Iterator[News]:
        """It happens, or not: nobody can tell."""
        name = f"registration {next(self._numbers)}"
        yield Perhaps(name, happening)
        yield Settled(name, happening, None, "macros.registration")


def counts_registrations(parameters: Parameters) -> bool:
    """Whether anything that the phone does depends on how long a line has not been registered."""
    return any("REGTMR" in value for value in parameters.items_set().values())


def lines_of(event: ev.SipMessage, parameters: Parameters) -> tuple[int, ...]:
    """The lines that a REGISTER may be of: those with its user, told apart by their ports."""
    user = event.to_user
    users = [n for n in LINES if user and parameters.raw(f"User_ID_{n}_") == user]
    port = event.peer.rpartition(":")[2]
    there = [n for n in users if parameters.raw(f"SIP_Port_{n}_") == port]
    return tuple(there or users)
