"""The registration machine: what a line owes its SIP server, and what it does when that fails.

`advance` takes a `Line` and one happening with its time, and returns the line after it together with
what it has to do. Where the published text leaves an instant open, `Line.due` has the window;
whoever runs the machine picks the instant, and says so with `RegisterBegan`.

::

    off ──Started──▶ waiting ──RegisterBegan──▶ registering ──RegisterGranted──▶ waiting (registered)
                        ▲                          │     ▲
                        │                          │     └─ Try_Backup_RSC: the next server at once
                        └─ Reg_Retry_(Long_)Intvl ─┴─ RegisterFailed

Every round begins with the primary server. A code that Try_Backup_RSC lists takes it to the backup; a
backup that holds a binding is gone back to in any case. The line has lost its registration when a
round ends without one: REGTMRn counts from there. No document says whether the phone would rather
wait until the binding has run out.

Times are integer nanoseconds of lab time, delays in parameters are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from hil.lab_time import NANOSECONDS
from hil.reference.line_decisions import REFERENCE_LINE, LineDecisions, Server
from hil.reference.parameters import Parameters
from hil.reference.windows import Window


class RegistrationPhase(Enum):
    """Where a line is."""

    OFF = "off"
    IDLE = "idle"
    """Nothing is due: it does not register, or has given up."""
    WAITING = "waiting"
    REGISTERING = "registering"


@dataclass(frozen=True, slots=True)
class RegisterDue:
    """A REGISTER that has to be sent between two instants, both included, and by which clause."""

    earliest: int
    latest: int
    clause: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line at one moment.

    ``server`` counts the servers of the round, ``bound`` is the one that holds the binding (None: not
    registered). ``expires`` is what the REGISTER under way asks for, ``failures`` counts the rounds
    that failed in a row, ``lost_at`` is when the registration was lost.
    """

    number: int
    parameters: Parameters
    phase: RegistrationPhase = RegistrationPhase.OFF
    due: RegisterDue | None = None
    server: int = 0
    bound: int | None = None
    expires: int = 0
    failures: int = 0
    lost_at: int | None = None

    @property
    def registered(self) -> bool:
        """Whether a server holds a binding of it."""
        return self.bound is not None

    @property
    def has_passed_over(self) -> bool:
        """Whether the round has come to the backup."""
        return bool(self.server)


