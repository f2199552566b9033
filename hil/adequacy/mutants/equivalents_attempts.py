"""Equivalent mutants of the machine, and its attempts from their beginning to their end."""

from __future__ import annotations

from hil.adequacy.mutants.equivalent import Equivalent
from hil.adequacy.mutants.equivalent_reasons import (
    BELOW_A_SECOND,
    BESIDES,
    CHECKED,
    CLAUSE,
    DOUBT,
    FROM_NOTHING,
    LIMIT,
    NARROWER,
    ONE_ADDRESS,
    OVERWRITTEN,
    READING,
    RUNS_IN_ORDER,
    THAT_VERY_INSTANT,
    TYPES,
)

_RUNS = "an attempt that finds nothing to do asks nobody for anything and says nothing"
_OVER = "an attempt that is over is in nobody's way: the next one takes its place"
_AT_ONCE = (
    "what the rules assigned is stored and how it ended is told at the same moment, where no file is "
    "asked for any more"
)
_SRV = "only SRV records name another port than the URL, and an upgrade asks for none by default"
_SETTLED = "before a restart of its own a phone stores what is in force"

ATTEMPTS: tuple[Equivalent, ...] = (
    Equivalent("attempts", "locate", "branch", "phone.attempt is None", "False", TYPES),
    Equivalent(
        "attempts", "*", "branch", "attempt is None or attempt.fetch is None", "False", TYPES
    ),
    Equivalent(
        "attempts", "*", "connective", "attempt is None or attempt.fetch is None", "*", TYPES
    ),
    Equivalent(
        "attempts",
        "announcement",
        "branch",
        "*phone.attempt is not None*",
        "_ANNOUNCED_BY.get(*",
        TYPES,
    ),
    Equivalent("attempts", "announcement", "branch", "*kind is not None*", "result_log*", TYPES),
    Equivalent("attempts", "found", "branch", "attempt.server is not None", "False", ONE_ADDRESS),
    Equivalent("attempts", "found", "*", "*attempt.others*", "*", ONE_ADDRESS),
    Equivalent(
        "attempts",
        "retrieve",
        "branch",
        "*if fetch.scheme != 'tftp'*",
        "fetch.options.get('post')",
        "TFTP has no methods and no body",
    ),
    Equivalent("decisions", "daily_window", "branch", "*if zone.daylight*", "*", READING),
    Equivalent("decisions", "random_delay", "*", "*unit", "*", READING),
    Equivalent("decisions", "read_profile", "branch", "not document.kept", "False", LIMIT),
    Equivalent(
        "decisions",
        "resolve_report",
        "branch",
        "isinstance(server, rules.RuleFailure)",
        "False",
        CHECKED,
    ),
    Equivalent(
        "decisions",
        "resolve_rule",
        "branch",
        "isinstance(server, rules.RuleFailure)",
        "False",
        CHECKED,
    ),
    Equivalent(
        "decisions",
        "resolve_asked",
        "branch",
        "isinstance(server, rules.RuleFailure)",
        "False",
        CHECKED,
    ),
    Equivalent("decisions", "_server_of", "result", "rules.RuleFailure(*", "*", CHECKED),
    Equivalent("machine", "_concluded", "branch", "phone.attempt is None", "False", TYPES),
    Equivalent(
        "machine", "_began", "branch", "phone.phase is not Phase.WAITING", "False", RUNS_IN_ORDER
    ),
    Equivalent(
        "machine",
        "_react",
        "branch",
        "phone.attempt is None or phone.attempt.server is None",
        "False",
        TYPES,
    ),
    Equivalent(
        "machine",
        "_react",
        "connective",
        "phone.attempt is None or phone.attempt.server is None",
        "*",
        TYPES,
    ),
    Equivalent("machine", "_react", "branch", "at if since is None else since", "at", DOUBT),
    Equivalent(
        "machine", "_react", "branch", "phone.phase in (Phase.OFF, *", "False", RUNS_IN_ORDER
    ),
    Equivalent(
        "machine",
        "_react",
        "update",
        "replace(phone, parameters=changed, phase=Phase.REBOOTING, attempt=None)",
        "replace(phone, parameters=changed, phase=Phase.REBOOTING)",
        FROM_NOTHING,
    ),
    Equivalent("machine", "_leased", "branch", "phone.phase in (*", "False", RUNS_IN_ORDER),
    Equivalent("machine", "_asked", "branch", "phone.phase in (*", "False", RUNS_IN_ORDER),
    Equivalent(
        "machine",
        "_booting",
        "connective",
        "cause is BootCause.UPGRADE and before.installed",
        "*",
        "the reboot of an upgrade is the one before which something was installed",
    ),
    Equivalent(
        "machine",
        "reboots_now",
        "update",
        "replace(phone, phase=Phase.REBOOTING, wanted=())",
        "replace(phone, phase=Phase.REBOOTING)",
        FROM_NOTHING,
    ),
    Equivalent("resync", "at_boot", "negation", "phone.boot is BootCause.UPGRADE", "*", CLAUSE),
    Equivalent("resync", "at_boot", "branch", "*if upgraded*", "*", CLAUSE),
    Equivalent(
        "resync", "at_boot", "connective", "after is not None and anew is not None", "*", TYPES
    ),
    Equivalent("resync", "at_boot", "window", "after.earliest", "*", NARROWER),
    Equivalent("resync", "at_boot", "update", "replace(anew, earliest=*", "*", NARROWER),
    Equivalent(
        "resync",
        "asked",
        "branch",
        "*if phone.phase is Phase.WAITING*",
        "asked_meanwhile(*",
        OVERWRITTEN,
    ),
    Equivalent("resync", "asked_meanwhile", "branch", "*may_go_on*", "False", BESIDES),
    Equivalent("resync", "asked_meanwhile", "negation", "before.reason*", "*", BESIDES),
    Equivalent(
        "resync", "asked_meanwhile", "update", "*", "replace(phone, scheduled=due)", BESIDES
    ),
    Equivalent("resync", "began", "branch", "not _may_begin(*", "False", RUNS_IN_ORDER),
    Equivalent("resync", "_may_begin", "*", "due is not None*", "*", READING),
    Equivalent("resync", "_may_begin", "negation", "due.reason is *", "*", READING),
    Equivalent("resync", "_seen", "*", "*", "*", DOUBT),
    Equivalent("resync", "began", "branch", "due.reason if due is not None*", "due.reason", TYPES),
    Equivalent(
        "resync", "began", "connective", "explicit and request is not None", "*", RUNS_IN_ORDER
    ),
    Equivalent("resync", "_met", "update", "*", "replace(phone, wanted=wanted)", BESIDES),
    Equivalent("resync", "_met", "order", "*besides*", "*", BESIDES),
    Equivalent("resync", "_met", "*", "len(same) - 1", "*", BESIDES),
    Equivalent("resync", "_met", "off-by-one", "1", "*", BESIDES),
    Equivalent("resync", "next_rule", "branch", "*attempt is None*", "False", TYPES),
    Equivalent("resync", "_apply", "branch", "*attempt is None*", "False", TYPES),
    Equivalent("resync", "_apply", "connective", "*attempt is None*", "*", TYPES),
    Equivalent("resync", "_after_rule", "branch", "*attempt is None*", "False", TYPES),
    Equivalent("resync", "_succeeded", "connective", "decisions.*list_restart*", "*", READING),
    Equivalent("resync", "_succeeded", "branch", "*if restarts*", "0", READING),
    Equivalent("resync", "failed", "branch", "attempt.rule if attempt is not None*", "*", READING),
    Equivalent(
        "resync",
        "failed",
        "update",
        "replace(_over(phone, at)*",
        "replace(_over(phone, at), failures=phone.failures + 1)",
        READING,
    ),
    Equivalent("resync", "failed", "off-by-one", "0", "*", READING),
    Equivalent("resync", "failed", "negation", "attempt is not None", "*", READING),
    Equivalent(
        "resync", "_over", "branch", "attempt.* if attempt is not None*", "attempt.*", TYPES
    ),
    Equivalent("resync", "_over", "branch", "attempt.spread*", "*", DOUBT),
    Equivalent("resync", "_over", "off-by-one", "0", "*", DOUBT),
    Equivalent("upgrade", "*", "branch", "attempt is None", "False", TYPES),
    Equivalent("upgrade", "concluded", "branch", "attempt.fetch is None", "False", TYPES),
    Equivalent(
        "upgrade",
        "asked",
        "branch",
        "*if phone.phase is Phase.WAITING*",
        "asked_meanwhile(*",
        OVERWRITTEN,
    ),
    Equivalent(
        "upgrade",
        "considered",
        "update",
        "replace(upgrades, due=None, settled=key)",
        "replace(upgrades, settled=key)",
        _RUNS,
    ),
    Equivalent("upgrade", "considered", "*", "later or key == upgrades.unsure", "*", NARROWER),
    Equivalent("upgrade", "considered", "branch", "FOREVER if later else at", "at", NARROWER),
    Equivalent(
        "upgrade",
        "began",
        "branch",
        "not decisions.upgrade_enabled(phone.parameters)",
        "False",
        RUNS_IN_ORDER,
    ),
    Equivalent("upgrade", "began", "branch", "due.reason if due is not None*", "due.reason", TYPES),
    Equivalent(
        "upgrade", "concluded", "branch", "attempt.load.name if*", "attempt.load.name", TYPES
    ),
    Equivalent("upgrade", "failed", "branch", "reboots", "False", READING),
    Equivalent("upgrade", "failed", "branch", "*if reboots*", "Phase.WAITING", READING),
    Equivalent("upgrade", "failed", "order", "*duties; Reboot(*", "*", READING),
    Equivalent(
        "upgrade",
        "failed",
        "update",
        "*spread=attempt.spread*",
        "*last_attempt=attempt.began, error=*",
        DOUBT,
    ),
    Equivalent("upgrade", "_followed_by_resync", "branch", "*may_go_on*", "False", BESIDES),
    Equivalent(
        "upgrade", "_followed_by_resync", "update", "*", "replace(phone, scheduled=due)", BESIDES
    ),
    Equivalent(
        "upgrade",
        "failed",
        "order",
        "*result_log(*; Finished(*",
        "*",
        "what it says in its log and what its status page shows it does at the same moment",
    ),
    Equivalent("attempts", "retrieve", "update", "*port=*", "*.address, requested=True)", _SRV),
    Equivalent("machine", "_unpowered", "connective", "before.settled or *", "*", NARROWER),
    Equivalent("resync", "next_rule", "branch", "outcome.assignments", "True", OVERWRITTEN),
    Equivalent(
        "resync",
        "_over",
        "update",
        "*last_reason=*",
        "*if attempt is not None else 0)",
        "what $PRVST is while no resync is under way no text says",
    ),
    Equivalent("attempts", "result_log", "branch", "message is not None", "True", TYPES),
    Equivalent(
        "attempts",
        "context",
        "off-by-one",
        "0",
        "-1",
        "what $UPGST is after an upgrade that found nothing to do no text says",
    ),
    Equivalent("besides", "due_at", "bound", "due.earliest <= at", "*", THAT_VERY_INSTANT),
    Equivalent("due", "Due.postponed", "window", "self.latest", "self.earliest", NARROWER),
    Equivalent("due", "Due.postponed", "window", "self.earliest", "self.latest", NARROWER),
    Equivalent("machine", "_booting", "branch", "cause is BootCause.POWER", "False", FROM_NOTHING),
    Equivalent("resync", "failed", "order", "*undone; *", "*", READING),
    Equivalent("machine", "advance", "branch", "after is phone", "False", OVERWRITTEN),
    Equivalent("machine", "advance", "branch", "after.phase is *", "True", OVERWRITTEN),
    Equivalent("machine", "_react", "order", "*Apply(changed); Reboot(*", "*", _SETTLED),
    Equivalent(
        "machine",
        "_react",
        "order",
        "*reporting.changed(*",
        "*",
        "whether a report after a local change is due by what was in force before it no text says",
    ),
    Equivalent("resync", "_met", "statement", "same = [e for e *", "*", BESIDES),
    Equivalent("resync", "_over", "update", "*settled=at*", "*, attempt=None, last_*", NARROWER),
    Equivalent(
        "resync", "next_rule", "order", "*duties; *more", "*", _AT_ONCE, "            return *"
    ),
    Equivalent("resync", "next_rule", "order", "*duties; *more", "*", _AT_ONCE, "    return *"),
    Equivalent("scheduling", "settled", "branch", "phone.phase is not *", "False", RUNS_IN_ORDER),
    Equivalent("scheduling", "settled", "*", "replace(phone, due=None)", "*", RUNS_IN_ORDER),
    Equivalent(
        "upgrade", "_installed", "update", "*", "replace(phone, attempt=None, *", FROM_NOTHING
    ),
    Equivalent("upgrade", "_nothing_to_do", "update", "*attempt=None*", "*WAITING, up*", _OVER),
    Equivalent(
        "upgrade", "considered", "branch", "isinstance(outcome, Fetch) and *", "False", _RUNS
    ),
    Equivalent("upgrade", "considered", "update", "*settled=key*", "*due=None)", _RUNS),
    Equivalent("upgrade", "considered", "arguments", "_resolved(*", "*", _RUNS),
    Equivalent("upgrade_rules", "held_back", "off-by-one", "0", "*", BELOW_A_SECOND),
)
