"""Plays a scenario on a bench, as a test would, and judges what came of it.

Only what tests use of a bench is used. What a phone did is judged by the monitor alone: a scenario
has no expectations of its own.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from hil.endpoints.sip import SipEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.errors import LabError, UsageError
from hil.explore.scenario import LAB, Call, Codes, Fixture, Profile, Scenario, Utc
from hil.history import History, Unmet
from hil.history import events as ev
from hil.judge import Conduct, Finding, Judgement, Timing, Word, judge
from hil.lab_time import NANOSECONDS
from hil.reference.phone import Phone
from hil.reference.profile_builder import compress, encrypt, flat_profile
from hil.testbed.control import HandsetControl
from hil.testing.clock import utc
from hil.testing.upgrades import serve_load

SALT = bytes(range(8))
"""The salt of every encrypted profile, so that a scenario is the same each time."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType({"serve_load": serve_load})
"""The functions of `hil.testing` that a scenario may call."""


class Bench(Protocol):
    """What is needed of a bench beside the fixtures that scenarios name."""

    handset: HandsetControl
    history: History
    timing: Timing
    tftp: TftpEndpoint
    sip: SipEndpoint

    def begin(self, test: str, requirements: tuple[str, ...] = ()) -> ev.TestStarted:
        """Everything at its default."""

    def end(self, test: str, *, linger: bool = False) -> ev.TestEnded:
        """Close the test's part of the history."""

    def events_of(self, started: ev.TestStarted, ended: ev.TestEnded) -> Any:
        """The history from a test's beginning to its end."""

    def reference_phone(self) -> Phone:
        """The handset as the reference knows it."""


class Result(StrEnum):
    """What became of a scenario."""

    CLEAN = "clean"
    """Clauses were checked, and none was seen broken."""
    FINDING = "finding"
    """A clause was seen broken."""
    INCONCLUSIVE = "inconclusive"
    """It cannot be known, mostly because the phone was not seen alive at the end."""
    VACUOUS = "vacuous"
    """No clause was checked at all: no proof of anything."""
    LAB = "lab"
    """The laboratory failed."""
    CRASH = "crash"
    """The scenario could not be played to its end, which is hil's own mistake."""


@dataclass(frozen=True)
class Played:
    """A scenario that was played: its judgement, its lab time in seconds, its part of the history."""

    scenario: Scenario
    judgement: Judgement
    lab_s: float
    events: tuple[ev.Event, ...]

    @property
    def result(self) -> Result:
        """What became of it."""
        match self.judgement.word, self.judgement.cause:
            case Word.FAIL, _:
                return Result.FINDING
            case Word.ERROR, ev.Cause.LAB:
                return Result.LAB
            case Word.INCONCLUSIVE, _:
                return Result.INCONCLUSIVE
        if self.crash:
            return Result.CRASH
        # A fault that never came to pass is nothing to hold against a scenario that checked others.
        return Result.CLEAN if self.judgement.checked else Result.VACUOUS

    @property
    def crash(self) -> str:
        """Why it could not be played to its end; empty if it was."""
        return next((each for each in self.judgement.remarks if each.startswith(_CRASHED)), "")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the phone broke."""
        return self.judgement.findings if self.result is Result.FINDING else ()


_CRASHED = "the scenario could not be played: "


def play(bench: Bench, scenario: Scenario, name: str = "scenario") -> Played:
    """Play it from the phone's boot to its end, and judge it.

    ``name`` is that of the test that it is to the bench. Nothing that happens is raised but what
    ends the program; a lab that fails is in the judgement.
    """
    test = f"{name} {scenario.chance}"
    started = bench.begin(test)
    crash = lab_error = unmet = ""
    try:
        for call in scenario.before:
            perform(bench, call)
        bench.handset.boot(**{name: said(bench, value) for name, value in scenario.parameters})
        for call in scenario.after:
            perform(bench, call)
    except LabError as error:
        lab_error = str(error)
    except Unmet as error:
        unmet = str(error)
    except Exception as error:  # noqa: BLE001
        crash = _CRASHED + "".join(traceback.format_exception(error))
    ended = bench.end(test)
    events = tuple(bench.events_of(started, ended))
    conduct = Conduct((), crash=crash, unmet=unmet, lab_error=lab_error)
    judgement = judge(events, conduct, bench.reference_phone(), bench.timing)
    return Played(scenario, judgement, (ended.at - started.at) / NANOSECONDS, events)


def perform(bench: Bench, call: Call) -> None:
    """Make one call; one that needs a line that is not registered now is left out."""
    if call.if_registered and not bench.sip.registered(call.if_registered):
        return
    if not call.on and call.does not in FUNCTIONS:
        raise UsageError(f"no scenario may call {call.does}", remedy=", ".join(FUNCTIONS))
    method = getattr(getattr(bench, call.on), call.does) if call.on else FUNCTIONS[call.does]
    given = [value_on(bench, value) for value in call.args]
    method(*given, **{name: value_on(bench, value) for name, value in call.named})


def value_on(bench: Bench, value: Any) -> Any:
    """What an argument is on this bench."""
    match value:
        case Enum():
            return value
        case str():
            return said(bench, value)
        case tuple():
            return tuple(value_on(bench, each) for each in value)
        case Profile():
            return document(bench, value)
        case Codes(texts, vendor):
            sub_options = {code: said(bench, text) for code, text in texts}
            return {vendor: sub_options} if vendor else sub_options
        case Fixture(name):
            return getattr(bench, name)
        case Utc(text):
            return utc(text)
        case _:
            return value


def said(bench: Bench, text: str) -> str:
    """A text with the address of this bench's servers in it."""
    return text.replace(LAB, bench.tftp.address)


def document(bench: Bench, profile: Profile) -> bytes:
    """The octets of a profile."""
    body = flat_profile(**{name: said(bench, value) for name, value in profile.parameters})
    if profile.gzip:
        body = compress(body)
    if profile.key:
        body = encrypt(body, profile.key, salt=SALT)
    return body[: -profile.cut] if profile.cut else body
