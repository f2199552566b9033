"""The resync machine: what a phone owes, from what it was told and what has happened to it.

`advance` takes a `Phone` and one `Happening` with its time, and returns the phone after it together
with what it now has to do. It is the whole of the specification's resync behaviour and nothing else:
no socket, no clock, no chance. Where the specification leaves an instant open, `Phone.due` has the
window; whoever runs the machine decides (the virtual handset) or observes (the judge) when in that
window the resync `Began`.

::

    off ──PoweredOn──▶ booting ──Leased──▶ waiting ──Began──▶ resyncing
                                              ▲                    │ rule by rule:
                                              │                    │ Locate → Located
                                              └── all rules done ──┤ Retrieve → Answered
                                                  or one failed    ▼ Apply, next rule

Each rule of Profile_Rule, _B, _C, _D is evaluated when its turn comes, so that a profile may set the
rules after it. One failure ends the attempt; the next one starts from the first rule.

Times are integer nanoseconds of lab time, delays in parameters are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import TypeAlias

from hil.errors import ProfileError
from hil.reference.decisions import REFERENCE, Decisions, Reason
from hil.reference.log_messages import LogKind
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Apply,
    Attempt,
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
from hil.reference.responses import Answer, AskAgain, Document, Missing, Unusable
from hil.reference.rules import Fetch, RuleFailure, Skip
from hil.reference.windows import Window

NANOSECONDS = 1_000_000_000

Step: TypeAlias = tuple[Phone, tuple[Duty, ...]]


def advance(phone: Phone, happening: Happening, decisions: Decisions = REFERENCE) -> Step:
    """The phone after ``happening``, and what it has to do now.

    What cannot happen in a phase (an answer that nobody waits for) changes nothing.
    """
    match happening:
        case PoweredOn():
            fresh = Phone(phone.identity, phone.parameters, phone.interpretations)
            return replace(fresh, phase=Phase.BOOTING), ()
        case PoweredOff():
            return Phone(phone.identity, phone.parameters, phone.interpretations), ()
        case Leased(at, address, options):
            return _leased(phone, at, address, options, decisions), ()
        case Began(at):
            if phone.phase is not Phase.WAITING or not decisions.resync_enabled(phone.parameters):
                return phone, ()
            reason = phone.due.reason if phone.due is not None else Reason.EXPLICIT
            first = 0
            if reason is Reason.RETRY and decisions.retry_resumes_at_failed_rule:
                first = phone.failed_rule
            attempt = Attempt(reason, at, phone.parameters, first)
            phone = replace(phone, phase=Phase.RESYNCING, due=None, attempt=attempt)
            return _next_rule(phone, at, decisions)
        case Located(at, address):
            return _located(phone, at, address, decisions)
        case Answered(at, answer):
            if phone.attempt is None or phone.attempt.server is None:
                return phone, ()
            return _answered(phone, at, answer, decisions)


def _leased(
    phone: Phone, at: int, address: str, options: Mapping[int, bytes], decisions: Decisions
) -> Phone:
    if phone.phase is Phase.OFF:
        return phone
    first = phone.phase is Phase.BOOTING
    phone = replace(phone, address=address, options=dict(options))
    if not first:
        return phone
    phone = replace(phone, phase=Phase.WAITING)
    if not decisions.resync_enabled(phone.parameters):
        return phone
    if decisions.resync_on_reset(phone.parameters):
        delay = decisions.random_delay(phone.parameters, phone.interpretations)
        return replace(phone, due=_due(at, delay, Reason.POWER_UP, "resync.random_delay"))
    if decisions.periodic_before_first_success:
        return replace(phone, due=_periodic(phone, at, decisions))
    return phone


def _next_rule(phone: Phone, at: int, decisions: Decisions) -> Step:
    """Evaluate rules from the attempt's present one on until one has something to fetch."""
    attempt = phone.attempt
    if attempt is None:
        return phone, ()
    duties: list[Duty] = []
    names = decisions.profile_rules
    for position in range(attempt.rule, len(names)):
        attempt = replace(attempt, rule=position, redirects=0, authorizations=0)
        phone = replace(phone, attempt=attempt)
        table = _macros(phone, at, decisions)
        if not decisions.rules_read_when_due:
            table = replace(table, parameters=attempt.configured)
        source = decisions.provisioning_from_dhcp(
            phone.options, phone.parameters, phone.interpretations
        )
        outcome = decisions.resolve_rule(names[position], table, source, phone.interpretations)
        if isinstance(outcome, RuleFailure):
            phone, more = _failed(phone, at, outcome.reason, decisions)
            return phone, (*duties, *more)
        if outcome.assignments:
            phone = _configured(phone, phone.parameters.updated(outcome.assignments))
            duties.append(Apply(phone.parameters))
        if isinstance(outcome, Skip):
            continue
        phone, more = _locate(phone, outcome, decisions)
        return phone, (*duties, *more)
    phone, more = _succeeded(phone, at, decisions)
    return phone, (*duties, *more)


