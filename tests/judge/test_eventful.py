"""Whatever happens beside its resyncs, the reference is not accused, and who deviates from it is.

As `test_accusations`, with lives in which the clock is set, lines are called and call, and somebody
asks for resyncs. `eventful.play(seed)` plays one again.
"""

from __future__ import annotations

import itertools
import random

import pytest
from eventful import EventfulPlayer, play
from histories import NANOSECONDS, TIMING, Story, phone

from hil.history import events as ev
from hil.judge import Monitor
from hil.reference.phone import Phase

WILD, CALM, MUTATED = 100, 100, 120
_PATIENCE_S = 700
"""How long a silent phone is given, since its last attempt may have ended in more than one way."""


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


@pytest.mark.soak
def test_five_thousand_lives_without_an_accusation() -> None:
    assert accused(range(5000), calm=False) == {}


def test_the_monitor_keeps_sight_of_the_phone() -> None:
    lost = [seed for seed in range(CALM) if monitor_of(play(seed, calm=True).events).lost]
    assert lost == []


def test_the_lives_are_worth_something() -> None:
    """They hold every kind of event and check every clause that they are about."""
    kinds: set[str] = set()
    checks: set[str] = set()
    for seed in range(150):
        events = play(seed, calm=True).events
        kinds |= {type(event).__name__ for event in events}
        checks |= set(monitor_of(events).checks)
    assert kinds >= {"NtpAnswer", "SipMessage", "ScreenUsed"}
    assert checks >= {
        "resync.at",
        "resync.forced_delay",
        "resync.from_sip",
        "resync.trigger",
        "resync.user_configurable",
        "resync.periodic",
    }


# --- the same lives, tampered with


def lives(seeds: range) -> list[tuple[int, list[ev.Event], Monitor]]:
    """Each life up to one of its resyncs, and the monitor after it, where a phone is waiting."""
    found = []
    for seed in seeds:
        player = EventfulPlayer(random.Random(seed), calm=True)  # noqa: S311
        events = player.play().events
        starts = [start for start, _ in itertools.pairwise([*player.attempts, len(events)])][1:]
        if not starts:
            continue
        before = events[: random.Random(seed).choice(starts)]  # noqa: S311
        monitor = monitor_of(before)
        if not monitor.findings and not monitor.lost and monitor.phone.phase is Phase.WAITING:
            found.append((seed, before, monitor))
    return found


def ended(before: list[ev.Event], at: float) -> list[ev.Event]:
    story = Story()
    story.events = list(before)
    return story.ended(at).events


def test_a_phone_that_falls_silent_is_found() -> None:
    tampered, missed = 0, []
    for seed, before, monitor in lives(range(20_000, 20_000 + MUTATED)):
        due = monitor.phone.due
        lease = next(e for e in reversed(before) if isinstance(e, ev.DhcpMessage))
        lease_ends = lease.at / NANOSECONDS + int.from_bytes(lease.options[51])
        end = 0.0 if due is None else due.latest / NANOSECONDS + _PATIENCE_S
        if due is None or end > lease_ends:
            continue
        tampered += 1
        if not monitor_of(ended(before, end)).findings:
            missed.append(seed)
    assert missed == []
    assert tampered > MUTATED / 6


def test_a_resync_out_of_nowhere_is_found() -> None:
    tampered, missed = 0, []
    for seed, before, monitor in lives(range(30_000, 30_000 + MUTATED)):
        at = before[-1].at / NANOSECONDS + 2 * TIMING.step
        due = monitor.phone.due
        if due is not None and due.earliest / NANOSECONDS < at + 2 * TIMING.step:
            continue
        if monitor.phone.besides:
            continue
        tampered += 1
        story = Story()
        story.events = list(before)
        story.fetch(at, "/from-nowhere.xml")
        if not monitor_of(story.ended(at + 1).events).findings:
            missed.append(seed)
    assert missed == []
    assert tampered > MUTATED / 5
