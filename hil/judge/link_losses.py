"""A link that goes away although no command of ours and no rule takes it away.

A phone loses its link with its power, with its cable, and while it starts its load. Where the lab cut
the power, or where the phone starts because it has power again, was asked to reboot, or has a load to
install, that is as it should be. Otherwise somebody may have pulled the plug for a moment: the phone
boots, resyncs, and what it does then is early, late, or looks like what the test waits for. A phone
that restarts by itself looks alike, so such a loss proves nothing against the phone and nothing for it.

After an update of its parameters a phone may restart by itself, and no clause forbids it. What is lost
then is *perhaps* the phone's own doing, which a passed test can live with, unless the port was seen to
give no power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from hil.history import events as ev
from hil.judge.hidden import may_be_starting
from hil.judge.shadow import Shadow
from hil.lab_time import NANOSECONDS
from hil.reference import machine
from hil.reference.phone import Phase

LOOK_S = 1.25
"""How late the history may tell of a link that is up again, seconds: each second a switch is asked."""
AT_ONCE_S = 0.25
"""How late a switch may still say that a link is down which is up again. A port that gives power again
may look for its phone meanwhile (IEEE 802.3 detection), and give none for so long."""

_STARTING = (Phase.OFF, Phase.BOOTING, Phase.REBOOTING, Phase.UPGRADING)


class Explained(Enum):
    """Whether a rule takes the link away."""

    NO = 0
    PERHAPS = 1
    YES = 2


@dataclass(frozen=True)
class LinkLoss:
    """The link went away at ``at`` (ns of lab time); ``perhaps`` by the phone's own restart.

    ``dark`` says that its port gave no power then.
    """

    at: int
    perhaps: bool
    dark: bool = False

    def __str__(self) -> str:
        when = f"its link went down at {self.at / NANOSECONDS:.3f} s"
        if self.dark:
            return f"{when}, and its port gave no power, which was not told to be off"
        if self.perhaps:
            return f"{when}: it restarted after an update, or lost its power or its cable"
        return (
            f"{when}, which no command of ours and no reboot that is due explains: it lost its power "
            "or its cable, or it restarted by itself; see who else switches its outlet or its port"
        )


class LinkLosses:
    """Feed it each event with the ways in which the history can be explained until then."""

    def __init__(self) -> None:
        self._found: list[LinkLoss] = []
        self._started_at: int | None = None
        self._after_start: LinkLoss | None = None

    @property
    def found(self) -> tuple[LinkLoss, ...]:
        """The losses that are not explained, in order."""
        last = self._after_start
        return (*self._found, *([last] if last is not None else []))

    def feed(self, event: ev.Event, ways: Sequence[Shadow]) -> None:
        """Take the next event into account; before it is told to the ways."""
        self._look_again(event)
        if any(_starts(way, event.at) for way in ways):
            self._started_at = event.at
        if not isinstance(event, ev.LinkChanged) or event.up:
            return
        asked_at = event.at if event.asked_at is None else event.asked_at
        explained = max((_explained(way, event.at) for way in ways), key=lambda each: each.value)
        if self._started_within(AT_ONCE_S, asked_at):
            return
        dark = event.powered is False and not any(_is_off(way) for way in ways)
        if explained is Explained.YES and not dark:
            return
        loss = LinkLoss(event.at, explained is Explained.PERHAPS and not dark, dark)
        if not dark and self._started_within(LOOK_S, asked_at):
            self._after_start = loss
        else:
            self._found.append(loss)

    def _look_again(self, event: ev.Event) -> None:
        """A link that is told to be down and up at once may have been so while the phone started."""
        last, self._after_start = self._after_start, None
        if last is None:
            return
        if not isinstance(event, ev.LinkChanged):
            self._after_start = last
        elif not event.up or event.at - last.at > AT_ONCE_S * NANOSECONDS:
            self._found.append(last)

    def _started_within(self, seconds: float, at: int) -> bool:
        return self._started_at is not None and at - self._started_at <= seconds * NANOSECONDS


def _starts(way: Shadow, at: int) -> bool:
    """Whether the phone is without power, starts, or is about to."""
    if way.lost is not None or way.cut_from is not None or way.restart is not None:
        return True
    if way.phone.phase in _STARTING or machine.reboots_now(way.phone)[1]:
        return True
    return may_be_starting(way, at)


def _is_off(way: Shadow) -> bool:
    """Whether the laboratory has cut the power, or is about to, as far as is known."""
    return way.lost is not None or way.cut_from is not None or way.phone.phase is Phase.OFF


def _explained(way: Shadow, at: int) -> Explained:
    """What takes the link of a phone away that is neither without power nor starting."""
    since = at - round(way.timing.restart * NANOSECONDS)
    if way.upgraded >= max(0, since):
        return Explained.YES
    changed = any(when >= since and before != way.phone.parameters for when, before in way.storing)
    return Explained.PERHAPS if changed else Explained.NO
