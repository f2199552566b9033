"""What a handset tells an observer of its life, at the instant when it happens.

Most of it is the reference machine's own language: what happens to the phone, and what it carries
out. A `Retrieve` or a `LogMessage` is told as it leaves, so that a defect shows. What the machine has
no word for stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from hil.reference.log_messages import LogMessage
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Apply,
    Due,
    Finished,
    Happening,
    Install,
    Locate,
    Purpose,
    Reboot,
    Retrieve,
)


@dataclass(frozen=True, slots=True)
class Booted:
    """The firmware runs, with these parameters from the flash."""

    parameters: Parameters


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """The address was taken away, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is next begins ``at`` (ns of lab time), an instant in the window of ``due``."""

    due: Due
    at: int
    purpose: Purpose = Purpose.RESYNC


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is due."""


Told: TypeAlias = (
    Booted
    | Happening
    | LeaseLost
    | Awaited
    | Idle
    | Locate
    | Retrieve
    | LogMessage
    | Apply
    | Install
    | Reboot
    | Finished
)
"""Everything that can be told."""
