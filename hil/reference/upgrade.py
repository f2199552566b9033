"""Firmware upgrades: when one is due, what it fetches, and what becomes of it.

Upgrade_Rule is evaluated when a resync is over, when the phone has booted, and when somebody asks. A
load that differs from the running one is fetched and installed, or only started where it is in the
other partition already. After a success the phone reboots; after a failure it tries again after
Upgrade_Error_Retry_Delay. It does not attempt again what has come to an end, "until the rule is
modified or the effective" URL changes (Administration Guide 11.3, Provisioning Formats). Which URL that
is does not depend on the attempt itself: $UPGST, $UPGERR and timers count as before the first one. It
begins only while no line is active (same place)::

    waiting ──Began──▶ upgrading: .loads ─▶ member ─▶ … ─▶ Install, Log, Reboot ──▶ rebooting
       ▲                   │ anything fails
       └─── retry ◀────────┘
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from hil.errors import LoadError
from hil.reference import attempts, loads
from hil.reference.attempts import Step
from hil.reference.besides import may_go_on
from hil.reference.decisions import REFERENCE, Decisions
from hil.reference.due import FOREVER, Action, Asker, BootCause, Due, Lines, Purpose, Reason
from hil.reference.log_messages import LogKind
from hil.reference.phone import (
    Asked,
    Attempt,
    Destination,
    Duty,
    Finished,
    Install,
    Phase,
    Phone,
    Reboot,
    Upgrades,
)
from hil.reference.responses import Document, Missing, Unusable
from hil.reference.rules import Fetch, Outcome, RuleFailure, Skip
from hil.reference.scheduling import due_after
from hil.reference.upgrade_rules import Upgrade

_RULE = "Upgrade_Rule"


def considered(phone: Phone, at: int, decisions: Decisions, *, later: bool = False) -> Phone:
    """Look at Upgrade_Rule: an attempt may be due, or due no more.

    ``later``: a resync comes first, so that the attempt may wait for it but need not.
    """
    upgrades = phone.upgrades
    if not decisions.upgrade_enabled(phone.parameters):
        return replace(phone, upgrades=replace(upgrades, due=None, again=None))
    if upgrades.again is not None or any(each.action is Action.UPGRADE for each in phone.wanted):
        return phone
    text = phone.parameters.raw(_RULE)
    outcome = _resolved(phone, text, "", at, decisions)
    key = _key(phone, text, "", at, decisions)
    if key != upgrades.failed:
        upgrades = replace(upgrades, failed=None)
    if isinstance(outcome, Skip) or decisions.is_settled(key, upgrades.settled):
        return replace(phone, upgrades=replace(upgrades, due=None))
    if isinstance(outcome, Fetch) and decisions.is_running(
        loads.load_name(outcome.path), phone.identity
    ):
        return replace(phone, upgrades=replace(upgrades, due=None, settled=key))
    if key == upgrades.failed and decisions.retries_wait:
        return phone
    earliest = at
    if upgrades.due is not None and upgrades.due.latest == FOREVER:
        earliest = upgrades.due.earliest
    later = later or key == upgrades.unsure
    due = Due(earliest, FOREVER if later else at, Reason.FIRST, "upgrade.rule")
    return replace(phone, upgrades=replace(upgrades, due=due, failures=0))


def asked(phone: Phone, request: Asked) -> Phone:
    """Somebody asked for an upgrade, now; what is going on comes to its end first."""
    phone = replace(phone, wanted=(*phone.wanted, request))
    return asked_meanwhile(phone, request.at) if phone.phase is Phase.WAITING else phone


def asked_meanwhile(phone: Phone, at: int) -> Phone:
    """The upgrade that somebody asked for is due at ``at``, if anybody has asked for one.

    What Upgrade_Rule asks for is looked at anew after it.
    """
    if not any(each.action is Action.UPGRADE for each in phone.wanted):
        return phone
    due = Due(at, at, Reason.FIRST, "web.upgrade")
    return replace(phone, upgrades=replace(phone.upgrades, due=due, failures=0))


def why_not_due(phone: Phone, at: int, decisions: Decisions) -> str:
    """The clause that keeps the phone from an upgrade by its rule at ``at``, where none is due."""
    if not decisions.upgrade_enabled(phone.parameters):
        return "upgrade.enable"
    if phone.lines.active:
        return "upgrade.idle"
    text = phone.parameters.raw(_RULE)
    outcome = _resolved(phone, text, "", at, decisions)
    if isinstance(outcome, Fetch):
        if decisions.is_running(loads.load_name(outcome.path), phone.identity):
            return "upgrade.load"
        if phone.upgrades.failures:
            return "upgrade.error_retry_delay"
        if _key(phone, text, "", at, decisions) == phone.upgrades.settled:
            return "upgrade.settled"
    return "upgrade.rule"


def is_member(phone: Phone) -> bool:
    """Whether the phone fetches a member of a load, which is large, rather than the .loads file."""
    return phone.attempt is not None and phone.attempt.load is not None


def due_now(phone: Phone, decisions: Decisions = REFERENCE) -> Due | None:
    """The attempt that has to begin next, as things stand."""
    due = phone.upgrades.due
    if due is None or phone.phase is not Phase.WAITING:
        return None
    return decisions.upgrade_held_back(due, phone.lines)


def allowed(phone: Phone) -> tuple[Due, ...]:
    """What may have begun at the very moment at which a line became active."""
    due, since = phone.upgrades.due, phone.lines.active_since
    if due is None or since is None or since < due.earliest:
        return ()
    return (replace(due, earliest=since, latest=since),)


def began(phone: Phone, at: int, decisions: Decisions) -> Step:
    """The attempt that is due begins."""
    if not decisions.upgrade_enabled(phone.parameters):
        return phone, ()
    due, upgrades = phone.upgrades.due, phone.upgrades
    request = next((each for each in phone.wanted if each.action is Action.UPGRADE), None)
    asked_for = request or upgrades.again
    attempt = Attempt(
        due.reason if due is not None else Reason.FIRST,
        at,
        phone.parameters,
        purpose=Purpose.UPGRADE,
        rules=(_RULE,),
    )
    if asked_for is not None and asked_for.rule:
        attempt = replace(attempt, text=asked_for.rule, requester=asked_for.requester)
    phone = replace(
        phone,
        phase=Phase.UPGRADING,
        attempt=attempt,
        upgrades=replace(upgrades, due=None, again=None),
        wanted=tuple(each for each in phone.wanted if each is not request),
    )
    outcome = _outcome(phone, at, decisions)
    if isinstance(outcome, RuleFailure):
        return failed(phone, at, outcome.reason, decisions)
    if isinstance(outcome, Skip):
        return _nothing_to_do(phone, at, decisions)
    name = loads.load_name(outcome.path)
    if decisions.is_running(name, phone.identity):
        return _nothing_to_do(phone, at, decisions)
    if name and name == upgrades.standby and decisions.starts_standby:
        phone = replace(phone, attempt=replace(attempt, fetch=outcome, server=_literal(outcome)))
        return _installed(phone, at, name, decisions)
    return attempts.locate(phone, outcome, decisions)


def concluded(
    phone: Phone, at: int, meaning: Document | Missing | Unusable, decisions: Decisions
) -> Step:
    """A request of the attempt has come to its end."""
    attempt = phone.attempt
    if attempt is None:
        return phone, ()
    if not isinstance(meaning, Document):
        return failed(phone, at, meaning.reason, decisions)
    if attempt.fetch is None:
        return phone, ()
    try:
        if attempt.load is None:
            load = decisions.read_load(meaning, phone.identity)
            attempt = replace(attempt, load=load, members=load.members, manifest=attempt.fetch)
            if decisions.is_running(load.name, phone.identity):
                return _nothing_to_do(phone, at, decisions)
        else:
            decisions.check_member(attempt.members[0], meaning)
            attempt = replace(attempt, members=attempt.members[1:])
    except LoadError as error:
        return failed(phone, at, f"corrupt load: {error.reason}", decisions)
    if attempt.members and attempt.fetch is not None and attempt.server is not None:
        path = loads.member_path(attempt.fetch.path, attempt.members[0])
        again = replace(attempt, fetch=replace(attempt.fetch, path=path))
        here = Destination(attempt.server, attempt.port)
        return attempts.retrieve(replace(phone, attempt=again), here, decisions)
    phone = replace(phone, attempt=attempt)
    name = attempt.load.name if attempt.load is not None else ""
    return _installed(phone, at, name, decisions)


def failed(phone: Phone, at: int, reason: str, decisions: Decisions) -> Step:
    """The attempt failed."""
    attempt, upgrades = phone.attempt, phone.upgrades
    if attempt is None:
        return phone, ()
    duties: tuple[Duty, ...] = (
        *attempts.result_log(phone, at, LogKind.UPGRADE_FAILURE, reason, decisions),
        Finished(False, reason, Purpose.UPGRADE),
    )
    delay = decisions.upgrade_retry_delay(
        phone.parameters, upgrades.failures, phone.interpretations
    )
    due = None
    if delay is not None:
        due = due_after(at, delay, Reason.RETRY, "upgrade.error_retry_delay")
    reboots = decisions.reboots_after_failed_upgrade
    if reboots:
        duties = (*duties, Reboot(BootCause.RESTART, "upgrade.corrupt_load"))
    phone = replace(
        phone,
        phase=Phase.REBOOTING if reboots else Phase.WAITING,
        attempt=None,
        upgrades=replace(
            upgrades,
            due=due,
            failures=upgrades.failures + 1,
            last_attempt=attempt.began,
            spread=attempt.spread,
            error=reason,
            failed=_key_of(phone, attempt, at, decisions),
            again=_request_of(attempt) if due is not None else None,
        ),
    )
    wanted = decisions.resync_after_upgrade(phone.parameters)
    if wanted and phone.interpretations.resync_after_failed_upgrade == "performed":
        phone = _followed_by_resync(phone, at)
    return phone, duties


def _followed_by_resync(phone: Phone, at: int) -> Phone:
    """A resync is due now; whether one that could begin by now has its turn besides no text says."""
    before, besides = phone.scheduled, phone.besides
    if before is not None and may_go_on(before, at):
        besides = (*besides, before)
    due = Due(at, at, Reason.PERIODIC, "resync.after_upgrade")
    return replace(phone, scheduled=due, besides=besides)


def _nothing_to_do(phone: Phone, at: int, decisions: Decisions) -> Step:
    """The rule asks for what runs already, or for nothing: no attempt, no message."""
    attempt = phone.attempt
    if attempt is None:
        return phone, ()
    settled = _settled(phone, attempt, at, decisions)
    upgrades = replace(phone.upgrades, settled=settled, failures=0, failed=None)
    phone = replace(phone, phase=Phase.WAITING, attempt=None, upgrades=upgrades)
    return phone, (Finished(True, "", Purpose.UPGRADE),)


def _installed(phone: Phone, at: int, name: str, decisions: Decisions) -> Step:
    attempt = phone.attempt
    if attempt is None:
        return phone, ()
    announced = attempts.announcement(phone, at, decisions) if not attempt.requested else ()
    duties: tuple[Duty, ...] = (
        *announced,
        Install(name, attempt.load),
        *attempts.result_log(phone, at, LogKind.UPGRADE_SUCCESS, "OK", decisions),
        Finished(True, "", Purpose.UPGRADE),
        Reboot(BootCause.UPGRADE, "upgrade.install"),
    )
    upgrades = replace(
        phone.upgrades,
        error="OK",
        settled=_settled(phone, attempt, at, decisions),
        standby=phone.identity.swver,
        installed=name,
    )
    return replace(phone, phase=Phase.REBOOTING, attempt=None, upgrades=upgrades), duties


def _outcome(phone: Phone, at: int, decisions: Decisions) -> Outcome:
    attempt = phone.attempt
    if attempt is None:
        return Skip("no attempt")
    return _resolved(phone, _text(phone, attempt), attempt.requester, at, decisions)


def _resolved(phone: Phone, text: str, requester: str, at: int, decisions: Decisions) -> Outcome:
    source = decisions.provisioning_from_dhcp(
        phone.options, phone.parameters, phone.interpretations
    )
    table = attempts.macros(phone, at, decisions)
    return decisions.resolve_upgrade(text, table, source, requester, phone.interpretations)


def _text(phone: Phone, attempt: Attempt) -> str:
    return phone.parameters.raw(_RULE) if attempt.text is None else attempt.text


def _settled(phone: Phone, attempt: Attempt, at: int, decisions: Decisions) -> Upgrade | None:
    """What is not attempted again now: what somebody else asked for settles nothing of the rule."""
    if attempt.text is not None:
        return phone.upgrades.settled
    return _key_of(phone, attempt, at, decisions)


def _key_of(phone: Phone, attempt: Attempt, at: int, decisions: Decisions) -> Upgrade:
    return _key(phone, _text(phone, attempt), attempt.requester, at, decisions)


def _key(phone: Phone, text: str, requester: str, at: int, decisions: Decisions) -> Upgrade:
    """The rule and its "effective" URL, as they are while nothing has been attempted."""
    at_rest = replace(
        phone, attempt=None, upgrades=Upgrades(), last_attempt=None, last_reason=None, lines=Lines()
    )
    outcome = _resolved(at_rest, text, requester, at, decisions)
    return text.strip(), outcome.url if isinstance(outcome, Fetch) else ""


def _request_of(attempt: Attempt) -> Asked | None:
    """The request that an attempt was made for, if it had a rule of its own."""
    if attempt.text is None:
        return None
    return Asked(attempt.began, Asker.WEB, Action.UPGRADE, attempt.text, attempt.requester)


def _literal(fetch: Fetch) -> str | None:
    """The address in a URL that names one."""
    try:
        return str(ip_address(fetch.host))
    except ValueError:
        return None
