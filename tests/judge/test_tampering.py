"""Whoever tampers with a life full of calls, requests, upgrades and reports is found, by the clause.

The lives are those of `player.lively`, in which nothing about the phone is hidden. Each kind of
tampering changes one thing that the phone did; the first thing that the monitor finds has to be that,
with the requirement that it breaks. A seed is printed where that fails: ``lively(seed, features)``
plays it again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import pytest
import tellings
from histories import LAB, NANOSECONDS, PHONE, TIMING, phone
from imagined.world import Attempted, Features
from player import Played, lively

from hil.history import events as ev
from hil.judge import Monitor
from hil.reference.due import Purpose, Reason
from hil.reference.phone import Phone

ENOUGH, SEEDS = 10, range(30_000, 30_400)
"""Tampered lives of each kind, and the seeds among which they are looked for."""

ACTS = (
    ev.ProvisioningRequest,
    ev.TransferEnded,
    ev.DnsQuery,
    ev.DnsAnswer,
    ev.SyslogMessage,
    ev.Connected,
)
_PATIENCE = round((TIMING.step + TIMING.late + TIMING.trigger + 2) * NANOSECONDS)


@dataclass(frozen=True)
class Tampered:
    """A life with one thing in it that the phone must not do, and the clause that says so."""

    events: list[ev.Event]
    requirement: str


def monitor_of(events: list[ev.Event]) -> Monitor:
    monitor = Monitor(phone(), TIMING)
    monitor.run(events)
    return monitor


# --- what can be done to a life


def shows(life: Played, attempt: Attempted) -> bool:
    """Whether the lab has been asked for something in an attempt."""
    return any(isinstance(e, ev.ProvisioningRequest) for e in of(life, attempt))


def of(life: Played, attempt: Attempted) -> list[ev.Event]:
    return life.events[attempt.first : attempt.end]


def due_to(life: Played, purpose: Purpose, *clauses: str) -> Iterator[Attempted]:
    """The attempts that are due by one of these clauses, show, and are followed by none for a while."""
    for index, attempt in enumerate(life.attempts):
        if attempt.purpose is not purpose or attempt.due is None or not shows(life, attempt):
            continue
        begins = life.events[attempt.first].at
        later = life.attempts[index + 1 :]
        until = life.events[later[0].first].at if later else life.events[-1].at
        alone = until > begins + _PATIENCE and not is_asked(life, begins, begins + _PATIENCE)
        if alone and (not clauses or attempt.due.clause in clauses):
            yield attempt


def is_asked(life: Played, since: int, until: int) -> bool:
    """Whether anybody asks the phone for anything between two instants."""
    asking = (ev.WebRequested, ev.ScreenUsed, ev.SipMessage)
    return any(isinstance(e, asking) and since < e.at < until for e in life.events)


def owes_nothing(state: Phone, until: int) -> bool:
    """Whether no resync may begin before ``until``."""
    due = state.due
    return not state.besides and (due is None or due.earliest > until)


def without(life: Played, attempt: Attempted) -> list[ev.Event]:
    """The life as if the attempt had not been made, until that has to have been noticed."""
    late = life.events[attempt.first].at + _PATIENCE
    kept = [event for event in of(life, attempt) if not isinstance(event, ACTS)]
    after = [*kept, *life.events[attempt.end :]]
    ended = msgspec.structs.replace(life.events[-1], at=late)
    return [*life.events[: attempt.first], *(e for e in after if e.at < late), ended]


def with_instead(life: Played, old: ev.Event, *new: ev.Event) -> list[ev.Event]:
    at = next(index for index, event in enumerate(life.events) if event is old)
    return [*life.events[:at], *new, *life.events[at + 1 :]]


def with_request(life: Played, at: int) -> list[ev.Event]:
    """The phone asks for its profile at ``at``."""
    asked = ev.TftpRequest(
        source="tftp",
        scheme="tftp",
        path="/7832-3PCC.xml",
        peer=f"{PHONE}:7777",
        port=69,
        transfer=9999,
        at=at,
        handset="phone",
    )
    before = [event for event in life.events if event.at <= at]
    return [*before, asked, *life.events[len(before) :]]


def is_quiet(life: Played, since: int, until: int) -> bool:
    """Whether the phone makes no attempt between two instants."""
    spans = [(life.events[a.first - 1].at, life.events[a.end - 1].at) for a in life.attempts]
    return all(end < since or begin > until for begin, end in spans)


def state_at(life: Played, at: int) -> Phone:
    return monitor_of([event for event in life.events if event.at <= at]).phone


# --- the kinds


def an_explicit_resync_is_not_made(life: Played) -> Iterator[Tampered]:
    clauses = ("web.resync", "resync.from_sip", "resync.user_configurable")
    for attempt in due_to(life, Purpose.RESYNC, *clauses):
        begun = life.events[attempt.first - 1].at
        assert attempt.due is not None
        # One that was asked for while another went on may be met by that.
        if attempt.due.reason is Reason.EXPLICIT and is_quiet(life, begun - NANOSECONDS, begun - 1):
            yield Tampered(without(life, attempt), attempt.due.clause)


def a_triggered_resync_is_not_made(life: Played) -> Iterator[Tampered]:
    for attempt in due_to(life, Purpose.RESYNC, "resync.trigger"):
        yield Tampered(without(life, attempt), "resync.trigger")


def a_resync_in_the_midst_of_a_call(life: Played) -> Iterator[Tampered]:
    for event in life.events:
        if not isinstance(event, ev.SipMessage) or event.method != "ACK":
            continue
        at = event.at + 3 * NANOSECONDS
        over = next(
            (
                e
                for e in life.events
                if isinstance(e, ev.SipMessage) and e.method == "BYE" and e.call_id == event.call_id
            ),
            None,
        )
        if over is None or over.at < at + NANOSECONDS or not is_quiet(life, event.at, at):
            continue
        before = state_at(life, event.at - 1)
        if before.parameters.flag("Provision_Enable") and owes_nothing(before, at):
            yield Tampered(with_request(life, at), "resync.idle")


def an_upgrade_is_not_made(life: Played) -> Iterator[Tampered]:
    clauses = ("upgrade.rule", "web.upgrade", "upgrade.error_retry_delay")
    for attempt in due_to(life, Purpose.UPGRADE, *clauses):
        # From the boot on it may wait for the resync that comes first.
        if attempt.due is not None and attempt.due.latest < life.events[-1].at:
            yield Tampered(without(life, attempt), attempt.due.clause)


def an_upgrade_asks_for_another_load(life: Played) -> Iterator[Tampered]:
    for attempt in due_to(life, Purpose.UPGRADE):
        asked = next(e for e in of(life, attempt) if isinstance(e, ev.ProvisioningRequest))
        other = msgspec.structs.replace(asked, path=asked.path.replace(".loads", "x.loads"))
        if other.path != asked.path:
            yield Tampered(with_instead(life, asked, other), "upgrade.rule")


def the_success_of_an_upgrade_is_not_told(life: Played) -> Iterator[Tampered]:
    late = round((TIMING.message + TIMING.restart + 1) * NANOSECONDS)
    misled = [e.at for e in life.events if isinstance(e, ev.DnsAnswer) and e.answers[:1] != (LAB,)]
    for event in life.events:
        told = event.text if isinstance(event, ev.SyslogMessage) else ""
        success = "Successful upgrade" in told or " runs /" in told
        # Whoever cannot find the server of messages has an excuse.
        excused = any(at > event.at - 60 * NANOSECONDS for at in misled)
        if success and not excused and event.at + late < life.events[-1].at:
            yield Tampered(with_instead(life, event), "log.upgrade_success")


def a_report_is_not_made(life: Played) -> Iterator[Tampered]:
    for attempt in due_to(life, Purpose.REPORT, "report.when"):
        yield Tampered(without(life, attempt), "report.when")


def a_report_goes_out_by_another_method(life: Played) -> Iterator[Tampered]:
    for attempt in due_to(life, Purpose.REPORT, "report.when"):
        asked = next(e for e in of(life, attempt) if isinstance(e, ev.HttpRequest))
        swapped = {"POST": "PUT", "PUT": "POST"}.get(asked.method, "PUT")
        other = msgspec.structs.replace(asked, method=swapped)
        yield Tampered(with_instead(life, asked, other), "report.when")


def a_resync_after_an_update_s_reboot(life: Played) -> Iterator[Tampered]:
    submitted = [e for e in life.events if isinstance(e, ev.WebRequested) and e.method == "POST"]
    for event in submitted:
        leases = [e for e in life.events if isinstance(e, ev.DhcpMessage) and e.kind == "ACK"]
        boot = next((e for e in leases if e.at > event.at), None)
        if boot is None:
            continue
        at = boot.at + 2 * NANOSECONDS
        state = state_at(life, at)
        clear = state.due is None and not state.besides and state.upgrades.due is None
        allowed = state.parameters.flag("Provision_Enable") and not state.lines.perhaps
        if clear and allowed and at < life.events[-1].at and is_quiet(life, boot.at, at):
            yield Tampered(with_request(life, at), "resync.after_update")


def a_resync_at_its_time_comes_at_another(life: Played) -> Iterator[Tampered]:
    for attempt in due_to(life, Purpose.RESYNC, "resync.at"):
        first = next(e for e in of(life, attempt) if isinstance(e, ev.ProvisioningRequest))
        due = state_at(life, life.events[attempt.first - 1].at).due
        if due is None or due.clause != "resync.at":
            continue
        for wanted in (due.earliest - 3 * NANOSECONDS, due.latest + 3 * NANOSECONDS):
            by = wanted - first.at
            if wanted > life.events[attempt.first - 1].at and by < 200 * NANOSECONDS:
                after = [
                    msgspec.structs.replace(e, at=e.at + by) for e in life.events[attempt.first :]
                ]
                yield Tampered([*life.events[: attempt.first], *after], "resync.at")


def a_command_that_was_refused_is_obeyed(life: Played) -> Iterator[Tampered]:
    """The phone says 403 to a request for a resync, and makes it."""
    for attempt in due_to(life, Purpose.RESYNC, "web.resync"):
        for event in life.events[: attempt.first]:
            if isinstance(event, ev.WebAnswered) and event.status == 200:
                at_once = attempt.due is not None and attempt.due.earliest == event.at
                before = state_at(life, event.at - 1)
                at_once = at_once and owes_nothing(before, event.at + _PATIENCE)
                if at_once and asked_by(life, event).target.startswith("/admin/resync"):
                    refused = msgspec.structs.replace(event, status=403)
                    yield Tampered(with_instead(life, event, refused), "web.access")


def a_reboot_is_not_made(life: Played) -> Iterator[Tampered]:
    """It agrees to reboot and goes on as if nothing had been."""
    for index, event in enumerate(life.events):
        if not isinstance(event, ev.WebAnswered) or event.status != 200:
            continue
        if asked_by(life, event).target == "/admin/reboot":
            state = state_at(life, event.at)
            late = event.at + round((TIMING.restart + 5) * NANOSECONDS)
            seen = msgspec.structs.replace(tellings.time_asked(), at=late, handset="phone")
            if state.attempt is None and not state.lines.active and not state.lines.perhaps:
                yield Tampered([*life.events[: index + 1], seen], "web.reboot")


def asked_by(life: Played, answer: ev.WebAnswered) -> ev.WebRequested:
    return next(
        e for e in life.events if isinstance(e, ev.WebRequested) and e.exchange == answer.exchange
    )


Kind = Callable[[Played], Iterator[Tampered]]
KINDS: dict[Kind, Features] = {
    an_explicit_resync_is_not_made: Features(lines=True, web=True, screen=True),
    a_triggered_resync_is_not_made: Features(triggers=True),
    a_resync_in_the_midst_of_a_call: Features(lines=True),
    an_upgrade_is_not_made: Features(firmware=True, web=True),
    an_upgrade_asks_for_another_load: Features(firmware=True, web=True),
    the_success_of_an_upgrade_is_not_told: Features(firmware=True),
    a_report_is_not_made: Features(reports=True),
    a_report_goes_out_by_another_method: Features(reports=True),
    a_resync_after_an_update_s_reboot: Features(web=True),
    a_resync_at_its_time_comes_at_another: Features(clock=True),
    a_command_that_was_refused_is_obeyed: Features(web=True),
    a_reboot_is_not_made: Features(web=True),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_whoever_tampers_is_found_by_the_clause(kind: Kind) -> None:
    tampered, missed = 0, {}
    for seed in SEEDS:
        found = list(kind(lively(seed, KINDS[kind])))
        if found:
            case = random.Random(seed).choice(found)  # noqa: S311
            findings = monitor_of(case.events).findings
            tampered += 1
            if not findings or findings[0].requirement != case.requirement:
                missed[seed] = f"{case.requirement}: {findings[:2]}"
        if tampered == ENOUGH:
            break
    assert missed == {}
    assert tampered == ENOUGH
