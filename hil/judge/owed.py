"""Log messages that a phone owes, and those that came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.history import events as ev
from hil.judge.findings import Finding, Ledger
from hil.judge.timing import Timing
from hil.reference.log_messages import LogKind, LogMessage

NANOSECONDS = 1_000_000_000
CLAUSES = {
    LogKind.REQUEST: "log.request",
    LogKind.SUCCESS: "log.success",
    LogKind.FAILURE: "log.failure",
}
_STRAYS = 4


@dataclass(frozen=True)
class _Owed:
    message: LogMessage
    until: int


class OwedLogs:
    """The messages that are due; a violation is told when one is overdue."""

    def __init__(self, timing: Timing, ledger: Ledger) -> None:
        self._timing = timing
        self._ledger = ledger
        self._owed: list[_Owed] = []
        self._strays: list[str] = []

    def clear(self) -> None:
        """Nothing is owed any more: the phone has lost its power."""
        self._owed.clear()
        self._strays.clear()

    def owe(self, message: LogMessage, at: int) -> None:
        """A message is due from ``at`` on."""
        self._owed.append(_Owed(message, at + round(self._timing.message * NANOSECONDS)))

    def allow_until(self, until: int) -> None:
        """The phone may notice its failure as late as ``until``: so may its message come."""
        late = until + round(self._timing.message * NANOSECONDS)
        self._owed = [
            _Owed(o.message, max(o.until, late)) if o.message.kind is LogKind.FAILURE else o
            for o in self._owed
        ]

    def settle(self, event: ev.SyslogMessage, failed_at: Callable[[int], None]) -> bool:
        """Whether the message is one that was owed; a failure's time is told to ``failed_at``."""
        for owed in self._owed:
            if owed.message.accepts(event.text):
                self._owed.remove(owed)
                self._ledger.checked(CLAUSES[owed.message.kind])
                if owed.message.kind is LogKind.FAILURE:
                    failed_at(event.at)
                return True
        return False

    def stray(self, event: ev.SyslogMessage) -> None:
        """Keep a message that nobody asked for, to show it beside one that is missing."""
        self._strays = [*self._strays[-_STRAYS + 1 :], event.text]

    def time_is(self, now: int) -> None:
        """Tell what is overdue."""
        for owed in [o for o in self._owed if o.until < now]:
            self._owed.remove(owed)
            came = "; ".join(repr(text) for text in self._strays)
            self._ledger.violated(
                Finding(
                    CLAUSES[owed.message.kind],
                    f"{owed.message.kind.value} was not sent as configured",
                    repr("…".join(owed.message.readings[0])),
                    f"instead: {came}" if came else "no such message",
                    at=now,
                )
            )
