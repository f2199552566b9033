"""What happens to a phone, step by step, and whole scenarios made of it."""

from __future__ import annotations

import functools

from hypothesis import strategies as st

from hil.explore import configuration as cf
from hil.explore import surroundings as sr
from hil.explore.scenario import LAB, Call, Scenario

WAITS = (0.001, 0.05, 0.3, 1, 2, 5, 12, 30, 65, 130, 400, 700, 1500, 4000)
"""Seconds between two steps: within a transfer, within a resync, between resyncs."""

LAST_WAITS = (65, 130, 400, 700, 1500, 4000)
"""How long a phone is watched after the last one."""

MOST_STEPS = 8
MOST_PARAMETERS = 10
MOST_FIELDS = 3
MOST_CHANCES = 999_999

_FIELD = st.sampled_from(tuple(cf.FIELDS))


def _call(on: str, does: str, *args: object, line: int = 0, **named: object) -> Call:
    return Call(on, does, args, tuple(named.items()), line)  # type: ignore[arg-type]


_POWER = (_call("handset", "power_cycle"),)
_WEB = (
    _call("web", "resync"),
    _call("web", "resync", "/a.xml"),
    _call("web", "resync", f"http://{LAB}/b.xml"),
    _call("web", "resync", f"[--key {cf.KEY}]http://{LAB}/sealed.xml"),
    _call("web", "resync", cf.MISSING),
    _call("web", "reboot"),
    _call("web", "get", "/admin/status.xml"),
    _call("web", "log_in", "admin", "pw"),
)
_SCREEN = (
    _call("screen", "press_resync"),
    _call("screen", "press_resync", f"tftp://{LAB}/b.xml"),
    _call("screen", "reboot"),
)
_LOADS = (
    _call("web", "upgrade"),
    _call("web", "upgrade", f"/firmware/{cf.LOADS[0]}.loads"),
    _call("web", "upgrade", f"http://{LAB}/firmware/{cf.LOADS[1]}.loads"),
)
_EVENTS = (
    "resync",
    f"resync;profile=http://{LAB}/b.xml",
    "check-sync",
    "reboot_now",
    "restart_now",
    "report",
    "keep-alive",
)
_TALK = (
    _call("sip", "call", line=1),
    _call("sip", "call", 2, line=2),
    _call("sip", "hang_up"),
    _call("sip", "hang_up"),
    _call("screen", "dial", "100"),
    _call("screen", "dial", "1"),
    _call("screen", "hang_up"),
    _call("sip", "request", "OPTIONS", line=1),
)
_TIME = (
    *(_call("ntp", "shift", seconds) for seconds in (3600.0, -30.0, 7200.0)),
    _call("ntp", "silent"),
)
_BETTER = tuple(_call(server, "reset") for server in ("http", "tftp"))


def _notifies() -> st.SearchStrategy[Call]:
    return st.builds(
        lambda event, shown: _call("sip", "notify", event, line=1, credentials=shown),
        st.sampled_from(_EVENTS),
        st.sampled_from(sr.CREDENTIALS),
    )


def _submits(fields: cf.Fields) -> st.SearchStrategy[Call]:
    values = st.lists(sr.pairs(fields), min_size=1, max_size=2, unique_by=lambda pair: pair[0])
    return values.map(lambda chosen: Call("web", "submit", (), tuple(chosen)))


@functools.cache
def _moves(fields: cf.Fields) -> st.SearchStrategy[Call]:
    """One thing that happens, of those that the chosen fields make worth while."""
    fixed: list[Call] = [*_POWER, *_WEB[:3], *_SCREEN[:1], *_BETTER]
    drawn: list[st.SearchStrategy[Call]] = [sr.files(fields), sr.troubles(fields), sr.offers()]
    if "faces" in fields or "reports" in fields:
        fixed += [*_WEB, *_SCREEN]
        drawn.append(_submits(fields))
    if "upgrades" in fields:
        fixed += _LOADS
        drawn.append(sr.loads())
    if "lines" in fields:
        fixed += _TALK
        drawn += [_notifies(), _notifies()]
    if "clock" in fields:
        fixed += _TIME
    often = [st.sampled_from(fixed)] * len(drawn)
    return st.one_of(*often, *drawn)


@functools.cache
def _waits(seconds: tuple[float, ...]) -> st.SearchStrategy[Call]:
    return st.sampled_from(seconds).map(lambda each: _call("history", "sleep", each))


@functools.cache
def _first(fields: cf.Fields) -> st.SearchStrategy[list[Call]]:
    """What the servers hold at first, and how they fail."""
    extra: list[st.SearchStrategy[Call]] = [st.sampled_from(sr.NAMES)]
    if "upgrades" in fields:
        extra += [sr.loads(), sr.loads()]
    if "clock" in fields:
        extra.append(st.sampled_from(sr.TIMES))
    if "lines" in fields:
        extra.append(st.sampled_from(sr.ACCOUNTS))
    usual = (*sr.USUAL, *sr.USUAL_LOADS) if "upgrades" in fields else sr.USUAL
    # Without it the time of the day would be that of the scenario that was played before.
    midnight = sr.TIMES[:1] if "clock" in fields else ()
    return st.tuples(
        sr.offers(),
        st.sampled_from([(*midnight, *each) for each in (usual, usual, usual, ())]),
        st.lists(sr.files(fields), max_size=4),
        st.lists(st.one_of(extra), max_size=2),
        st.lists(sr.troubles(fields), max_size=2),
    ).map(lambda parts: [parts[0], *(call for part in parts[1:] for call in part)])


@functools.cache
def _given(fields: cf.Fields) -> st.SearchStrategy[list[tuple[str, str]]]:
    """The parameters that the phone boots with."""
    return st.lists(
        sr.pairs(fields, valid=True), max_size=MOST_PARAMETERS, unique_by=lambda pair: pair[0]
    )


@functools.cache
def _happening(fields: cf.Fields) -> st.SearchStrategy[list[tuple[Call, Call]]]:
    """What happens, each with the time until it does."""
    return st.lists(st.tuples(_waits(WAITS), _moves(fields)), max_size=MOST_STEPS)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A scenario of a few fields: servers, a configuration, and steps with time between them."""
    chance = draw(st.integers(0, MOST_CHANCES))
    drawn = draw(st.lists(_FIELD, min_size=1, max_size=MOST_FIELDS, unique=True))
    fields = tuple(name for name in cf.FIELDS if name in drawn or name == "resyncs")
    before = draw(_first(fields))
    parameters = {name: value for each in fields for name, value in cf.BASES.get(each, ())}
    parameters |= dict(draw(_given(fields)))
    after = [call for step in draw(_happening(fields)) for call in step]
    after.append(draw(_waits(LAST_WAITS)))
    return Scenario(tuple(before), tuple(parameters.items()), tuple(after), chance)
