"""What of a scenario a laboratory can hold, and the rest of it taken out or made small.

On the virtual testbed everything can be done, and hours cost nothing. On a rack nobody presses keys, a
load that no vendor has signed is not installed, a phone trusts only an authority that it was given, and
a minute is a minute. What would lock the laboratory out of a phone, so that it could not
be prepared for the next scenario, is left out there as well.

A scenario is made as anywhere else and then fitted, so all that is made up is made up in one place.
Delays of hours become some seconds that stand in the same proportion to the time that a phone is
watched; what would still not fall due in that time is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from hil.explore import configuration as cf
from hil.explore.scenario import Call, Profile, Scenario
from hil.testbed.models import HandsetEntry, Testbed

LONGEST_S = 90.0
"""Seconds for which a phone of a rack is watched after its boot, if nobody says otherwise."""

_SHORT = 60
_SHARE = 6
_QUICK_S = 1.0
_PLACES = 3
_DAILY = frozenset({"Resync_At__HHmm_", "Resync_At_Random_Delay"})
_DAILY_S = 1200.0
_DOORS = frozenset(
    {"Enable_Web_Server", "Enable_Web_Admin_Access", "Admin_Password", "Provision_Enable"}
)
_LOADS = frozenset(cf.UPGRADES)
_TIMERS = frozenset(
    {
        "Resync_Periodic",
        "Resync_Error_Retry_Delay",
        "Resync_Random_Delay",
        "Resync_Trigger_1",
        "Resync_Trigger_2",
        "Upgrade_Error_Retry_Delay",
        "Forced_Resync_Delay",
        "Reg_Retry_Intvl",
        "Reg_Retry_Long_Intvl",
    }
)
"""Parameters whose numbers are seconds, of which any value is legal."""
_QUIET = (("Resync_Random_Delay", "0"),)
"""What a phone is told where nothing else is said: its default may let the first resync wait 40 s."""
_NUMBER = re.compile(r"(?<!REGTMR)\d+")


@dataclass(frozen=True)
class Scope:
    """What a laboratory can hold; by default everything.

    ``watched_s`` is for how long a phone is watched after its boot, ``least_timer_s`` the shortest
    delay that it can be told, both in seconds. ``screen``: somebody presses its keys. ``loads``: it
    installs test loads. ``trust``: it trusts the laboratory's certificates. ``doors``: it can be
    brought into a known state whatever it holds.
    """

    watched_s: float = float("inf")
    least_timer_s: float = 1.0
    screen: bool = True
    loads: bool = True
    trust: bool = True
    doors: bool = True

    def fitted(self, scenario: Scenario) -> Scenario:
        """The scenario without what cannot be held, in the time that there is."""
        if self == EVERYTHING:
            return scenario
        return replace(
            scenario,
            before=self._calls(scenario.before),
            parameters=self._parameters((*_QUIET, *scenario.parameters)),
            after=self._in_time(self._calls(scenario.after)),
        )

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is left out, in words."""
        every = (
            (self.watched_s == float("inf"), f"whatever takes longer than {self.watched_s:g} s"),
            (self._has_days, "resyncs at a time of the day"),
            (self.screen, "the phone's screen and keys: nobody presses them"),
            (self.loads, "firmware upgrades: it is not declared to install test loads"),
            (self.trust, "HTTPS and SIP over TLS: its entry does not say https: yes"),
            (self.doors, "what would lock the laboratory out: " + ", ".join(sorted(_DOORS))),
        )
        return tuple(words for there, words in every if not there)

    # -- calls -------------------------------------------------------------------------------------

    def _calls(self, calls: tuple[Call, ...]) -> tuple[Call, ...]:
        return tuple(self._call(each) for each in calls if self._holds(each))

    def _holds(self, call: Call) -> bool:
        loads = call.does == "serve_load" or (call.on, call.does) == ("web", "upgrade")
        kept = (
            (self.screen or call.on != "screen")
            and (self.trust or call.on != "https")
            and (self.loads or not loads)
        )
        # A page on which nothing is left to be submitted would be submitted empty.
        return kept and (call.does != "submit" or bool(self._parameters(call.named)))

    def _call(self, call: Call) -> Call:
        named = self._parameters(call.named) if call.does == "submit" else call.named
        return replace(call, args=tuple(map(self._argument, call.args)), named=named)

    def _argument(self, value: Any) -> Any:
        if isinstance(value, Profile):
            return replace(value, parameters=self._parameters(value.parameters))
        return value

    # -- parameters --------------------------------------------------------------------------------

    @property
    def _has_days(self) -> bool:
        return self.watched_s > _DAILY_S

    def _parameters(self, pairs: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, str], ...]:
        """Those that can be held, each once: the last value counts."""
        return tuple(
            (name, self._short(text) if name in _TIMERS else text)
            for name, text in dict(pairs).items()
            if self._can_hold(name, text)
        )

    def _can_hold(self, name: str, text: str) -> bool:
        return (
            (self.doors or name not in _DOORS)
            and (self._has_days or name not in _DAILY)
            and (self.loads or name not in _LOADS)
            and (self.trust or ("https://" not in text and text != "TLS"))
        )

    def _short(self, text: str) -> str:
        """The same delays in a short time: a short one for up to a minute, else twice as long."""
        if self.watched_s == float("inf"):
            return text
        short = max(1, round(max(self.watched_s / _SHARE, self.least_timer_s)))

        def shortened(number: re.Match[str]) -> str:
            seconds = int(number[0])
            return str(0 if not seconds else short if seconds <= _SHORT else 2 * short)

        return _NUMBER.sub(shortened, text)

    # -- time --------------------------------------------------------------------------------------

    def _in_time(self, calls: tuple[Call, ...]) -> tuple[Call, ...]:
        """With waits that take no longer together than there is time; what is quick stays quick."""
        waits = [_seconds(each) for each in calls]
        long = sum(each for each in waits if each > _QUICK_S)
        left = self.watched_s - sum(each for each in waits if each <= _QUICK_S)
        if long <= left:
            return calls
        share = left / long
        return tuple(
            replace(call, args=(max(round(wait * share, _PLACES), 0.001),))
            if wait > _QUICK_S
            else call
            for call, wait in zip(calls, waits, strict=True)
        )


EVERYTHING = Scope()
"""What the virtual testbed can hold."""


def scope_of(testbed: Testbed, entry: HandsetEntry, watched_s: float = LONGEST_S) -> Scope:
    """What the place of this handset can hold; ``watched_s`` matters where time passes by itself."""
    if testbed.kind != "rack":
        return EVERYTHING
    said = entry.capabilities.model_fields_set
    return Scope(
        watched_s=watched_s,
        least_timer_s=entry.capabilities.minimum_timer_s or 1.0,
        screen=False,
        loads=entry.capabilities.test_loads,
        trust=testbed.kept_authority is not None and "https" in said and entry.capabilities.https,
        doors=False,
    )


def _seconds(call: Call) -> float:
    """How long a call lets time pass."""
    if (call.on, call.does) != ("history", "sleep"):
        return 0.0
    return float(call.args[0])  # type: ignore[arg-type]
