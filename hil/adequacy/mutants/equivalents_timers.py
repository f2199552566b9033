"""Equivalent mutants of when the phone does what: the machine, its attempts, windows and clocks."""

from __future__ import annotations

from hil.adequacy.mutants.equivalent import Equivalent

_TYPES = (
    "a guard that the type checker asks for: whoever calls this has made sure, and no phone gets here "
    "without"
)
_BESIDES = (
    "what may come besides is for the judge, who cannot know it: the phone begins what is due, and "
    "does nothing that is only allowed"
)
_LATE = (
    "a phone begins what it has missed at once, however late it might have; the end of that window is "
    "for the judge"
)
_DOUBT = (
    "the spread of an instant is the judge's doubt; a phone knows when it did what, and it is 0"
)
_RUNS_IN_ORDER = (
    "the phone tells its machine only what it waits for: an attempt begins while nothing else is under "
    "way, an answer comes to a request; a history can have it otherwise"
)

TIMERS: tuple[Equivalent, ...] = (
    Equivalent("attempts", "locate", "branch", "phone.attempt is None", "False", _TYPES),
    Equivalent(
        "attempts", "*", "branch", "attempt is None or attempt.fetch is None", "False", _TYPES
    ),
    Equivalent(
        "attempts", "*", "connective", "attempt is None or attempt.fetch is None", "*", _TYPES
    ),
    Equivalent("attempts", "announcement", "branch", "*phone.attempt is not None*", "*", _TYPES),
    Equivalent("attempts", "announcement", "branch", "*kind is not None*", "result_log*", _TYPES),
    Equivalent(
        "besides", "due_at", "branch", "due is not None and due.earliest <= at", "True", _BESIDES
    ),
    Equivalent("besides", "due_at", "connective", "due is not None and *", "*", _BESIDES),
    Equivalent("besides", "due_at", "*", "*other*", "*", _BESIDES),
    Equivalent("besides", "due_at", "*", "each.latest", "*", _BESIDES),
    Equivalent("besides", "due_at", "*", "due", "None", _BESIDES),
    Equivalent("besides", "due_at", "*", "due is None", "*", _BESIDES),
    Equivalent("besides", "due_at", "*", "due.earliest", "due.latest", _BESIDES),
    Equivalent("besides", "due_at", "*", "due.earliest - at", "*", _BESIDES),
    Equivalent("besides", "left_over", "*", "*", "*", _BESIDES),
    Equivalent("besides", "may_go_on", "*", "*", "*", _BESIDES),
    Equivalent("besides", "still_allowed", "*", "*", "*", _BESIDES),
    Equivalent("daily", "awaited", "*", "*present*", "*", _BESIDES),
    Equivalent("daily", "awaited", "*", "*each.clause == CLAUSE*", "*", _BESIDES),
    Equivalent("daily", "awaited", "*", "*besides*", "*", _BESIDES),
    Equivalent("machine", "_concluded", "branch", "phone.attempt is None", "False", _TYPES),
    Equivalent(
        "machine", "_began", "branch", "phone.phase is not Phase.WAITING", "False", _RUNS_IN_ORDER
    ),
    Equivalent(
        "machine",
        "_react",
        "*",
        "phone.attempt is None or phone.attempt.server is None",
        "*",
        _TYPES,
    ),
    Equivalent("machine", "_react", "branch", "at if since is None else since", "at", _DOUBT),
    Equivalent("scheduling", "not_late", "*", "*", "*", _LATE),
    Equivalent("upgrade", "*", "branch", "attempt is None", "False", _TYPES),
    Equivalent("upgrade", "concluded", "branch", "attempt.fetch is None", "False", _TYPES),
    Equivalent("watching", "_turning", "*", "*_unsure*", "*", _DOUBT),
    Equivalent("watching", "_turning", "*", "*spread*", "*", _DOUBT),
    Equivalent("watching", "_unsure", "*", "*", "*", _DOUBT),
    Equivalent("watching", "watched", "*", "*besides*", "*", _BESIDES),
    Equivalent("watching", "watched", "*", "turned.earliest*", "*", _BESIDES),
)
