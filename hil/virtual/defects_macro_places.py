"""Defects of where a phone recognises macros, and of where it lets its secrets show."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hil.reference.decisions import PROFILE_RULES
from hil.reference.expansion import expand
from hil.reference.interpretations import Interpretations
from hil.reference.log_messages import LogKind, LogMessage
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile
from hil.reference.provisioning_source import ProvisioningSource
from hil.reference.rules import Outcome
from hil.virtual.defect import Defect
from hil.virtual.deviations import Apply, Change, Compose, Resolve, deviating, following

_RESYNCS = (LogKind.REQUEST, LogKind.SUCCESS, LogKind.FAILURE)
_UPGRADES = (LogKind.UPGRADE_REQUEST, LogKind.UPGRADE_SUCCESS, LogKind.UPGRADE_FAILURE)
_CONDITION = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)\s*\?")
_SUBSTRING = re.compile(r"\$(?=\(\w+:)")


def _as_written(text: str) -> str:
    """A text that expands to ``text``."""
    return text.replace("$", "$$")


@dataclass(frozen=True, slots=True)
class _Revealing(MacroTable):
    """A macro table to which every place is an argument of --key."""

    def lookup(self, name: str, secrets: bool = False) -> str | None:
        """The value of any macro, SA to SD included."""
        return MacroTable.lookup(self, name, True)


def _revealing(table: MacroTable) -> MacroTable:
    return _Revealing(table.identity, table.parameters, table.context, table.interpretations)


# -- rules, triggers and bodies ------------------------------------------------------------------------


def _in_later_rules(change: Callable[[str], str]) -> Change:
    """Follow another rule than the written one of Profile_Rule_B, _C and _D."""

    def resolve(
        right: Resolve,
        name: str,
        table: MacroTable,
        source: ProvisioningSource | None,
        reading: Interpretations,
    ) -> Outcome:
        if name in PROFILE_RULES[1:]:
            changed = {name: change(table.parameters.raw(name))}
            table = replace(table, parameters=table.parameters.updated(changed))
        return right(name, table, source, reading)

    return deviating(resolve_rule=resolve)


def _unknown_in_conditions(rule: str, _table: MacroTable) -> str:
    return _CONDITION.sub(lambda condition: _as_written(condition[0]), rule)


def _substrings_unknown(rule: str, _table: MacroTable) -> str:
    return _SUBSTRING.sub("$$", rule)


def _secrets_in_credentials(
    right: Resolve,
    name: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    reading: Interpretations,
) -> Outcome:
    wider = {"secret_macros": "key-and-credentials"}
    return right(name, table, source, reading.choose(**wider))


def _unknown_in_upgrade_rule(right: Callable[..., Outcome], text: str, *rest: Any) -> Outcome:
    return right(_as_written(text), *rest)


def _unknown_in_triggers(right: Callable[..., bool], text: str, table: MacroTable) -> bool:
    return right(_as_written(text), table)


def _sent_as_written(_right: Callable[..., str], register: str, table: MacroTable) -> str:
    return table.parameters.raw(register)


def _sent_with_secrets(right: Callable[..., str], register: str, table: MacroTable) -> str:
    return right(register, _revealing(table))


# -- messages ------------------------------------------------------------------------------------------


def _telling(*kinds: LogKind, change: Callable[[MacroTable, str], MacroTable]) -> Change:
    """Compose messages of these kinds with another table; ``change`` gets the parameter's name."""

    def compose(right: Compose, kind: LogKind, table: MacroTable, err: str) -> LogMessage | None:
        return right(kind, change(table, kind.value) if kind in kinds else table, err)

    return deviating(compose_log=compose)


def _unknown_in_messages(table: MacroTable, name: str) -> MacroTable:
    literal = {name: _as_written(table.parameters.raw(name))}
    return replace(table, parameters=table.parameters.updated(literal))


def _told_with_secrets(table: MacroTable, _name: str) -> MacroTable:
    return _revealing(table)


# -- values --------------------------------------------------------------------------------------------


def _expanded_when_set(right: Apply, parameters: Parameters, profile: Profile) -> Parameters:
    def register(name: str) -> str | None:
        return parameters.raw(f"GPP_{name}") if name in tuple("ABCDEFGHIJKLMNOP") else None

    values = {name: expand(value, register) for name, value in profile.parameters.items()}
    return right(parameters, replace(profile, parameters=values))


DEFECTS = (
    Defect(
        "macros-unknown-in-later-rules",
        "macros.parameters",
        "knows no macros in Profile_Rule_B, _C and _D",
        _in_later_rules(_as_written),
    ),
    Defect(
        "substrings-unknown-in-rules",
        "macros.parameters",
        "knows no substrings in profile rules",
        following(_substrings_unknown),
    ),
    Defect(
        "macros-unknown-in-conditions",
        "macros.parameters",
        "knows no macros in the conditions of profile rules",
        following(_unknown_in_conditions),
    ),
    Defect(
        "macros-unknown-in-upgrade-rule",
        "macros.parameters",
        "knows no macros in Upgrade_Rule",
        deviating(resolve_upgrade=_unknown_in_upgrade_rule),
    ),
    Defect(
        "macros-unknown-in-triggers",
        "macros.parameters",
        "knows no macros in Resync_Trigger_1 and _2",
        deviating(equation_holds=_unknown_in_triggers),
    ),
    Defect(
        "macros-unknown-in-messages",
        "macros.parameters",
        "knows no macros in Log_Request_Msg, Log_Success_Msg and Log_Failure_Msg",
        _telling(*_RESYNCS, change=_unknown_in_messages),
    ),
    Defect(
        "macros-unknown-in-upgrade-messages",
        "macros.parameters",
        "knows no macros in the three Log_Upgrade messages",
        _telling(*_UPGRADES, change=_unknown_in_messages),
    ),
    Defect(
        "macros-unknown-in-bodies",
        "macros.parameters",
        "sends the general purpose parameter of --post as it is written",
        deviating(request_body=_sent_as_written),
    ),
    Defect(
        "registers-expanded-when-set",
        "macros.parameters",
        "expands $A to $P in every value that a profile sets",
        deviating(apply_profile=_expanded_when_set),
    ),
    Defect(
        "secrets-in-messages",
        "macros.secrets",
        "tells $SA to $SD in the messages of resyncs",
        _telling(*_RESYNCS, change=_told_with_secrets),
    ),
    Defect(
        "secrets-in-upgrade-messages",
        "macros.secrets",
        "tells $SA to $SD in the messages of upgrades",
        _telling(*_UPGRADES, change=_told_with_secrets),
    ),
    Defect(
        "secrets-in-credentials",
        "macros.secrets",
        "expands $SA to $SD in the arguments of --uid and --pwd",
        deviating(resolve_rule=_secrets_in_credentials),
    ),
    Defect(
        "secrets-in-bodies",
        "macros.secrets",
        "sends $SA to $SD in the bodies of --post",
        deviating(request_body=_sent_with_secrets),
    ),
)
