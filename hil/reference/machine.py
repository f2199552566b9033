"""The phone as a whole: what it owes, from what it was told and what has happened to it.

`advance` takes a `Phone` and one `Happening` with its time, and returns the phone after it together
with what it now has to do. It is the whole of the specification's provisioning behaviour and nothing
else: no socket, no clock, no chance. Where the specification leaves an instant open, a `Due` has the
window; whoever runs the machine decides (the virtual handset) or observes (the judge) when in that
window something `Began`.

::

    off ──PoweredOn──▶ booting ──Leased──▶ waiting ──Began──▶ resyncing, upgrading, reporting
                          ▲                  ▲ │                  │ Locate → Located
                          │                  │ ▼                  │ Retrieve → Answered
                          └──── rebooting ◀──┴─┴── it is over ◀───┘ and again, or done

Times are integer nanoseconds of lab time, delays in parameters are seconds.
"""

from __future__ import annotations

from dataclasses import replace

from hil.reference import attempts, daily, reporting, resync, scheduling, upgrade, watching
from hil.reference.attempts import Step
from hil.reference.decisions import REFERENCE, Decisions
from hil.reference.due import Action, Asker, BootCause, Due, Purpose
from hil.reference.phone import (
    Answered,
    Apply,
    Asked,
    Began,
    ClockSet,
    Finished,
    Happening,
    Leased,
    LineChanged,
    Located,
    Phase,
    Phone,
    PoweredOff,
    PoweredOn,
    Reboot,
    Registration,
    Submitted,
    Upgrades,
)
from hil.reference.responses import Document, Missing, Unusable


def advance(phone: Phone, happening: Happening, decisions: Decisions = REFERENCE) -> Step:
    """The phone after ``happening``, and what it has to do now.

    What cannot happen in a phase (an answer that nobody waits for) changes nothing.
    """
    after, duties = _react(phone, happening, decisions)
    if after is phone:
        return phone, ()
    if after.phase is Phase.WAITING:
        over = [duty.purpose for duty in duties if isinstance(duty, Finished)]
        if phone.phase is not Phase.WAITING or over:
            after = _between_attempts(phone, after, happening.at, decisions)
        resynced = Purpose.RESYNC in over
        after = watching.watched(phone, after, happening.at, decisions, resynced=resynced)
    after, more = _rebooted_if_asked(after, decisions)
    return scheduling.settled(after, happening.at, decisions), (*duties, *more)


def due_of(phone: Phone, purpose: Purpose, decisions: Decisions = REFERENCE) -> Due | None:
    """When the next attempt of this purpose has to begin, as things stand; None if none is due."""
    match purpose:
        case Purpose.RESYNC:
            return phone.due
        case Purpose.UPGRADE:
            return upgrade.due_now(phone, decisions)
        case Purpose.REPORT:
            return reporting.due_now(phone)


def _react(phone: Phone, happening: Happening, decisions: Decisions) -> Step:
    match happening:
        case PoweredOn(at, cause):
            return _booting(phone, cause), ()
        case PoweredOff():
            return _unpowered(phone), ()
        case Leased():
            return _leased(phone, happening, decisions), ()
        case Began(at, purpose):
            return _began(phone, at, purpose, decisions)
        case Located(at):
            found = attempts.found(phone, happening, decisions)
            return found if isinstance(found, tuple) else _concluded(phone, at, found, decisions)
        case Answered(at, answer):
            if phone.attempt is None or phone.attempt.server is None:
                return phone, ()
            meaning = attempts.understood(phone, answer, decisions)
            if isinstance(meaning, tuple):
                return meaning
            return _concluded(phone, at, meaning, decisions)
        case Asked():
            return _asked(phone, happening, decisions), ()
        case Submitted(at, values):
            if phone.phase in (Phase.OFF, Phase.BOOTING, Phase.REBOOTING):
                return phone, ()
            changed = phone.parameters.updated(values)
            phone = replace(phone, parameters=changed, phase=Phase.REBOOTING, attempt=None)
            phone = reporting.changed(phone, at, decisions)
            return phone, (Apply(changed), Reboot(BootCause.UPDATE, "web.submit"))
        case LineChanged(at, line, active):
            return scheduling.line_changed(phone, line, active, at), ()
        case Registration(at, line, registered, since):
            told = at if since is None else since
            return scheduling.registration_changed(phone, line, registered, told), ()
        case ClockSet(at, utc_ns):
            return daily.reclocked(phone, replace(phone, clock=(at, utc_ns)), at, decisions), ()


# -- booting ----------------------------------------------------------------------------------------


