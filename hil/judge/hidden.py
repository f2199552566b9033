"""Moves that nobody sees, and what each would explain.

Not all that a phone does can be seen. When it gives up on a silent server shows only in its next
move, so what it owes after that has a window as wide as the time in which it may have given up; its
Log_Failure_Msg, where it sends one, narrows it again. A resync that asks for nothing, or elsewhere,
leaves no trace at all. Each function gives the way in which such a move was made, or None if it
cannot have been.
"""

from __future__ import annotations

from dataclasses import replace

from hil.history import events as ev
from hil.judge import partitions
from hil.judge.shadow import Shadow
from hil.judge.steps import Asking, Looking, Pending
from hil.lab_time import NANOSECONDS
from hil.reference import machine, scheduling
from hil.reference.due import Due, Purpose
from hil.reference.phone import Began, Phase, Reboot


def unseen(shadow: Shadow, at: int, purpose: Purpose = Purpose.RESYNC) -> Shadow | None:
    """The way in which what is due for this purpose came before ``at`` and nobody could see it.

    None if nothing is due, or if it would have shown: what asks the lab for nothing, sends it no
    message and ends in no reboot leaves no trace.
    """
    due = machine.due_of(shadow.phone, purpose)
    if (
        due is None
        or shadow.phone.phase is not Phase.WAITING
        or not shadow.windows[purpose].allows(due, at)
    ):
        return None
    phone, duties = machine.advance(shadow.phone, Began(due.earliest, purpose))
    if any(map(shadow.is_visible, duties)):
        phone, duties = shadow.without_query(phone, duties, due.earliest)
    if phone is shadow.phone or any(map(shadow.is_visible, duties)):
        return None
    if any(isinstance(duty, Reboot) for duty in duties):
        return None
    other = shadow.fork()
    latest = max(due.earliest, min(due.latest, at))
    other.commit(phone, duties, due.earliest)
    slack = shadow.windows[purpose].slack_late(due, due.latest)
    spread = latest - due.earliest + slack
    other.phone = scheduling.widened(other.phone, shadow.phone, spread, begun=True)
    if other.phone.attempt is not None:
        other.phone = replace(
            other.phone,
            attempt=replace(other.phone.attempt, began=due.earliest + spread, spread=spread),
        )
    if isinstance(other.step, Looking | Asking):
        other.step = replace(other.step, last=latest + shadow.stride)
    return other


def just_begun(shadow: Shadow, at: int) -> list[Shadow]:
    """The ways in which something that is due has begun at ``at``, and shows in a moment."""
    ways = []
    for purpose in Purpose:
        due = machine.due_of(shadow.phone, purpose)
        if due is None or shadow.phone.phase is not Phase.WAITING:
            continue
        phone, duties = machine.advance(shadow.phone, Began(at, purpose))
        if not shadow.windows[purpose].allows(due, at) or phone.phase is Phase.WAITING:
            continue
        other = shadow.fork()
        other.ledger.checked(due.clause)
        other.commit(phone, duties, at)
        ways.append(other)
    return ways


def restarted(shadow: Shadow, at: int) -> list[Shadow]:
    """It boots, as it owed, or because of an upgrade to a load that it had already.

    Such an upgrade needs nothing from the lab, so the boot may be all that shows of it.
    """
    if shadow.restart is None and machine.reboots_now(shadow.phone)[1]:
        # It did not wait until nobody uses it any more, or nobody did.
        shadow.commit(*machine.reboots_now(shadow.phone), at)
    due = machine.due_of(shadow.phone, Purpose.UPGRADE)
    if shadow.restart is not None or not _may_have_begun(shadow, due, at):
        shadow.restarts(at)
        return [shadow]
    begun = partitions.activated(shadow.phone, due.earliest) if due is not None else None
    if begun is None or due is None:
        return [shadow]
    other = shadow.fork()
    other.commit(*begun, due.earliest)
    other.ledger.checked(due.clause)
    other.restarts(at)
    return [other, shadow]


