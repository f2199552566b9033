"""Running checks: groups side by side, each check within its deadline, told as soon as it is known.

A check may hang where nothing can interrupt it (a dead file server, a name that nobody resolves). So a
group has a thread of its own, which nobody waits for beyond the deadline of the check that it is at;
what would have followed in that group is skipped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from hil.doctor.findings import (
    Check,
    Finding,
    NotApplicable,
    State,
    ok,
    skipped,
    trouble,
)
from hil.errors import HilError, LabError


@dataclass(frozen=True)
class _News:
    """A group begins a check (``finding`` is None) or has finished one."""

    group: str
    place: int
    finding: Finding | None


def examine(
    checks: Sequence[Check], report: Callable[[Finding], None] = lambda _: None
) -> tuple[Finding, ...]:
    """Run checks and return what they found, in their order; ``report`` hears it at once."""
    groups: dict[str, list[int]] = {}
    for place, check in enumerate(checks):
        groups.setdefault(check.group, []).append(place)
    news: SimpleQueue[_News] = SimpleQueue()
    for group, places in groups.items():
        threading.Thread(
            target=_run, args=(group, places, checks, news), name=f"doctor {group}", daemon=True
        ).start()
    found: dict[int, Finding] = {}
    for place, finding in _collected(groups, checks, news):
        found[place] = finding
        report(finding)
    return tuple(found[place] for place in range(len(checks)))


def _collected(
    groups: dict[str, list[int]], checks: Sequence[Check], news: SimpleQueue[_News]
) -> Iterator[tuple[int, Finding]]:
    """What the groups find, and what is to be said of those that do not come back."""
    now = time.monotonic()
    at = {
        group: (places[0], now + checks[places[0]].deadline_s) for group, places in groups.items()
    }
    while at:
        left = min(until for _, until in at.values()) - time.monotonic()
        try:
            heard = news.get(timeout=max(0.0, left))
        except Empty:
            for group, (place, until) in list(at.items()):
                if until <= time.monotonic():
                    del at[group]
                    yield from _abandoned(place, groups[group], checks)
            continue
        if heard.group not in at:
            continue
        if heard.finding is None:
            at[heard.group] = (heard.place, time.monotonic() + checks[heard.place].deadline_s)
            continue
        if heard.place == groups[heard.group][-1]:
            del at[heard.group]
        yield heard.place, heard.finding


def _abandoned(
    place: int, places: Sequence[int], checks: Sequence[Check]
) -> Iterator[tuple[int, Finding]]:
    hung = checks[place]
    late = LabError(
        f"it did not come back within {hung.deadline_s:g} s",
        next_step="see whether that device, file system or server answers at all",
    )
    yield place, trouble(hung.name, hung.concerns, late)
    for after in places[places.index(place) + 1 :]:
        check = checks[after]
        yield after, skipped(check.name, check.concerns, f"{hung.name} did not come back")


def _run(
    group: str, places: Sequence[int], checks: Sequence[Check], news: SimpleQueue[_News]
) -> None:
    for place in places:
        news.put(_News(group, place, None))
        news.put(_News(group, place, finding_of(checks[place])))


def finding_of(check: Check) -> Finding:
    """Run one check."""
    try:
        return ok(check.name, check.concerns, check.look())
    except NotApplicable as why:
        return skipped(check.name, check.concerns, str(why))
    except HilError as error:
        return trouble(check.name, check.concerns, error)
    except Exception as error:  # noqa: BLE001 - a check that crashes is a finding, not the end
        return Finding(
            check.name,
            check.concerns,
            State.TROUBLE,
            "the check itself crashed",
            f"{type(error).__name__}: {error}",
            "tell whoever maintains hil",
        )
