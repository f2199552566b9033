"""Defects of what a phone asks for, and where: rules, macros, DHCP options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from hil.reference import decisions as spec
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.provisioning_source import ProvisioningSource
from hil.reference.rules import Fetch, Outcome, RuleFailure, Skip
from hil.virtual.defect import Defect, decision

_HEAD = re.compile(r"^\s*\([^()]*\)\s*\?")


class _Macros:
    """Makes a `spec.macro_table` whose look-up, or whose templates, are not the reference's."""

    def __init__(self, change: str) -> None:
        self._change = change

    def __call__(
        self,
        identity: Identity,
        parameters: Parameters,
        context: MacroContext,
        interpretations: Interpretations,
    ) -> MacroTable:
        return _DeviantTable(identity, parameters, context, interpretations, self._change)


class _DeviantTable(MacroTable):
    """A macro table with one macro wrong; a subclass, since the look-up is the table's own."""

    __slots__ = ("_change",)

    def __init__(
        self,
        identity: Identity,
        parameters: Parameters,
        context: MacroContext,
        interpretations: Interpretations,
        change: str,
    ) -> None:
        super().__init__(identity, parameters, context, interpretations)
        object.__setattr__(self, "_change", change)

    def lookup(self, name: str, secrets: bool = False) -> str | None:
        value = super().lookup(name, secrets)
        change = self._change  # type: ignore[attr-defined]
        if change == "unknown-empty" and value is None and name.isalpha() and len(name) > 2:
            return ""
        if value is None:
            return None
        match change, name:
            case "mac-upper", "MAC":
                return value.upper()
            case "mau-lower", "MAU":
                return value.lower()
            case "ma-colons", "MA":
                return self.identity.mac
            case "psn-is-pn", "PSN":
                return self.identity.pn
            case "prvst-always-zero", "PRVST":
                return "0"
            case "servip-is-host", "SERVIP":
                return self.context.serv or value
            case "registers-shifted", _ if len(name) == 1 and name in "ABCDEFGHIJKLMNO":
                return super().lookup(chr(ord(name) + 1), secrets)
            case "no-secrets", "SA" | "SB" | "SC" | "SD":
                return ""
            case _:
                return value


class _Rules:
    """Makes a `spec.resolve_rule` that changes the rule's text before, or the outcome after."""

    def __init__(self, change: str) -> None:
        self._change = change

    def __call__(
        self,
        name: str,
        table: MacroTable,
        source: ProvisioningSource | None,
        interpretations: Interpretations,
    ) -> Outcome:
        table = _with_rule(table, name, self._before(table.parameters.raw(name)))
        return self._after(spec.resolve_rule(name, table, source, interpretations))

    def _before(self, rule: str) -> str:
        match self._change:
            case "last-alternative":
                return rule.rpartition("|")[2]
            case "ignores-conditions":
                return _HEAD.sub("", rule.partition("|")[0])
            case "counts-from-one":
                return (
                    re.sub(r":(\d+)", lambda m: f":{max(0, int(m[1]) - 1)}", rule)
                    if "$(" in rule
                    else rule
                )
            case "length-is-end":
                return re.sub(
                    r"\$\((\w+):(\d+):(\d+)\)",
                    lambda m: f"$({m[1]}:{m[2]}:{max(0, int(m[3]) - int(m[2]))})",
                    rule,
                )
            case "keeps-double-dollar":
                return rule.replace("$$", "$$$$")
            case "braces-unknown":
                return re.sub(r"\$\((\w+)\)", r"$$(\1)", rule)
            case _:
                return rule

    def _after(self, outcome: Outcome) -> Outcome:
        match outcome, self._change:
            case Fetch(scheme="tftp"), "http-by-default":
                return replace(outcome, scheme="http", port=80)
            case Fetch(scheme="http"), "port-8080":
                return replace(outcome, port=8080 if outcome.port == 80 else outcome.port)
            case Fetch(), "no-assignments":
                return replace(outcome, assignments={})
            case Fetch(), "no-key":
                return replace(
                    outcome, options={k: v for k, v in outcome.options.items() if k != "key"}
                )
            case Fetch(), "quotes-in-key" if "key" in outcome.options:
                return replace(
                    outcome, options={**outcome.options, "key": f'"{outcome.options["key"]}"'}
                )
            case Fetch(), "drops-query":
                return replace(outcome, path=outcome.path.partition("?")[0])
            case Skip(), "skip-is-failure" if "condition" in outcome.reason:
                return RuleFailure(outcome.reason)
            case _:
                return outcome


def _with_rule(table: MacroTable, name: str, rule: str) -> MacroTable:
    if rule == table.parameters.raw(name):
        return table
    changed = Parameters({**table.parameters.items_set(), name: rule}, table.interpretations)
    return MacroTable(table.identity, changed, table.context, table.interpretations)


def _by_code(
    options: Mapping[int, bytes], parameters: Parameters, reading: Interpretations
) -> ProvisioningSource | None:
    order = ",".join(str(code) for code in sorted(parameters.option_codes("DHCP_Option_To_Use")))
    return spec.provisioning_from_dhcp(
        options, parameters.updated({"DHCP_Option_To_Use": order}), reading
    )


def _only(*codes: int) -> object:
    def choose(
        options: Mapping[int, bytes], parameters: Parameters, reading: Interpretations
    ) -> ProvisioningSource | None:
        kept = {code: value for code, value in options.items() if code in codes}
        return spec.provisioning_from_dhcp(kept, parameters, reading)

    return choose


