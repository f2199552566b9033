"""Events, as the reference understands them: what each says of a phone, and which ways it leaves open.

`follow` takes one way in which things can have gone (`hil.judge.shadow`) and the next event, and
gives the ways in which they can have gone then, the plainest first. There is more than one only
where the phone may have given up unseen: a repeated question is the old one again or the first of
a new resync, a late answer comes in time or too late.
"""

from __future__ import annotations

from dataclasses import replace

from hil.history import events as ev
from hil.history.pattern import describe
from hil.judge import absence, addresses, hidden, locating, peer_reports
from hil.judge.beginnings import beginnings, begins_anyway, tells_reasons
from hil.judge.findings import Finding
from hil.judge.owed import is_message
from hil.judge.partitions import is_opaque
from hil.judge.requests import answer_of, compare, path_of, repeats
from hil.judge.rule_timers import as_it_may_read, margin
from hil.judge.shadow import Lost, Shadow
from hil.judge.steps import Asking, Looking, Pending
from hil.judge.surroundings import Surroundings
from hil.reference import machine
from hil.reference.due import Purpose
from hil.reference.phone import (
    Answered,
    Duty,
    Leased,
    Log,
    Phase,
    Phone,
    PoweredOn,
    Retrieve,
)
from hil.reference.responses import Answer, NoAnswer, TftpAnswer

_SIGNS = (ev.DnsQuery, ev.Connected, ev.ProvisioningRequest, ev.SyslogMessage)
_MOST_UNSEEN = 6
_MOST_TRIED = 24


def follow(shadow: Shadow, event: ev.Event) -> list[Shadow]:
    """The ways in which things can have gone after ``event``; its time has been told."""
    ways = [shadow]
    if _leads_elsewhere(shadow, event):
        ways = hidden.tried_unseen(shadow, event.at, _MOST_TRIED)
    elif isinstance(event, _SIGNS):
        # What had nothing to fetch may have come before that of which it is a sign, and something
        # else of that kind before it.
        for way in ways:
            overs = (hidden.unseen(way, event.at, purpose) for purpose in Purpose)
            ways += [over for over in overs if over is not None][: max(0, _MOST_UNSEEN - len(ways))]
    after = [each for way in ways for each in _take(way, event)]
    if absence.is_sign_of_life(event):
        for way in after:
            way.alive_at = event.at
    return after


def _leads_elsewhere(shadow: Shadow, event: ev.Event) -> bool:
    """Whether other servers count from now on: what it did before may have gone unseen to others."""
    if not isinstance(event, ev.DhcpMessage) or event.kind != "ACK":
        return False
    return shadow.phone.address is not None and event.options != shadow.phone.options


def _take(shadow: Shadow, event: ev.Event) -> list[Shadow]:
    match event:
        case ev.HandsetPrepared():
            shadow.prepared(event)
        case ev.PowerFailed():
            shadow.lost = Lost.POWER
        case ev.PowerSwitched(action=ev.PowerAction.OFF) if shadow.lost is None:
            return shadow.unplugged(event.at)
        case ev.DhcpMessage(kind="DISCOVER" | "REQUEST", ciaddr="0.0.0.0") if (
            shadow.lost is Lost.PATH and event.direction is ev.Direction.RECEIVED
        ):
            return absence.comes_back(shadow, event.at)
        case _ if shadow.lost is not None:
            pass
        case ev.LinkChanged(up=up):
            if up:
                return absence.is_heard_again(shadow, event.at)
            absence.falls_silent(shadow, event.at)
        case ev.PowerRequested():
            _switching(shadow, event)
        case ev.DhcpMessage(direction=ev.Direction.SENT):
            return _leased(shadow, event)
        case ev.DhcpMessage(kind="DISCOVER" | "REQUEST", ciaddr="0.0.0.0"):
            return absence.asks_for_address(shadow, event.at)
        case ev.DhcpMessage(kind="RELEASE" | "DECLINE"):
            absence.falls_silent(shadow, event.at)
        case ev.DnsQuery(qtype="A" | "SRV"):
            return locating.asked(shadow, event)
        case ev.DnsAnswer(qtype="A" | "SRV"):
            return locating.told(shadow, event)
        case ev.Connected():
            return _connected(shadow, event)
        case ev.TlsHandshake(succeeded=False):
            _handshake_failed(shadow, event)
        case ev.Disconnected():
            _disconnected(shadow, event)
        case ev.ProvisioningRequest():
            return _requested(shadow, event)
        case ev.FaultInjected():
            if isinstance(shadow.step, Pending) and event.source == shadow.step.scheme:
                shadow.step = replace(shadow.step, troubled=True)
        case ev.TransferEnded():
            return _ended(shadow, event)
        case ev.SyslogMessage():
            return _logged(shadow, event)
        case _:
            pass
    return [shadow]


