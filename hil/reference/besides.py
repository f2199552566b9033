"""Several things ask for a resync: which of them one is that begins, and what becomes of the others.

A phone may have a timer for each thing that asks for a resync, or one for all. No text says whether a
resync that somebody asks for ends the range of Resync_At in the midst of which it comes, or whether a
trigger that is true at boot-up has one of its own. So what could have begun as well when something else
did may come besides (`Phone.besides`): it is allowed, and not owed.
"""

from __future__ import annotations

from dataclasses import replace

from hil.reference.decisions import Decisions, Reason
from hil.reference.phone import Due, Phase, Phone
from hil.reference.scheduling import held_back, urgency

_IDLE = "resync.idle"


def due_at(phone: Phone, at: int, decisions: Decisions) -> Due | None:
    """What begins if a resync begins at ``at``: the one that is due, or one that may come besides.

    Of two the one is meant whose time is nearer.
    """
    due = phone.due
    if due is not None and due.earliest <= at:
        return _with_the_reason_of(due, phone, at)
    others = allowed(phone, at, decisions)
    if not others:
        return due
    other = max(others, key=lambda each: each.latest)
    nearer = due is None or at - other.latest < due.earliest - at
    return other if nearer else due


def allowed(phone: Phone, at: int, decisions: Decisions) -> tuple[Due, ...]:
    """What may begin at ``at`` although it is not owed, as the lines and the gate leave it."""
    if phone.phase is not Phase.WAITING or not decisions.resync_enabled(phone.parameters):
        return ()
    held = (
        each if each.clause == _IDLE else held_back(phone, each, decisions)
        for each in phone.besides
    )
    return tuple(each for each in held if each is not None and each.earliest <= at)


def left_over(phone: Phone, at: int, begins: Due | None) -> tuple[Due, ...]:
    """What else asks for a resync when the one that ``begins`` does so at ``at``.

    Whether that one is done with by this one no text says. A resync after boot-up that waits for its
    random moment belongs to it, any other that could begin by now.
    """
    first = _first_at(phone, at)
    others = tuple(due for due in _asking(phone) if due is not first and may_go_on(due, at))
    before = tuple(due for due in phone.besides if due != begins and due.latest >= at)
    return before + others


def may_go_on(due: Due, at: int) -> bool:
    """Whether it may come yet if another resync takes its place at ``at``."""
    return due.earliest <= at or due.reason is Reason.POWER_UP


def _with_the_reason_of(due: Due, phone: Phone, at: int) -> Due:
    """What is due, as what it is that begins at ``at``: of several things one may not be due yet."""
    first, known = _first_at(phone, at), [each.clause for each in _asking(phone)]
    if first is None:
        return due
    clause = first.clause if due.clause in known else due.clause
    return replace(due, reason=first.reason, clause=clause)


def open_at(phone: Phone, at: int) -> list[Due]:
    """What may be what begins at ``at``; the one that must begin first comes first."""
    return sorted((due for due in _asking(phone) if due.earliest <= at), key=urgency)


def each_first(phone: Phone, at: int) -> tuple[Phone, ...]:
    """The phone for each thing that may be what begins at ``at``; of several no text says which is.

    The others may come besides. The one that must begin first comes first.
    """
    open_now = open_at(phone, at)
    if len(open_now) < 2:
        return (phone,)
    phones = []
    for first in open_now:
        others = tuple(due for due in open_now if due is not first)

        def kept(due: Due | None, others: tuple[Due, ...] = others) -> Due | None:
            return None if due in others else due

        phones.append(
            replace(
                phone,
                scheduled=kept(phone.scheduled),
                daily=kept(phone.daily),
                triggered=kept(phone.triggered),
                besides=(*phone.besides, *others),
            )
        )
    return tuple(phones)


def _first_at(phone: Phone, at: int) -> Due | None:
    """What asks for the resync that begins at ``at``: of what may begin then, what must first."""
    asking = _asking(phone)
    open_now = [due for due in asking if due.earliest <= at]
    return min(open_now or asking, key=urgency, default=None)


def _asking(phone: Phone) -> list[Due]:
    return [due for due in (phone.scheduled, phone.daily, phone.triggered) if due is not None]


def still_allowed(phone: Phone, at: int) -> Phone:
    """An attempt is over: what it has left over may come from now on."""
    besides = tuple(due.postponed(at) for due in phone.besides)
    return replace(phone, besides=besides)
