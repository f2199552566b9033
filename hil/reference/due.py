"""What is due: a window with its reason, who can ask for it, and the lines that may hold it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


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

    def postponed(self, until: int) -> Due:
        """The same, but not before ``until``."""
        return replace(self, earliest=max(self.earliest, until), latest=max(self.latest, until))


@dataclass(frozen=True, slots=True)
class Lines:
    """The phone's lines: which are ``active``, and since when none is (None: none ever was).

    ``lost`` has the lines that lost their registration, each with the instant.
    """

    active: frozenset[int] = frozenset()
    idle_since: int | None = None
    lost: tuple[tuple[int, int], ...] = ()
