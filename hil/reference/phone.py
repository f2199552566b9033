"""A phone as the reference sees it: what it knows, what can happen to it, what it has to do.

Everything here is immutable data; `hil.reference.machine` has the behaviour. Times (``at``,
``earliest``, ``latest``, ``began``, ``since``) are integer nanoseconds of lab time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from hil.reference.due import Action as Action
from hil.reference.due import Asker as Asker
from hil.reference.due import BootCause as BootCause
from hil.reference.due import Due as Due
from hil.reference.due import Lines as Lines
from hil.reference.due import Purpose as Purpose
from hil.reference.due import Reason as Reason
from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.loads import Load, Member
from hil.reference.log_messages import LogMessage
from hil.reference.parameters import Parameters
from hil.reference.responses import Answer, Challenge
from hil.reference.rules import Fetch


class Phase(Enum):
    """Where a phone is."""

    OFF = "off"
    BOOTING = "booting"
    WAITING = "waiting"
    RESYNCING = "resyncing"
    UPGRADING = "upgrading"
    REPORTING = "reporting"
    REBOOTING = "rebooting"


@dataclass(frozen=True, slots=True)
class Destination:
    """An address to ask, and the port; 0: that of the URL."""

    address: str
    port: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A resync, an upgrade or a report that is going on: whose turn it is, what is being fetched.

    ``configured`` is what the parameters were when it began. ``rule`` counts through ``rules``, the
    names of the parameters whose rules are its work; ``text``, if there is one, stands in for the
    rule's. ``requester`` is the host that asked for it by the web page. Of an upgrade, ``load`` is
    what its .loads file said, ``members`` what of it is still to be fetched, and ``manifest`` that
    file, of which the macros tell while its members are fetched. ``port`` is that of
    an SRV record (0: none), ``others`` are the addresses that were not tried yet, ``challenge`` is
    what the server wants to see. It may have begun up to ``spread`` ns before ``began``: whoever sees
    only what it does cannot know.
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
    port: int = 0
    others: tuple[Destination, ...] = ()
    challenge: Challenge | None = None
    purpose: Purpose = Purpose.RESYNC
    rules: tuple[str, ...] = ()
    text: str | None = None
    requester: str = ""
    load: Load | None = None
    members: tuple[Member, ...] = ()
    manifest: Fetch | None = None
    spread: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked for ``action``; ``rule`` is what the request names, ``requester`` its host."""

    at: int
    by: Asker
    action: Action
    rule: str = ""
    requester: str = ""


