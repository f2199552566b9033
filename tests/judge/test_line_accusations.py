"""Lines of the reference are never accused, and a line that was tampered with always is.

As tests/judge/test_accusations.py, for SIP: `line_player` plays the registration machine on imagined
benches. Whatever it does there is right by definition, so any finding is a false accusation.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest
from histories import NANOSECONDS, TIMING, monitored, phone
from lateness import read_out_of_turn, written_down_late
from line_player import Round, play

from hil.history import events as ev
from hil.judge import Monitor

WILD, CALM, MUTATED = 150, 100, 80


def accused(seeds: range, *, calm: bool) -> dict[int, str]:
    found = ((seed, monitored(play(seed, calm=calm)[0]).findings) for seed in seeds)
    return {seed: "\n".join(map(str, each)) for seed, each in found if each}


def test_lines_are_never_accused_whatever_the_lab_does() -> None:
    assert accused(range(WILD), calm=False) == {}


def test_lines_are_never_accused_where_nothing_is_hidden() -> None:
    assert accused(range(10_000, 10_000 + CALM), calm=True) == {}


@pytest.mark.parametrize("busy", [written_down_late, read_out_of_turn])
def test_lines_are_never_accused_by_a_busy_lab(
    busy: Callable[[list[ev.Event], int], list[ev.Event]],
) -> None:
    told = {seed: busy(play(seed, calm=False)[0].events, seed) for seed in range(CALM)}
    found = {seed: monitored_part(events).findings for seed, events in told.items()}
    assert {seed: each for seed, each in found.items() if each} == {}


@pytest.mark.soak
def test_ten_thousand_scenarios_of_lines_without_an_accusation() -> None:
    assert accused(range(10_000), calm=False) == {}


def test_the_scenarios_of_lines_are_worth_something() -> None:
    checks: set[str] = set()
    for seed in range(60):
        checks |= set(monitored(play(seed)[0]).checks)
    assert checks >= {
        "sip.registration",
        "sip.backup",
        "sip.register_retry",
        "codes.x00",
        "codes.x20",
        "codes.templates",
    }


# --- the same scenarios, tampered with


def register_of(event: ev.Event) -> ev.SipMessage | None:
    sip = isinstance(event, ev.SipMessage) and event.direction is ev.Direction.RECEIVED
    return event if sip else None


def is_certain(events: list[ev.Event], index: int) -> bool:
    """Whether the line is held to what it owes where this REGISTER comes.

    Looked at is a moment later, when all that was silent until then has timed out.
    """
    at = events[index].at + 2 * NANOSECONDS
    moment = msgspec.structs.replace(events[-1], at=at)
    return 1 in monitored_part([*events[:index], moment]).followed_lines


def monitored_part(events: list[ev.Event]) -> Monitor:
    story_monitor = Monitor(phone(), TIMING)
    story_monitor.run(events)
    return story_monitor


def bounded(events: list[ev.Event], rounds: list[Round], chance: random.Random) -> Round | None:
    """A round after the first, whose window ends while the story goes on for a while."""
    ends = events[-1].at - 3 * NANOSECONDS
    found = [each for each in rounds[1:] if each.due.latest < ends]
    chance.shuffle(found)
    return next((each for each in found if is_certain(events, each.index)), None)


def silent_from_a_round_on(
    events: list[ev.Event], rounds: list[Round], chance: random.Random
) -> list[ev.Event] | None:
    chosen = bounded(events, rounds, chance)
    if chosen is None:
        return None
    rest = [e for e in events[chosen.index :] if isinstance(e, ev.Alive | ev.TestEnded)]
    return [*events[: chosen.index], *rest]


def shifted(events: list[ev.Event], index: int, by: int) -> list[ev.Event]:
    rest = [msgspec.structs.replace(e, at=e.at + by) for e in events[index:]]
    return [*events[:index], *rest]


def too_late(
    events: list[ev.Event], rounds: list[Round], chance: random.Random
) -> list[ev.Event] | None:
    chosen = bounded(events, rounds, chance)
    if chosen is None:
        return None
    by = chosen.due.latest + 2 * NANOSECONDS - events[chosen.index].at
    return shifted(events, chosen.index, by)


def too_early(
    events: list[ev.Event], rounds: list[Round], chance: random.Random
) -> list[ev.Event] | None:
    retries = [each for each in rounds if "retry" in each.due.clause]
    chosen = bounded(events, [rounds[0], *retries], chance)
    if chosen is None or chosen.due.earliest - events[chosen.index - 1].at < 3 * NANOSECONDS:
        return None
    by = chosen.due.earliest - 2 * NANOSECONDS - events[chosen.index].at
    return shifted(events, chosen.index, by)


def picked(
    events: list[ev.Event],
    chance: random.Random,
    wanted: Callable[[ev.SipMessage], bool],
) -> int | None:
    """The first place of a REGISTER of this kind; its repetitions are left out."""
    seen: set[tuple[str, int]] = set()
    found = []
    for index, event in enumerate(events):
        register = register_of(event)
        if register is None or (register.call_id, register.cseq) in seen:
            continue
        seen.add((register.call_id, register.cseq))
        if wanted(register) and event.at + 12 * NANOSECONDS < events[-1].at:
            found.append(index)
    chance.shuffle(found)
    return next((index for index in found if is_certain(events, index)), None)


def changed(events: list[ev.Event], index: int, **fields: object) -> list[ev.Event]:
    new = msgspec.structs.replace(events[index], **fields)
    return [*events[:index], new, *events[index + 1 :]]


def without_credentials(
    events: list[ev.Event], rounds: list[Round], chance: random.Random
) -> list[ev.Event] | None:
    del rounds
    index = picked(events, chance, lambda e: b"Authorization" in e.data)
    return None if index is None else changed(events, index, data=b"REGISTER\r\n\r\n")


def with_wrong_credentials(
    events: list[ev.Event], rounds: list[Round], chance: random.Random
) -> list[ev.Event] | None:
    del rounds
    index = picked(events, chance, lambda e: b"Authorization" in e.data)
    if index is None:
        return None
    data = register_of(events[index]).data.replace(b'response="', b'response="0')
    return changed(events, index, data=data)


def over_another_transport(
    events: list[ev.Event], rounds: list[Round], chance: random.Random
) -> list[ev.Event] | None:
    chosen = bounded(events, rounds, chance)
    return None if chosen is None else changed(events, chosen.index, transport="TLS")


def to_the_proxy_again(
    events: list[ev.Event], rounds: list[Round], chance: random.Random
) -> list[ev.Event] | None:
    """In place of the backup."""
    del rounds
    index = picked(events, chance, lambda e: e.source == "backup-sip" and b"Auth" not in e.data)
    if index is None:
        return None
    return changed(events, index, source="sip", port=5060)


def never_at_the_backup(
    events: list[ev.Event], rounds: list[Round], chance: random.Random
) -> list[ev.Event] | None:
    del rounds
    index = picked(events, chance, lambda e: e.source == "backup-sip" and b"Auth" not in e.data)
    if index is None:
        return None
    rest = [e for e in events[index:] if isinstance(e, ev.Alive | ev.TestEnded)]
    return [*events[:index], *rest]


Tampering = Callable[[list[ev.Event], list[Round], random.Random], list[ev.Event] | None]


@pytest.mark.parametrize(
    "tamper",
    [
        silent_from_a_round_on,
        too_late,
        too_early,
        without_credentials,
        with_wrong_credentials,
        over_another_transport,
        to_the_proxy_again,
        never_at_the_backup,
    ],
)
def test_whoever_tampers_with_a_line_is_found(tamper: Tampering) -> None:
    tampered, missed = 0, []
    for seed in range(20_000, 20_000 + MUTATED):
        story, rounds = play(seed, calm=True)
        events = tamper(story.events, rounds, random.Random(seed))  # noqa: S311
        if events is None:
            continue
        tampered += 1
        if not monitored_part(events).findings:
            missed.append(seed)
    assert missed == []
    assert tampered >= MUTATED // 5


def test_whatever_is_left_out_of_a_lines_story_nothing_breaks() -> None:
    for seed in range(60):
        chance = random.Random(seed)  # noqa: S311
        events = [event for event in play(seed)[0].events if chance.random() < 0.8]
        monitored_part(events)
        chance.shuffle(events)
        monitored_part(events)
