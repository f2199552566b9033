"""Log messages that a phone owes, and those that came.

UDP and the lab's sockets keep no order: a message may be on record before the request that it
announces. What came without being due is therefore kept for a while, and taken when it falls due.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from hil.history import events as ev
from hil.judge.findings import Finding, Ledger
from hil.judge.names import host_name
from hil.judge.timing import Timing
from hil.lab_time import NANOSECONDS
from hil.reference.log_messages import LogKind, LogMessage

CLAUSES = {
    LogKind.REQUEST: "log.request",
    LogKind.SUCCESS: "log.success",
    LogKind.FAILURE: "log.failure",
    LogKind.UPGRADE_REQUEST: "log.upgrade_request",
    LogKind.UPGRADE_SUCCESS: "log.upgrade_success",
    LogKind.UPGRADE_FAILURE: "log.upgrade_failure",
}
ANNOUNCING = (LogKind.REQUEST, LogKind.UPGRADE_REQUEST)
"""The messages at the start of an attempt."""
_FAILING = (LogKind.FAILURE, LogKind.UPGRADE_FAILURE)
_STRAYS = 4


@dataclass(frozen=True)
class Owed:
    """A message that is due from one instant until another, ns of lab time; it may be ``excused``."""

    message: LogMessage
    since: int
    until: int
    excused: bool = False


def is_message(event: ev.SyslogMessage, message: LogMessage) -> bool:
    """Whether what came is this message, at the port that it goes to.

    A first word with a colon may be taken for a tag (RFC 3164 section 5.3) that it is not.
    """
    texts = (event.text, f"{event.tag}: {event.text}") if event.tag else (event.text,)
    return event.port == message.port and any(map(message.accepts, texts))


class OwedLogs:
    """The messages that are due; a violation is told when one is overdue."""

    def __init__(self, timing: Timing, ledger: Ledger) -> None:
        self.owed: tuple[Owed, ...] = ()
        self._timing = timing
        self._ledger = ledger
        self._strays: tuple[ev.SyslogMessage, ...] = ()

    def copy(self, ledger: Ledger) -> OwedLogs:
        """The same, with another ledger."""
        other = OwedLogs(self._timing, ledger)
        other.owed, other._strays = self.owed, self._strays
        return other

    def clear(self) -> None:
        """Nothing is owed any more: the phone has lost its power."""
        self.owed = ()
        self._strays = ()

    def excuse(self) -> None:
        """What is owed may come, and need not: the phone may take it along into a boot."""
        self.owed = tuple(replace(each, excused=True) for each in self.owed)

    def owe(self, message: LogMessage, at: int) -> None:
        """A message is due from ``at`` on, unless it was on record just before."""
        early = self._stray_for(message, at)
        if early is not None:
            self._strays = tuple(each for each in self._strays if each is not early)
            self._ledger.checked(CLAUSES[message.kind])
            return
        until = at + round(self._timing.message * NANOSECONDS)
        if message.kind is LogKind.UPGRADE_SUCCESS:
            # The load is put in its place before that.
            until += round(self._timing.restart * NANOSECONDS)
        self.owed = (*self.owed, Owed(message, at, until))

    def announced(self, messages: Iterable[LogMessage], at: int) -> ev.SyslogMessage | None:
        """The message on record just before ``at`` that announced the resync of these messages."""
        requests = [message for message in messages if message.kind in ANNOUNCING]
        return next((s for m in requests if (s := self._stray_for(m, at)) is not None), None)

    def _stray_for(self, message: LogMessage, at: int) -> ev.SyslogMessage | None:
        # An attempt announces itself before anything else is seen of it; a result follows its cause.
        lead = self._timing.message if message.kind in ANNOUNCING else self._timing.early
        since = at - round(lead * NANOSECONDS)
        fitting = (s for s in self._strays if s.at >= since and is_message(s, message))
        return next(fitting, None)

    def owes_to(self, host: str) -> bool:
        """Whether a message to this host is due."""
        return any(host_name(owed.message.host) == host_name(host) for owed in self.owed)

    def allow_until(self, until: int, kinds: Collection[LogKind] = _FAILING) -> None:
        """The phone may notice what it has to tell as late as ``until``: so may its message come."""
        late = until + round(self._timing.message * NANOSECONDS)
        self.owed = tuple(
            replace(o, until=max(o.until, late)) if o.message.kind in kinds else o
            for o in self.owed
        )

    def settle(self, event: ev.SyslogMessage, failed_at: Callable[[int], None]) -> bool:
        """Whether the message is one that was owed; a failure's time is told to ``failed_at``."""
        # The newest first: an older one that is still due has most likely not been sent at all.
        for owed in reversed(self.owed):
            if is_message(event, owed.message):
                self.owed = tuple(each for each in self.owed if each is not owed)
                self._ledger.checked(CLAUSES[owed.message.kind])
                if owed.message.kind is LogKind.FAILURE:
                    failed_at(event.at)
                return True
        return False

    def stray(self, event: ev.SyslogMessage) -> None:
        """Keep a message that is not due: it may fall due, or be shown beside one that is missing."""
        self._strays = (*self._strays[-_STRAYS + 1 :], event)

    def time_is(self, now: int, seen: Callable[[LogMessage, int], bool]) -> None:
        """Tell what is overdue; ``seen``: whether a message due since then would have been seen."""
        for owed in [o for o in self.owed if o.until < now]:
            self.owed = tuple(each for each in self.owed if each is not owed)
            if owed.excused or not seen(owed.message, owed.since):
                continue
            came = "; ".join(repr(stray.text) for stray in self._strays)
            self._ledger.violated(
                Finding(
                    CLAUSES[owed.message.kind],
                    f"{owed.message.kind.value} was not sent as configured",
                    repr("…".join(owed.message.readings[0])),
                    f"instead: {came}" if came else "no such message",
                    at=now,
                    missed_at=owed.until,
                )
            )
