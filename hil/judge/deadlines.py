"""What should have happened by now: omissions, each told once, when its time is over."""

from __future__ import annotations

from hil.judge.findings import Finding
from hil.judge.hidden import may_be_starting, unseen
from hil.judge.requests import fetch_clause
from hil.judge.shadow import Lost, Shadow
from hil.judge.steps import Asking, Looking, Pending
from hil.reference import machine, scheduling
from hil.reference.due import Purpose
from hil.reference.phone import Began, Phase, Reboot, Retrieve
from hil.reference.responses import NoAnswer

NANOSECONDS = 1_000_000_000
_MOST_PASSED_OVER = 5000
"""Unseen resyncs in a row after which nobody knows when the next one is due."""


def time_is(shadow: Shadow, now: int) -> None:
    """Notice what should have happened before ``now``, lab time in nanoseconds."""
    if shadow.lost is not None or shadow.cut_from is not None:
        return
    lease_ends = shadow.surroundings.lease_ends
    if lease_ends is not None and now > lease_ends + shadow.stride:
        shadow.lost = Lost.LEASE
        return
    for purpose in (Purpose.RESYNC, Purpose.REPORT):
        _pass_over(shadow, now, purpose)
    _unseen_upgrades(shadow, now)
    if shadow.lost is not None:
        return
    for purpose, window in shadow.windows.items():
        if purpose is not Purpose.UPGRADE or not may_be_starting(shadow, now):
            window.time_is(shadow.phone, now)
    _restart_overdue(shadow, now)
    shadow.logs.time_is(now, shadow.could_send)
    match shadow.step:
        case Looking(asked=False) as looking if shadow.sees_query(looking):
            if now - looking.since > shadow.stride:
                service = looking.locate.service
                name = next(iter(shadow.names.hosts_of(looking.locate)), f"SRV {service}")
                clause = "rules.srv" if service else "rules.url"
                what, due = f"{name} was not looked up", f"a DNS query for {name}"
                _left_path(shadow, clause, what, due, now)
        case Asking(connection=0) as asking if shadow.sees(asking):
            if now > asking.last:
                _not_fetched(shadow, asking.retrieve, now)
        case Looking() | Asking() | Pending(ended=NoAnswer()) as waiting:
            patience = shadow.patience * (1 + shadow.addresses_left)
            if now - waiting.last > patience:
                shadow.failed("no answer", waiting.since, waiting.last + patience)


def _pass_over(shadow: Shadow, now: int, purpose: Purpose) -> None:
    """Take what was due before ``now``, and what nobody could have seen, for held."""
    for _ in range(_MOST_PASSED_OVER):
        missed = shadow.windows[purpose].overdue(shadow.phone, now)
        over = unseen(shadow, missed.latest, purpose) if missed is not None else None
        if over is None:
            return
        shadow.become(over)
    shadow.lost = Lost.PATH


def _unseen_upgrades(shadow: Shadow, now: int) -> None:
    """Take upgrades that were over at once, and that nobody could have seen, for held.

    Of one that asks another server nobody knows what it led to.
    """
    window = shadow.windows[Purpose.UPGRADE]
    for _ in range(_MOST_PASSED_OVER):
        due = window.overdue(shadow.phone, now)
        if due is None:
            return
        before = shadow.phone
        phone, duties = machine.advance(before, Began(due.earliest, Purpose.UPGRADE))
        if any(map(shadow.is_visible, duties)):
            phone, duties = shadow.without_query(phone, duties, due.earliest)
        if any(map(shadow.is_visible, duties)) or any(isinstance(d, Reboot) for d in duties):
            return
        if phone.phase is not Phase.WAITING:
            break
        shadow.commit(phone, duties, due.earliest)
        spread = due.latest - due.earliest + window.slack_late(due, now)
        shadow.phone = scheduling.widened(shadow.phone, before, spread)
    shadow.lost = Lost.PATH


def _restart_overdue(shadow: Shadow, now: int) -> None:
    if shadow.restart is None:
        return
    reboot, since = shadow.restart
    limit = shadow.timing.restart
    if now - since > round(limit * NANOSECONDS):
        shadow.restart = None
        shadow.lost = Lost.PATH
        shadow.ledger.violated(
            Finding(
                reboot.clause,
                f"the phone did not reboot ({reboot.cause.value})",
                f"a reboot within {limit:g} s",
                "no DHCPDISCOVER or DHCPREQUEST of a phone that boots",
                at=now,
            )
        )


def _not_fetched(shadow: Shadow, retrieve: Retrieve, now: int) -> None:
    _left_path(
        shadow,
        fetch_clause(retrieve, shadow.phone),
        f"{retrieve.rule} was not fetched",
        f"a request for {retrieve.fetch.url} from {retrieve.server}",
        now,
    )


def _left_path(shadow: Shadow, clause: str, what: str, due: str, now: int) -> None:
    shadow.step = None
    shadow.lost = Lost.PATH
    seen = f"nothing in {shadow.timing.step:g} s"
    shadow.ledger.violated(Finding(clause, what, due, seen, at=now))
