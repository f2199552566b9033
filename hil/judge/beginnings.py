"""The first sign of a resync, an upgrade or a report: what may begin with an event, and what does.

`beginnings` gives the ways in which something that may begin now shows in an event. `begins_anyway` is
for one that nothing due explains: then what it asks for says what the phone thinks it is doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from hil.history import events as ev
from hil.judge.partitions import possible
from hil.judge.requests import path_of
from hil.judge.rule_timers import alike, as_it_may_read, beginnings_of
from hil.judge.shadow import Lost, Shadow
from hil.lab_time import NANOSECONDS
from hil.reference import besides, loads, machine, scheduling
from hil.reference.attempts import Step
from hil.reference.due import Purpose, Reason
from hil.reference.machine import due_of
from hil.reference.phone import Attempt, Began, Duty, Log, Phase, Phone

_ANY = 10**12

Shows = Callable[[Phone, tuple[Duty, ...]], bool]
"""Whether an event is what a phone with these duties does."""


def beginnings(shadow: Shadow, event: ev.Event, shows: Shows) -> list[Shadow]:
    """The ways, each a copy, in which ``event`` is the first sign of what may begin now."""
    ways: list[Shadow] = []
    if shadow.phone.phase is not Phase.WAITING:
        return ways
    for purpose in Purpose:
        if not shadow.windows[purpose].may_begin(shadow.phone, event.at):
            continue
        for phone in _phones(shadow.phone, event.at, purpose):
            begun: list[Phone] = []
            for at in beginnings_of(phone, event.at, shadow.timing):
                started = _started(shadow, phone, event, shows, Began(at, purpose))
                if started is None or any(_are_alike(started[0], each) for each in begun):
                    continue
                begun.append(started[0])
                other = shadow.fork()
                other.phone = phone
                ways += _begins(other, event, purpose, *started)
                if purpose is Purpose.RESYNC and other.phone.attempt is not None:
                    other.reasons = _other_reasons(phone, other.phone.attempt, event.at)
    return ways


def _phones(phone: Phone, at: int, purpose: Purpose) -> Iterable[Phone]:
    """What the phone may be, for all that can be known, at which something for ``purpose`` begins."""
    if purpose is Purpose.UPGRADE:
        return possible(phone, at)
    if purpose is Purpose.RESYNC and tells_reasons(phone):
        return besides.each_first(phone, at)
    return (phone,)


def tells_reasons(phone: Phone) -> bool:
    """Whether anything that the phone does may tell what it began for."""
    return any("PRVST" in each for each in phone.parameters.items_set().values())


def _other_reasons(before: Phone, attempt: Attempt, at: int) -> tuple[Reason, ...]:
    """What the attempt may have begun for as well, where nothing tells it."""
    if tells_reasons(before):
        return ()
    may_be = {due.reason for due in besides.open_at(before, at)}
    return tuple(sorted(may_be - {attempt.reason}, key=lambda each: each.value))


def begins_anyway(shadow: Shadow, event: ev.Event) -> None:
    """Something begins with an event that is no sign of anything due."""
    purpose = _intent(shadow.phone, event)
    denied = shadow.denied_lately(event.at)
    sign = announcement_of(shadow, event, purpose)
    shadow.windows[purpose].check(shadow.phone, sign, denied, lag=shadow.lag_unseen(purpose))
    phone, duties = machine.advance(shadow.phone, Began(event.at, purpose))
    if phone is not shadow.phone:
        shadow.commit(phone, duties, event.at)
        port = event.port if isinstance(event, ev.ProvisioningRequest | ev.Connected) else 0
        shadow.knows_address(event.at, port)
    if purpose is Purpose.UPGRADE and shadow.step is None and shadow.restart is None:
        # The reference would not do that, so it does not know where it leads.
        shadow.lost = Lost.PATH


def _are_alike(one: Phone, other: Phone) -> bool:
    """Whether both ask for the same, but for what a timer reads in its path."""
    if one == other:
        return True
    ours, theirs = one.attempt, other.attempt
    if ours is None or theirs is None or ours.fetch is None or theirs.fetch is None:
        return False
    same = (ours.rule, one.parameters) == (theirs.rule, other.parameters)
    return same and alike(ours.fetch.url, theirs.fetch.url, _ANY)


def _started(
    shadow: Shadow, before: Phone, event: ev.Event, shows: Shows, began: Began
) -> Step | None:
    """What begins with ``event`` if its timers are read as ``began`` says; None if it does not show."""
    phone, duties = machine.advance(before, began)
    if phone.attempt is not None and began.at != event.at:
        plain, _ = machine.advance(before, replace(began, at=event.at))
        attempt = replace(phone.attempt, began=event.at)
        phone = replace(phone, attempt=attempt, besides=plain.besides, triggers=plain.triggers)
    if not shows(phone, duties):
        phone, duties = shadow.without_query(phone, duties, event.at)
        if not shows(phone, duties):
            return None
    return phone, duties


def _begins(
    shadow: Shadow, event: ev.Event, purpose: Purpose, phone: Phone, duties: tuple[Duty, ...]
) -> list[Shadow]:
    """Let it begin with ``event``; the ways in which it may have, ``shadow`` first."""
    before, window = shadow.phone, shadow.windows[purpose]
    sign = announcement_of(shadow, event, purpose)
    window.check(before, sign, lag=shadow.lag_unseen(purpose))
    due = due_of(before, purpose)
    if phone.phase is not Phase.WAITING or due is None:
        shadow.commit(phone, duties, event.at)
        return [shadow]
    # It was over at once, and all that is seen of it is a message, which takes its time.
    sent = event.at - round(shadow.timing.message * NANOSECONDS)
    began = max(sent, min(due.earliest, event.at))
    ways = [shadow]
    if began < window.anchor <= event.at:
        # What was asked for meanwhile may be what it began for, or is due still.
        ways.append(shadow.fork())
    for way, instant in zip(ways, (began, window.anchor), strict=False):
        phone, duties = machine.advance(before, Began(instant, purpose))
        way.commit(
            scheduling.widened(phone, before, event.at - instant, begun=True), duties, event.at
        )
    return ways


def announcement_of(shadow: Shadow, event: ev.Event, purpose: Purpose) -> ev.Event:
    """The first sign of what shows in ``event``: its request message, if that came before."""
    phone, duties = machine.advance(shadow.phone, Began(event.at, purpose))
    _, duties = shadow.without_query(phone, duties, event.at)
    messages = [as_it_may_read(duty.message, phone) for duty in duties if isinstance(duty, Log)]
    return shadow.logs.announced(messages, event.at) or event


def _intent(phone: Phone, event: ev.Event) -> Purpose:
    if not isinstance(event, ev.ProvisioningRequest):
        return Purpose.RESYNC
    if loads.load_name(path_of(event)) is not None:
        return Purpose.UPGRADE
    sends = isinstance(event, ev.HttpRequest) and event.method in ("POST", "PUT")
    if sends and phone.parameters.raw("Report_Rule").strip():
        return Purpose.REPORT
    return Purpose.RESYNC