def may_be_starting(shadow: Shadow, now: int) -> bool:
    """Whether it may be about to boot a load that it had already, and nothing shows of that yet."""
    due = machine.due_of(shadow.phone, Purpose.UPGRADE)
    if due is None or not _may_have_begun(shadow, due, now):
        return False
    if now - due.latest > shadow.stride + round(shadow.timing.restart * NANOSECONDS):
        return False
    begun = partitions.activated(shadow.phone, due.earliest)
    return begun is not None and not any(map(shadow.is_visible, begun[1]))


def _may_have_begun(shadow: Shadow, due: Due | None, at: int) -> bool:
    waiting = shadow.phone.phase is Phase.WAITING
    return waiting and shadow.windows[Purpose.UPGRADE].allows(due, at)


def may_give_up(shadow: Shadow) -> bool:
    """Whether the lab gives the phone a reason to abandon the present step."""
    match shadow.step:
        case Looking(asked=asked):
            return asked or not shadow.surroundings.answers_names
        case Asking() as asking:
            return asking.connection != 0 or not shadow.sees(asking)
        case Pending(troubled=troubled, ended=ended):
            return troubled or ended is not None
        case None:
            return False


def gave_up(shadow: Shadow, at: int) -> list[Shadow]:
    """The way in which it abandoned the present step before ``at``, if it is at one."""
    if shadow.step is None:
        return []
    other = shadow.fork()
    other.failed("no answer", shadow.step.since, at)
    return [other]


def tried_unseen(shadow: Shadow, at: int, most: int) -> list[Shadow]:
    """The ways in which it has begun what was due by ``at``, and given it up, again and again unseen.

    It is the first of them itself; there are ``most`` at most.
    """
    ways = [shadow]
    for way in ways:
        further = gave_up(way, at) if may_give_up(way) else []
        further += [over for each in Purpose if (over := unseen(way, at, each)) is not None]
        ways += [each for each in further if not any(each.same_as(other) for other in ways)]
        if len(ways) >= most:
            break
    return ways[:most]


def given_up(shadow: Shadow, at: int, unseen_after: int = 2) -> list[Shadow]:
    """The ways in which it gave up before ``at``, where it goes on or something may begin then.

    What waited for that may have come before it unseen, so many times at most.
    """
    if shadow.step is None or not may_give_up(shadow):
        return []
    other = shadow.fork()
    other.failed("no answer", shadow.step.since, at)
    ways = [other]
    overs = (unseen(other, at, purpose) for purpose in Purpose) if unseen_after else ()
    for over in overs:
        if over is not None and over.phone.phase is Phase.WAITING:
            ways.append(over)
        elif over is not None:
            ways += given_up(over, at, unseen_after - 1)
    return [way for way in ways if way.step is not None or _may_begin(way, at)]


def _may_begin(shadow: Shadow, at: int) -> bool:
    return any(
        window.allows(machine.due_of(shadow.phone, purpose), at)
        for purpose, window in shadow.windows.items()
    )


def looks_up_to_tell(shadow: Shadow, event: ev.DnsQuery) -> Shadow | None:
    """The way in which it gave up, if the query may be for its Log_Failure_Msg."""
    if not isinstance(shadow.step, Looking) or not may_give_up(shadow):
        return None
    other = shadow.fork()
    other.failed("no answer", shadow.step.since, event.at)
    return other if other.logs.owes_to(event.name) else None


def tells_request(shadow: Shadow, event: ev.SyslogMessage) -> Shadow | None:
    """The way in which it remembers where the server is, if the message announces its request."""
    if not isinstance(shadow.step, Looking) or not shadow.names.destinations(shadow.step.locate):
        return None
    other = shadow.fork()
    other.knows_address(event.at)
    return other if other.logs.settle(event, other.told_failure) else None


def tells_failure(shadow: Shadow, event: ev.SyslogMessage) -> Shadow | None:
    """The way in which it gave up just now, if the message is its Log_Failure_Msg."""
    if shadow.step is None or not may_give_up(shadow):
        return None
    other = shadow.fork()
    other.failed("no answer", shadow.step.since, event.at)
    return other if other.logs.settle(event, other.told_failure) else None
