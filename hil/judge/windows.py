"""The window of the next resync, held against what began in it, before it, after it, or not at all."""

from __future__ import annotations

from dataclasses import replace

from hil.history import events as ev
from hil.history.pattern import describe
from hil.judge.findings import Finding, Ledger
from hil.judge.timing import Timing
from hil.reference.decisions import REFERENCE, Reason
from hil.reference.phone import Due, Phase, Phone

NANOSECONDS = 1_000_000_000

_NAMES = {
    Reason.EXPLICIT: "explicit",
    Reason.POWER_UP: "power-up",
    Reason.PERIODIC: "periodic",
    Reason.RETRY: "retried",
}


class ResyncWindow:
    """Judges when a resync begins. The window itself is the reference's: ``Phone.due``."""

    def __init__(self, timing: Timing, ledger: Ledger) -> None:
        self._timing = timing
        self._ledger = ledger
        self._anchor = 0
        self._overdue_told = False

    def copy(self, ledger: Ledger) -> ResyncWindow:
        """The same, with another ledger."""
        other = ResyncWindow(self._timing, ledger)
        other._anchor, other._overdue_told = self._anchor, self._overdue_told
        return other

    def opened(self, at: int) -> None:
        """The reference has set another window, counted from ``at``."""
        self._anchor = at
        self._overdue_told = False

    def forget(self) -> None:
        """The window is gone, with the phone's power."""
        self._overdue_told = False

    def allows(self, due: Due | None, at: int) -> bool:
        """Whether a resync may have begun at ``at``, be it late."""
        return due is not None and at >= due.earliest - self._timing.slack_early(at - self._anchor)

    def check(self, phone: Phone, event: ev.Event) -> None:
        """A resync begins with ``event``: say whether it is due now."""
        due = phone.due
        if due is None:
            self._ledger.violated(
                Finding(
                    _why_not_due(phone),
                    "a resync although none is due",
                    "no resync",
                    describe(event),
                    at=event.at,
                )
            )
            return
        early = due.earliest - event.at
        late = event.at - due.latest
        if early > self._timing.slack_early(event.at - self._anchor):
            self._outside(due, event, f"{early / NANOSECONDS:.3f} s early")
        elif late > self.slack_late(event.at):
            # That a power-up resync is late is another clause than that it comes at all.
            if not self._overdue_told or due.reason is Reason.POWER_UP:
                self._outside(due, event, f"{late / NANOSECONDS:.3f} s late")
        else:
            self._ledger.checked(due.clause)
            if due.reason is Reason.POWER_UP:
                self._ledger.checked("resync.on_reset")
            if due.reason is Reason.RETRY:
                # It tried again, so it took what went before for a failure.
                self._ledger.checked("resync.failure")

    def time_is(self, phone: Phone, now: int) -> None:
        """Notice that a resync should have begun before ``now``."""
        due = self.overdue(phone, now)
        if due is None:
            return
        self._overdue_told = True
        self._ledger.violated(
            Finding(
                "resync.on_reset" if due.reason is Reason.POWER_UP else due.clause,
                f"the {_NAMES[due.reason]} resync did not begin",
                _between(due),
                f"nothing until {now / NANOSECONDS:.3f} s",
                f"{(now - due.latest) / NANOSECONDS:.3f} s overdue",
                now,
            )
        )

    def overdue(self, phone: Phone, now: int) -> Due | None:
        """The window that was over before ``now`` and in which nothing began, until that is told."""
        due = phone.due
        if due is None or phone.phase is not Phase.WAITING or self._overdue_told:
            return None
        return due if now - due.latest > self.slack_late(now) else None

    def slack_late(self, at: int) -> int:
        """How much too late at ``at`` still counts as in time, nanoseconds."""
        return self._timing.slack_late(at - self._anchor)

    def widened(self, phone: Phone, spread: int) -> Phone:
        """What the window counts from was up to ``spread`` ns later: so may the resync be."""
        if phone.due is None:
            return phone
        return replace(phone, due=replace(phone.due, latest=phone.due.latest + spread))

    def failed_at(self, phone: Phone, at: int) -> Phone:
        """Log_Failure_Msg came at ``at``: it failed then, or as long before as a message may take."""
        due = phone.due
        if due is None or due.reason is not Reason.RETRY or not phone.failures:
            return phone
        delay = REFERENCE.retry_delay(phone.parameters, phone.failures - 1, phone.interpretations)
        if delay is None:
            return phone
        sent = at - round(self._timing.message * NANOSECONDS)
        earliest = max(due.earliest, sent + delay.earliest * NANOSECONDS)
        latest = min(due.latest, at + delay.latest * NANOSECONDS)
        return replace(phone, due=replace(due, earliest=min(earliest, latest), latest=latest))

    def _outside(self, due: Due, event: ev.Event, margin: str) -> None:
        self._ledger.violated(
            Finding(
                due.clause,
                f"the {_NAMES[due.reason]} resync began outside its window",
                _between(due),
                describe(event),
                margin,
                event.at,
            )
        )


def _why_not_due(phone: Phone) -> str:
    if not phone.parameters.flag("Provision_Enable"):
        return "provision.enable"
    if phone.failures:
        return "resync.error_retry_delay"
    if phone.synced:
        return "resync.periodic"
    return "resync.on_reset"


def _between(due: Due) -> str:
    return (
        f"the {_NAMES[due.reason]} resync between {due.earliest / NANOSECONDS:.3f} s and "
        f"{due.latest / NANOSECONDS:.3f} s of lab time"
    )
