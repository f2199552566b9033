"""What is due: a window with its reason, who can ask for it, and the lines that may hold it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

FOREVER = 1 << 62
"""An instant that no run reaches."""


class Purpose(Enum):
    """What an attempt is for."""

    RESYNC = "resync"
    UPGRADE = "upgrade"
    REPORT = "report"


class Reason(Enum):
    """Why something is attempted; the value of a resync's is $PRVST."""

    EXPLICIT = "-1"
    POWER_UP = "0"
    PERIODIC = "1"
    RETRY = "2"
    FIRST = "first"
    """Of an upgrade or a report: its first attempt."""


class BootCause(Enum):
    """Why a phone boots; Resync On Reset excepts parameter updates and firmware upgrades."""

    POWER = "power"
    RESTART = "restart"
    UPDATE = "parameter update"
    UPGRADE = "firmware upgrade"


class Asker(Enum):
    """By which way somebody asks a phone to act."""

    WEB = "web"
    SIP = "SIP"
    SCREEN = "screen"


class Action(Enum):
    """What a phone can be asked for."""

    RESYNC = "resync"
    UPGRADE = "upgrade"
    REPORT = "report"
    REBOOT = "reboot"


@dataclass(frozen=True, slots=True)
class Due:
    """Something that has to begin between two instants, both included, and why."""

    earliest: int
    latest: int
    reason: Reason
    clause: str

    def postponed(self, until: int, by: int = 0) -> Due:
        """The same, but not before ``until``, or an instant up to ``by`` that nobody knows."""
        earliest, latest = max(self.earliest, until), max(self.latest, until, by)
        return replace(self, earliest=earliest, latest=latest)

    def moved_to(self, at: int) -> Due:
        """The same, from ``at`` on and for as long."""
        return replace(self, earliest=at, latest=at + self.latest - self.earliest)


@dataclass(frozen=True, slots=True)
class Lines:
    """The phone's lines: which are ``active``, and which are perhaps, for all that can be known.

    Since ``active_since`` some are. All are idle since some instant from ``idle_since`` (None: from
    the beginning) to ``idle_by``, unless one is ``perhaps`` active still. A phone knows its own lines:
    to it both instants are the same. ``lost`` has the lines that lost their registration, each with
    the instant.
    """

    active: frozenset[int] = frozenset()
    perhaps: frozenset[int] = frozenset()
    active_since: int | None = None
    idle_since: int | None = None
    idle_by: int | None = None
    lost: tuple[tuple[int, int], ...] = ()

    @property
    def never_used(self) -> bool:
        """Whether none has been active since the phone booted, for sure."""
        unused = not self.active and not self.perhaps
        return unused and self.idle_since is None and self.idle_by is None

    def idle_after(self, delay: int) -> tuple[int, int]:
        """When a delay that counts from their becoming idle is over: at the earliest, at the latest.

        `FOREVER` if one may be active still. None may be for sure.
        """
        earliest = 0 if self.idle_since is None else self.idle_since + delay
        if self.perhaps:
            return earliest, FOREVER
        return earliest, 0 if self.idle_by is None else self.idle_by + delay
