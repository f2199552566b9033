"""What a test's time went into, read from its part of the history: boots, and preparing the phone.

A rack's tests take as long as its phones take to boot, so whoever estimates a run has to know how
often. A boot begins with power, or is seen by a request for a new lease from a phone that had one; a
lease that ran out looks the same, and is rare. Where a bench writes a phone's memory itself, preparing
costs nothing; it counts as one preparing all the same, since a rack would need it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hil.history import events as ev
from hil.lab_time import NANOSECONDS


@dataclass(frozen=True)
class Spent:
    """How often the phone booted and was prepared in a test, and how long that took where it was seen.

    ``boot_s`` are the seconds from power-on to the first DHCP message of each boot by power that got
    that far, ``restore_s`` those of each preparing that took any.
    """

    boots: int = 0
    restores: int = 0
    boot_s: tuple[float, ...] = ()
    restore_s: tuple[float, ...] = ()


@dataclass
class _Reading:
    """The phone along the history. ``up`` is when it got its power, until it is heard."""

    spent: Spent = field(default_factory=Spent)
    up: int | None = None
    leased: bool = False
    preparing: int | None = None
    owed: bool = False

    def switched(self, event: ev.PowerSwitched) -> None:
        on = event.action is ev.PowerAction.ON
        self.up, self.leased = (event.at if on else None), False
        if on and self.preparing is None:
            self._count(boots=1, restores=int(self.owed))
            self.owed = False

    def prepared(self, event: ev.HandsetPrepared) -> None:
        if self.preparing is None:
            self.owed = True
            return
        took = (event.at - self.preparing) / NANOSECONDS
        self._count(restores=1)
        self.spent = replace(self.spent, restore_s=(*self.spent.restore_s, took))
        self.preparing = None

    def asked(self, event: ev.DhcpMessage) -> None:
        if self.up is not None:
            took = (event.at - self.up) / NANOSECONDS
            self.spent = replace(self.spent, boot_s=(*self.spent.boot_s, took))
            self.up = None
        elif self.leased and self.preparing is None:
            self._count(boots=1)
        self.leased = False

    def _count(self, boots: int = 0, restores: int = 0) -> None:
        spent = self.spent
        self.spent = replace(spent, boots=spent.boots + boots, restores=spent.restores + restores)


def spent(events: Iterable[ev.Event]) -> Spent:
    """What the events of a test say."""
    reading = _Reading()
    for event in events:
        match event:
            case ev.PowerSwitched():
                reading.switched(event)
            case ev.HandsetPreparing():
                reading.preparing = event.at
            case ev.HandsetPrepared():
                reading.prepared(event)
            case ev.DhcpMessage(direction=ev.Direction.SENT, kind="ACK"):
                reading.leased = True
            case ev.DhcpMessage(
                direction=ev.Direction.RECEIVED, kind="DISCOVER" | "REQUEST", ciaddr="0.0.0.0"
            ):
                reading.asked(event)
            case _:
                continue
    return reading.spent