# -- what happens to the phone -----------------------------------------------------------------------


def _switching(shadow: Shadow, event: ev.PowerRequested) -> None:
    if event.action is ev.PowerAction.OFF:
        # It may be off from now on; the outlet tells so only once it was read back.
        shadow.cut_from = event.at
    elif shadow.phone.phase is Phase.OFF:
        shadow.happens(PoweredOn(event.at))


def _leased(shadow: Shadow, event: ev.DhcpMessage) -> list[Shadow]:
    if event.kind == "NAK" and shadow.phone.address is not None:
        absence.falls_silent(shadow, event.at)
    if event.kind != "ACK" or event.yiaddr == "0.0.0.0" or shadow.phone.phase is Phase.OFF:
        return [shadow]
    before, shadow.surroundings = shadow.surroundings, Surroundings.of(event)
    if isinstance(shadow.step, Looking) and not before.answers_names:
        # The look-up that goes on began with the servers of before, whom the lab does not hear.
        shadow.step = replace(shadow.step, asked=True)
    ways = absence.is_heard_again(shadow, event.at)
    for way in ways:
        way.surroundings = shadow.surroundings
        way.happens(Leased(event.at, event.yiaddr, event.options))
    return ways


def _connected(shadow: Shadow, event: ev.Connected) -> list[Shadow]:
    """The connection for a request that is due, or that a resync may begin with now."""

    def wanted(phone: Phone) -> bool:
        fetch = phone.attempt.fetch if phone.attempt is not None else None
        return (
            fetch is not None
            and fetch.scheme != "tftp"
            and event.port in addresses.ports_of(shadow, phone)
        )

    def shows(phone: Phone, duties: tuple[Duty, ...]) -> bool:
        return wanted(phone)

    anew = hidden.given_up(shadow, event.at)
    ways = beginnings(shadow, event, shows) or [shadow]
    for each in anew:
        ways += [each] if wanted(each.phone) else beginnings(each, event, shows)
    for way in ways:
        if wanted(way.phone):
            way.knows_address(event.at, event.port)
            addresses.reaches(way, event.port, event.at)
            if isinstance(way.step, Asking):
                way.step = replace(way.step, last=event.at, connection=event.connection)
    return ways


def _handshake_failed(shadow: Shadow, event: ev.TlsHandshake) -> None:
    if shadow.phone.phase is Phase.WAITING:
        begins_anyway(shadow, event)
    asking = shadow.step
    if isinstance(asking, Asking) and asking.connection in (0, event.connection):
        shadow.failed("TLS handshake failed", event.at, event.at + shadow.patience)


def _disconnected(shadow: Shadow, event: ev.Disconnected) -> None:
    """A connection that ends without a request is the failure of the request that it was for."""
    asking = shadow.step
    if isinstance(asking, Asking) and asking.connection == event.connection:
        shadow.failed("no connection", event.at, event.at + shadow.patience)


def _ended(shadow: Shadow, event: ev.TransferEnded) -> list[Shadow]:
    pending = shadow.step
    if not isinstance(pending, Pending) or pending.transfer != event.transfer:
        return [shadow]
    answer = answer_of(event)
    if is_opaque(shadow.phone, answer):
        shadow.lost = Lost.LOAD
        return [shadow]
    if isinstance(answer, NoAnswer) and event.scheme == "tftp":
        # Over UDP the phone cannot know that the server is through: it may ask again.
        shadow.step = replace(pending, last=max(pending.last, event.at), ended=answer)
        return _released(shadow.held, [shadow])
    ways = [shadow]
    if isinstance(answer, NoAnswer):
        shadow.failed(answer.reason, event.at, event.at + shadow.patience)
    else:
        gone = [] if not _may_have_gone(pending, answer) else hidden.gave_up(shadow, event.at)
        ways = _told_apart(shadow, Answered(event.at, answer))
        for way in ways:
            way.step = None
            way.happens(Answered(event.at, answer))
        ways += gone
    return _released(shadow.held, ways)


def _released(held: tuple[ev.ProvisioningRequest, ...], ways: list[Shadow]) -> list[Shadow]:
    """Take the requests now that came while the end of the one before them was not on record."""
    for way in ways:
        way.held = ()
    for event in held:
        ways = [each for way in ways for each in _requested(way, event)]
    return ways


