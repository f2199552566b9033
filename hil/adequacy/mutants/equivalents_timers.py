"""Equivalent mutants of what is due and when it begins."""

from __future__ import annotations

from hil.adequacy.mutants.equivalent import Equivalent
from hil.adequacy.mutants.equivalent_reasons import (
    BELOW_A_SECOND,
    BESIDES,
    CLAUSE,
    DOUBT,
    LATE,
    NARROWER,
    OVERWRITTEN,
    READING,
    THAT_VERY_INSTANT,
    TYPES,
)

TIMERS: tuple[Equivalent, ...] = (
    Equivalent(
        "besides", "due_at", "branch", "due is not None and due.earliest <= at", "True", BESIDES
    ),
    Equivalent("besides", "due_at", "connective", "due is not None and *", "*", BESIDES),
    Equivalent("besides", "due_at", "*", "*other*", "*", BESIDES),
    Equivalent("besides", "due_at", "*", "each.latest", "*", BESIDES),
    Equivalent("besides", "due_at", "*", "due", "None", BESIDES),
    Equivalent("besides", "due_at", "*", "due is None", "*", BESIDES),
    Equivalent("besides", "due_at", "*", "due.earliest - at", "*", BESIDES),
    Equivalent("besides", "left_over", "*", "*", "*", BESIDES),
    Equivalent("besides", "may_go_on", "*", "*", "*", BESIDES),
    Equivalent("besides", "still_allowed", "*", "*", "*", BESIDES),
    Equivalent("besides", "_with_the_reason_of", "branch", "first is None", "False", TYPES),
    Equivalent("besides", "_with_the_reason_of", "*", "*due.clause in known*", "*", CLAUSE),
    Equivalent(
        "besides", "_with_the_reason_of", "update", "*", "replace(due, reason=first.reason)", CLAUSE
    ),
    Equivalent("besides", "_first_at", "bound", "*", "*", THAT_VERY_INSTANT),
    Equivalent(
        "besides",
        "_first_at",
        "window",
        "min(open_now or asking*",
        "*",
        "which of two things that may begin it is that begins no text says",
    ),
    Equivalent("due", "Lines.idle_after", "off-by-one", "FOREVER", "*", DOUBT),
    Equivalent("due", "Lines.idle_after", "*", "*self.perhaps*", "False", DOUBT),
    Equivalent("due", "Lines.idle_after", "*", "*self.idle_by*", "*", DOUBT),
    Equivalent("due", "Lines.idle_after", "off-by-one", "0", "*", BELOW_A_SECOND),
    Equivalent("due", "Lines.never_used", "negation", "*self.idle_by*", "*", DOUBT),
    Equivalent("due", "Lines.never_used", "negation", "not self.perhaps", "*", DOUBT),
    Equivalent("idleness", "held_back", "branch", "*held.earliest > due.earliest*", "*", CLAUSE),
    Equivalent("idleness", "held_back", "bound", "*held.earliest > due.earliest*", "*", CLAUSE),
    Equivalent("idleness", "held_back", "update", "replace(held, clause=*", "*", CLAUSE),
    Equivalent("idleness", "held_back", "window", "held.earliest", "*", CLAUSE),
    Equivalent("idleness", "held_back", "window", "due.earliest", "*", CLAUSE),
    Equivalent("scheduling", "not_late", "update", "*", "*", LATE),
    Equivalent("scheduling", "not_late", "window", "due.latest", "*", LATE),
    Equivalent("scheduling", "not_late", "result", "replace(phone*", "phone", LATE),
    Equivalent("scheduling", "due_after", "off-by-one", "NANOSECONDS", "*", BELOW_A_SECOND),
    Equivalent("scheduling", "due_after", "window", "delay.earliest", "*", NARROWER),
    Equivalent("scheduling", "due_after", "window", "delay.latest", "*", NARROWER),
    Equivalent("scheduling", "sooner", "update", "*", "replace(first)", NARROWER),
    Equivalent("scheduling", "sooner", "window", "one.earliest", "*", NARROWER),
    Equivalent("scheduling", "sooner", "window", "other.earliest", "*", NARROWER),
    Equivalent(
        "scheduling",
        "urgency",
        "window",
        "due.earliest",
        "*",
        "of two that must begin at the same moment no text says which is which",
    ),
    Equivalent(
        "scheduling",
        "settled",
        "arguments",
        "*",
        "*",
        "of two that must begin at the same moment no text says which is which",
    ),
    Equivalent(
        "scheduling", "settled", "branch", "phone.scheduled if asked else None", "None", READING
    ),
    Equivalent(
        "scheduling",
        "settled",
        "branch",
        "phone if due == phone.due*",
        "replace(phone, due=due)",
        OVERWRITTEN,
    ),
    Equivalent("scheduling", "_without_periods", "branch", "*", "True", READING),
    Equivalent(
        "scheduling", "_without_periods", "result", "replace(phone, scheduled=None)", "*", READING
    ),
    Equivalent(
        "scheduling", "_without_periods", "update", "replace(phone, scheduled=None)", "*", READING
    ),
    Equivalent("scheduling", "line_changed", "branch", "doubtful*", "doubtful", DOUBT),
    Equivalent(
        "scheduling",
        "line_changed",
        "update",
        "replace(lines, *",
        "replace(lines, active=others | {line} if active else others)",
        DOUBT,
    ),
    Equivalent(
        "scheduling",
        "line_changed",
        "update",
        "replace(now, active_since=None, idle_since=at)",
        "replace(now, idle_since=at)",
        DOUBT,
    ),
    Equivalent("scheduling", "line_changed", "*", "*lines.perhaps*", "*", DOUBT),
    Equivalent("scheduling", "line_changed", "*", "now.active or now.perhaps", "*", DOUBT),
    Equivalent("scheduling", "line_changed", "*", "*idle_by=at*", "*", DOUBT),
    Equivalent(
        "scheduling", "line_changed", "*", "now.active and (not lines.active)", "*", BESIDES
    ),
    Equivalent("scheduling", "line_changed", "negation", "not lines.active", "*", BESIDES),
    Equivalent("scheduling", "line_changed", "*", "*active_since=at*", "*", BESIDES),
    Equivalent("scheduling", "line_changed", "*", "due is not None*", "*", BESIDES),
    Equivalent("scheduling", "line_changed", "*", "due.earliest*", "*", BESIDES),
    Equivalent("scheduling", "line_changed", "*", "*besides*", "*", BESIDES),
    Equivalent(
        "scheduling",
        "registration_changed",
        "window",
        "*",
        "*",
        "a phone loses what it has: a registration that is lost is not lost again",
    ),
    Equivalent("triggers", "true_from", "*", "*", "*", READING),
    Equivalent("watching", "_turning", "*", "*_unsure*", "*", DOUBT),
    Equivalent("watching", "_turning", "*", "*spread*", "*", DOUBT),
    Equivalent("watching", "_unsure", "*", "*", "*", DOUBT),
    Equivalent("watching", "watched", "*", "*besides*", "*", BESIDES),
    Equivalent("watching", "watched", "*", "turned.earliest*", "*", BESIDES),
    Equivalent(
        "watching",
        "watched",
        "*",
        "*turned.latest <= at*",
        "*turned.latest < at",
        THAT_VERY_INSTANT,
    ),
    Equivalent("watching", "watched", "window", "turned.latest", "*", DOUBT),
    Equivalent(
        "watching",
        "watched",
        "branch",
        "turned is not None and turned.earliest <= at",
        "False",
        BESIDES,
    ),
    Equivalent(
        "watching", "_turning", "branch", "name not in decisions.triggers", "False", READING
    ),
    Equivalent("watching", "_turning", "statement", "continue", "break", READING),
    Equivalent("watching", "_turning", "statement", "instant = rising(*", "*", DOUBT),
    Equivalent("watching", "_turning", "off-by-one", "0", "*", DOUBT),
    Equivalent("watching", "_turning", "window", "Due(*", "*", DOUBT),
    Equivalent("watching", "_turning", "window", "min(earliest, min(turning))", "*", DOUBT),
)
