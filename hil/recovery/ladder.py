"""The ladder itself, as data: what is tried, in this order, and what each rung needs.

A rung is used only where the inventory says that there is such a way to the handset (``lacks``), and
where the way is open at this moment (``ready``, its precondition on the wire). Whether a rung has
brought the handset back is the same question for all: see `hil.recovery.climbing.came_back`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.errors import UsageError
from hil.judge.timing import Timing
from hil.recovery.ways import Budget, Facts, FeedKind, Ways
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.outlets import pdu_of
from hil.testbed.pdus import PoeEntry
from hil.testbed.pdus_other import SshPdu

_ASK_S = 20.0
_PERSON_S = 600.0
_KEYS = (
    "take the handset back to its factory settings by its keys: unplug it, wait 5 s, hold # while"
    " plugging it in, and press 123456789*0# as soon as the LED strip lights"
)
_MENU = (
    "take the handset back to its factory settings by its screen: Settings > Device administration"
    " > Factory reset"
)


def facts_of(testbed: Testbed, entry: HandsetEntry) -> Facts:
    """What the inventory says of a handset."""
    pdu = pdu_of(testbed, entry)
    port = isinstance(pdu, PoeEntry) or (isinstance(pdu, SshPdu) and pdu.model == "cisco-ios")
    command = entry.console is not None and bool(entry.console.factory_reset)
    return Facts(frozenset({"poe" if port else "pdu"}), entry.capabilities.factory_reset, command)


@dataclass(frozen=True)
class Rung:
    """One way to bring a handset back.

    ``lacks`` says why the inventory has no such way, ``ready`` why it is not open now, ``act`` uses it
    and says why that did not come about; empty texts mean that all is well. ``acting_s`` is what
    ``ready`` and ``act`` may take together, in seconds of lab time. ``restarts`` tells that the handset
    restarts by itself, for which its `Timing` has a figure.
    """

    name: str
    does: str
    lacks: Callable[[Facts], str]
    ready: Callable[[Ways, Budget], str]
    act: Callable[[Ways, Budget], str]
    acting_s: float
    restarts: bool = True

    def budget_s(self, timing: Timing) -> float:
        """The longest that the whole rung may take with a handset of this timing, in seconds."""
        restart = timing.restart if self.restarts else 0.0
        back = timing.boot + timing.lease + timing.give_up + timing.step
        return self.acting_s + restart + back


def _nothing(_: Facts) -> str:
    return ""


def _fed_by(kind: FeedKind, name: str) -> Callable[[Facts], str]:
    return lambda facts: "" if kind in facts.feeds else f"no {name} feeds it"


def _sip_ready(ways: Ways, budget: Budget) -> str:
    return ways.sip.answers(budget.within(_ASK_S)) if ways.sip else "nobody here speaks SIP to it"


def _sip_reboot(ways: Ways, budget: Budget) -> str:
    return ways.sip.reboot(budget.within(_ASK_S)) if ways.sip else "nobody here speaks SIP to it"


def _web_ready(ways: Ways, budget: Budget) -> str:
    return ways.web.answers(budget.within(_ASK_S)) if ways.web else "nobody here asks for its page"


def _web_reboot(ways: Ways, budget: Budget) -> str:
    return ways.web.reboot(budget.within(_ASK_S)) if ways.web else "nobody here asks for its page"


def _power_ready(ways: Ways, budget: Budget) -> str:
    return ways.power.answers(budget.within(2 * _ASK_S)) if ways.power else "no outlet is known"


def _power_cycle(ways: Ways, budget: Budget) -> str:
    if ways.power is None:
        return "no outlet is known"
    ways.power.cycle(budget.within(6 * _ASK_S))
    return ""


def _resettable(facts: Facts) -> str:
    if facts.factory_reset == "none":
        return "its entry declares no way back to factory settings (capabilities: factory_reset)"
    if facts.factory_reset == "console" and not facts.console_reset:
        return "its entry has no console with a command for it (console: factory_reset)"
    return ""


def _reset_ready(ways: Ways, budget: Budget) -> str:
    match ways.facts.factory_reset:
        case "web":
            return _web_ready(ways, budget)
        case "console":
            within = budget.within(_ASK_S)
            return ways.console.answers(within) if ways.console else "its console is not open"
    return "" if ways.person else "it takes a person at the handset, and nobody is there"


def _factory_reset(ways: Ways, budget: Budget) -> str:
    method = ways.facts.factory_reset
    if method == "web" and ways.web:
        return ways.web.factory_reset(budget.within(_ASK_S))
    if method == "console" and ways.console:
        return ways.console.factory_reset(budget.within(_ASK_S))
    procedure = _MENU if method == "menu" else _KEYS
    done = ways.person is not None and ways.person.does(procedure, budget.within(_PERSON_S))
    return "" if done else "nobody says that it was done"


LADDER = (
    Rung(
        "sip-reboot",
        "NOTIFY with Event: reboot_now, as its line's account",
        _nothing,
        _sip_ready,
        _sip_reboot,
        acting_s=60.0,
    ),
    Rung("web-reboot", "GET /admin/reboot", _nothing, _web_ready, _web_reboot, acting_s=60.0),
    Rung(
        "poe",
        "its port's power off and on",
        _fed_by("poe", "PoE port"),
        _power_ready,
        _power_cycle,
        acting_s=180.0,
        restarts=False,
    ),
    Rung(
        "pdu",
        "its outlet off and on",
        _fed_by("pdu", "PDU's outlet"),
        _power_ready,
        _power_cycle,
        acting_s=180.0,
        restarts=False,
    ),
    Rung(
        "factory-reset",
        "back to factory settings, as its entry says how",
        _resettable,
        _reset_ready,
        _factory_reset,
        acting_s=_PERSON_S + 60.0,
    ),
)
"""All rungs, from the bottom up."""


def from_rung(first: str = "") -> tuple[Rung, ...]:
    """The ladder from a rung on, the whole of it for an empty name; `UsageError` for no rung."""
    names = [rung.name for rung in LADDER]
    if first and first not in names:
        raise UsageError(f"no rung is called {first!r}", remedy="one of " + ", ".join(names))
    return LADDER[names.index(first) :] if first else LADDER
