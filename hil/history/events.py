"""What can happen on a bench, as typed and frozen events.

An event says what was seen, by whom (``source``), for which handset, and when: ``at`` is lab time in
integer nanoseconds since the bench came up, taken from the kernel's receive time stamp where the
kernel gave one (``kernel_ns``, wall-clock nanoseconds since 1970). ``seq`` is the place in the one
history; the history sets both. Events hold what was on the wire, never an opinion about it: whether
it was right is for the judge to say, today or a year later.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hil.history.consoles import (
    ConsoleFound,
    ConsoleLine,
    ConsoleLost,
    ConsoleSent,
    ConsoleSkipped,
    LineEnd,
)
from hil.history.event import Cause, Direction, Event, LabEvent
from hil.history.run import Conducted, RunEnded, RunStarted, TestEnded, TestStarted, Verdict
from hil.history.services import (
    NeighbourAnnounced,
    NtpAnswer,
    NtpQuery,
    ScreenUsed,
    SipMessage,
    WebAnswered,
    WebRequested,
)
from hil.history.traffic import (
    Connected,
    DhcpMessage,
    Disconnected,
    DnsAnswer,
    DnsQuery,
    HttpRequest,
    Outcome,
    ProvisioningRequest,
    SyslogMessage,
    TftpPacket,
    TftpRefused,
    TftpRequest,
    TlsHandshake,
    TransferEnded,
)

__all__ = [
    "Alive",
    "AnyEvent",
    "Awaited",
    "Cause",
    "Checked",
    "Conducted",
    "Configured",
    "Connected",
    "ConsoleFound",
    "ConsoleLine",
    "ConsoleLost",
    "ConsoleSent",
    "ConsoleSkipped",
    "DhcpMessage",
    "Direction",
    "Disconnected",
    "DnsAnswer",
    "DnsQuery",
    "Event",
    "FaultArmed",
    "FaultInjected",
    "HandsetPrepared",
    "HandsetPreparing",
    "HttpRequest",
    "LabEvent",
    "LabFault",
    "LineEnd",
    "LinkChanged",
    "NeighbourAnnounced",
    "Note",
    "NtpAnswer",
    "NtpQuery",
    "Outcome",
    "PowerAction",
    "PowerFailed",
    "PowerRequested",
    "PowerSwitched",
    "ProvisioningRequest",
    "RecoveryPhase",
    "RecoveryStep",
    "Refused",
    "RunEnded",
    "RunStarted",
    "ScreenUsed",
    "SipMessage",
    "Stranger",
    "SyslogMessage",
    "TestEnded",
    "TestStarted",
    "TftpPacket",
    "TftpRefused",
    "TftpRequest",
    "TlsHandshake",
    "TransferEnded",
    "Undelivered",
    "Verdict",
    "WebAnswered",
    "WebRequested",
    "WireDoubt",
    "WireUncounted",
]


# -- the run ----------------------------------------------------------------------------------------


class Note(LabEvent, frozen=True, kw_only=True):
    """A remark for whoever reads the history; judges ignore it."""

    text: str


class Configured(LabEvent, frozen=True, kw_only=True):
    """An endpoint was told how to behave from now on."""

    what: str


class HandsetPreparing(LabEvent, frozen=True, kw_only=True):
    """From here to the next `HandsetPrepared` the laboratory has its way with the handset.

    What the handset does meanwhile is nobody's test and is not judged. ``how`` is in words.
    """

    how: str


class HandsetPrepared(LabEvent, frozen=True, kw_only=True):
    """The handset's flash holds exactly these parameters (by XML name), all others are at default.

    ``software`` is the load that it runs, empty where that is as it was; ``standby`` the one in its
    other partition, empty where there is none, None where nobody knows.
    """

    software: str = ""
    standby: str | None = None
    parameters: dict[str, str] = msgspec.field(default_factory=dict)


class Awaited(LabEvent, frozen=True, kw_only=True):
    """The laboratory waits for the handset, which is nobody's test; ``over`` says that it does no more.

    ``what`` is in words. ``until`` is the lab time at which it gives up, in nanoseconds, so far as it
    can be told. Judges ignore it.
    """

    what: str
    until: int
    over: bool = False


class Checked(LabEvent, frozen=True, kw_only=True):
    """A check was evaluated: what was due, what was seen, and by how much it missed.

    An empty ``requirement`` stands for the requirements that the running test declared.
    ``absent_since`` is the lab time from which on something did not happen, -1 for other checks.
    """

    what: str
    passed: bool
    requirement: str = ""
    due: str = ""
    seen: str = ""
    margin: str = ""
    absent_since: int = -1


class Alive(Event, frozen=True, kw_only=True):
    """The handset was probed for life; ``method`` says how, ``alive`` what came of it."""

    alive: bool
    method: str
    detail: str = ""


# -- trouble that is not the phone's -------------------------------------------------------------


class LabFault(LabEvent, frozen=True, kw_only=True):
    """The laboratory failed; see `hil.errors.LabError` for the fields."""

    what: str
    evidence: str = ""
    next_step: str = ""
    concerns: str = ""


class WireDoubt(LabEvent, frozen=True, kw_only=True):
    """Both ends of the wire counted differently, which may have kept a phone from what it owes.

    That is no proof that frames were lost: it excuses a phone that would fail, and spoils nothing else.
    For the fields see `hil.errors.LabError`.
    """

    what: str
    evidence: str = ""
    next_step: str = ""
    concerns: str = ""


class WireUncounted(LabEvent, frozen=True, kw_only=True):
    """Nothing can be said of what the two ends of the wire counted, and ``why``."""

    why: str


class Stranger(Event, frozen=True, kw_only=True):
    """Something that is not the handset under test talked to an endpoint and got no answer."""

    peer: str
    data: bytes = b""


class Refused(Event, frozen=True, kw_only=True):
    """An endpoint refused what it got (malformed, oversized, climbing out of the served tree)."""

    peer: str
    reason: str
    data: bytes = b""


class Undelivered(Event, frozen=True, kw_only=True):
    """The kernel did not take a message that an endpoint had for ``peer`` (its link is down)."""

    peer: str
    reason: str
    data: bytes = b""


class FaultArmed(LabEvent, frozen=True, kw_only=True):
    """An endpoint was told to misbehave; whether it comes to that is `FaultInjected`'s to say."""

    fault: str
    detail: str = ""


