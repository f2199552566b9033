"""One line's registration: the reference's machine, held beside the REGISTERs that the lab sees.

`hil.reference.registration` says what the line owes; here the requests and answers of a history drive
it. A line is ``HELD`` to it as long as everything that decides about its next REGISTER can be seen.
Where the published text or the lab's view leaves that open, nothing is held against it (``UNKNOWN``)
until its proxy grants a registration, from which on all is clear again.

A phone may register with both servers of Dual_Registration at once, or with the backup when the
other fails (the question ``dual_registration``). Which it does shows by itself: one that has been
registered for a while without a word to its backup does with one server.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

from hil.history import events as ev
from hil.judge import sip_text
from hil.judge.findings import Ledger
from hil.judge.register_findings import CLAUSES, Owed, RegisterFindings
from hil.judge.sip_timers import patience
from hil.judge.timing import Timing
from hil.lab_time import NANOSECONDS
from hil.reference import registration as machine
from hil.reference.interpretations import Interpretations
from hil.reference.line_decisions import REFERENCE_LINE
from hil.reference.parameters import Parameters
from hil.reference.registration import RegisterDue, RegistrationPhase


class Standing(Enum):
    """How much is known of a line."""

    OFF = auto()
    """It has no power or no address."""
    FORBIDDEN = auto()
    """Its parameters say that it does not register."""
    HELD = auto()
    UNKNOWN = auto()


class LineWatch:
    """Line ``number``; what it finds goes into ``ledger``. Times are nanoseconds of lab time."""

    def __init__(self, number: int, timing: Timing, ledger: Ledger) -> None:
        self.number = number
        self.standing = Standing.OFF
        self._timing = timing
        self._findings = RegisterFindings(number, ledger)
        self._line = machine.Line(number, Parameters())
        self._reading = Interpretations()
        self._blind = False
        self._begins(0)

    def _begins(self, at: int) -> None:
        """It begins at its first REGISTER, whatever was before."""
        self._first: int | None = None
        self._asked: ev.SipMessage | None = None
        self._owed: Owed | None = None
        self._anchor = self._began_at = at
        self._start_by = at + self._boot
        self._overdue_told = False
        self._both = False
        self._alone_since: int | None = None
        self._code = self._primary_code = ""

    @property
    def parameters(self) -> Parameters:
        """What it goes by."""
        return self._line.parameters

    # -- what becomes of the phone -----------------------------------------------------------------

    def stop(self) -> None:
        """The phone has no power or no address any more."""
        self.standing = Standing.OFF
        self._begins(0)

    def start(
        self, at: int, parameters: Parameters, reading: Interpretations, *, blind: bool
    ) -> None:
        """The phone has an address; ``blind`` tells that the lab does not see all its servers."""
        self._reading, self._blind = reading, blind
        off = machine.Line(self.number, parameters)
        self._line, _ = machine.advance(off, machine.Started(at))
        self._begins(at)
        self._stand()

    def configure(self, at: int, parameters: Parameters, *, blind: bool) -> None:
        """Its parameters are others now."""
        happening = machine.Reconfigured(at, parameters)
        self._line, _ = machine.advance(self._line, happening)
        if self._line.lost_at == at:
            self._blind = blind
            self._begins(at)
            self._stand()
        elif blind is not self._blind:
            self._blind = blind
            self.doubt()
        elif self._line.bound != 0 or not self._is_waiting:
            # Whether what is under way goes by the old values or the new ones is not published.
            self.doubt()

    def overlooked(self, at: int, parameters: Parameters, *, blind: bool) -> None:
        """It goes by these parameters, but nobody knows since when."""
        self.start(at, parameters, self._reading, blind=blind)
        self.doubt()

    def doubt(self) -> None:
        """Nobody can know what it owes until its proxy has granted a registration."""
        if self.standing is Standing.HELD:
            self.standing = Standing.UNKNOWN
        self._asked = self._owed = None

    def _stand(self) -> None:
        registers = self._line.phase is RegistrationPhase.WAITING
        self.standing = Standing.HELD if registers else Standing.FORBIDDEN
        if self._blind:
            self.standing = Standing.UNKNOWN

    # -- time --------------------------------------------------------------------------------------

    def time_is(self, now: int, *, busy: bool) -> None:
        """Notice what should have come before ``now``; ``busy``: the phone was not through booting."""
        if self.standing is Standing.HELD:
            self._give_up(now - self._late(now))
        # Giving up may have shown that nobody knows what follows.
        if self.standing is Standing.HELD:
            self._look_for_overdue(now, busy)

    def _look_for_overdue(self, now: int, busy: bool) -> None:
        if self._owed is not None:
            if now > self._owed.latest:
                self._findings.missing(self._owed, now)
                self.doubt()
            return
        due = self._line.due
        if due is None or not self._is_waiting or self._overdue_told:
            return
        latest = due.latest + self._late(now)
        if due.clause == "registration.start":
            if busy:
                # No text says what a phone does first; it may provision before it registers.
                self._start_by = now + self._boot
            latest = max(latest, self._start_by)
        if now > latest:
            self._overdue_told = True
            self._findings.overdue(due, self._code, now)

    def _give_up(self, now: int) -> None:
        """A REGISTER that is unanswered 64*T1 after it was sent has timed out (timer F)."""
        if self._asked is not None and now >= self._asked.at + self._patience:
            self._failed(self._asked.at + self._patience, "X20")

    # -- REGISTERs ---------------------------------------------------------------------------------

    def registers(self, event: ev.SipMessage, server: int) -> None:
        """A new REGISTER of this line comes to one of its servers, counted as in the parameters."""
        if self._first is None:
            self._first = event.seq
        if event.expires == 0:
            # Nothing forbids a phone to take its bindings back and to begin anew.
            self.doubt()
        elif self.standing is Standing.FORBIDDEN:
            self._forbidden(event)
        elif self.standing is Standing.HELD:
            self._give_up(event.at + self._timing.slack_early(self._patience))
            # Giving up may have shown that nobody knows what follows.
            if self.standing is Standing.HELD:
                self._take(event, server)
        elif self.standing is Standing.UNKNOWN and server > 0 and not self._is_settled(event.at):
            # Perhaps nothing has led there.
            self._both = True

    def _take(self, event: ev.SipMessage, server: int) -> None:
        owed, due = self._owed, self._line.due
        if owed is not None and server == owed.server:
            self._fulfilled(owed, event)
            self._asked = event
        elif server > 0:
            self._backup_unasked(event)
        elif owed is not None:
            self._findings.elsewhere(owed, event)
            self.doubt()
        elif self._asked is not None:
            wanted = "its answer, or 64*T1 without one (RFC 3261 section 10.2)"
            what = "a new REGISTER although the last one is not answered"
            self._findings.wrong("sip.registration", what, wanted, event)
            self._asked = event
        elif due is None:
            wanted = "no REGISTER: Reg_Retry_Long_Intvl is 0, so the line has given up"
            what = "a REGISTER although none is due"
            self._findings.wrong("sip.register_retry", what, wanted, event)
            self.doubt()
        else:
            self._hold_against(due, event)
            self._line, _ = machine.advance(self._line, machine.RegisterBegan(event.at))
            self._asked = event

    def _hold_against(self, due: RegisterDue, event: ev.SipMessage) -> None:
        early, late = due.earliest - event.at, event.at - due.latest
        is_late = late > self._late(event.at) and due.clause != "registration.start"
        is_early = early > self._timing.slack_early(event.at - self._anchor)
        wanted = self.parameters.choice(f"SIP_Transport_{self.number}_")
        if is_early or (is_late and not self._overdue_told):
            self._findings.outside(due, self._code, event)
        elif event.transport != wanted:
            what = f"a REGISTER over {event.transport}"
            self._findings.wrong("sip.registration", what, f"one over {wanted}", event)
        elif not self._overdue_told:
            self._findings.checked(CLAUSES[due.clause], self._code, self.parameters)

    def _backup_unasked(self, event: ev.SipMessage) -> None:
        if self._line.bound == 1 or self._both:
            return
        either = self._reading.dual_registration == "either"
        if either and not self._is_settled(event.at):
            self._both = True
            return
        what = "the backup proxy was asked although nothing leads there"
        template = self.parameters.raw("Try_Backup_RSC")
        wanted = f"REGISTERs to the proxy only, with Try_Backup_RSC {template!r}"
        self._findings.wrong("sip.backup", what, wanted, event)
        self.doubt()

    def _is_settled(self, at: int) -> bool:
        """Whether it has shown by ``at`` that it does with one server."""
        return self._alone_since is not None and at - self._alone_since >= self._boot

    def _forbidden(self, event: ev.SipMessage) -> None:
        if event.at - self._began_at > self._stride:
            names = (f"Line_Enable_{self.number}_", f"Register_{self.number}_")
            wanted = ", ".join(f"{name} is {self.parameters.raw(name)}" for name in names)
            what = "a REGISTER although the line does not register"
            self._findings.wrong("sip.registration", what, f"none: {wanted}", event)

    # -- answers -----------------------------------------------------------------------------------

    def answered(self, request: ev.SipMessage, server: int, event: ev.SipMessage) -> None:
        """The lab gives a REGISTER of this line to one of its servers its first final response."""
        # By place, not by time: that the phone may begin is known a moment after it may have begun.
        if self._first is None or request.seq < self._first:
            return
        granted = request.expires if event.expires < 0 else event.expires
        if self.standing is Standing.UNKNOWN:
            good = 200 <= event.status < 300 and granted > 0 and not event.malformed
            if server == 0 and good and self._is_in_time(request, event):
                self._known_again(event.at, granted)
        elif request is not self._asked:
            self._beside(server, event, granted)
        else:
            self._asked = None
            self._settled(request, event, granted)

    def _settled(self, request: ev.SipMessage, event: ev.SipMessage, granted: int) -> None:
        unclear = event.malformed or not self._is_in_time(request, event)
        ended = event.status < 300 and granted <= 0
        if unclear or ended or 300 <= event.status < 400:
            # What it makes of this is its own affair, or too close to call.
            self.doubt()
        elif event.status < 300:
            self._granted(event.at, granted)
        elif sip_text.is_challenge(event.status):
            self._challenged(request, event)
        else:
            waits = [sip_text.seconds(event.data, n) for n in ("retry-after", "min-expires")]
            self._failed(event.at, str(event.status), *waits)

    def _is_in_time(self, request: ev.SipMessage, event: ev.SipMessage) -> bool:
        """Whether an answer certainly comes before its request has timed out."""
        elapsed = event.at - request.at
        return elapsed <= self._patience - self._timing.slack_early(self._patience)

    def _granted(self, at: int, expires: int) -> None:
        self._line, _ = machine.advance(self._line, machine.RegisterGranted(at, expires))
        self._waits(at, "")
        if self._line.bound != 0 or self._both:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = at

    def _known_again(self, at: int, expires: int) -> None:
        if self._blind:
            return
        due = RegisterDue(at, at, "registration.start")
        waiting = RegistrationPhase.WAITING
        fresh = machine.Line(self.number, self.parameters, waiting, due, lost_at=at)
        self._line, _ = machine.advance(fresh, machine.RegisterBegan(at))
        self.standing = Standing.HELD
        self._granted(at, expires)

    def _beside(self, server: int, event: ev.SipMessage, granted: int) -> None:
        """An answer to a REGISTER that nothing led to: of a backup that holds the binding."""
        due = self._line.due
        if self._line.bound != 1 or server != 1:
            return
        if event.status < 300 and granted > 0 and due is not None and due.earliest < due.latest:
            latest = max(due.latest, event.at + granted * NANOSECONDS)
            self._line = replace(self._line, due=replace(due, latest=latest))
        elif event.status >= 300 and not sip_text.is_challenge(event.status):
            self.doubt()

    def _challenged(self, request: ev.SipMessage, event: ev.SipMessage) -> None:
        password = self.parameters.raw(f"Password_{self.number}_")
        if sip_text.shows_credentials(request) and not sip_text.is_stale(event):
            self._failed(event.at, str(event.status))
        elif not password or not sip_text.can_answer(event):
            self.doubt()
        else:
            owed = self._at_once(event.at, "sip.registration", "after a challenge")
            self._owed = replace(owed, credentials=True)

    def undelivered(self, call_id: str, at: int) -> None:
        """The lab refused a REGISTER with ICMP, or reset the connection that it came by."""
        if self._asked is not None and self._asked.call_id == call_id:
            self._failed(at, "X00")

    def waits_by(self, connection: int) -> bool:
        """Whether a REGISTER that came by this connection waits for its answer."""
        return self._asked is not None and self._asked.connection == connection

    # -- what follows ------------------------------------------------------------------------------

    def _failed(
        self, at: int, code: str, retry_after: int | None = None, min_expires: int | None = None
    ) -> None:
        before, self._asked = self._line, None
        happening = machine.RegisterFailed(at, code, retry_after, min_expires)
        self._line, _ = machine.advance(before, happening)
        goes_on = self._line.phase is RegistrationPhase.REGISTERING
        has_backup = before.bound is not None and before.bound > before.server
        if goes_on and self._line.server == before.server:
            owed = self._at_once(at, "sip.registration", f"after {code}")
            self._owed = replace(owed, expires=self._line.expires)
        elif self._both or (has_backup and not REFERENCE_LINE.tries_backup(code, self.parameters)):
            # Registered with the backup already; no text says how it goes on then.
            self.doubt()
        elif goes_on:
            self._primary_code = code
            self._owed = replace(self._at_once(at, "sip.backup", f"after {code}"), code=code)
        elif before.server > 0 and not self._is_clear(code, retry_after):
            self.doubt()
        else:
            self._waits(at, code)

    def _is_clear(self, code: str, retry_after: int | None) -> bool:
        """Whether either server's failure has the same delay: which one counts is not published."""
        soon = REFERENCE_LINE.retries_soon
        alike = soon(code, self.parameters) is soon(self._primary_code, self.parameters)
        return alike and retry_after is None and self._primary_code != "503"

    def _waits(self, at: int, code: str) -> None:
        self._anchor, self._code, self._overdue_told = at, code, False

    def _at_once(self, at: int, requirement: str, why: str) -> Owed:
        return Owed(self._line.server, at, at + self._stride, requirement, why)

    def _fulfilled(self, owed: Owed, event: ev.SipMessage) -> None:
        self._owed = None
        if owed.credentials and not sip_text.proves_account(event, self.parameters, self.number):
            what = "a REGISTER after a challenge does not answer it"
            wanted = f"the credentials of line {self.number}'s account"
            self._findings.wrong("sip.registration", what, wanted, event)
        elif 0 <= event.expires < owed.expires:
            what = f"a REGISTER asks for {event.expires} s after a 423"
            wanted = f"{owed.expires} s or more, by its Min-Expires (RFC 3261 section 10.2.8)"
            self._findings.wrong("sip.registration", what, wanted, event)
        else:
            self._findings.checked(owed.requirement, owed.code, self.parameters)

    # -- inside ------------------------------------------------------------------------------------

    @property
    def _is_waiting(self) -> bool:
        waiting = self._line.phase is RegistrationPhase.WAITING
        return waiting and self._asked is None and self._owed is None

    @property
    def _patience(self) -> int:
        """How long the phone waits for a response, nanoseconds."""
        return patience(self.parameters)

    @property
    def _stride(self) -> int:
        return round((self._timing.step + self._timing.late) * NANOSECONDS)

    @property
    def _boot(self) -> int:
        return round(self._timing.boot * NANOSECONDS)

    def _late(self, at: int) -> int:
        return self._timing.slack_late(at - self._anchor)
