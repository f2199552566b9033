"""Reports as attempts: when one is due, and to whom it goes; `hil.reference.reports` has the contents.

A report is the phone's own doing, so nothing depends on its success: what a server refuses is not
sent again before the next report is due.
"""

from __future__ import annotations

from dataclasses import replace

from hil.errors import RuleError
from hil.reference import attempts
from hil.reference.attempts import Step
from hil.reference.decisions import Decisions
from hil.reference.due import Due, Purpose, Reason
from hil.reference.phone import Asked, Attempt, Finished, Phase, Phone
from hil.reference.reports import Cause
from hil.reference.responses import Document, Missing, Unusable
from hil.reference.rules import Fetch
from hil.reference.scheduling import due_after

RULE = "Report_Rule"
_CLAUSE = "report.when"


def changed(phone: Phone, at: int, decisions: Decisions) -> Phone:
    """Somebody changed parameters at the phone itself, now; it boots anew."""
    return _expected(replace(phone, report_due=None), at, Cause.LOCAL_CHANGE, decisions)


def at_boot(phone: Phone, at: int, decisions: Decisions) -> Phone:
    """The boot-up sequence is over; a change on the web page may have been made before it.

    Whether the delay after that change counts from it or from the boot is not published.
    """
    before = phone.report_due
    phone = replace(phone, report_due=None)
    if before is not None:
        phone = _expected(phone, at, Cause.LOCAL_CHANGE, decisions)
        if phone.report_due is not None:
            both = replace(phone.report_due, earliest=max(at, before.earliest))
            phone = replace(phone, report_due=both)
    return _expected(phone, at, Cause.RESTART, decisions)


def asked(phone: Phone, request: Asked, decisions: Decisions) -> Phone:
    """Somebody asked for a report, now."""
    return _expected(phone, request.at, Cause.REQUEST, decisions)


def due_now(phone: Phone) -> Due | None:
    """The report that has to go out next, as things stand."""
    return phone.report_due if phone.phase is Phase.WAITING else None


def began(phone: Phone, at: int, decisions: Decisions) -> Step:
    """The report that is due begins."""
    try:
        texts = decisions.report_rules(phone.parameters)
    except RuleError as error:
        finished = Finished(False, str(error), Purpose.REPORT)
        return replace(phone, report_due=None), (finished,)
    attempt = Attempt(
        Reason.FIRST,
        at,
        phone.parameters,
        purpose=Purpose.REPORT,
        rules=texts,
    )
    phone = replace(phone, phase=Phase.REPORTING, attempt=attempt, report_due=None)
    return _next(phone, at, "", decisions)


def concluded(
    phone: Phone, at: int, meaning: Document | Missing | Unusable, decisions: Decisions
) -> Step:
    """The server of the present rule has answered, or not."""
    attempt = phone.attempt
    if attempt is None:
        return phone, ()
    reason = "" if isinstance(meaning, Document) else meaning.reason
    if not reason:
        phone = replace(phone, reported=attempt.configured)
    following = replace(attempt, rule=attempt.rule + 1, redirects=0, authorizations=0)
    return _next(replace(phone, attempt=following), at, reason, decisions)


def _next(phone: Phone, at: int, reason: str, decisions: Decisions) -> Step:
    attempt = phone.attempt
    if attempt is None:
        return phone, ()
    source = decisions.provisioning_from_dhcp(
        phone.options, phone.parameters, phone.interpretations
    )
    table = attempts.macros(phone, at, decisions)
    for position in range(attempt.rule, len(attempt.rules)):
        outcome = decisions.resolve_report(
            attempt.rules[position], table, source, phone.interpretations
        )
        if isinstance(outcome, Fetch):
            phone = replace(phone, attempt=replace(attempt, rule=position))
            return attempts.locate(phone, outcome, decisions)
    phone = replace(phone, phase=Phase.WAITING, attempt=None)
    phone = _expected(phone, at, Cause.REPORTED, decisions)
    return phone, (Finished(not reason, reason, Purpose.REPORT),)


def _expected(phone: Phone, at: int, cause: Cause, decisions: Decisions) -> Phone:
    delay = decisions.report_delay(cause, phone.parameters)
    if delay is None:
        return phone
    due = due_after(at, delay, Reason.FIRST, _CLAUSE)
    if phone.report_due is not None and phone.report_due.latest <= due.latest:
        return phone
    return replace(phone, report_due=due)
