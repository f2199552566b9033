"""The reference, run beside a phone: what the phone must be doing now, if things went this way.

A shadow is one way in which things can have gone. Where a move has two explanations it is copied
(`fork`); `hil.judge.hidden` makes the copies, `hil.judge.monitor` keeps those that explain the history
best. Where nobody can know what a phone is doing it is ``lost``, and nothing is held against it until
it is found again.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from enum import Enum

from hil.history import events as ev
from hil.judge import partitions
from hil.judge.findings import Finding, Ledger
from hil.judge.names import Names, located
from hil.judge.owed import OwedLogs
from hil.judge.requests import is_address
from hil.judge.rule_timers import as_it_may_read
from hil.judge.steps import Asking, Looking, Step
from hil.judge.surroundings import Surroundings
from hil.judge.timing import Timing
from hil.judge.windows import DueWindow
from hil.lab_time import NANOSECONDS
from hil.reference import machine, scheduling
from hil.reference.decisions import REFERENCE
from hil.reference.due import BootCause, Purpose, Reason
from hil.reference.log_messages import LogMessage
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Apply,
    Destination,
    Duty,
    Finished,
    Happening,
    Install,
    Locate,
    Located,
    Log,
    Phase,
    Phone,
    PoweredOff,
    PoweredOn,
    Reboot,
    Retrieve,
)
from hil.reference.responses import NoAnswer

_WAY = ("timing", "names", "ledger", "logs", "windows", "upgraded")
"""What a shadow shares with others, or what tells of its past; the windows follow from the phone."""


class Lost(Enum):
    """Why nobody can know what a phone is doing, and until when."""

    POWER = "its power is unknown until it is prepared anew"
    PATH = "it has left the path of the reference until it is prepared anew"
    SILENT = "it has no lease or no link, so it cannot show what it does"
    LOAD = "the inside of the load that it was given is not published, until it is prepared anew"


class Shadow:
    """The reference's phone at this point of the history, and what it owes.

    ``names`` is what the lab's DNS server has told, whichever way things went. ``step`` is where its
    attempt is, ``logs`` the messages that are due, ``windows`` when what is due may begin. From
    ``cut_from`` on its power may be gone, so omissions prove nothing. ``held`` are requests that came
    before the record of what they follow. ``storing`` has what its flash held before each of the newest
    changes, with their times. ``restart`` is the reboot that it owes, and since when. ``taken`` names
    the requests that it has obeyed before it answered them, ``denied`` is the clause by which it may
    not do what it was asked for last, and when that was. ``upgraded`` is when it was last at an
    upgrade, ns of lab time. ``reasons`` are what the resync that goes on may have begun for besides
    what is taken for its reason, where nothing told them apart. From ``silent_since`` on it has no
    lease or no link, so that it can show nothing; ``alive_at`` is when it last did.
    """

    def __init__(self, phone: Phone, timing: Timing, names: Names) -> None:
        self.phone = phone
        self.timing = timing
        self.names = names
        self.ledger = Ledger()
        self.logs = OwedLogs(timing, self.ledger)
        self.windows = {each: DueWindow(each, timing, self.ledger) for each in Purpose}
        self.surroundings = Surroundings()
        self.step: Step | None = None
        self.held: tuple[ev.ProvisioningRequest, ...] = ()
        self.storing: tuple[tuple[int, Parameters], ...] = ()
        self.cut_from: int | None = None
        self.restart: tuple[Reboot, int] | None = None
        self.taken: frozenset[str] = frozenset()
        self.upgraded = -1
        self.reasons: tuple[Reason, ...] = ()
        self.denied: tuple[str, int] | None = None
        self.silent_since: int | None = None
        self.alive_at = 0
        self.lost: Lost | None = None

    def denied_lately(self, at: int) -> str | None:
        """The clause by which it may not do what it was asked for just before ``at``."""
        if self.denied is None or at - self.denied[1] > self.stride:
            return None
        return self.denied[0]

    @property
    def out_of_sight(self) -> Lost | None:
        """Why nobody can know what it is doing now; None where it can be followed."""
        return self.lost or (Lost.SILENT if self.silent_since is not None else None)

    @property
    def patience(self) -> int:
        """`Timing.give_up` in nanoseconds."""
        return round(self.timing.give_up * NANOSECONDS)

    @property
    def stride(self) -> int:
        """`Timing.step` in nanoseconds."""
        return round(self.timing.step * NANOSECONDS)

    def fork(self) -> Shadow:
        """Another way for things to go on from here."""
        other = copy.copy(self)
        # All else is immutable, or the same whichever way things went.
        other.ledger = self.ledger.copy()
        other.logs = self.logs.copy(other.ledger)
        other.windows = {each: w.copy(other.ledger) for each, w in self.windows.items()}
        return other

    def become(self, other: Shadow) -> None:
        """Go on as another way."""
        self.__dict__.update(other.__dict__)

    def same_as(self, other: Shadow) -> bool:
        """Whether two ways have led to the same place; how they came there does not matter."""
        if self.step != other.step or self.phone != other.phone:
            return False
        ours, theirs = ({k: v for k, v in vars(w).items() if k not in _WAY} for w in (self, other))
        return ours == theirs and self.logs.owed == other.logs.owed

    # -- what happens to the phone -----------------------------------------------------------------

    def prepared(self, event: ev.HandsetPrepared) -> None:
        """It is off, its flash holds exactly these parameters, and it will run this firmware."""
        known = Parameters({}, self.phone.interpretations).updated(event.parameters)
        identity = self.phone.identity
        if event.software:
            identity = identity.running(event.software)
        phone = Phone(identity, known, self.phone.interpretations)
        self.phone = partitions.with_standby(phone, event.standby)
        self._forget()

    def unplugged(self, at: int) -> list[Shadow]:
        """Its power went by ``at``: it owes nothing any more, and its flash has what it has.

        What was changed last may not be in the flash yet: each state that it may hold is a way.
        """
        younger = (at if self.cut_from is None else self.cut_from) - round(
            self.timing.store * NANOSECONDS
        )
        phones = [self.phone]
        phones += [
            replace(self.phone, parameters=before)
            for changed, before in self.storing
            if changed >= younger
        ]
        ways = []
        for each in phones:
            for left in self._left_by_power_cut(each, at):
                ways.append(self.fork())
                ways[-1].phone = left
        for way in ways:
            way.happens(PoweredOff(at))
            way._forget()
        return ways

    def _left_by_power_cut(self, phone: Phone, at: int) -> tuple[Phone, ...]:
        left = partitions.after_power_cut(phone, self.restart[0] if self.restart else None)
        if not self.windows[Purpose.UPGRADE].allows(machine.due_of(phone, Purpose.UPGRADE), at):
            return left
        # It may have begun with a load that it had already, and shown nothing of it yet.
        begun = partitions.activated(phone, at)
        if begun is None:
            return left
        after, duties = begun
        restart = next((duty for duty in duties if isinstance(duty, Reboot)), None)
        return (*left, *partitions.after_power_cut(after, restart))

    def _forget(self) -> None:
        self.step = self.lost = self.restart = None
        self.held = ()
        self.storing = ()
        self.taken = frozenset()
        self.denied = None
        self.reasons = ()
        self.cut_from = self.silent_since = None
        self.surroundings = Surroundings()
        self.logs.clear()
        for window in self.windows.values():
            window.forget()

    def restarts(self, at: int) -> None:
        """It boots, as it owed."""
        if self.restart is None:
            return
        reboot, _ = self.restart
        if reboot.clause:
            self.ledger.checked(reboot.clause)
        if reboot.cause is not BootCause.UPGRADE:
            self.logs.excuse()
        self.phone = partitions.interrupted(self.phone)
        self.happens(PoweredOn(at, reboot.cause))
        self.step = self.restart = self.silent_since = None
        self.held = self.reasons = ()
        # It has read its flash.
        self.storing = ()
        self.surroundings = Surroundings()

    def happens(self, happening: Happening) -> None:
        """Tell the reference."""
        phone, duties = machine.advance(self.phone, happening)
        self.commit(phone, duties, happening.at)

    def commit(self, phone: Phone, duties: tuple[Duty, ...], at: int) -> None:
        """Go on with this phone, which from ``at`` on has these duties."""
        phone = self._beginning(phone, at)
        for purpose, window in self.windows.items():
            if machine.due_of(phone, purpose) != machine.due_of(self.phone, purpose):
                window.opened(at)
        if self.phone.phase is Phase.UPGRADING or phone.phase is Phase.UPGRADING:
            self.upgraded = max(self.upgraded, at)
        before, self.phone = self.phone.parameters, partitions.disturbed(self.phone, phone)
        for duty in duties:
            match duty:
                case Locate():
                    self.step = Looking(duty, at, at + self.stride)
                case Retrieve():
                    self.step = Asking(duty, at, at + self.stride)
                case Log(message) if not self.surroundings.is_elsewhere(message.host):
                    self.logs.owe(as_it_may_read(message, phone), at)
                case Apply(parameters):
                    self.storing = (*self.storing[-3:], (at, before))
                    before = parameters
                case Finished():
                    self.step = None
                    self.reasons = ()
                case Reboot(cause=cause):
                    self.step = None
                    self.restart = (duty, at)
                    if cause is not BootCause.UPGRADE:
                        # It may take with it what it had still to tell.
                        self.logs.excuse()
                case Install() | Log():
                    pass

    def without_query(
        self, phone: Phone, duties: tuple[Duty, ...], at: int
    ) -> tuple[Phone, tuple[Duty, ...]]:
        """What it does in place of ``duties`` if it remembers where the server is."""
        locate = next((duty for duty in duties if isinstance(duty, Locate)), None)
        known = self.names.destinations(locate) if locate is not None else ()
        if not known:
            return phone, duties
        phone, more = machine.advance(phone, located(at, known))
        return phone, (*(duty for duty in duties if not isinstance(duty, Locate)), *more)

    def knows_address(self, at: int, port: int = 0) -> None:
        """It went on, to this port, without a query: it remembers where the server is."""
        if not isinstance(self.step, Looking):
            return
        locate = self.step.locate
        if self.surroundings.answers_names and locate.service:
            self._require_service(locate, at)
        known = self.names.destinations(locate)
        guess = Destination(self.surroundings.address or "0.0.0.0", port if locate.service else 0)
        self.happens(located(at, known or (guess,)))

    def _require_service(self, locate: Locate, at: int) -> None:
        if self.names.was_asked_for(locate.service):
            return
        self.ledger.violated(
            Finding(
                "rules.srv",
                f"{locate.host} was asked without a look-up of its SRV records",
                f"a DNS query for the SRV records of {locate.service}",
                "no such query since the phone got its power",
                at=at,
            )
        )

    def asked_for(self, path: str, retrieve: Retrieve) -> Retrieve:
        """It read a timer in the path of ``retrieve`` its own way: what it has really asked for."""
        if path == retrieve.fetch.path:
            return retrieve
        fetch = replace(retrieve.fetch, path=path)
        if self.phone.attempt is not None:
            self.phone = replace(self.phone, attempt=replace(self.phone.attempt, fetch=fetch))
        return replace(retrieve, fetch=fetch)

    def _beginning(self, phone: Phone, at: int) -> Phone:
        """The phone with how long before ``at``, when the first sign was seen, it may have begun."""
        attempt = phone.attempt
        if attempt is None or self.phone.attempt is not None:
            return phone
        due = machine.due_of(self.phone, attempt.purpose)
        since = 0 if due is None else at - due.earliest
        spread = self.stride if since <= 0 else min(since, self.stride)
        return replace(phone, attempt=replace(attempt, spread=spread))

    @property
    def addresses_left(self) -> int:
        """How many addresses of the server the phone may still try after the present step."""
        if isinstance(self.step, Looking):
            return len(self.names.destinations(self.step.locate))
        return len(self.phone.attempt.others) if self.phone.attempt is not None else 0

    def failed(self, reason: str, earliest: int, latest: int) -> None:
        """The present step came to nothing; the phone noticed between these two instants."""
        ending: Happening = Answered(earliest, NoAnswer(reason))
        if isinstance(self.step, Looking):
            ending = Located(earliest, None)
        self.step = None
        before = self.phone
        self.happens(ending)
        if before.phase is Phase.UPGRADING:
            self.upgraded = latest
        phone = scheduling.widened(self.phone, before, latest - earliest)
        if phone.phase is Phase.WAITING:
            # What had to wait for it may begin as late.
            phone = scheduling.settled(scheduling.not_late(phone, latest), latest, REFERENCE)
        self.phone = phone
        self.logs.allow_until(latest)

    def told_failure(self, at: int) -> None:
        """It sent its Log_Failure_Msg at ``at``."""
        self.phone = self.windows[Purpose.RESYNC].failed_at(self.phone, at)

    # -- what can be seen of it --------------------------------------------------------------------

    def is_visible(self, duty: Duty) -> bool:
        """Whether the lab would see the phone do this."""
        match duty:
            case Locate():
                return self.surroundings.answers_names
            case Retrieve(fetch=fetch, destination=destination):
                # Of several addresses the first is asked first, whether it is the lab's or not.
                return self.surroundings.sees_request(
                    fetch.scheme, destination.address, destination.port
                )
            case Log(message):
                return self._sees_message(message)
            case _:
                return False

    def sees(self, asking: Asking) -> bool:
        """Whether the lab would see the request."""
        asked = asking.retrieve.destination
        scheme = asking.retrieve.fetch.scheme
        return self.surroundings.sees_request(scheme, asked.address, asked.port)

    def _sees_message(self, message: LogMessage) -> bool:
        return self.surroundings.sees_message(self.names.address_of(message.host), message.port)

    def could_send(self, message: LogMessage, since: int) -> bool:
        """Whether a message that fell due then could reach the lab."""
        # It may have fallen due a while before that could be seen.
        failed = self.names.failed_since(message.host, max(0, since - self.stride))
        return self._sees_message(message) and not failed

    def lag(self, since: int) -> int:
        """How much longer what falls due after ``since`` may take, nanoseconds.

        A phone may send a message before it goes on, and to send it look for its server in vain.
        """
        host = self.phone.parameters.raw("Syslog_Server").strip().partition(":")[0]
        if not host or is_address(host):
            return 0
        if not self.surroundings.answers_names:
            return self.patience
        found = self.names.address_of(host)
        failed = self.names.failed_since(host, max(0, since - self.stride))
        return 0 if found and not failed else self.patience

    def lag_unseen(self, purpose: Purpose) -> int:
        """How long what has begun in time may show nothing: the first question may go elsewhere."""
        return 0 if self.surroundings.answers_names else self.lag(self.windows[purpose].anchor)

    def sees_query(self, looking: Looking) -> bool:
        """Whether the phone has to ask the lab for the address."""
        return self.surroundings.answers_names and not self.names.destinations(looking.locate)
