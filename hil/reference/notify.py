"""What a phone makes of a SIP NOTIFY: challenge it, do as it asks, or refuse.

The chapter has one sentence about it, Resync From SIP: "Enables a resync to be triggered via a SIP
NOTIFY message". The events are those of the Administration Guide 11.3 (Provisioning Formats and
Provisioning): ``resync``, ``reboot_now``, ``restart_now``, ``report``; ``resync;profile=URL`` names a
profile rule of its own. With Auth_Resync-Reboot_n_ the sender is challenged for the line's account.
Where no document says how, `Interpretations` do: notify_challenge, notify_refusal, check_sync.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from hil.reference.due import Action
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters

LONGEST_RULE = 2048
"""Characters of a rule that a NOTIFY may carry."""

BAD_EVENT = 489
FORBIDDEN = 403

_PROFILE = re.compile(r";[ \t]*profile[ \t]*=[ \t]*", re.IGNORECASE)
_QUOTED = re.compile(r'"(?P<text>.*)"', re.DOTALL)
_SPACE = " \t\r\n"


class NotifyAction(Enum):
    """What a NOTIFY can ask for; the value is the event that asks it."""

    RESYNC = "resync"
    CHECK_SYNC = "check-sync"
    REBOOT = "reboot_now"
    RESTART = "restart_now"
    REPORT = "report"

    @property
    def asks(self) -> Action:
        """What the phone has to do for it, whichever way it is asked."""
        match self:
            case NotifyAction.RESYNC | NotifyAction.CHECK_SYNC:
                return Action.RESYNC
            case NotifyAction.REBOOT | NotifyAction.RESTART:
                return Action.REBOOT
            case NotifyAction.REPORT:
                return Action.REPORT


RESYNCING = frozenset({NotifyAction.RESYNC, NotifyAction.CHECK_SYNC})
"""The actions that Resync_From_SIP enables."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """Answer 401: the sender has to show that it knows the line's account."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Answer 200 and do ``action``; ``rule`` is the profile rule that the event names, or empty."""

    action: NotifyAction
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer ``status`` and do nothing."""

    status: int


Outcome: TypeAlias = Challenge | Accept | Refuse


def read_event(event: str) -> tuple[NotifyAction | None, str]:
    """Take an Event header apart: the action, None for an unknown one, and the rule of ``profile=``.

    The rule is all that follows, since a URL has characters that end a parameter elsewhere. One that
    is longer than `LONGEST_RULE` makes the event unknown.
    """
    name = event.partition(";")[0].strip(_SPACE).lower()
    known = {action.value: action for action in NotifyAction}
    action = known.get(name)
    if action is not NotifyAction.RESYNC:
        return action, ""
    found = _PROFILE.search(event)
    rule = event[found.end() :].strip(_SPACE) if found else ""
    quoted = _QUOTED.fullmatch(rule)
    if quoted is not None:
        rule = quoted["text"].strip(_SPACE)
    return (action, rule) if len(rule) <= LONGEST_RULE else (None, "")


def decide(
    event: str,
    parameters: Parameters,
    line: int,
    authenticated: bool,
    interpretations: Interpretations,
) -> Outcome:
    """Say how ``line`` answers a NOTIFY with this Event header, and what it does then.

    ``authenticated`` tells that the request carries credentials that prove the line's account. It is
    needed unless Auth_Resync-Reboot_n_ is No: before anything else where notify_challenge reads
    ``challenge-first``, otherwise only for an event that the phone would act on.
    """
    needed = parameters.flag(f"Auth_Resync-Reboot_{line}_") and not authenticated
    if needed and interpretations.notify_challenge == "challenge-first":
        return Challenge()
    action, rule = read_event(event)
    if action is None or (
        action is NotifyAction.CHECK_SYNC and interpretations.check_sync == "unsupported"
    ):
        return Refuse(_refusal(BAD_EVENT, interpretations))
    if action in RESYNCING and not parameters.flag("Resync_From_SIP"):
        return Refuse(_refusal(FORBIDDEN, interpretations))
    return Challenge() if needed else Accept(action, rule)


def _refusal(usual: int, interpretations: Interpretations) -> int:
    if interpretations.notify_refusal == "unspecified":
        return usual
    return int(interpretations.notify_refusal)
