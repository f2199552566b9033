"""Canaries of the checks of a test: what `History` records when one of its verbs does not hold.

The checks are made by the very history that tests use, over a story that is over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from histories import NANOSECONDS, Story, booted

from hil.history import History, Unmet
from hil.history import events as ev


class _Over:
    """A clock at the end of a story: nothing comes any more."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        return self._at

    def wait(self, condition: Callable[[], bool], until: int) -> bool:
        del until
        return condition()

    def notify(self) -> None:
        pass


def _checked(check: Callable[[History, ev.Event], object]) -> Story:
    """A phone that has resynced once, and what a check says of it; the check is told the power-on."""
    story = booted().fetch(10, Resync_Periodic="0")
    history = History(_Over(20 * NANOSECONDS))
    for event in story.events:
        history.append(event)
    up = next(event for event in story.events if isinstance(event, ev.PowerSwitched))
    with contextlib.suppress(Unmet):
        check(history, up)
    said = history.last(ev.Checked)
    if said is None:
        raise ValueError("the check has recorded nothing")
    return story.tell(said.at / NANOSECONDS, said)


def unwatched() -> Story:
    """A check that nothing came, which held because the phone's link was down."""
    story = _checked(lambda history, up: history.expect_none(ev.HttpRequest, after=up, within=15))
    return story.tell(20.5, ev.LinkChanged(source="net", up=False))


CHECK_BREACHES: Mapping[str, tuple[str, Callable[[], Story]]] = {
    "expect-missing": (
        "resync.on_reset",
        lambda: _checked(lambda history, up: history.expect(ev.HttpRequest, after=up, within=15)),
    ),
    "expect-late": (
        "resync.random_delay",
        lambda: _checked(lambda history, up: history.expect(ev.TftpRequest, after=up, within=5)),
    ),
    "expect_none-seen": (
        "resync.on_reset",
        lambda: _checked(
            lambda history, up: history.expect_none(ev.TftpRequest, after=up, within=15)
        ),
    ),
    "check-differs": (
        "macros.mac",
        lambda: _checked(lambda history, up: history.check("$MAC", seen="b", due="a")),
    ),
}
"""A breach by the verb and the way in which it fails: requirement and story."""