def _may_have_gone(pending: Pending, answer: Answer) -> bool:
    """Whether the phone may have given up before this answer, which nobody acknowledges."""
    return pending.troubled and isinstance(answer, TftpAnswer) and answer.error is not None


def _told_apart(shadow: Shadow, answered: Answered) -> list[Shadow]:
    """Where the answer has the phone tell what its resync began for: a way for each that it may be."""
    ways, attempt = [shadow], shadow.phone.attempt
    if not shadow.reasons or attempt is None:
        return ways
    after, _ = machine.advance(shadow.phone, answered)
    reasons = shadow.reasons if tells_reasons(after) else ()
    for reason in reasons:
        ways.append(shadow.fork())
        ways[-1].phone = replace(shadow.phone, attempt=replace(attempt, reason=reason))
    for way in ways if reasons else ():
        way.reasons = ()
    return ways


# -- what the phone does -----------------------------------------------------------------------------


def _requested(shadow: Shadow, event: ev.ProvisioningRequest) -> list[Shadow]:
    anew = hidden.given_up(shadow, event.at)
    ways = [way for each in anew for way in _take_request(each, event)]
    pending = shadow.step
    if not isinstance(pending, Pending):
        return [*_take_request(shadow, event), *ways]
    if repeats(event, pending.retrieve):
        retrieve, since = pending.retrieve, pending.since
        shadow.step = Pending(retrieve, since, event.at, event.transfer, event.peer)
    elif ways:
        return ways
    elif pending.ended is not None:
        # It may ask again for what it had no answer to, and for nothing else.
        _, wrong = compare(
            pending.retrieve, event, shadow.phone, margin(shadow.timing, shadow.phone)
        )
        if wrong is not None:
            shadow.ledger.violated(wrong)
    else:
        shadow.held = (*shadow.held, event)
    return [shadow, *ways]


def _take_request(shadow: Shadow, event: ev.ProvisioningRequest) -> list[Shadow]:
    """Take it for the request that is due, or for the first one of something that begins."""

    def shows(phone: Phone, duties: tuple[Duty, ...]) -> bool:
        return any(
            isinstance(duty, Retrieve)
            and compare(duty, event, phone, margin(shadow.timing, shadow.phone))[1] is None
            for duty in duties
        )

    ways = beginnings(shadow, event, shows)
    if not ways and shadow.phone.phase is Phase.WAITING:
        begins_anyway(shadow, event)
    for way in ways or [shadow]:
        way.knows_address(event.at, event.port)
        addresses.reaches(way, event.port, event.at)
        _hold_against_due(way, event)
    return ways or [shadow]


def _hold_against_due(shadow: Shadow, event: ev.ProvisioningRequest) -> None:
    if not isinstance(shadow.step, Asking):
        if shadow.phone.phase is Phase.BOOTING:
            _too_soon(shadow, event)
        return
    retrieve = shadow.step.retrieve
    clause, finding = compare(retrieve, event, shadow.phone, margin(shadow.timing, shadow.phone))
    if finding is None:
        shadow.ledger.checked(clause)
        retrieve = shadow.asked_for(path_of(event), retrieve)
    else:
        shadow.ledger.violated(finding)
    shadow.step = Pending(retrieve, event.at, event.at, event.transfer, event.peer)


def _too_soon(shadow: Shadow, event: ev.ProvisioningRequest) -> None:
    shadow.ledger.violated(
        Finding(
            "resync.random_delay",
            "a request before the phone has a lease",
            "no request",
            describe(event),
            at=event.at,
        )
    )


def _logged(shadow: Shadow, event: ev.SyslogMessage) -> list[Shadow]:
    def shows(phone: Phone, duties: tuple[Duty, ...]) -> bool:
        return any(
            isinstance(duty, Log) and is_message(event, as_it_may_read(duty.message, phone))
            for duty in duties
        )

    if shadow.logs.settle(event, shadow.told_failure):
        return [shadow]
    if (told := hidden.tells_request(shadow, event)) is not None:
        return [told]
    if (told := hidden.tells_failure(shadow, event)) is not None:
        return [told]
    anew = hidden.given_up(shadow, event.at)
    ways = beginnings(shadow, event, shows)
    if not ways:
        ways = [way for each in anew for way in beginnings(each, event, shows)]
    for way in ways:
        way.logs.settle(event, way.told_failure)
    if ways:
        return ways
    if not peer_reports.judged(shadow, event):
        shadow.logs.stray(event)
    return [shadow]
