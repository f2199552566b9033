"""How a handset's user agent is set, and whom it tells: the places where a defect can stand."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from hil.reference.line_decisions import LineDecisions
from hil.reference.notify import NotifyAction
from hil.reference.parameters import Parameters
from hil.reference.registration import RegisterDue
from hil.virtual.sip_account import Account
from hil.wire import sdp
from hil.wire.sdp import G722, G729, PCMA, PCMU, TELEPHONE_EVENT, Codec
from hil.wire.sip_build import Hop
from hil.wire.sip_digest import Algorithm
from hil.wire.sip_message import Message, Request, Response
from hil.wire.sip_timers import MILLISECOND, Timers

METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "NOTIFY")
"""What a line understands."""

_CODECS = {"G711u": PCMU, "G711a": PCMA, "G729a": G729, "G722": G722}
_REFRESHING = frozenset({"registration.refresh", "registration.fallback"})


class Dialing(Enum):
    """What becomes of an attempt to dial."""

    CALLING = auto()
    INVALID = auto()
    """The dial plan does not have the number (X60)."""
    BUSY = auto()
    """The line has a call."""
    NOT_ALLOWED = auto()
    """The line is not enabled, or not registered and may not call without."""


def in_time(due: RegisterDue, chance: random.Random) -> int:
    """Pick the instant of a REGISTER, in ns: a binding is refreshed when it is half over or later.

    One tenth of its time is left, so that the answer comes before it ends.
    """
    length = due.latest - due.earliest
    if due.clause in _REFRESHING:
        return due.earliest + chance.randint(length // 2, length * 9 // 10)
    return due.earliest + chance.randint(0, length)


def spoken(parameters: Parameters, line: int) -> tuple[Codec, ...]:
    """Preferred_Codec_n_ first, and nothing else if Use_Pref_Codec_Only_n_."""
    preferred = _CODECS[parameters.choice(f"Preferred_Codec_{line}_")]
    if parameters.flag(f"Use_Pref_Codec_Only_{line}_"):
        return (preferred, TELEPHONE_EVENT)
    others = (codec for codec in _CODECS.values() if codec is not preferred)
    return (preferred, *others, TELEPHONE_EVENT)


def timers(parameters: Parameters) -> Timers:
    """SIP_T1, SIP_T2 and SIP_T4; T1 is a millisecond at least, or nothing would ever be answered."""
    t1 = max(1, parameters.milliseconds("SIP_T1")) * MILLISECOND
    t2 = max(t1, parameters.milliseconds("SIP_T2") * MILLISECOND)
    return Timers(t1=t1, t2=t2, t4=parameters.milliseconds("SIP_T4") * MILLISECOND)


def as_made(message: Request) -> Request:
    """Send exactly the request that is due."""
    return message


def as_decided(request: Request, response: Response) -> Response | None:
    """Answer a request exactly as it is due."""
    del request
    return response


def as_configured(account: Account) -> Account:
    """Speak for exactly the account that the parameters name."""
    return account


def as_found(hop: Hop) -> Hop:
    """Send a request where it has to go."""
    return hop


def as_it_is(message: Message) -> Message | None:
    """Let a message through, whichever way it goes."""
    return message


def acceptable(offered: sdp.Description, answered: sdp.Description) -> bool:
    """Whether an answer takes something from our offer (RFC 3264 section 6)."""
    return bool(sdp.agreed(offered, answered))


@dataclass(frozen=True)
class SipConfig:
    """One build of the user agent.

    ``ring_s`` is how long a call rings before it is answered, ``no_answer_s`` how long ours may ring
    (INVITE Expires), in seconds. ``algorithms`` are the digests that it can answer. ``outgoing`` and
    ``response`` get whatever the line is about to send, apart from what its transactions send by
    themselves (100, ACK of a refusal, CANCEL); a response of None is not sent. ``incoming`` and
    ``transmit`` get every message that comes and every one that goes, each time; None drops it.
    ``both_at_once`` registers with both servers of Dual_Registration_n_ from the beginning, which
    the question ``dual_registration`` leaves open.
    """

    decisions: LineDecisions = field(default_factory=LineDecisions)
    instant: Callable[[RegisterDue, random.Random], int] = in_time
    codecs: Callable[[Parameters, int], tuple[Codec, ...]] = spoken
    timers: Callable[[Parameters], Timers] = timers
    outgoing: Callable[[Request], Request] = as_made
    response: Callable[[Request, Response], Response | None] = as_decided
    incoming: Callable[[Message], Message | None] = as_it_is
    transmit: Callable[[Message], Message | None] = as_it_is
    account: Callable[[Account], Account] = as_configured
    hop: Callable[[Hop], Hop] = as_found
    acceptable: Callable[[sdp.Description, sdp.Description], bool] = acceptable
    algorithms: tuple[Algorithm, ...] = (Algorithm.SHA_256, Algorithm.MD5)
    both_at_once: bool = False
    answers_calls: bool = True
    ring_s: float = 1.0
    no_answer_s: float = 240.0
    rtp_port: int = 16384


def _silent(*told: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class SipCallbacks:
    """Whom the user agent tells; every call is made in the loop's thread, at the instant it is true.

    ``failed`` gets the line, the method and the code (a status or an internal one), ``asked`` what a
    NOTIFY asked for, the rule that it named, and the line. ``log`` gets a line of text for the
    phone's syslog.
    """

    registered: Callable[[int], None] = _silent
    lost: Callable[[int], None] = _silent
    active: Callable[[int, bool], None] = _silent
    asked: Callable[[NotifyAction, str, int], None] = _silent
    failed: Callable[[int, str, str], None] = _silent
    log: Callable[[str], None] = _silent


REFERENCE_SIP = SipConfig()
NOBODY = SipCallbacks()
