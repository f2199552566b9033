"""The ways to a handset, as a ladder uses them, and how long they may be used.

Each way asks or tells the handset one thing and says in words why that did not come about; the empty
text is success. Whatever breaks on the way is a `LabError`. ``within`` is the longest that a call may
take, in seconds of lab time, and every call keeps to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from hil.errors import LabError
from hil.history import Mark, Moment
from hil.lab_time import NANOSECONDS
from hil.testbed.capabilities import FactoryReset

FeedKind = Literal["poe", "pdu"]
"""What gives a handset its power: a port with power over Ethernet, or an outlet of anything else."""


class SipWay(Protocol):
    """By SIP, through a line of the handset's."""

    def answers(self, within: float) -> str:
        """Whether a line is registered and the handset answers an OPTIONS; why not."""

    def reboot(self, within: float) -> str:
        """Tell it to reboot by a NOTIFY; why it did not obey."""


class WebWay(Protocol):
    """By the handset's own web server."""

    def answers(self, within: float) -> str:
        """Whether its page answers; why not."""

    def reboot(self, within: float) -> str:
        """Tell it to reboot; why it did not obey."""

    def factory_reset(self, within: float) -> str:
        """Tell it to forget all settings; why it did not obey."""


class PowerWay(Protocol):
    """By the outlet that feeds this handset and no other."""

    def answers(self, within: float) -> str:
        """Whether the outlet's device answers; why not."""

    def cycle(self, within: float) -> None:
        """Switch off and on; power-on is attempted whatever power-off said. `LabError`."""

    def ensure_on(self) -> None:
        """Switch on if it may be off; `LabError`."""


class ConsoleWay(Protocol):
    """By the handset's serial console."""

    def answers(self, within: float) -> str:
        """Whether the console can be written to; why not."""

    def factory_reset(self, within: float) -> str:
        """Enter the command that makes it forget all settings; why that could not be sent."""


class Person(Protocol):
    """Somebody who stands at the handset."""

    def does(self, what: str, within: float) -> bool:
        """Ask for something to be done; whether the person says that it is done."""


class Wire(Protocol):
    """What the wire shows of the handset."""

    def mark(self) -> Mark:
        """The present place in the history."""

    def booted(self, after: Moment, within: float) -> str:
        """Whether it asks for an address anew, as a phone does that boots; why not."""

    def leased(self, after: Moment, within: float) -> str:
        """Whether it takes a lease; why not."""

    def answers(self, within: float) -> str:
        """Whether it answers an ICMP echo; why not."""

    def resynced(self, after: Moment, within: float) -> str:
        """Whether it takes a profile to its end; why not."""


@dataclass(frozen=True)
class Facts:
    """What an inventory says of a handset: what feeds it, and how it is taken back to the factory's.

    ``console_reset``: whether the entry of its console has the command for that.
    """

    feeds: frozenset[FeedKind]
    factory_reset: FactoryReset
    console_reset: bool


@dataclass(frozen=True)
class Ways:
    """All ways to one handset that this run has; None for one that there is not.

    ``wire`` shows what came of it. ``now`` is lab time in nanoseconds.
    """

    facts: Facts
    wire: Wire
    now: Callable[[], int]
    sip: SipWay | None = None
    web: WebWay | None = None
    power: PowerWay | None = None
    console: ConsoleWay | None = None
    person: Person | None = None


class Budget:
    """A time to spend: ``seconds`` of lab time from now on."""

    def __init__(self, now: Callable[[], int], seconds: float) -> None:
        self._now = now
        self._began = now()
        self.seconds = seconds

    @property
    def spent(self) -> float:
        """Seconds since its beginning."""
        return (self._now() - self._began) / NANOSECONDS

    @property
    def left(self) -> float:
        """Seconds that are left, 0 or more."""
        return max(0.0, self.seconds - self.spent)

    def within(self, most: float) -> float:
        """How long the next step may take, at most ``most`` seconds; `LabError` where none are left."""
        if self.left <= 0:
            raise LabError(f"its budget of {self.seconds:g} s is spent")
        return min(most, self.left)

    def part(self, seconds: float) -> Budget:
        """A budget of so many seconds, but no more than are left of this one."""
        return Budget(self._now, min(seconds, self.left))