def _locate(phone: Phone, fetch: Fetch, decisions: Decisions) -> Step:
    if phone.attempt is None:
        return phone, ()
    phone = replace(phone, attempt=replace(phone.attempt, fetch=fetch, server=None))
    try:
        return _retrieve(phone, str(ip_address(fetch.host)), decisions)
    except ValueError:
        return phone, (Locate(fetch.host),)


def _located(phone: Phone, at: int, address: str | None, decisions: Decisions) -> Step:
    attempt = phone.attempt
    if attempt is None or attempt.fetch is None or attempt.server is not None:
        return phone, ()
    if address is None:
        return _failed(phone, at, f"{attempt.fetch.host} has no address", decisions)
    return _retrieve(phone, address, decisions)


def _retrieve(phone: Phone, address: str, decisions: Decisions) -> Step:
    attempt = phone.attempt
    if attempt is None or attempt.fetch is None:
        return phone, ()
    fetch, announced = attempt.fetch, attempt.requested
    attempt = replace(attempt, server=address, requested=True)
    phone = replace(phone, attempt=attempt)
    table = _macros(phone, attempt.began, decisions)
    duties: list[Duty] = []
    # "The message that is sent to the syslog server at the start of a resync attempt": one an attempt.
    if not announced:
        message = decisions.compose_log(LogKind.REQUEST, table, "")
        duties += [Log(message)] if message is not None else []
    register = fetch.options.get("post") if fetch.scheme != "tftp" else None
    body = ""
    if register is not None:
        body = table.expand(phone.parameters.raw(f"GPP_{register.upper()}"))
    duties.append(
        Retrieve(
            decisions.profile_rules[attempt.rule],
            fetch,
            address,
            "GET" if register is None else "POST",
            body,
            authorize=attempt.authorizations > 0,
        )
    )
    return phone, tuple(duties)


def _answered(phone: Phone, at: int, answer: Answer, decisions: Decisions) -> Step:
    attempt = phone.attempt
    if attempt is None or attempt.fetch is None:
        return phone, ()
    meaning = decisions.meaning(
        answer,
        attempt.fetch,
        redirects=attempt.redirects,
        authorizations=attempt.authorizations,
        interpretations=phone.interpretations,
    )
    match meaning:
        case AskAgain(fetch, redirected):
            again = replace(
                attempt,
                redirects=attempt.redirects + redirected,
                authorizations=attempt.authorizations + (not redirected),
            )
            return _locate(replace(phone, attempt=again), fetch, decisions)
        case Document():
            return _apply(phone, at, meaning, decisions)
        case Missing(reason):
            if decisions.missing_file_fails(phone.parameters):
                return _failed(phone, at, reason, decisions)
            if phone.interpretations.fnf_accepted == "stop":
                return _succeeded(phone, at, decisions)
            return _after_rule(phone, at, decisions)
        case Unusable(reason):
            return _failed(phone, at, reason, decisions)


def _apply(phone: Phone, at: int, document: Document, decisions: Decisions) -> Step:
    if phone.attempt is None or phone.attempt.fetch is None:
        return phone, ()
    options = phone.attempt.fetch.options
    try:
        profile = decisions.read_profile(document, options, phone.parameters, phone.interpretations)
    except ProfileError as error:
        return _failed(phone, at, f"corrupt file: {error.reason}", decisions)
    changed = decisions.apply_profile(phone.parameters, profile)
    phone = _configured(phone, changed)
    phone, duties = _after_rule(phone, at, decisions)
    return phone, (Apply(changed), *duties)


