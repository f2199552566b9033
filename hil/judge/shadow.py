"""The reference, run beside a phone: what the phone must be doing now, as far as the lab can tell.

Not all can be told. When a phone gives up on a silent server is visible only in its next move, so
until then both ends of the window move apart by `Timing.give_up`; its Log_Failure_Msg, where it
sends one, makes the window exact again. A phone that has left the path of the reference for good is
`lost`: from there on nothing can be held against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.history import events as ev
from hil.judge.findings import Finding, Ledger
from hil.judge.owed import OwedLogs
from hil.judge.requests import fetch_clause
from hil.judge.timing import Timing
from hil.judge.windows import ResyncWindow
from hil.reference import resync
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Began,
    Duty,
    Finished,
    Happening,
    Locate,
    Located,
    Log,
    Phase,
    Phone,
    Retrieve,
)
from hil.reference.responses import NoAnswer

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Pending:
    """A request that was seen and that has not ended.

    ``unanswerable`` is set once the lab has stopped answering it, as it was told to.
    """

    retrieve: Retrieve
    since: int
    transfer: int
    peer: str
    unanswerable: bool = False


class Shadow:
    """The reference's phone at this point of the history, and what it owes.

    ``locate`` and ``retrieve`` are steps that are due, each since an instant; ``pending`` is the
    request that is under way; ``logs`` are the messages that are due.
    """

    def __init__(self, phone: Phone, timing: Timing, ledger: Ledger) -> None:
        self.phone = phone
        self.locate: tuple[Locate, int] | None = None
        self.retrieve: tuple[Retrieve, int] | None = None
        self.pending: Pending | None = None
        self.logs = OwedLogs(timing, ledger)
        self.window = ResyncWindow(timing, ledger)
        self.lost = False
        self._timing = timing
        self._ledger = ledger
        self._patience = round(timing.give_up * NANOSECONDS)

    # -- what happens to the phone -----------------------------------------------------------------

    def prepared(self, parameters: dict[str, str]) -> None:
        """It is off, and its flash holds exactly these parameters."""
        known = Parameters({}, self.phone.interpretations).updated(parameters)
        self.phone = Phone(self.phone.identity, known, self.phone.interpretations)
        self.forget()
        self.lost = False

    def forget(self) -> None:
        """It owes nothing any more: it has lost its power."""
        self.locate = self.retrieve = self.pending = None
        self.logs.clear()
        self.window.forget()

    def happens(self, happening: Happening) -> None:
        """Tell the reference."""
        phone, duties = resync.advance(self.phone, happening)
        self.commit(phone, duties, happening.at)

    def commit(self, phone: Phone, duties: tuple[Duty, ...], at: int) -> None:
        """Go on with this phone, which from ``at`` on has these duties."""
        if phone.due is not self.phone.due:
            self.window.opened(at)
        self.phone = phone
        for duty in duties:
            match duty:
                case Locate():
                    self.locate = (duty, at)
                    self.retrieve = None
                case Retrieve():
                    self.retrieve = (duty, at)
                case Log(message):
                    self.logs.owe(message, at)
                case Finished():
                    self.locate = self.retrieve = self.pending = None

    def begins(self, event: ev.Event, shows: Callable[[Duty], bool]) -> bool:
        """Whether ``event`` is the first sign of a resync, whose duties would make it; if so, begin."""
        if self.phone.phase is not Phase.WAITING or not self.window.allows(
            self.phone.due, event.at
        ):
            return False
        phone, duties = resync.advance(self.phone, Began(event.at))
        if not any(map(shows, duties)):
            return False
        self.window.check(self.phone, event)
        self.commit(phone, duties, event.at)
        return True

    def failed(self, at: int, reason: str) -> None:
        """The present request came to nothing at ``at``, or later: when the phone noticed."""
        self.happens(Answered(at, NoAnswer(reason)))
        self.uncertain_since(at)

    # -- what is not known of it -------------------------------------------------------------------

    def abandon(self, pending: Pending) -> None:
        """The phone gave up on an answer at an unknown moment since its request."""
        self.pending = None
        self.failed(pending.since, "no answer")

    def gave_up(self, event: ev.Event, pending: Pending) -> bool:
        """Whether the same request from another port is a new attempt, not a repetition."""
        trial, _ = resync.advance(self.phone, Answered(pending.since, NoAnswer("no answer")))
        due = trial.due
        if due is None:
            return True
        return event.at >= due.earliest - self._timing.slack_early(event.at - pending.since)

    def uncertain_since(self, at: int) -> None:
        """It is not known when the phone noticed its failure: no earlier than ``at``."""
        self.phone = self.window.widened(self.phone)
        self.logs.allow_until(at + self._patience)

    def told_failure(self, at: int) -> None:
        """It sent its Log_Failure_Msg at ``at``."""
        self.phone = self.window.failed_at(self.phone, at)

    # -- what should have happened -----------------------------------------------------------------

    def time_is(self, now: int) -> None:
        """Notice what should have happened before ``now``."""
        self.window.time_is(self.phone, now)
        if self.retrieve is not None:
            retrieve, since = self.retrieve
            if now - since > round(self._timing.step * NANOSECONDS):
                self._not_fetched(retrieve, now)
        if self.pending is not None and now - self.pending.since > self._patience:
            self.abandon(self.pending)
        if self.locate is not None and now - self.locate[1] > self._patience:
            _, since = self.locate
            self.locate = None
            self.happens(Located(since, None))
            self.uncertain_since(since)
        self.logs.time_is(now)

    def _not_fetched(self, retrieve: Retrieve, now: int) -> None:
        self.retrieve = None
        self.lost = True
        self._ledger.violated(
            Finding(
                fetch_clause(retrieve, self.phone),
                f"{retrieve.rule} was not fetched",
                f"a request for {retrieve.fetch.url} from {retrieve.server}",
                f"nothing in {self._timing.step:g} s",
                at=now,
            )
        )
