"""The monitor runs the reference along a history and finds what the phone did or did not do.

It knows nothing of tests. Power, leases, answers and ends of transfers are what happened to the
phone, and are told to the reference; requests, look-ups and log messages are what the phone did, and
are held against what the reference says is due:

*unexpected*  it asked although no resync is due;
*early*, *late*, *overdue*  it asked outside the window, or not at all;
*wrong*       it asked for something else than the rule says;
*missing*     a log message or the next step of a resync did not come.

After a violation the monitor goes on from what the phone really did, so one mistake is one finding.
What cannot be seen is not held against the phone: when it gives up on a silent server is visible
only in its next move, so until then both ends of the window move apart by `Timing.give_up`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hil.history import events as ev
from hil.history.pattern import describe
from hil.judge.findings import Finding
from hil.judge.owed import OwedLogs
from hil.judge.requests import answer_of, compare, fetch_clause, is_address, repeats
from hil.judge.timing import Timing
from hil.reference import resync
from hil.reference.decisions import REFERENCE, Reason
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Began,
    Due,
    Duty,
    Finished,
    Happening,
    Leased,
    Locate,
    Located,
    Log,
    Phase,
    Phone,
    PoweredOff,
    PoweredOn,
    Retrieve,
)
from hil.reference.responses import NoAnswer

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class _Pending:
    """The request that the monitor has seen and that has not ended."""

    retrieve: Retrieve
    since: int
    transfer: int | None
    peer: str
    unanswerable: bool = False


class Monitor:
    """Feed it events in order; `findings` has what was violated, `checks` how much was checked."""

    def __init__(self, phone: Phone, timing: Timing) -> None:
        self.phone = phone
        self.timing = timing
        self.findings: list[Finding] = []
        self.checks: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._locate: tuple[Locate, int] | None = None
        self._retrieve: tuple[Retrieve, int] | None = None
        self._pending: _Pending | None = None
        self._logs = OwedLogs(timing, self._violated, self._checked)
        self._overdue_told = False
        self._anchor = 0
        self._blind = False

    def run(self, events: Iterable[ev.Event]) -> list[Finding]:
        """Feed a whole history; returns the findings."""
        for event in events:
            self.feed(event)
        return self.findings

    def feed(self, event: ev.Event) -> None:
        """Take the next event into account."""
        if isinstance(event, ev.Checked | ev.Configured | ev.Note):
            return
        if isinstance(event, ev.PowerFailed):
            # Nobody knows now whether the phone has power, so nothing can be held against it.
            self._blind = True
        if self._blind:
            self._blind = not isinstance(event, ev.HandsetPrepared)
            if self._blind:
                return
        self._time_is(event.at)
        match event:
            case ev.HandsetPrepared():
                self._prepared(event)
            case ev.PowerRequested(action=ev.PowerAction.ON):
                if self.phone.phase is Phase.OFF:
                    self._happens(PoweredOn(event.at))
            case ev.PowerSwitched(action=ev.PowerAction.OFF):
                self._powered_off(event.at)
            case ev.DhcpMessage(direction=ev.Direction.SENT, kind="ACK"):
                self._leased(event)
            case ev.DnsQuery():
                self._asked_name(event)
            case ev.DnsAnswer():
                self._told_address(event)
            case ev.ProvisioningRequest():
                self._requested(event)
            case ev.TransferEnded():
                self._ended(event)
            case ev.FaultInjected():
                self._faulted(event)
            case ev.Disconnected() | ev.TlsHandshake(succeeded=False):
                self._connection_lost(event)
            case ev.SyslogMessage():
                self._logged(event)
            case _:
                return

    # -- what happened to the phone ----------------------------------------------------------------

    def _prepared(self, event: ev.HandsetPrepared) -> None:
        parameters = Parameters({}, self.phone.interpretations).updated(event.parameters)
        self.phone = Phone(self.phone.identity, parameters, self.phone.interpretations)
        self._forget()

    def _powered_off(self, at: int) -> None:
        self._happens(PoweredOff(at))
        self._forget()

    def _forget(self) -> None:
        self._locate = self._retrieve = self._pending = None
        self._logs.clear()
        self._overdue_told = False

    def _leased(self, event: ev.DhcpMessage) -> None:
        if event.yiaddr != "0.0.0.0" and self.phone.phase is not Phase.OFF:
            self._happens(Leased(event.at, event.yiaddr, event.options))

    def _told_address(self, event: ev.DnsAnswer) -> None:
        if event.qtype != "A":
            return
        name = event.name.rstrip(".").lower()
        address = next((a for a in event.answers if is_address(a)), None)
        if address is not None:
            self._names[name] = address
        if self._locate is not None and self._locate[0].host.rstrip(".").lower() == name:
            self._locate = None
            self._happens(Located(event.at, address))

    def _ended(self, event: ev.TransferEnded) -> None:
        pending = self._pending
        if pending is None or pending.transfer != event.transfer:
            return
        self._pending = None
        answer = answer_of(event)
        self._happens(Answered(event.at, answer))
        if isinstance(answer, NoAnswer):
            self._uncertain_since(event.at)

    def _faulted(self, event: ev.FaultInjected) -> None:
        pending = self._pending
        if pending is not None and event.fault in ("Silence", "Stall"):
            self._pending = replace(pending, unanswerable=True)

    def _connection_lost(self, event: ev.Event) -> None:
        """A handshake that failed or a connection that ended without a request is a failure."""
        expected = self._retrieve
        if isinstance(event, ev.TlsHandshake):
            self._begin_on_evidence(event, "https")
            expected = self._retrieve
        if expected is None or expected[0].fetch.scheme == "tftp":
            return
        if isinstance(event, ev.TlsHandshake):
            self._retrieve = None
            self._happens(Answered(event.at, NoAnswer("TLS handshake failed")))
            self._uncertain_since(event.at)

    # -- what the phone did ------------------------------------------------------------------------

    def _asked_name(self, event: ev.DnsQuery) -> None:
        if event.qtype != "A":
            return
        name = event.name.rstrip(".").lower()
        if self.phone.phase is Phase.WAITING and self._due_allows(event.at):
            phone, duties = resync.advance(self.phone, Began(event.at))
            if any(isinstance(d, Locate) and d.host.rstrip(".").lower() == name for d in duties):
                self._check_window(event)
                self._commit(phone, duties, event.at)
        # A repeated query is the resolver's business; the answer settles it.

    def _requested(self, event: ev.ProvisioningRequest) -> None:
        pending = self._pending
        if pending is not None and repeats(event, pending.retrieve):
            if pending.peer == event.peer or not self._gave_up(event, pending):
                self._pending = replace(pending, transfer=event.transfer, peer=event.peer)
                return
            self._abandon(pending)
        if self.phone.phase is Phase.WAITING:
            self._check_window(event)
            self._begin(event.at)
        if self._locate is not None:
            known = self._names.get(self._locate[0].host.rstrip(".").lower(), "")
            self._locate = None
            self._happens(Located(event.at, known or event.peer.rpartition(":")[0]))
        if self._retrieve is None:
            if self.phone.phase is Phase.BOOTING:
                self._violated(
                    Finding(
                        "resync.random_delay",
                        "a request before the phone has a lease",
                        "no request",
                        describe(event),
                        at=event.at,
                    )
                )
            return
        retrieve, _ = self._retrieve
        self._retrieve = None
        self._compare(retrieve, event)
        self._pending = _Pending(retrieve, event.at, event.transfer, event.peer)

    def _logged(self, event: ev.SyslogMessage) -> None:
        if self._logs.settle(event, self._reanchor):
            return
        if self.phone.phase is Phase.WAITING and self._due_allows(event.at):
            phone, duties = resync.advance(self.phone, Began(event.at))
            if any(isinstance(d, Log) and d.message.accepts(event.text) for d in duties):
                self._check_window(event)
                self._commit(phone, duties, event.at)
                self._logs.settle(event, self._reanchor)
        elif self._pending is not None and self._pending.unanswerable:
            # The phone may have given up: then this is its Log_Failure_Msg.
            trial, duties = resync.advance(self.phone, Answered(event.at, NoAnswer("silence")))
            if any(isinstance(d, Log) and d.message.accepts(event.text) for d in duties):
                self._pending = None
                self._commit(trial, duties, event.at)
                self._logs.settle(event, self._reanchor)
        else:
            self._logs.stray(event)

    # -- windows -----------------------------------------------------------------------------------

    def _due_allows(self, at: int) -> bool:
        due = self.phone.due
        return due is not None and at >= due.earliest - self.timing.slack_early(at - self._anchor)

    def _check_window(self, event: ev.Event) -> None:
        due = self.phone.due
        if due is None:
            self._violated(
                Finding(
                    self._why_not_due(),
                    "a resync although none is due",
                    "no resync",
                    describe(event),
                    at=event.at,
                )
            )
            return
        early = due.earliest - event.at
        late = event.at - due.latest
        if early > self.timing.slack_early(event.at - self._anchor):
            self._outside(due, event, f"{early / NANOSECONDS:.3f} s early")
        elif late > self.timing.slack_late(event.at - self._anchor):
            # That a power-up resync is late is another clause than that it comes at all.
            if not self._overdue_told or due.reason is Reason.POWER_UP:
                self._outside(due, event, f"{late / NANOSECONDS:.3f} s late")
        else:
            self._checked(due.clause)
            if due.reason is Reason.POWER_UP:
                self._checked("resync.on_reset")

    def _outside(self, due: Due, event: ev.Event, margin: str) -> None:
        self._violated(
            Finding(
                due.clause,
                f"the {_NAMES[due.reason]} resync began outside its window",
                self._window(due),
                describe(event),
                margin,
                event.at,
            )
        )

    def _time_is(self, now: int) -> None:
        """Notice what should have happened before ``now``."""
        due = self.phone.due
        if due is not None and self.phone.phase is Phase.WAITING and not self._overdue_told:
            late = now - due.latest
            if late > self.timing.slack_late(now - self._anchor):
                self._overdue_told = True
                self._violated(
                    Finding(
                        "resync.on_reset" if due.reason is Reason.POWER_UP else due.clause,
                        f"the {_NAMES[due.reason]} resync did not begin",
                        self._window(due),
                        f"nothing until {now / NANOSECONDS:.3f} s",
                        f"{late / NANOSECONDS:.3f} s overdue",
                        now,
                    )
                )
        if self._retrieve is not None:
            retrieve, since = self._retrieve
            if now - since > round(self.timing.step * NANOSECONDS):
                self._retrieve = None
                self._violated(
                    Finding(
                        fetch_clause(retrieve, self.phone),
                        f"{retrieve.rule} was not fetched",
                        f"a request for {retrieve.fetch.url} from {retrieve.server}",
                        f"nothing in {self.timing.step:g} s",
                        at=now,
                    )
                )
                self._blind = True
        pending = self._pending
        if pending is not None and now - pending.since > round(self.timing.give_up * NANOSECONDS):
            self._abandon(pending)
        if self._locate is not None:
            limit = round(self.timing.give_up * NANOSECONDS)
            if now - self._locate[1] > limit:
                since = self._locate[1]
                self._locate = None
                self._happens(Located(since, None))
                self._uncertain_since(since)
        self._logs.time_is(now)

    def _abandon(self, pending: _Pending) -> None:
        """The phone gave up on an answer at an unknown moment since its request."""
        self._pending = None
        self._happens(Answered(pending.since, NoAnswer("no answer")))
        self._uncertain_since(pending.since)

    def _uncertain_since(self, at: int) -> None:
        """It is not known when the phone noticed its failure: no earlier than ``at``."""
        due = self.phone.due
        if due is not None and due.reason is Reason.RETRY:
            spread = round(self.timing.give_up * NANOSECONDS)
            self.phone = replace(self.phone, due=replace(due, latest=due.latest + spread))
        self._logs.allow_until(at + round(self.timing.give_up * NANOSECONDS))

    def _reanchor(self, at: int) -> None:
        """Log_Failure_Msg tells the moment of the failure: the retry's window is exact again."""
        due = self.phone.due
        delay = (
            REFERENCE.retry_delay(
                self.phone.parameters, self.phone.failures - 1, self.phone.interpretations
            )
            if due is not None and due.reason is Reason.RETRY and self.phone.failures
            else None
        )
        if due is not None and delay is not None:
            self._anchor = at
            self.phone = replace(
                self.phone,
                due=replace(
                    due,
                    earliest=at + delay.earliest * NANOSECONDS,
                    latest=at + delay.latest * NANOSECONDS,
                ),
            )

    # -- running the reference ---------------------------------------------------------------------

    def _begin_on_evidence(self, event: ev.Event, scheme: str) -> None:
        if self.phone.phase is Phase.WAITING and self._due_allows(event.at):
            phone, duties = resync.advance(self.phone, Began(event.at))
            if any(isinstance(d, Retrieve) and d.fetch.scheme == scheme for d in duties):
                self._check_window(event)
                self._commit(phone, duties, event.at)

    def _begin(self, at: int) -> None:
        enabled = REFERENCE.resync_enabled(self.phone.parameters)
        if enabled:
            self._happens(Began(at))

    def _happens(self, happening: Happening) -> None:
        phone, duties = resync.advance(self.phone, happening)
        self._commit(phone, duties, happening.at)

    def _commit(self, phone: Phone, duties: tuple[Duty, ...], at: int) -> None:
        if phone.due is not self.phone.due:
            self._overdue_told = False
            self._anchor = at
        self.phone = phone
        for duty in duties:
            match duty:
                case Locate():
                    self._locate = (duty, at)
                    self._retrieve = None
                case Retrieve():
                    self._retrieve = (duty, at)
                case Log(message):
                    self._logs.owe(message, at)
                case Finished():
                    self._locate = self._retrieve = self._pending = None

    # -- comparing ---------------------------------------------------------------------------------

    def _compare(self, retrieve: Retrieve, event: ev.ProvisioningRequest) -> None:
        clause, finding = compare(retrieve, event, self.phone)
        if finding is None:
            self._checked(clause)
        else:
            self._violated(finding)

    def _gave_up(self, event: ev.Event, pending: _Pending) -> bool:
        """Whether the same request from another port is a new attempt, not a repetition."""
        trial, _ = resync.advance(self.phone, Answered(pending.since, NoAnswer("no answer")))
        due = trial.due
        if due is None:
            return True
        return event.at >= due.earliest - self.timing.slack_early(event.at - pending.since)

    def _why_not_due(self) -> str:
        parameters = self.phone.parameters
        if not parameters.flag("Provision_Enable"):
            return "provision.enable"
        if self.phone.failures:
            return "resync.error_retry_delay"
        if self.phone.synced:
            return "resync.periodic"
        return "resync.on_reset"

    def _window(self, due: Due) -> str:
        return (
            f"the {_NAMES[due.reason]} resync between {due.earliest / NANOSECONDS:.3f} s and "
            f"{due.latest / NANOSECONDS:.3f} s of lab time"
        )

    def _violated(self, finding: Finding) -> None:
        self.findings.append(finding)

    def _checked(self, clause: str) -> None:
        self.checks[clause] = self.checks.get(clause, 0) + 1


_NAMES = {
    Reason.EXPLICIT: "explicit",
    Reason.POWER_UP: "power-up",
    Reason.PERIODIC: "periodic",
    Reason.RETRY: "retried",
}
