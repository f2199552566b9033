"""A phone as the resync machine sees it: what it knows, what can happen to it, what it has to do.

Everything here is immutable data; `hil.reference.resync` has the behaviour. Times (``at``,
``earliest``, ``latest``, ``began``) are integer nanoseconds of lab time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from hil.reference.decisions import Reason
from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.log_messages import LogMessage
from hil.reference.parameters import Parameters
from hil.reference.responses import Answer
from hil.reference.rules import Fetch


class Phase(Enum):
    """Where a phone is."""

    OFF = "off"
    BOOTING = "booting"
    WAITING = "waiting"
    RESYNCING = "resyncing"


@dataclass(frozen=True, slots=True)
class Due:
    """A resync that has to begin between two instants, both included, and why."""

    earliest: int
    latest: int
    reason: Reason
    clause: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A resync that is going on: which rule's turn it is, and what is being fetched for it.

    ``configured`` is what the parameters were when it began.
    """

    reason: Reason
    began: int
    configured: Parameters
    rule: int = 0
    fetch: Fetch | None = None
    server: str | None = None
    redirects: int = 0
    authorizations: int = 0
    requested: bool = False


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone at one moment."""

    identity: Identity
    parameters: Parameters
    interpretations: Interpretations = DEFAULT
    phase: Phase = Phase.OFF
    address: str | None = None
    options: Mapping[int, bytes] = field(default_factory=dict)
    due: Due | None = None
    attempt: Attempt | None = None
    synced: bool = False
    periods: int = 0
    failures: int = 0
    failed_rule: int = 0
    last_attempt: int | None = None


# -- what can happen to it ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PoweredOn:
    """Power came (back)."""

    at: int


@dataclass(frozen=True, slots=True)
class PoweredOff:
    """Power went."""

    at: int


@dataclass(frozen=True, slots=True)
class Leased:
    """It has an address, with these options; the boot-up sequence is over when it gets its first."""

    at: int
    address: str
    options: Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class Began:
    """The resync that was due begins."""

    at: int


@dataclass(frozen=True, slots=True)
class Located:
    """The look-up of a `Locate` ended: an address, or None."""

    at: int
    address: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The request of a `Retrieve` ended."""

    at: int
    answer: Answer


Happening: TypeAlias = PoweredOn | PoweredOff | Leased | Began | Located | Answered

# -- what it has to do --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Locate:
    """Find the address of this host."""

    host: str


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Fetch this file from ``server``, for this rule; ``body`` is what --post sends."""

    rule: str
    fetch: Fetch
    server: str
    method: str = "GET"
    body: str = ""
    authorize: bool = False


@dataclass(frozen=True, slots=True)
class Log:
    """Send this message."""

    message: LogMessage


@dataclass(frozen=True, slots=True)
class Apply:
    """Keep these parameters from now on."""

    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Finished:
    """The attempt ended; ``reason`` says why it failed."""

    succeeded: bool
    reason: str = ""


Duty: TypeAlias = Locate | Retrieve | Log | Apply | Finished
