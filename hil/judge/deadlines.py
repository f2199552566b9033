"""What should have happened by now: omissions, each told once, when its time is over."""

from __future__ import annotations

from hil.judge.absence import falls_silent
from hil.judge.findings import Finding
from hil.judge.hidden import may_be_starting, unseen
from hil.judge.requests import fetch_clause
from hil.judge.shadow import Lost, Shadow
from hil.judge.steps import Asking, Looking, Pending
from hil.lab_time import NANOSECONDS
from hil.reference.due import Purpose
from hil.reference.phone import Phase, Retrieve
from hil.reference.responses import NoAnswer

_MOST_BUSY = 4
_MOST_PASSED_OVER = 5000
"""Unseen resyncs in a row after which nobody knows when the next one is due."""


def busy_otherwise(shadow: Shadow, now: int) -> list[Shadow]:
    """The ways in which it is not late ``now``, since it does what nobody can see; itself first."""
    ways = [shadow]
    if shadow.lost is not None or shadow.cut_from is not None:
        return ways
    # What is added is looked at in its turn.
    for way in ways:
        late = [each for each in Purpose if way.windows[each].overdue(way.phone, now) is not None]
        for purpose in Purpose if late and len(ways) < _MOST_BUSY else ():
            over = unseen(way, now, purpose) if late != [purpose] else None
            if over is not None:
                ways.append(over)
    return ways


def time_is(shadow: Shadow, now: int) -> None:
    """Notice what should have happened before ``now``, lab time in nanoseconds."""
    if shadow.lost is not None or shadow.cut_from is not None:
        return
    lease_ends = shadow.surroundings.lease_ends
    if lease_ends is not None and now > lease_ends + shadow.stride:
        falls_silent(shadow, lease_ends)
    if shadow.silent_since is not None:
        return
    for _ in range(_MOST_PASSED_OVER):
        if shadow.lost is not None or not (_passes_over(shadow, now) or _gives_up(shadow, now)):
            break
    else:
        shadow.lost = Lost.PATH
    if shadow.lost is not None:
        return
    for purpose, window in shadow.windows.items():
        if purpose is not Purpose.UPGRADE or not may_be_starting(shadow, now):
            window.time_is(shadow.phone, now, lag=shadow.lag_unseen(purpose))
    _restart_overdue(shadow, now)
    shadow.logs.time_is(now, shadow.could_send)
    match shadow.step:
        case Looking(asked=False) as looking if shadow.sees_query(looking):
            if now - looking.since > shadow.stride + shadow.lag(looking.since):
                service = looking.locate.service
                name = next(iter(shadow.names.hosts_of(looking.locate)), f"SRV {service}")
                clause = "rules.srv" if service else "rules.url"
                what, due = f"{name} was not looked up", f"a DNS query for {name}"
                _left_path(shadow, clause, what, due, now)
        case Asking(connection=0) as asking if shadow.sees(asking):
            if now > asking.last + shadow.lag(asking.since):
                _not_fetched(shadow, asking.retrieve, now)


def _gives_up(shadow: Shadow, now: int) -> bool:
    """Whether it has waited for something for so long that it has given up by ``now``."""
    match shadow.step:
        case Looking(asked=False) as looking if shadow.sees_query(looking):
            return False
        case Asking(connection=0) as asking if shadow.sees(asking):
            return False
        case Looking() | Asking() | Pending(ended=NoAnswer()) as waiting:
            patience = shadow.patience * (1 + shadow.addresses_left)
            if now - waiting.last > patience:
                shadow.failed("no answer", waiting.since, waiting.last + patience)
                return True
    return False


def _passes_over(shadow: Shadow, now: int) -> bool:
    """Take what was due before ``now``, and what nobody could have seen, for done; whether any was."""
    missed: list[tuple[int, Shadow]] = []
    for purpose, window in shadow.windows.items():
        due = window.overdue(shadow.phone, now)
        over = unseen(shadow, due.latest, purpose) if due is not None else None
        if due is None or over is None:
            continue
        if purpose is Purpose.UPGRADE and over.phone.phase is not Phase.WAITING:
            # It may have been given a load, and nobody knows which.
            over.lost = Lost.PATH
        missed.append((due.latest, over))
    if not missed:
        return False
    shadow.become(min(missed, key=lambda each: each[0])[1])
    return True


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
                missed_at=since + round(limit * NANOSECONDS),
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
    until = now if shadow.step is None else shadow.step.since + shadow.stride
    shadow.step = None
    shadow.lost = Lost.PATH
    seen = f"nothing in {shadow.timing.step:g} s"
    shadow.ledger.violated(Finding(clause, what, due, seen, at=now, missed_at=until))
