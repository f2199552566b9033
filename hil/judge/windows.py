"""Windows of what is due, held against what began in them, before them, after them, or not at all.

A resync, an upgrade and a report each have a window of their own, which is the reference's
(`hil.reference.machine.due_of`).
"""

from __future__ import annotations

from dataclasses import replace

from hil.history import events as ev
from hil.history.pattern import describe
from hil.judge.findings import Finding, Ledger
from hil.judge.timing import Timing
from hil.judge.unexpected import why_not_due
from hil.lab_time import NANOSECONDS
from hil.reference import besides, scheduling, upgrade
from hil.reference.decisions import REFERENCE
from hil.reference.due import FOREVER, Due, Purpose, Reason
from hil.reference.machine import due_of
from hil.reference.phone import Phase, Phone

_NAMES = {
    Reason.EXPLICIT: "explicit ",
    Reason.POWER_UP: "power-up ",
    Reason.PERIODIC: "periodic ",
    Reason.RETRY: "retried ",
    Reason.FIRST: "",
}


class DueWindow:
    """Judges when what has a ``purpose`` begins."""

    def __init__(self, purpose: Purpose, timing: Timing, ledger: Ledger) -> None:
        self.purpose = purpose
        self._timing = timing
        self._ledger = ledger
        self._anchor = 0
        self._overdue_told = False

    def copy(self, ledger: Ledger) -> DueWindow:
        """The same, with another ledger."""
        other = DueWindow(self.purpose, self._timing, ledger)
        other._anchor, other._overdue_told = self._anchor, self._overdue_told
        return other

    @property
    def anchor(self) -> int:
        """When the reference set the present window, ns of lab time."""
        return self._anchor

    def opened(self, at: int) -> None:
        """The reference has set another window, counted from ``at``."""
        self._anchor = at
        self._overdue_told = False

    def forget(self) -> None:
        """The window is gone, with the phone's power."""
        self._overdue_told = False

    def allows(self, due: Due | None, at: int) -> bool:
        """Whether it may have begun at ``at``, be it late."""
        return due is not None and at >= due.earliest - self._timing.slack_early(at - self._anchor)

    def may_begin(self, phone: Phone, at: int) -> bool:
        """Whether something may begin at ``at``, be it late, or although it is not owed."""
        return self.allows(due_of(phone, self.purpose), at) or self._besides(phone, at) is not None

    def _besides(self, phone: Phone, at: int) -> Due | None:
        """What may begin at ``at`` although it is not owed."""
        match self.purpose:
            case Purpose.RESYNC:
                others = besides.allowed(phone, at, REFERENCE)
            case Purpose.UPGRADE:
                others = upgrade.allowed(phone)
            case Purpose.REPORT:
                others = ()
        return next((o for o in others if at - o.latest <= self.slack_late(o, at)), None)

    def check(
        self, phone: Phone, event: ev.Event, denied: str | None = None, *, lag: int = 0
    ) -> None:
        """It begins with ``event``: say whether it is due now.

        ``denied`` is the clause by which the phone may not do what it was asked for just before;
        ``lag`` is for how long it may have gone on unseen, ns.
        """
        due = due_of(phone, self.purpose)
        early_by = 0 if due is None else due.earliest - event.at
        if due is None or early_by > self._timing.slack_early(event.at - self._anchor):
            if self._besides(phone, event.at) is not None:
                return
            if denied is not None:
                due = None
        if due is None:
            self._ledger.violated(
                Finding(
                    denied or why_not_due(phone, self.purpose, event.at),
                    f"{_article(self.purpose)} although none is due",
                    f"no {self.purpose.value}",
                    describe(event),
                    at=event.at,
                )
            )
            return
        late = event.at - due.latest
        if early_by > self._timing.slack_early(event.at - self._anchor):
            self._outside(due, event, f"{early_by / NANOSECONDS:.3f} s early")
        elif late > self.slack_late(due, event.at) + lag:
            # That a power-up resync is late is another clause than that it comes at all.
            if not self._overdue_told or due.reason is Reason.POWER_UP:
                self._outside(due, event, f"{late / NANOSECONDS:.3f} s late")
        else:
            self._in_time(phone, due)

    def _in_time(self, phone: Phone, due: Due) -> None:
        self._ledger.checked(due.clause)
        if self.purpose is not Purpose.RESYNC:
            return
        if due.reason is Reason.POWER_UP:
            self._ledger.checked("resync.on_reset")
        if due.reason is Reason.RETRY:
            # It tried again, so it took what went before for a failure.
            self._ledger.checked("resync.failure")
        if due.clause == "resync.at":
            self._ledger.checked("resync.at.random_delay")
            self._ledger.checked("resync.at.clock")

    def time_is(self, phone: Phone, now: int, *, lag: int = 0) -> None:
        """Notice that it should have begun before ``now``, and shown by then; ``lag`` as in `check`."""
        due = self.overdue(phone, now - lag)
        if due is None:
            return
        self._overdue_told = True
        at_boot = due.reason is Reason.POWER_UP and due.clause == "resync.random_delay"
        self._ledger.violated(
            Finding(
                "resync.on_reset" if at_boot else due.clause,
                f"the {_NAMES[due.reason]}{self.purpose.value} did not begin",
                self._between(due),
                f"nothing until {now / NANOSECONDS:.3f} s",
                f"{(now - due.latest) / NANOSECONDS:.3f} s overdue",
                now,
                missed_at=due.latest + self.slack_late(due, now),
            )
        )

    def overdue(self, phone: Phone, now: int) -> Due | None:
        """The window that was over before ``now`` and in which nothing began, until that is told."""
        due = due_of(phone, self.purpose)
        if due is None or phone.phase is not Phase.WAITING or self._overdue_told:
            return None
        return due if now - due.latest > self.slack_late(due, now) else None

    def slack_late(self, due: Due, at: int) -> int:
        """How much too late at ``at`` still counts as in time, nanoseconds."""
        slack = self._timing.slack_late(at - self._anchor)
        if due.clause == "resync.trigger":
            return slack + round(self._timing.trigger * NANOSECONDS)
        if self.purpose is Purpose.RESYNC and due.reason is not Reason.EXPLICIT:
            return slack
        # No text says how soon; what was busy may take a step to come to it.
        return slack + round(self._timing.step * NANOSECONDS)

    def failed_at(self, phone: Phone, at: int) -> Phone:
        """Log_Failure_Msg came at ``at``: it failed then, or as long before as a message may take."""
        due = phone.scheduled
        if due is None or due.reason is not Reason.RETRY or not phone.failures:
            return phone
        delay = REFERENCE.retry_delay(phone.parameters, phone.failures - 1, phone.interpretations)
        if delay is None:
            return phone
        sent = at - round(self._timing.message * NANOSECONDS)
        earliest = max(due.earliest, sent + delay.earliest * NANOSECONDS)
        latest = min(due.latest, at + delay.latest * NANOSECONDS)
        narrowed = replace(due, earliest=min(earliest, latest), latest=latest)
        return scheduling.settled(replace(phone, scheduled=narrowed), at, REFERENCE)

    def _outside(self, due: Due, event: ev.Event, margin: str) -> None:
        self._ledger.violated(
            Finding(
                due.clause,
                f"the {_NAMES[due.reason]}{self.purpose.value} began outside its window",
                self._between(due),
                describe(event),
                margin,
                event.at,
            )
        )

    def _between(self, due: Due) -> str:
        earliest = f"the {_NAMES[due.reason]}{self.purpose.value} between "
        if due.latest >= FOREVER:
            return f"{earliest}{due.earliest / NANOSECONDS:.3f} s of lab time and any later instant"
        return (
            f"{earliest}{due.earliest / NANOSECONDS:.3f} s and "
            f"{due.latest / NANOSECONDS:.3f} s of lab time"
        )


def _article(purpose: Purpose) -> str:
    return f"an {purpose.value}" if purpose is Purpose.UPGRADE else f"a {purpose.value}"