class FaultInjected(Event, frozen=True, kw_only=True):
    """An endpoint misbehaved as it had been told to; this is stimulus, not trouble."""

    fault: str
    detail: str = ""


# -- power -----------------------------------------------------------------------------------------


class PowerAction(StrEnum):
    """What an outlet is asked for, and the two states it can be in."""

    ON = "on"
    OFF = "off"


class PowerRequested(LabEvent, frozen=True, kw_only=True):
    """A power driver was told to switch."""

    outlet: str
    action: PowerAction


class PowerSwitched(LabEvent, frozen=True, kw_only=True):
    """The device read back the state that was asked for."""

    outlet: str
    action: PowerAction
    attempts: int = 1


class PowerFailed(LabEvent, frozen=True, kw_only=True):
    """The device did not answer, refused, or read back another state."""

    outlet: str
    action: PowerAction
    reason: str


class LinkChanged(Event, frozen=True, kw_only=True):
    """The handset's link (carrier) changed; the second witness of its power.

    ``powered`` is whether its port was giving power when a link was seen to be down; None where nobody
    can tell. ``asked_at`` is when whoever had to ask began to, in nanoseconds of lab time: it was so at
    some moment from then to ``at``. None where a change tells of itself.
    """

    up: bool
    powered: bool | None = None
    asked_at: int | None = None


# -- recovery --------------------------------------------------------------------------------------


class RecoveryPhase(StrEnum):
    """How a rung of the ladder stands that brings a handset back."""

    SKIPPED = "skipped"
    BEGUN = "begun"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RecoveryStep(LabEvent, frozen=True, kw_only=True):
    """A handset is being brought back: what became of one ``rung``, and why.

    ``took`` is how long the rung has taken so far, seconds of lab time.
    """

    rung: str
    phase: RecoveryPhase
    reason: str = ""
    took: float = 0.0


AnyEvent = (
    RunStarted
    | RunEnded
    | TestStarted
    | TestEnded
    | Conducted
    | Verdict
    | Note
    | Configured
    | HandsetPrepared
    | HandsetPreparing
    | Awaited
    | Checked
    | Alive
    | LabFault
    | WireDoubt
    | WireUncounted
    | Stranger
    | Refused
    | Undelivered
    | FaultArmed
    | FaultInjected
    | PowerRequested
    | PowerSwitched
    | PowerFailed
    | LinkChanged
    | RecoveryStep
    | DhcpMessage
    | DnsQuery
    | DnsAnswer
    | TftpRequest
    | HttpRequest
    | TransferEnded
    | TftpPacket
    | TftpRefused
    | Connected
    | Disconnected
    | TlsHandshake
    | SyslogMessage
    | NtpQuery
    | NtpAnswer
    | SipMessage
    | WebRequested
    | WebAnswered
    | ScreenUsed
    | NeighbourAnnounced
    | ConsoleFound
    | ConsoleLine
    | ConsoleLost
    | ConsoleSent
    | ConsoleSkipped
)
