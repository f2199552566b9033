"""Resyncs: what begins one, which rules it follows, and what comes after it.

Each rule of Profile_Rule, _B, _C, _D is evaluated when its turn comes, so that a profile may set the
rules after it. One failure ends the attempt; the next one starts from the first rule::

    waiting ──Began──▶ resyncing ── rule by rule: Locate, Retrieve, Apply ──▶ waiting

A resync that somebody asked for with a rule of their own follows that one alone.
"""

from __future__ import annotations

from dataclasses import replace

from hil.errors import ProfileError
from hil.reference import attempts, daily
from hil.reference.attempts import Step
from hil.reference.besides import due_at, left_over, may_go_on, still_allowed
from hil.reference.decisions import Decisions
from hil.reference.due import Action, Asker, BootCause, Due, Reason
from hil.reference.log_messages import LogKind
from hil.reference.parameters import Parameters
from hil.reference.phone import Apply, Asked, Attempt, Duty, Finished, Phase, Phone
from hil.reference.responses import Document, Missing, Unusable
from hil.reference.rules import RuleFailure, Skip
from hil.reference.scheduling import counts_periods, due_after
from hil.reference.watching import triggers_now

_ASKED_BY = {
    Asker.WEB: "web.resync",
    Asker.SIP: "resync.from_sip",
    Asker.SCREEN: "resync.user_configurable",
}


def at_boot(phone: Phone, at: int, decisions: Decisions) -> Phone:
    """The boot-up sequence is over at ``at``; a resync may be due."""
    before = phone.settled
    phone = replace(phone, phase=Phase.WAITING, settled=at)
    if _at_boot(phone, decisions):
        delay = decisions.random_delay(phone.parameters, phone.interpretations)
        upgraded = phone.boot is BootCause.UPGRADE
        clause = "resync.after_upgrade" if upgraded else "resync.random_delay"
        phone = replace(phone, scheduled=due_after(at, delay, Reason.POWER_UP, clause))
    elif decisions.periodic_before_first_success:
        phone = replace(phone, scheduled=_periodic(phone, at, decisions))
    elif phone.synced:
        # The boot interrupted the period; whether it counts on or anew is not published.
        after = _periodic(phone, before, decisions)
        anew = _periodic(phone, at, decisions)
        if after is not None and anew is not None:
            both = replace(anew, earliest=max(at, after.earliest))
            phone = replace(phone, scheduled=both)
    return phone


def _at_boot(phone: Phone, decisions: Decisions) -> bool:
    """Resync_On_Reset, and what it excepts."""
    match phone.boot:
        case BootCause.UPGRADE:
            return decisions.resync_after_upgrade(phone.parameters)
        case BootCause.UPDATE:
            return decisions.resync_after_update(phone.parameters, phone.interpretations)
        case _:
            return decisions.resync_on_reset(phone.parameters)


def asked(phone: Phone, request: Asked) -> Phone:
    """Somebody asked for a resync, now; what is going on comes to its end first."""
    phone = replace(phone, wanted=(*phone.wanted, request))
    return asked_meanwhile(phone, request.at) if phone.phase is Phase.WAITING else phone


def asked_meanwhile(phone: Phone, at: int) -> Phone:
    """The resync that somebody asked for is due at ``at``, if anybody has asked for one."""
    request = next((each for each in phone.wanted if each.action is Action.RESYNC), None)
    if request is None:
        return phone
    before, besides = phone.scheduled, phone.besides
    if before is not None and before.reason is not Reason.EXPLICIT and may_go_on(before, at):
        besides = (*besides, before)
    due = Due(at, at, Reason.EXPLICIT, _ASKED_BY[request.by])
    return replace(phone, scheduled=due, besides=besides)


def began(phone: Phone, at: int, decisions: Decisions) -> Step:
    """The resync that is due begins, or one that may begin besides."""
    due = due_at(phone, at, decisions)
    if not _may_begin(phone, due, decisions):
        return phone, ()
    reason = due.reason if due is not None else Reason.EXPLICIT
    explicit = reason is Reason.EXPLICIT
    first = 0
    if reason is Reason.RETRY and decisions.retry_resumes_at_failed_rule:
        first = phone.failed_rule
    request = next((each for each in phone.wanted if each.action is Action.RESYNC), None)
    text = request.rule if request is not None and explicit and request.rule else None
    attempt = Attempt(
        reason,
        at,
        phone.parameters,
        first,
        rules=decisions.profile_rules if text is None else decisions.profile_rules[:1],
        text=text,
        requester=request.requester if text is not None and request is not None else "",
    )
    left = left_over(phone, at, due)
    phone = replace(
        phone,
        phase=Phase.RESYNCING,
        attempt=attempt,
        scheduled=None,
        daily=None,
        triggered=None,
        besides=left,
        triggers=triggers_now(phone, _seen(phone, at, due), decisions),
        daily_utc=daily.served(phone, at, due, left),
    )
    if explicit and request is not None:
        phone = _met(phone, request, at)
    return next_rule(phone, at, decisions)


def _may_begin(phone: Phone, due: Due | None, decisions: Decisions) -> bool:
    """Whether a resync may begin at all: one that somebody was let ask for may in any case."""
    asked_for = due is not None and due.reason is Reason.EXPLICIT
    return asked_for or decisions.resync_enabled(phone.parameters)


def _seen(phone: Phone, at: int, due: Due | None) -> int:
    """When the triggers are looked at that begin ``due`` at ``at``.

    One that may have begun it is true, be it a moment before it can be seen to be.
    """
    turned = phone.triggered
    own = due is not None and due.clause == "resync.trigger"
    return max(at, turned.latest) if turned is not None and (own or turned.earliest <= at) else at