@dataclass(frozen=True, slots=True)
class Upgrades:
    """What a phone remembers of firmware upgrades.

    ``due`` is when the next attempt has to begin; ``settled`` the rule and the URL that it will not
    attempt again, ``failed`` those of a failure, ``again`` the request that a retry repeats;
    ``standby`` is the load in its other partition (empty: no whole one, None: nobody knows),
    ``installed`` the one that the coming reboot starts; ``error`` is $UPGERR. A loss of power leaves
    the partitions and takes the rest; whether what was ``settled`` outlives it is not published,
    so that is in ``unsure`` then. ``spread`` is that of the last attempt (`Attempt`).
    """

    due: Due | None = None
    failures: int = 0
    last_attempt: int | None = None
    spread: int = 0
    error: str = ""
    settled: tuple[str, str] | None = None
    failed: tuple[str, str] | None = None
    again: Asked | None = None
    standby: str | None = ""
    installed: str = ""
    unsure: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone at one moment.

    ``due`` is the resync that has to begin next, as things stand. It follows from ``scheduled``
    (after boot-up, periodic, retried, asked for), ``daily`` (Resync_At), ``triggered``
    (Resync_Trigger_*) and the lines; ``triggers`` has whether each trigger was true last, ``settled``
    since when nothing has been attempted. ``clock`` is an instant and the UTC that the phone's clock
    showed then, in nanoseconds since 1970; ``daily_utc`` is when Resync_At was due last by that clock.
    ``besides`` are resyncs that may begin too, and need not, where no text says whether one that
    began has come in their place. ``wanted`` are requests that wait for their turn, ``reported`` what
    the last report told. ``spread`` is that of the last resync (`Attempt`).
    """

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
    spread: int = 0
    last_reason: Reason | None = None
    boot: BootCause = BootCause.POWER
    scheduled: Due | None = None
    daily: Due | None = None
    triggered: Due | None = None
    triggers: tuple[bool, bool] = (False, False)
    besides: tuple[Due, ...] = ()
    settled: int = 0
    daily_utc: int | None = None
    clock: tuple[int, int] | None = None
    lines: Lines = field(default_factory=Lines)
    upgrades: Upgrades = field(default_factory=Upgrades)
    report_due: Due | None = None
    reported: Parameters | None = None
    wanted: tuple[Asked, ...] = ()


# -- what can happen to it ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PoweredOn:
    """It begins to boot: power came (back), or it restarts by itself."""

    at: int
    cause: BootCause = BootCause.POWER


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
    """What was due begins."""

    at: int
    purpose: Purpose = Purpose.RESYNC


@dataclass(frozen=True, slots=True)
class Located:
    """The look-up of a `Locate` ended: an address, or None.

    ``port`` is what an SRV record says, 0 where none was asked for. ``others`` are to be tried, one
    after another, while nobody answers. Told of a server that is being asked already, they are
    further ones.
    """

    at: int
    address: str | None
    port: int = 0
    others: tuple[Destination, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """The request of a `Retrieve` ended."""

    at: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Submitted:
    """Somebody changed parameters on its web page ("Submit All Changes")."""

    at: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LineChanged:
    """A line became active (a call) or idle; None: whoever tells it cannot know."""

    at: int
    line: int
    active: bool | None


@dataclass(frozen=True, slots=True)
class Registration:
    """A line got its registration with the SIP server, or lost it: ``since`` before ``at``, if told."""

    at: int
    line: int
    registered: bool
    since: int | None = None


@dataclass(frozen=True, slots=True)
class ClockSet:
    """Its clock was set: it shows ``utc_ns``, nanoseconds since 1970."""

    at: int
    utc_ns: int


Happening: TypeAlias = (
    PoweredOn
    | PoweredOff
    | Leased
    | Began
    | Located
    | Answered
    | Asked
    | Submitted
    | LineChanged
    | Registration
    | ClockSet
)

# -- what it has to do --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Locate:
    """Find the address of this host.

    ``service``, if there is one, is the name whose SRV records (RFC 2782) say which host and port are
    meant; where it has none and ``fallback`` is set, the host itself is.
    """

    host: str
    service: str = ""
    fallback: bool = True


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Fetch this file from ``server``, for this rule; ``body`` is what --post sends.

    ``authorize`` is the challenge that the request has to answer, with the credentials of the rule.
    ``port`` is that of an SRV record; 0: that of the URL.
    """

    rule: str
    fetch: Fetch
    server: str
    method: str = "GET"
    body: str = ""
    authorize: Challenge | None = None
    port: int = 0

    @property
    def destination(self) -> Destination:
        """Where the request goes."""
        return Destination(self.server, self.port or self.fetch.port)


@dataclass(frozen=True, slots=True)
class Log:
    """Send this message."""

    message: LogMessage


@dataclass(frozen=True, slots=True)
class Apply:
    """Keep these parameters from now on."""

    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Install:
    """Have the next boot start the load of this ``name``.

    ``load`` is what was just downloaded; None: it is in the other partition already.
    """

    name: str
    load: Load | None


@dataclass(frozen=True, slots=True)
class Reboot:
    """Boot anew; ``clause`` is what asks for it."""

    cause: BootCause
    clause: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The attempt ended; ``reason`` says why it failed."""

    succeeded: bool
    reason: str = ""
    purpose: Purpose = Purpose.RESYNC


Duty: TypeAlias = Locate | Retrieve | Log | Apply | Install | Reboot | Finished
