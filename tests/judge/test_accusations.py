"""The reference is never accused, and a reference that was tampered with always is.

The player of tests/support lets the reference phone live through random scenarios. Whatever it does
there is right by definition, so any finding is a false accusation. The other half takes scenarios in
which nothing is hidden, changes one thing that the phone did, and requires that the monitor sees it.
Every scenario has a seed; `player.play(seed)` plays it again.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest
from histories import NANOSECONDS, TIMING, phone
from lateness import read_out_of_turn, written_down_late
from player import attempts, play

from hil.history import events as ev
from hil.judge import Monitor

WILD, CALM, MUTATED = 200, 100, 100
Attempts = list[list[ev.Event]]
Busy = Callable[[list[ev.Event], int], list[ev.Event]]


def monitor_of(events: list[ev.Event]) -> Monitor:
    monitor = Monitor(phone(), TIMING)
    monitor.run(events)
    return monitor


def accused(seeds: range, *, calm: bool) -> dict[int, str]:
    played = ((seed, monitor_of(play(seed, calm=calm).events).findings) for seed in seeds)
    return {seed: "\n".join(map(str, found)) for seed, found in played if found}


def test_the_reference_is_never_accused_whatever_the_lab_does() -> None:
    assert accused(range(WILD), calm=False) == {}


def test_the_reference_is_never_accused_where_nothing_is_hidden() -> None:
    assert accused(range(10_000, 10_000 + CALM), calm=True) == {}


@pytest.mark.parametrize("busy", [written_down_late, read_out_of_turn])
def test_the_reference_is_never_accused_by_a_busy_lab(busy: Busy) -> None:
    told = {seed: busy(play(seed).events, seed) for seed in range(CALM // 2)}
    found = {seed: monitor_of(events).findings for seed, events in told.items()}
    assert {seed: each for seed, each in found.items() if each} == {}


@pytest.mark.soak
def test_ten_thousand_scenarios_without_an_accusation() -> None:
    assert accused(range(10_000), calm=False) == {}


def test_the_monitor_keeps_sight_of_nearly_all() -> None:
    seeds = range(10_000, 10_000 + CALM)
    lost = [seed for seed in seeds if monitor_of(play(seed, calm=True).events).lost]
    assert len(lost) <= CALM / 20, lost


def test_the_scenarios_are_worth_something() -> None:
    """They hold every kind of event and check every clause that the monitor can check."""
    kinds: set[str] = set()
    checks: set[str] = set()
    for seed in range(60):
        events = play(seed).events
        kinds |= {type(event).__name__ for event in events}
        checks |= set(monitor_of(events).checks)
    assert kinds >= {"DnsQuery", "FaultInjected", "TlsHandshake", "SyslogMessage", "PowerSwitched"}
    assert checks >= {
        "resync.on_reset",
        "resync.random_delay",
        "resync.periodic",
        "resync.error_retry_delay",
        "rules.default",
        "rules.url",
        "rules.sequence",
        "log.request",
        "log.success",
        "log.failure",
        "report.rule",
        "report.when",
        "resync.at",
        "resync.forced_delay",
        "resync.from_sip",
        "resync.trigger",
        "resync.user_configurable",
        "upgrade.error_retry_delay",
        "upgrade.install",
        "upgrade.rule",
        "web.reboot",
        "web.resync",
        "web.submit",
        "web.upgrade",
    }


# --- the same scenarios, tampered with


def flat(parts: Attempts) -> list[ev.Event]:
    return [event for part in parts for event in part]


def replaced(events: list[ev.Event], old: ev.Event, *new: ev.Event) -> list[ev.Event]:
    at = next(index for index, event in enumerate(events) if event is old)
    return [*events[:at], *new, *events[at + 1 :]]


def pick(events: list[ev.Event], chance: random.Random, kind: type[ev.Event]) -> ev.Event | None:
    """An event of a kind whose absence must show.

    The story goes on after it for long enough, and no look-up fails within that time, or so shortly
    before that it may be what the message tells of: that would be an excuse for its absence.
    """
    within = round((TIMING.message + 1) * NANOSECONDS)
    failed = [e.at for e in events if isinstance(e, ev.DnsAnswer) and not e.answers]

    def must_show(event: ev.Event) -> bool:
        late = event.at + within
        told = event.at - NANOSECONDS
        return late < events[-1].at and not any(told <= at < late for at in failed)

    found = [event for event in events if isinstance(event, kind) and must_show(event)]
    return chance.choice(found) if found else None


def without_a_message(parts: Attempts, chance: random.Random) -> list[ev.Event] | None:
    events = flat(parts)
    message = pick(events, chance, ev.SyslogMessage)
    return replaced(events, message) if message is not None else None


def with_another_message(parts: Attempts, chance: random.Random) -> list[ev.Event] | None:
    events = flat(parts)
    message = pick(events, chance, ev.SyslogMessage)
    if not isinstance(message, ev.SyslogMessage):
        return None
    # In front: what stands behind may be in the place of $ERR, where any words are right.
    return replaced(events, message, msgspec.structs.replace(message, text=f"?{message.text}"))


def with_another_path(parts: Attempts, chance: random.Random) -> list[ev.Event] | None:
    events = flat(parts)
    request = pick(events, chance, ev.ProvisioningRequest)
    if not isinstance(request, ev.ProvisioningRequest):
        return None
    return replaced(events, request, msgspec.structs.replace(request, path=f"{request.path}x"))


def with_another_port(parts: Attempts, chance: random.Random) -> list[ev.Event] | None:
    events = flat(parts)
    request = pick(events, chance, ev.ProvisioningRequest)
    if not isinstance(request, ev.ProvisioningRequest):
        return None
    return replaced(events, request, msgspec.structs.replace(request, port=request.port + 1))


def silent_from_a_resync_on(parts: Attempts, chance: random.Random) -> list[ev.Event] | None:
    """Nothing more from the phone; only if the story goes on after the resync would be late."""
    resyncs = [index for index in range(1, len(parts)) if requests_in(parts[index])]
    if not resyncs:
        return None
    index = chance.choice(resyncs)
    before = flat(parts[:index])
    due = monitor_of(before).phone.due
    assert due is not None
    rest = [e for e in flat(parts[index:]) if isinstance(e, ev.DhcpMessage | ev.TestEnded)]
    late = due.latest + round((TIMING.late + 1) * NANOSECONDS)
    return [*before, *rest] if rest[-1].at > late else None


def shifted(parts: Attempts, chance: random.Random, *, early: bool) -> list[ev.Event] | None:
    """Everything from a resync on comes at another time, outside the window by 2 s and more."""
    resyncs = [index for index in range(1, len(parts)) if requests_in(parts[index])]
    if not resyncs:
        return None
    index = chance.choice(resyncs)
    before = flat(parts[:index])
    due = monitor_of(before).phone.due
    assert due is not None
    # A look-up before its time may be for anything, one in time excuses what comes after it.
    lookups = (ev.DnsQuery, ev.DnsAnswer) if early else ()
    begins = next(event.at for event in parts[index] if not isinstance(event, lookups))
    wanted = due.earliest - 2 * NANOSECONDS if early else due.latest + 2 * NANOSECONDS
    by = wanted - begins
    if early and (wanted <= before[-1].at or begins - due.earliest > NANOSECONDS):
        return None
    if by > 240 * NANOSECONDS:
        # The lease would not be renewed in time, and a phone without one cannot be judged.
        return None
    after = [msgspec.structs.replace(e, at=e.at + by) for e in flat(parts[index:])]
    return [*before, *after]


def too_early(parts: Attempts, chance: random.Random) -> list[ev.Event] | None:
    return shifted(parts, chance, early=True)


def too_late(parts: Attempts, chance: random.Random) -> list[ev.Event] | None:
    return shifted(parts, chance, early=False)


def requests_in(events: list[ev.Event]) -> bool:
    return any(isinstance(event, ev.ProvisioningRequest) for event in events)


Tampering = Callable[[Attempts, random.Random], list[ev.Event] | None]


@pytest.mark.parametrize(
    "tamper",
    [
        without_a_message,
        with_another_message,
        with_another_path,
        with_another_port,
        silent_from_a_resync_on,
        too_early,
        too_late,
    ],
)
def test_whoever_tampers_is_found(tamper: Tampering) -> None:
    tampered, missed = 0, []
    for seed in range(20_000, 20_000 + MUTATED):
        events = tamper(attempts(seed), random.Random(seed))  # noqa: S311
        if events is None:
            continue
        tampered += 1
        if not monitor_of(events).findings:
            missed.append(seed)
    assert missed == []
    assert tampered >= MUTATED // 4


def test_whatever_is_left_out_nothing_ever_breaks_the_monitor() -> None:
    for seed in range(60):
        chance = random.Random(seed)  # noqa: S311
        events = [event for event in play(seed).events if chance.random() < 0.8]
        monitor_of(events)
        chance.shuffle(events)
        monitor_of(events)
