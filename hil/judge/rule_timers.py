"""Rules with $PRVTMR and its siblings, which count to an instant that a laboratory sees only about.

What begins shows a step later, and so did what the timer counts from: phone and judge may read values
that are some seconds apart. Where a rule has a timer, each value that the phone may have read is one
way in which things can have gone, and a number in a path is held against its timer with that margin.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from hil.judge.timing import Timing
from hil.lab_time import NANOSECONDS
from hil.reference.decisions import PROFILE_RULES
from hil.reference.log_messages import LogMessage
from hil.reference.phone import Phone

_RULES = (*PROFILE_RULES, "Upgrade_Rule", "Report_Rule")
_TIMER = re.compile(r"\$\(?(?:PRV|UPG|REG)TMR")
_CONDITION = re.compile(r"\)\s*\?")
_EQUATION = re.compile(
    r"TMR[12]?\)?\s*(?:!?=|(?i:eq|ne)\b)|(?:[!=]=?|\b(?i:eq|ne))\s*\$\(?(?:PRV|UPG|REG)TMR"
)
_DIGITS = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"([0-9]{1,12})")


def margin(timing: Timing, phone: Phone | None = None) -> int:
    """By how many seconds the reading of a timer by ``phone`` and by the judge may differ."""
    unseen = 0 if phone is None else max(phone.spread, phone.upgrades.spread)
    return math.ceil(timing.step + timing.late + unseen / NANOSECONDS)


def beginnings_of(phone: Phone, at: int, timing: Timing) -> tuple[int, ...]:
    """The instants as which ``at`` may count for the timers in the rules of ``phone``, ``at`` first.

    Without a condition on a timer there is nothing to tell them apart.
    """
    texts = [phone.parameters.raw(name) for name in _RULES]
    texts += [each.rule for each in phone.wanted]
    if not any(has_timer(text) and _CONDITION.search(text) for text in texts):
        return (at,)
    most = margin(timing)
    shifts: tuple[int, ...] = (0, -1, 1, -most // 2, most // 2, -most, most)
    if any(map(_EQUATION.search, texts)):
        # That one is true within a single second.
        shifts = tuple(sorted(range(-most, most + 1), key=abs))
    return tuple(at + shift * NANOSECONDS for shift in shifts)


def as_it_may_read(message: LogMessage, phone: Phone) -> LogMessage:
    """A message of the phone's, with whatever numbers, if what it tells of may have read a timer."""
    texts = [rule_text(phone, name) for name in _RULES]
    if not any(map(has_timer, texts)):
        return message
    readings = tuple(
        tuple(piece for part in reading for piece in _DIGITS.split(part))
        for reading in message.readings
    )
    return replace(message, readings=readings)


def rule_text(phone: Phone, rule: str) -> str:
    """The text that is followed: that of a request, or the rule of this name."""
    attempt = phone.attempt
    if attempt is not None and attempt.text is not None:
        return attempt.text
    return phone.parameters.raw(rule)


def has_timer(text: str) -> bool:
    """Whether a timer stands in it."""
    return _TIMER.search(text) is not None


def alike(wanted: str, got: str, seconds: int) -> bool:
    """Whether two texts differ only in numbers, and those by no more than ``seconds``."""
    ours, theirs = _NUMBER.split(wanted), _NUMBER.split(got)
    if ours[::2] != theirs[::2]:
        return False
    numbers = zip(ours[1::2], theirs[1::2], strict=True)
    return all(abs(int(one) - int(other)) <= seconds for one, other in numbers)