@dataclass(frozen=True, slots=True)
class Started:
    """The phone has booted and has an address."""

    at: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The phone has no power or no address any more; nothing is said to the server."""

    at: int


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """The parameters changed."""

    at: int
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class RegisterBegan:
    """The REGISTER that was due goes out."""

    at: int


@dataclass(frozen=True, slots=True)
class RegisterGranted:
    """A 2xx, which grants the binding for ``expires`` seconds."""

    at: int
    expires: int


@dataclass(frozen=True, slots=True)
class RegisterFailed:
    """Another final response, or none: ``code`` is its status or an internal error code.

    ``retry_after`` and ``min_expires`` are those headers of the response, in seconds.
    """

    at: int
    code: str
    retry_after: int | None = None
    min_expires: int | None = None


LineHappening: TypeAlias = (
    Started | Stopped | Reconfigured | RegisterBegan | RegisterGranted | RegisterFailed
)


@dataclass(frozen=True, slots=True)
class Register:
    """Send a REGISTER to ``server`` that asks for ``expires`` seconds."""

    server: Server
    expires: int


@dataclass(frozen=True, slots=True)
class Registered:
    """The line is registered now, which it was not before."""

    server: Server


@dataclass(frozen=True, slots=True)
class Lost:
    """The line is registered no more, because of ``code``."""

    code: str


LineDuty: TypeAlias = Register | Registered | Lost
LineStep: TypeAlias = tuple[Line, tuple[LineDuty, ...]]


def advance(
    line: Line, happening: LineHappening, decisions: LineDecisions = REFERENCE_LINE
) -> LineStep:
    """The line after ``happening``, and what it has to do now.

    What cannot happen in a phase (an answer that nobody waits for) changes nothing.
    """
    match happening:
        case Started(at):
            return _started(line, at, decisions), ()
        case Stopped():
            return Line(line.number, line.parameters), ()
        case Reconfigured(at, parameters):
            return _reconfigured(line, at, parameters, decisions)
        case RegisterBegan():
            if line.phase is not RegistrationPhase.WAITING:
                return line, ()
            asked = decisions.expires_asked(line.parameters, line.number)
            return _register(replace(line, expires=asked), decisions)
        case RegisterGranted(at, expires):
            if line.phase is not RegistrationPhase.REGISTERING:
                return line, ()
            return _granted(line, at, expires, decisions)
        case RegisterFailed():
            if line.phase is not RegistrationPhase.REGISTERING:
                return line, ()
            return _failed(line, happening, decisions)


def _started(line: Line, at: int, decisions: LineDecisions) -> Line:
    registers = decisions.registers(line.parameters, line.number)
    due = _due(at, Window(0, 0), "registration.start") if registers else None
    phase = RegistrationPhase.WAITING if registers else RegistrationPhase.IDLE
    return Line(line.number, line.parameters, phase, due, lost_at=at)


def _reconfigured(
    line: Line, at: int, parameters: Parameters, decisions: LineDecisions
) -> LineStep:
    """Begin anew where the account changed; otherwise the new values count from now on."""
    before = _account(line.parameters, line.number, decisions)
    line = replace(line, parameters=parameters)
    if line.phase is RegistrationPhase.OFF:
        return line, ()
    if before == _account(parameters, line.number, decisions):
        return line, ()
    duties = (Lost(""),) if line.registered else ()
    return _started(line, at, decisions), duties


def _account(parameters: Parameters, line: int, decisions: LineDecisions) -> tuple[object, ...]:
    names = ("User_ID", "Password", "Auth_ID", "Use_Auth_ID", "SIP_Port", "SIP_Transport")
    return (
        decisions.registers(parameters, line),
        decisions.servers(parameters, line),
        *(parameters.raw(f"{name}_{line}_") for name in names),
    )


def _register(line: Line, decisions: LineDecisions) -> LineStep:
    servers = decisions.servers(line.parameters, line.number)
    if not servers:
        return replace(line, phase=RegistrationPhase.IDLE, due=None), ()
    line = replace(line, phase=RegistrationPhase.REGISTERING, due=None)
    return line, (Register(servers[line.server], line.expires),)


def _granted(line: Line, at: int, expires: int, decisions: LineDecisions) -> LineStep:
    parameters, number = line.parameters, line.number
    held = decisions.expires_granted(parameters, expires)
    if line.has_passed_over:
        due = _due(at, decisions.fallback(parameters, number, held), "registration.fallback")
    else:
        due = _due(at, decisions.refresh(held), "registration.refresh")
    server = decisions.servers(parameters, number)[line.server]
    duties = () if line.registered else (Registered(server),)
    line = replace(
        line,
        phase=RegistrationPhase.WAITING,
        due=due,
        bound=line.server,
        server=0,
        failures=0,
        lost_at=None,
    )
    return line, duties


def _failed(line: Line, failed: RegisterFailed, decisions: LineDecisions) -> LineStep:
    parameters = line.parameters
    if failed.code == "423" and failed.min_expires is not None:
        longer = decisions.longer_expires(parameters, line.expires, failed.min_expires)
        if longer is not None:
            return _register(replace(line, expires=longer), decisions)
    further = line.server + 1
    held = line.bound is not None and line.bound > line.server
    leads_on = held or decisions.tries_backup(failed.code, parameters)
    if leads_on and further < len(decisions.servers(parameters, line.number)):
        return _register(replace(line, server=further), decisions)
    delay = decisions.retry_after(failed.code, failed.retry_after)
    clause = "registration.retry_after"
    if delay is None and decisions.retries_soon(failed.code, parameters):
        delay = decisions.short_delay(parameters, line.failures)
        clause = "registration.retry_interval"
    elif delay is None:
        delay = decisions.long_delay(parameters, line.failures)
        clause = "registration.retry_long_interval"
    duties = (Lost(failed.code),) if line.registered else ()
    line = replace(
        line,
        phase=RegistrationPhase.IDLE if delay is None else RegistrationPhase.WAITING,
        due=None if delay is None else _due(failed.at, delay, clause),
        server=0,
        bound=None,
        failures=line.failures + 1,
        lost_at=failed.at if line.registered else line.lost_at,
    )
    return line, duties


def _due(at: int, delay: Window, clause: str) -> RegisterDue:
    return RegisterDue(at + delay.earliest * NANOSECONDS, at + delay.latest * NANOSECONDS, clause)