def _met(phone: Phone, request: Asked, at: int) -> Phone:
    """The request is being met; whether the same one, made again before, asks for more is not said.

    One with a rule of its own has its turn anyway.
    """
    same = [request]
    if not request.rule:
        same = [e for e in phone.wanted if (e.action, e.rule) == (request.action, "")]
    wanted = tuple(each for each in phone.wanted if each not in same)
    again = Due(at, at, Reason.EXPLICIT, _ASKED_BY[request.by])
    return replace(phone, wanted=wanted, besides=(*phone.besides, *[again] * (len(same) - 1)))


def next_rule(phone: Phone, at: int, decisions: Decisions) -> Step:
    """Evaluate rules from the attempt's present one on until one has something to fetch."""
    attempt = phone.attempt
    if attempt is None:
        return phone, ()
    duties: list[Duty] = []
    for position in range(attempt.rule, len(attempt.rules)):
        attempt = replace(attempt, rule=position, redirects=0, authorizations=0)
        phone = replace(phone, attempt=attempt)
        table = attempts.macros(phone, at, decisions)
        if not decisions.rules_read_when_due:
            table = replace(table, parameters=attempt.configured)
        source = decisions.provisioning_from_dhcp(
            phone.options, phone.parameters, phone.interpretations
        )
        if attempt.text is not None:
            outcome = decisions.resolve_asked(
                attempt.text, table, source, attempt.requester, phone.interpretations
            )
        else:
            outcome = decisions.resolve_rule(
                attempt.rules[position], table, source, phone.interpretations
            )
        if isinstance(outcome, RuleFailure):
            phone, more = failed(phone, at, outcome.reason, decisions)
            return phone, (*duties, *more)
        if outcome.assignments:
            phone = _configured(phone, phone.parameters.updated(outcome.assignments))
            duties.append(Apply(phone.parameters))
        if isinstance(outcome, Skip):
            continue
        phone, more = attempts.locate(phone, outcome, decisions)
        return phone, (*duties, *more)
    phone, more = _succeeded(phone, at, decisions)
    return phone, (*duties, *more)


def concluded(
    phone: Phone, at: int, meaning: Document | Missing | Unusable, decisions: Decisions
) -> Step:
    """The request for the present rule has come to its end."""
    match meaning:
        case Document():
            return _apply(phone, at, meaning, decisions)
        case Missing(reason):
            if decisions.missing_file_fails(phone.parameters):
                return failed(phone, at, reason, decisions)
            if phone.interpretations.fnf_accepted == "stop":
                return _succeeded(phone, at, decisions)
            return _after_rule(phone, at, decisions)
        case Unusable(reason):
            return failed(phone, at, reason, decisions)


def _apply(phone: Phone, at: int, document: Document, decisions: Decisions) -> Step:
    if phone.attempt is None or phone.attempt.fetch is None:
        return phone, ()
    options = phone.attempt.fetch.options
    try:
        profile = decisions.read_profile(document, options, phone.parameters, phone.interpretations)
    except ProfileError as error:
        return failed(phone, at, f"corrupt file: {error.reason}", decisions)
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
    # What was fetched last stays in the attempt: Log_Success_Msg speaks of it if nothing follows.
    following = replace(phone.attempt, rule=phone.attempt.rule + 1)
    return next_rule(replace(phone, attempt=following), at, decisions)


def _succeeded(phone: Phone, at: int, decisions: Decisions) -> Step:
    duties: tuple[Duty, ...] = (
        *attempts.result_log(phone, at, LogKind.SUCCESS, "OK", decisions),
        Finished(True),
    )
    restarts = not phone.failures or (
        decisions.retry_index_restarts and phone.interpretations.list_restart == "after-success"
    )
    done = replace(
        _over(phone, at),
        synced=True,
        failures=0 if restarts else phone.failures,
    )
    periodic = _periodic(done, at, decisions)
    done = replace(done, scheduled=periodic, periods=done.periods + (periodic is not None))
    return done, duties


def failed(phone: Phone, at: int, reason: str, decisions: Decisions) -> Step:
    """The attempt failed."""
    log = attempts.result_log(phone, at, LogKind.FAILURE, reason, decisions)
    phone, undone = _undone(phone)
    duties: tuple[Duty, ...] = (*log, *undone, Finished(False, reason))
    attempt = phone.attempt
    done = replace(
        _over(phone, at),
        failures=phone.failures + 1,
        failed_rule=attempt.rule if attempt is not None else 0,
    )
    delay = decisions.retry_delay(done.parameters, phone.failures, done.interpretations)
    if delay is not None:
        due = due_after(at, delay, Reason.RETRY, "resync.error_retry_delay")
        done = replace(done, scheduled=due)
    return done, duties


def _undone(phone: Phone) -> Step:
    """The phone without what the rules before the failed one have changed, if that does not stay."""
    attempt = phone.attempt
    if attempt is None or phone.interpretations.failed_rule != "rollback":
        return phone, ()
    if attempt.configured == phone.parameters:
        return phone, ()
    return _configured(phone, attempt.configured), (Apply(attempt.configured),)


def _over(phone: Phone, at: int) -> Phone:
    attempt = phone.attempt
    return replace(
        still_allowed(phone, at),
        phase=Phase.WAITING,
        attempt=None,
        settled=at,
        last_attempt=attempt.began if attempt is not None else at,
        spread=attempt.spread if attempt is not None else 0,
        last_reason=attempt.reason if attempt is not None else phone.last_reason,
    )


def _periodic(phone: Phone, at: int, decisions: Decisions) -> Due | None:
    if not counts_periods(phone, decisions):
        return None
    delay = decisions.periodic_delay(phone.parameters, phone.periods, phone.interpretations)
    return due_after(at, delay, Reason.PERIODIC, "resync.periodic") if delay is not None else None
