"""What is told of a line's registration: findings and checks, with the codes that led to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hil.history import events as ev
from hil.history.pattern import describe
from hil.judge.findings import Finding, Ledger
from hil.lab_time import NANOSECONDS
from hil.reference.parameters import Parameters
from hil.reference.registration import RegisterDue

CLAUSES: Mapping[str, str] = MappingProxyType(
    {
        "registration.start": "sip.registration",
        "registration.refresh": "sip.registration",
        "registration.fallback": "sip.backup",
        "registration.retry_after": "sip.register_retry",
        "registration.retry_interval": "sip.register_retry",
        "registration.retry_long_interval": "sip.register_retry",
    }
)
"""The requirement that each clause of the registration machine belongs to."""

_CODES = {"X00": "codes.x00", "X20": "codes.x20"}
_TEMPLATES = {"sip.backup": "Try_Backup_RSC", "sip.register_retry": "Retry_Reg_RSC"}


@dataclass(frozen=True)
class Owed:
    """A REGISTER that has to come at once, to this server of the line's, until ``latest``.

    ``why`` says what led to it, ``code`` is the failure before it. ``credentials`` tells that it
    has to prove the line's account, ``expires`` how much it has to ask for at least.
    """

    server: int
    since: int
    latest: int
    requirement: str
    why: str
    code: str = ""
    credentials: bool = False
    expires: int = 0


class RegisterFindings:
    """What is found about line ``number``, told to ``ledger``."""

    def __init__(self, number: int, ledger: Ledger) -> None:
        self._number = number
        self._ledger = ledger

    def checked(self, requirement: str, code: str, parameters: Parameters) -> None:
        """The requirement held; ``code`` is the failure that led to it, or empty."""
        self._ledger.checked(requirement)
        if code in _CODES:
            self._ledger.checked(_CODES[code])
        template = _TEMPLATES.get(requirement)
        if code and template and parameters.raw(template).strip():
            self._ledger.checked("codes.templates")

    def overdue(self, due: RegisterDue, code: str, now: int) -> None:
        """No REGISTER came in its window, nor until ``now``."""
        self._told(
            CLAUSES[due.clause],
            "a REGISTER did not come",
            self._between(due, code),
            f"nothing until {_s(now)} s",
            now,
            f"{(now - due.latest) / NANOSECONDS:.3f} s overdue",
        )

    def outside(self, due: RegisterDue, code: str, event: ev.SipMessage) -> None:
        """A REGISTER came before its window, or after it."""
        early, late = due.earliest - event.at, event.at - due.latest
        margin = f"{early / NANOSECONDS:.3f} s early"
        if late > 0:
            margin = f"{late / NANOSECONDS:.3f} s late"
        what, due_text = "a REGISTER outside its window", self._between(due, code)
        self._told(CLAUSES[due.clause], what, due_text, describe(event), event.at, margin)

    def missing(self, owed: Owed, now: int) -> None:
        """What was owed at once did not come."""
        self._told(
            owed.requirement,
            f"no REGISTER to the {_server(owed.server)} {owed.why}",
            f"one between {_s(owed.since)} s and {_s(owed.latest)} s of lab time",
            f"none until {_s(now)} s",
            now,
        )

    def elsewhere(self, owed: Owed, event: ev.SipMessage) -> None:
        """Another server was asked than is owed."""
        due = f"a REGISTER to the {_server(owed.server)}"
        self._told(owed.requirement, f"another server {owed.why}", due, describe(event), event.at)

    def wrong(self, requirement: str, what: str, due: str, event: ev.SipMessage) -> None:
        """A REGISTER that is not as it must be, or must not be at all."""
        self._told(requirement, what, due, describe(event), event.at)

    def _told(
        self, requirement: str, what: str, due: str, seen: str, at: int, margin: str = ""
    ) -> None:
        what = f"line {self._number}: {what}"
        self._ledger.violated(Finding(requirement, what, due, seen, margin, at))

    def _between(self, due: RegisterDue, code: str) -> str:
        window = f"between {_s(due.earliest)} s and {_s(due.latest)} s of lab time"
        after = f" after {code}" if code else ""
        return f"a REGISTER of line {self._number}{after} {window}"


def _server(number: int) -> str:
    return "backup proxy" if number else "proxy"


def _s(at: int) -> str:
    return f"{at / NANOSECONDS:.3f}"
