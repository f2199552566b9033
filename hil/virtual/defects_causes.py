"""Defects that show for one cause of a resync or an upgrade, and not for the others.

A periodic resync, a triggered one, one at a time of the day, a retry and one that somebody asks for
come by ways of their own in a phone, so each can miss what holds for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from hil.reference import decisions as spec
from hil.reference import upgrade_rules
from hil.reference.due import Action, Asker, Due, Lines, Reason
from hil.reference.interpretations import Interpretations
from hil.reference.log_messages import LogKind, LogMessage
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.resync_at import is_set
from hil.virtual.defect import Defect, decision
from hil.virtual.deviations import Change, Compose, deviating, expanding
from hil.virtual.face_deviations import together

Hold: TypeAlias = Callable[[Due, Lines, Parameters, Interpretations], Due | None]
May: TypeAlias = Callable[[Asker, Action, Parameters, Interpretations], bool]
Cause: TypeAlias = Callable[[Due], bool]


def _by(clause: str) -> Cause:
    """What falls due by this requirement."""
    return lambda due: due.clause == clause


def _retried(due: Due) -> bool:
    return due.reason is Reason.RETRY


_TRIGGERED = _by("resync.trigger")
_DAILY = _by("resync.at")


# -- Provision_Enable --------------------------------------------------------------------------------


def _obeying_a_notify(
    right: May, asker: Asker, action: Action, parameters: Parameters, reading: Interpretations
) -> bool:
    if asker is Asker.SIP:
        parameters = parameters.updated({"Provision_Enable": "Yes"})
    return right(asker, action, parameters, reading)


def _though_disabled(cause: Cause) -> Change:
    """Begin resyncs of this cause whatever Provision_Enable is, and no others if it is No."""

    def hold(
        right: Hold, due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
    ) -> Due | None:
        if not cause(due) and not spec.resync_enabled(parameters):
            return None
        return right(due, lines, parameters, reading)

    return together(decision(resync_enabled=lambda parameters: True), deviating(held_back=hold))


# -- lines -------------------------------------------------------------------------------------------


def _without_forced_delay(cause: Cause) -> Change:
    """Wait for the end of a call with resyncs of this cause, and no longer."""

    def hold(
        right: Hold, due: Due, lines: Lines, parameters: Parameters, reading: Interpretations
    ) -> Due | None:
        if cause(due):
            parameters = parameters.updated({"Forced_Resync_Delay": "0"})
        return right(due, lines, parameters, reading)

    return deviating(held_back=hold)


def _upgrading_in_calls(cause: Cause) -> Change:
    """Begin upgrades of this cause while a line is active."""

    def hold(due: Due, lines: Lines) -> Due | None:
        return due if cause(due) else upgrade_rules.held_back(due, lines)

    return decision(upgrade_held_back=hold)


def _line_2_ignored(due: Due, lines: Lines) -> Due | None:
    return upgrade_rules.held_back(due, replace(lines, active=lines.active - {2}))


# -- what is told of it ------------------------------------------------------------------------------


def _as_if_asked(only_cause: Callable[[Parameters], bool]) -> Change:
    """Say -1 for 1 in $PRVST where nothing else than one cause can be meant by these parameters."""

    def told(table: MacroTable, value: str) -> str:
        meant = value == Reason.PERIODIC.value and only_cause(table.parameters)
        return Reason.EXPLICIT.value if meant else value

    return expanding("PRVST", to=told)


def _no_period(parameters: Parameters) -> bool:
    return parameters.raw("Resync_Periodic").strip() == "0"


def _silent_if_asked(kind: LogKind) -> Change:
    """Send no message of this kind about a resync that somebody asked for."""

    def compose(right: Compose, told: LogKind, table: MacroTable, err: str) -> LogMessage | None:
        silent = told is kind and table.lookup("PRVST") == Reason.EXPLICIT.value
        return None if silent else right(told, table, err)

    return deviating(compose_log=compose)


DEFECTS = (
    Defect(
        "notify-though-disabled",
        "provision.enable",
        "resyncs when a NOTIFY asks for it although Provision_Enable is No",
        deviating(may_ask=_obeying_a_notify),
    ),
    Defect(
        "resync-at-though-disabled",
        "provision.enable",
        "resyncs at the time of Resync_At although Provision_Enable is No",
        _though_disabled(_DAILY),
    ),
    Defect(
        "trigger-though-disabled",
        "provision.enable",
        "resyncs when a trigger turns true although Provision_Enable is No",
        _though_disabled(_TRIGGERED),
    ),
    Defect(
        "forced-delay-not-if-triggered",
        "resync.forced_delay",
        "does not wait after a call with a resync that a trigger causes",
        _without_forced_delay(_TRIGGERED),
    ),
    Defect(
        "forced-delay-not-for-retries",
        "resync.forced_delay",
        "does not wait after a call with another attempt after a failed resync",
        _without_forced_delay(_retried),
    ),
    Defect(
        "upgrade-in-a-call-of-line-2",
        "upgrade.idle",
        "upgrades in a call of the second line",
        decision(upgrade_held_back=_line_2_ignored),
    ),
    Defect(
        "upgrade-retry-in-a-call",
        "upgrade.idle",
        "tries an upgrade again in a call",
        _upgrading_in_calls(_retried),
    ),
    Defect(
        "upgrade-in-a-call-if-asked",
        "upgrade.idle",
        "upgrades in a call if somebody asks for it",
        _upgrading_in_calls(_by("web.upgrade")),
    ),
    Defect(
        "prvst-triggered-as-asked",
        "macros.prvst",
        "says -1 in $PRVST for a resync that a trigger causes",
        _as_if_asked(lambda parameters: _no_period(parameters) and not is_set(parameters)),
    ),
    Defect(
        "prvst-daily-as-asked",
        "macros.prvst",
        "says -1 in $PRVST for a resync at the time of Resync_At",
        _as_if_asked(is_set),
    ),
    Defect(
        "request-not-logged-if-asked",
        "log.request",
        "does not send Log_Request_Msg for a resync that somebody asked for",
        _silent_if_asked(LogKind.REQUEST),
    ),
    Defect(
        "success-not-logged-if-asked",
        "log.success",
        "does not send Log_Success_Msg for a resync that somebody asked for",
        _silent_if_asked(LogKind.SUCCESS),
    ),
    Defect(
        "failure-not-logged-if-asked",
        "log.failure",
        "does not send Log_Failure_Msg for a resync that somebody asked for",
        _silent_if_asked(LogKind.FAILURE),
    ),
)
