"""When a phone cannot show what it does, and what its coming back may mean.

Without a link or a lease a phone can neither ask nor tell, so nothing that it owes is missed then. When
it asks for an address although it had one, it may have lost its lease or its link; or it boots, and
nobody asked it to: phones reboot after some parameter updates (the specification knows such
reboots), in two stages after an upgrade, and when they crash. No clause forbids it, so each is a way.
Since when a phone that boots was away nobody knows: what it left out after its last sign of life is no
omission. After an upgrade that failed a boot is no accident, and excuses nothing.
"""

from __future__ import annotations

from dataclasses import replace

from hil.history import events as ev
from hil.judge import hidden
from hil.judge.shadow import Lost, Shadow
from hil.judge.steps import Asking, Looking, Pending
from hil.lab_time import NANOSECONDS
from hil.reference import machine, scheduling
from hil.reference.decisions import REFERENCE
from hil.reference.due import BootCause
from hil.reference.phone import Began, Phase, Reboot

_MOST_TRIED = 4
"""Attempts in vain during one absence that are followed; later ones come in the same windows."""

_AWAKE = (Phase.WAITING, Phase.RESYNCING, Phase.UPGRADING, Phase.REPORTING)


def is_sign_of_life(event: ev.Event) -> bool:
    """Whether a phone that runs made this; announcements to neighbours come while it boots."""
    match event:
        case ev.DnsQuery() | ev.Connected() | ev.ProvisioningRequest() | ev.SyslogMessage():
            return True
        case ev.NtpQuery() | ev.Alive(alive=True) | ev.ScreenUsed(offered=True):
            return True
        case ev.SipMessage(direction=ev.Direction.RECEIVED):
            return True
        case ev.DhcpMessage(direction=ev.Direction.RECEIVED):
            return True
        case ev.WebAnswered():
            return event.status > 0
        case ev.TransferEnded():
            return event.outcome not in (ev.Outcome.ABORTED, ev.Outcome.TIMED_OUT)
    return False


def falls_silent(shadow: Shadow, at: int) -> None:
    """From ``at`` on it has no link or no lease."""
    if shadow.silent_since is None and shadow.phone.phase in _AWAKE:
        shadow.silent_since = at


def is_heard_again(shadow: Shadow, at: int) -> list[Shadow]:
    """It can show again what it does, and goes on with what it was at, or has given it up.

    What fell due meanwhile it may have tried in vain, or it has waited with it until now.
    """
    since, shadow.silent_since = shadow.silent_since, None
    if since is None or shadow.phone.phase not in _AWAKE:
        return [shadow]
    # What it had to tell meanwhile nobody could hear.
    shadow.logs.clear()
    step = shadow.step
    if step is None:
        tried = _tried_in_vain(shadow, since, at)
        late = scheduling.not_late(shadow.phone, at)
        shadow.phone = scheduling.settled(late, at, REFERENCE)
        return [shadow, *tried]
    left = shadow.fork()
    left.failed("no address", min(step.since, since), at)
    # It may have told of that while nobody could hear.
    left.logs.excuse()
    ways = [shadow, left, *_tried_in_vain(left, since, at)]
    match step:
        case Looking():
            shadow.step = replace(step, last=at, asked=True)
        case Asking():
            shadow.step = replace(step, since=at, last=at + shadow.stride)
        case Pending():
            shadow.step = replace(step, last=at, troubled=True)
    return ways


def _tried_in_vain(shadow: Shadow, since: int, at: int) -> list[Shadow]:
    """The ways in which it began, and gave up, what fell due while it had no address until ``at``.

    When it noticed that it has none does not show, so each may have failed at any instant until then.
    """
    ways: list[Shadow] = []
    before = [shadow]
    for way in before:
        for purpose, window in way.windows.items():
            due = machine.due_of(way.phone, purpose)
            if due is None or way.phone.phase is not Phase.WAITING or not window.allows(due, at):
                continue
            began = min(max(due.earliest, since), at)
            phone, duties = machine.advance(way.phone, Began(began, purpose))
            tried = way.fork()
            tried.commit(phone, duties, began)
            if tried.step is None or len(ways) >= _MOST_TRIED:
                continue
            tried.failed("no address", began, at)
            tried.logs.excuse()
            ways.append(tried)
            before.append(tried)
    return ways


def asks_for_address(shadow: Shadow, at: int) -> list[Shadow]:
    """It has no address at ``at``: since it boots, or since it has lost the one that it had."""
    awake = shadow.phone.phase in _AWAKE
    owed = hidden.restarted(shadow, at)
    if not awake or owed != [shadow] or shadow.phone.phase is Phase.BOOTING:
        for way in owed:
            if way is not shadow:
                # Whatever it booted for, it was away.
                way.ledger.withdraw(_away_since(shadow, at))
        return owed
    ways = [shadow]
    for cause in _causes(shadow):
        booted = shadow.fork()
        if not _has_failed_to_upgrade(shadow, at):
            booted.ledger.withdraw(_away_since(shadow, at))
        # It owes this boot to nobody; what it is called does not show.
        booted.restart = (Reboot(cause, ""), at)
        booted.restarts(at)
        ways.append(booted)
    falls_silent(shadow, at)
    return ways


def comes_back(shadow: Shadow, at: int) -> list[Shadow]:
    """A phone that left the path of the reference by something that it left out may be booting."""
    found = shadow.ledger.findings
    if shadow.lost is not Lost.PATH or not found:
        return [shadow]
    if found[-1].missed_at <= _away_since(shadow, at):
        return [shadow]
    back = shadow.fork()
    back.lost = None
    return [shadow, *asks_for_address(back, at)[1:]]


def _away_since(shadow: Shadow, at: int) -> int:
    """Since when it may have been booting at most."""
    return max(shadow.alive_at, at - round(shadow.timing.restart * NANOSECONDS))


def _has_failed_to_upgrade(shadow: Shadow, at: int) -> bool:
    since = at - round(shadow.timing.restart * NANOSECONDS)
    return shadow.phone.upgrades.failures > 0 and shadow.upgraded >= since


def _causes(shadow: Shadow) -> list[BootCause]:
    """Why it may boot: a crash, of which it knows afterwards or not, or what it has done."""
    causes = [BootCause.RESTART, BootCause.POWER]
    if shadow.storing:
        causes.append(BootCause.UPDATE)
    if shadow.phone.last_attempt is None:
        # Nothing came of its last boot: it may be in the midst of it.
        causes.append(shadow.phone.boot)
    return list(dict.fromkeys(causes))