def _configured(phone: Phone, parameters: Parameters) -> Phone:
    """With these parameters from now on; another Resync_Periodic begins with its first element."""
    if parameters.raw("Resync_Periodic") != phone.parameters.raw("Resync_Periodic"):
        phone = replace(phone, periods=0)
    return replace(phone, parameters=parameters)


def _after_rule(phone: Phone, at: int, decisions: Decisions) -> Step:
    if phone.attempt is None:
        return phone, ()
    if phone.attempt.rule + 1 >= len(decisions.profile_rules):
        return _succeeded(phone, at, decisions)
    # What was fetched last stays in the attempt: Log_Success_Msg speaks of it if nothing follows.
    following = replace(phone.attempt, rule=phone.attempt.rule + 1)
    return _next_rule(replace(phone, attempt=following), at, decisions)


def _succeeded(phone: Phone, at: int, decisions: Decisions) -> Step:
    duties: tuple[Duty, ...] = (
        *_result_log(phone, at, LogKind.SUCCESS, "OK", decisions),
        Finished(True),
    )
    restarts = (
        decisions.retry_index_restarts and phone.interpretations.list_restart == "after-success"
    )
    done = replace(
        phone,
        phase=Phase.WAITING,
        attempt=None,
        synced=True,
        failures=0 if restarts else phone.failures,
        last_attempt=phone.attempt.began if phone.attempt is not None else at,
    )
    if not decisions.resync_enabled(done.parameters):
        return replace(done, due=None), duties
    return replace(done, due=_periodic(done, at, decisions), periods=done.periods + 1), duties


def _failed(phone: Phone, at: int, reason: str, decisions: Decisions) -> Step:
    duties: tuple[Duty, ...] = (
        *_result_log(phone, at, LogKind.FAILURE, reason, decisions),
        Finished(False, reason),
    )
    attempt = phone.attempt
    done = replace(
        phone,
        phase=Phase.WAITING,
        attempt=None,
        failures=phone.failures + 1,
        failed_rule=attempt.rule if attempt is not None else 0,
        last_attempt=attempt.began if attempt is not None else at,
    )
    due = None
    if decisions.resync_enabled(done.parameters):
        delay = decisions.retry_delay(done.parameters, phone.failures, done.interpretations)
        due = _due(at, delay, Reason.RETRY, "resync.error_retry_delay") if delay else None
    return replace(done, due=due), duties


def _periodic(phone: Phone, at: int, decisions: Decisions) -> Due | None:
    delay = decisions.periodic_delay(phone.parameters, phone.periods, phone.interpretations)
    return _due(at, delay, Reason.PERIODIC, "resync.periodic") if delay is not None else None


def _due(at: int, delay: Window, reason: Reason, clause: str) -> Due:
    return Due(at + delay.earliest * NANOSECONDS, at + delay.latest * NANOSECONDS, reason, clause)


def _result_log(
    phone: Phone, at: int, kind: LogKind, err: str, decisions: Decisions
) -> tuple[Log, ...]:
    table = _macros(phone, at, decisions)
    message = decisions.compose_log(kind, table, err)
    return (Log(message),) if message is not None else ()


def _macros(phone: Phone, at: int, decisions: Decisions) -> MacroTable:
    context = _context(phone, at)
    return decisions.macro_table(phone.identity, phone.parameters, context, phone.interpretations)


def _context(phone: Phone, at: int) -> MacroContext:
    attempt = phone.attempt
    fetch = attempt.fetch if attempt is not None else None
    since = None if phone.last_attempt is None else (at - phone.last_attempt) // NANOSECONDS
    return MacroContext(
        ip=phone.address,
        prvst=attempt.reason.value if attempt is not None else None,
        prvtmr=None if since is None else str(since),
        scheme=fetch.scheme if fetch is not None else None,
        serv=fetch.host if fetch is not None else None,
        servip=attempt.server if attempt is not None else None,
        port=str(fetch.port) if fetch is not None else None,
        path=fetch.path if fetch is not None else None,
    )