def _booting(phone: Phone, cause: BootCause) -> Phone:
    fresh = replace(_unpowered(phone), phase=Phase.BOOTING, boot=cause)
    if cause is BootCause.POWER:
        return fresh
    # It restarts by itself, so it knows what it has done; of an upgrade it runs the new load.
    before = phone.upgrades
    upgrades = Upgrades(error=before.error, settled=before.settled, standby=before.standby)
    identity = phone.identity
    if cause is BootCause.UPGRADE and before.installed:
        identity = identity.running(before.installed)
    return replace(
        fresh,
        identity=identity,
        synced=phone.synced,
        settled=phone.settled,
        upgrades=upgrades,
        reported=phone.reported,
        report_due=phone.report_due if cause is BootCause.UPDATE else None,
    )


def _unpowered(phone: Phone) -> Phone:
    """What a loss of power leaves: the phone itself, its parameters, and its partitions."""
    before = phone.upgrades
    kept = Upgrades(standby=before.standby, unsure=before.settled or before.unsure)
    return Phone(phone.identity, phone.parameters, phone.interpretations, upgrades=kept)


def _leased(phone: Phone, leased: Leased, decisions: Decisions) -> Phone:
    if phone.phase in (Phase.OFF, Phase.REBOOTING):
        return phone
    first = phone.phase is Phase.BOOTING
    before = phone
    phone = replace(phone, address=leased.address, options=dict(leased.options))
    if not first:
        return daily.reclocked(before, phone, leased.at, decisions)
    return reporting.at_boot(resync.at_boot(phone, leased.at, decisions), leased.at, decisions)


# -- attempts ---------------------------------------------------------------------------------------


def _began(phone: Phone, at: int, purpose: Purpose, decisions: Decisions) -> Step:
    if phone.phase is not Phase.WAITING:
        return phone, ()
    match purpose:
        case Purpose.RESYNC:
            return resync.began(phone, at, decisions)
        case Purpose.UPGRADE:
            return upgrade.began(phone, at, decisions)
        case Purpose.REPORT:
            return reporting.began(phone, at, decisions)


def _concluded(
    phone: Phone, at: int, meaning: Document | Missing | Unusable, decisions: Decisions
) -> Step:
    if phone.attempt is None:
        return phone, ()
    match phone.attempt.purpose:
        case Purpose.RESYNC:
            return resync.concluded(phone, at, meaning, decisions)
        case Purpose.UPGRADE:
            return upgrade.concluded(phone, at, meaning, decisions)
        case Purpose.REPORT:
            return reporting.concluded(phone, at, meaning, decisions)


def _between_attempts(before: Phone, phone: Phone, at: int, decisions: Decisions) -> Phone:
    """Something is over. Whatever had to wait for it may begin now; an upgrade may be due."""
    phone = resync.asked_meanwhile(scheduling.not_late(phone, at), at)
    phone = upgrade.asked_meanwhile(phone, at)
    if before.phase is Phase.UPGRADING:
        return phone
    comes = scheduling.settled(phone, at, decisions).due is not None
    later = before.phase is Phase.BOOTING and comes
    return upgrade.considered(phone, at, decisions, later=later)


# -- requests ---------------------------------------------------------------------------------------


def _asked(phone: Phone, request: Asked, decisions: Decisions) -> Phone:
    if phone.phase in (Phase.OFF, Phase.BOOTING, Phase.REBOOTING):
        return phone
    if not decisions.may_ask(request.by, request.action, phone.parameters, phone.interpretations):
        return phone
    match request.action:
        case Action.RESYNC:
            return resync.asked(phone, request)
        case Action.UPGRADE:
            return upgrade.asked(phone, request)
        case Action.REPORT:
            return reporting.asked(phone, request, decisions)
        case Action.REBOOT:
            return replace(phone, wanted=(*phone.wanted, request))


def _rebooted_if_asked(phone: Phone, decisions: Decisions) -> Step:
    """It reboots when it was asked to, as soon as it is idle."""
    if phone.phase is not Phase.WAITING or not decisions.may_reboot(phone.lines):
        return phone, ()
    return reboots_now(phone)


def reboots_now(phone: Phone) -> Step:
    """What it does if it takes a request to reboot up now; nothing without one."""
    request = next((each for each in phone.wanted if each.action is Action.REBOOT), None)
    if request is None:
        return phone, ()
    clause = "sip.notify" if request.by is Asker.SIP else "web.reboot"
    rebooting = replace(phone, phase=Phase.REBOOTING, wanted=())
    return rebooting, (Reboot(BootCause.RESTART, clause),)