def _unlisted_too(
    options: Mapping[int, bytes], parameters: Parameters, reading: Interpretations
) -> ProvisioningSource | None:
    everything = {"DHCP_Option_To_Use": "66,160,159,150,60,43,125"}
    return spec.provisioning_from_dhcp(options, parameters.updated(everything), reading)


DEFECTS = (
    Defect(
        "rule-b-first",
        "rules.sequence",
        "applies Profile_Rule_B before Profile_Rule",
        decision(
            profile_rules=("Profile_Rule_B", "Profile_Rule", "Profile_Rule_C", "Profile_Rule_D")
        ),
    ),
    Defect(
        "rule-d-forgotten",
        "rules.sequence",
        "never looks at Profile_Rule_D",
        decision(profile_rules=("Profile_Rule", "Profile_Rule_B", "Profile_Rule_C")),
    ),
    Defect(
        "retry-resumes",
        "resync.failure",
        "starts a retry with the rule that failed instead of the first",
        decision(retry_resumes_at_failed_rule=True),
    ),
    Defect(
        "default-rule-uses-pn",
        "rules.default",
        "asks for /$PN.xml where /$PSN.xml is the default",
        decision(macro_table=_Macros("psn-is-pn")),
    ),
    Defect(
        "last-alternative",
        "rules.alternatives",
        "takes the last alternative of a rule whatever the conditions",
        decision(resolve_rule=_Rules("last-alternative")),
    ),
    Defect(
        "conditions-ignored",
        "rules.alternatives",
        "takes the first alternative although its condition is false",
        decision(resolve_rule=_Rules("ignores-conditions")),
    ),
    Defect(
        "skipped-rule-fails",
        "rules.alternatives",
        "fails the resync when no alternative of a rule applies",
        decision(resolve_rule=_Rules("skip-is-failure")),
    ),
    Defect(
        "assignments-forgotten",
        "rules.assignments",
        "does not make the assignments of a rule",
        decision(resolve_rule=_Rules("no-assignments")),
    ),
    Defect(
        "http-by-default",
        "rules.url",
        "uses HTTP where a rule names no scheme",
        decision(resolve_rule=_Rules("http-by-default")),
    ),
    Defect(
        "port-8080",
        "rules.url",
        "uses port 8080 where an HTTP rule names none",
        decision(resolve_rule=_Rules("port-8080")),
    ),
    Defect(
        "query-dropped",
        "rules.url",
        "leaves the query out of the URL",
        decision(resolve_rule=_Rules("drops-query")),
    ),
    Defect(
        "key-ignored",
        "rules.key",
        "does not decrypt although the rule has --key",
        decision(resolve_rule=_Rules("no-key")),
    ),
    Defect(
        "key-quotes-kept",
        "rules.key",
        "takes the double quotes around --key for a part of the key",
        decision(resolve_rule=_Rules("quotes-in-key")),
    ),
    Defect(
        "secrets-empty",
        "macros.secrets",
        "expands $SA to $SD to nothing in --key",
        decision(macro_table=_Macros("no-secrets")),
    ),
    Defect(
        "substring-from-one",
        "macros.substring",
        "counts the offset of $(NAME:p) from 1",
        decision(resolve_rule=_Rules("counts-from-one")),
    ),
    Defect(
        "substring-length-is-end",
        "macros.substring",
        "takes q in $(NAME:p:q) for the end instead of the length",
        decision(resolve_rule=_Rules("length-is-end")),
    ),
    Defect(
        "double-dollar-kept",
        "macros.forms",
        "leaves $$ as it is",
        decision(resolve_rule=_Rules("keeps-double-dollar")),
    ),
    Defect(
        "parentheses-unknown",
        "macros.forms",
        "does not know the form $(NAME)",
        decision(resolve_rule=_Rules("braces-unknown")),
    ),
    Defect(
        "unknown-macro-empty",
        "macros.unknown",
        "expands an unrecognised name to nothing",
        decision(macro_table=_Macros("unknown-empty")),
    ),
    Defect(
        "registers-shifted",
        "macros.general_purpose",
        "expands $A to GPP_B, $B to GPP_C, and so on",
        decision(macro_table=_Macros("registers-shifted")),
    ),
    Defect(
        "mac-upper-case",
        "macros.mac",
        "expands $MAC in upper case",
        decision(macro_table=_Macros("mac-upper")),
    ),
    Defect(
        "mau-lower-case",
        "macros.mac",
        "expands $MAU in lower case",
        decision(macro_table=_Macros("mau-lower")),
    ),
    Defect(
        "ma-with-colons",
        "macros.mac",
        "expands $MA with colons",
        decision(macro_table=_Macros("ma-colons")),
    ),
    Defect(
        "prvst-always-zero",
        "macros.prvst",
        "says 0 in $PRVST whatever the cause of the resync",
        decision(macro_table=_Macros("prvst-always-zero")),
    ),
    Defect(
        "servip-is-host",
        "macros.target",
        "says the host's name in $SERVIP",
        decision(macro_table=_Macros("servip-is-host")),
    ),
    Defect(
        "dhcp-lowest-code-first",
        "dhcp.option_to_use",
        "takes the DHCP option with the lowest code instead of the first listed",
        decision(provisioning_from_dhcp=_by_code),
    ),
    Defect(
        "dhcp-only-66",
        "dhcp.option_to_use",
        "looks at DHCP option 66 only",
        decision(provisioning_from_dhcp=_only(66)),
    ),
    Defect(
        "dhcp-unlisted-used",
        "dhcp.option_to_use",
        "uses DHCP options that DHCP_Option_To_Use does not list",
        decision(provisioning_from_dhcp=_unlisted_too),
    ),
)
