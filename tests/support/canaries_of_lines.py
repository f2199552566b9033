"""Canaries of the checkers of SIP lines: what a line owes its proxies, and does not do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tellings
from histories import Story
from line_stories import AT_ONCE, CHALLENGE, DUAL, Lines

_NOT_ITS_OWN = 'Digest username="line1", realm="hil", nonce="n", uri="sip:x", response="0"'


def _passes(story: Lines, at: float) -> Story:
    """The phone asks for the time ``at``, so that this moment is in the history."""
    return story.tell(at, tellings.time_asked())


def _refused(template: str = "503") -> Lines:
    """Registered, left alone for a while, and then refused by the proxy with a 503."""
    return Lines(Try_Backup_RSC=template, **DUAL).registered().asks(300).told(300, 503)


def _challenged() -> Lines:
    return Lines().asks(AT_ONCE).told(AT_ONCE, 401, CHALLENGE)


def _too_brief() -> Story:
    story = Lines().asks(AT_ONCE).told(AT_ONCE, 423, ("Min-Expires", "1800"))
    return story.asks(AT_ONCE + 1, expires=600)


def _given_up() -> Story:
    return Lines(Reg_Retry_Long_Intvl="0").asks(AT_ONCE).told(AT_ONCE, 403).asks(900)


def _retries_early() -> Story:
    refused = Lines(Retry_Reg_RSC="503").asks(AT_ONCE).told(AT_ONCE, 503)
    return refused.registered(AT_ONCE + 10)


LINE_BREACHES: Mapping[str, tuple[str, Callable[[], Story]]] = {
    "never-registers": ("sip.registration", lambda: _passes(Lines(), 90)),
    "registration-runs-out": ("sip.registration", lambda: _passes(Lines().registered(), 640)),
    "registers-over-another-transport": (
        "sip.registration",
        lambda: Lines(SIP_Transport_1_="TCP").registered(),
    ),
    "challenge-unanswered": ("sip.registration", lambda: _passes(_challenged(), 60)),
    "challenge-answered-wrongly": (
        "sip.registration",
        lambda: _challenged().asks(AT_ONCE + 1, authorization=_NOT_ITS_OWN),
    ),
    "registers-too-briefly": ("sip.registration", _too_brief),
    "registers-before-the-answer": (
        "sip.registration",
        lambda: Lines().asks(AT_ONCE).asks(AT_ONCE + 5),
    ),
    "registers-when-given-up": ("sip.register_retry", _given_up),
    "register-retry-early": ("sip.register_retry", _retries_early),
    "backup-not-asked": ("sip.backup", lambda: _passes(_refused(), 330)),
    "backup-passed-over": ("sip.backup", lambda: _refused().asks(301)),
    "backup-asked-for-nothing": ("sip.backup", lambda: _refused("404").asks(301, backup=True)),
}
"""A breach by name: the requirement that it breaks, and the story until that shows."""
