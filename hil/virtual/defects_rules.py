"""Defects of which rule a phone follows, and of what it makes of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address

from hil.reference.expressions import Comparison, Expression, Operand, OperandKind
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MacroTable
from hil.reference.rules import Fetch, Outcome, RuleFailure, Skip, active_text
from hil.reference.urls import DEFAULT_PORTS
from hil.virtual.defect import Defect, decision
from hil.virtual.deviations import Resolve, Source, concluding, deviating, following, judging

_HEAD = re.compile(r"^\s*\([^()]*\)\s*\?")
_NO_LEFT_OPERAND = re.compile(r"\(\s*(?:[lg][te]\b|eq\b|ne\b|[<>=!])[^()]*\)\s*\?")


# -- alternatives -------------------------------------------------------------------------------------


def _last_alternative(rule: str, _table: MacroTable) -> str:
    return rule.rpartition("|")[2]


def _without_condition(rule: str, _table: MacroTable) -> str:
    return _HEAD.sub("", rule.partition("|")[0])


def _without_comment_sign(rule: str, _table: MacroTable) -> str:
    return rule.lstrip("# ")


def _no_alternative_fails(outcome: Outcome, rule: str) -> Outcome:
    if isinstance(outcome, Skip) and outcome.alternative is None and active_text(rule):
        return RuleFailure(outcome.reason)
    return outcome


def _blank_rule_fails(
    right: Resolve, name: str, table: MacroTable, source: Source, reading: Interpretations
) -> Outcome:
    # Only Profile_Rule: the other three are blank from the factory.
    if name == "Profile_Rule" and not active_text(table.parameters.raw(name)):
        return RuleFailure("there is no Profile_Rule")
    return right(name, table, source, reading)


def _unreadable_is_skipped(outcome: Outcome, text: str) -> Outcome:
    del text
    return Skip("nothing to read") if isinstance(outcome, RuleFailure) else outcome


# -- conditions ---------------------------------------------------------------------------------------


def _first_comparison(written: Expression) -> Expression:
    return Expression(written.comparisons[:1])


def _integers_as_text(written: Expression) -> Expression:
    def as_text(each: Comparison) -> Comparison:
        if OperandKind.INTEGER not in (each.left.kind, each.right.kind):
            return each
        # Filled up to one length, digits order as numbers do and as text does.
        width = max(len(each.left.text), len(each.right.text))
        left, right = (
            replace(operand, text=operand.text.ljust(width, "0"))
            for operand in (each.left, each.right)
        )
        return replace(each, left=left, right=right)

    return Expression(tuple(map(as_text, written.comparisons)))


def _versions_by_build(written: Expression) -> Expression:
    def build(operand: Operand) -> Operand:
        if operand.kind is not OperandKind.VERSION or "-" not in operand.text:
            return operand
        return Operand(OperandKind.INTEGER, operand.text.rpartition("-")[2])

    return Expression(
        tuple(
            replace(each, left=build(each.left), right=build(each.right))
            for each in written.comparisons
        )
    )


def _models_alike(written: Expression) -> Expression:
    def without_model(operand: Operand) -> Operand:
        if operand.kind is not OperandKind.VERSION or "-" not in operand.text:
            return operand
        return replace(operand, text=operand.text.rpartition(".")[2])

    return Expression(
        tuple(
            replace(each, left=without_model(each.left), right=without_model(each.right))
            for each in written.comparisons
        )
    )


def _taking(**signs: str) -> Callable[[Expression], Expression]:
    """Take the operators that are written ``signs`` in the table below for other ones."""
    written_as = {"gt": ("gt", ">"), "lt": ("lt", "<"), "ne": ("ne", "!="), "bang": ("!",)}
    taken = {sign: other for name, other in signs.items() for sign in written_as[name]}

    def change(written: Expression) -> Expression:
        return Expression(
            tuple(
                replace(each, operator=taken.get(each.operator, each.operator))
                for each in written.comparisons
            )
        )

    return change


def _left_operand_needed(rule: str, _table: MacroTable) -> str:
    return _NO_LEFT_OPERAND.sub('("" ne "")?', rule)


# -- URLs and options ---------------------------------------------------------------------------------


def _without_assignments(outcome: Outcome, _rule: str) -> Outcome:
    match outcome:
        case Fetch() | Skip():
            return replace(outcome, assignments={})
        case RuleFailure():
            return outcome


def _http_by_default(outcome: Outcome, rule: str) -> Outcome:
    if isinstance(outcome, Fetch) and outcome.scheme == "tftp" and "://" not in rule:
        return replace(outcome, scheme="http", port=80)
    return outcome


def _default_ports(scheme: str, port: int) -> Defect:
    def other(outcome: Outcome, _rule: str) -> Outcome:
        default = DEFAULT_PORTS[scheme]
        if isinstance(outcome, Fetch) and (outcome.scheme, outcome.port) == (scheme, default):
            return replace(outcome, port=port)
        return outcome

    return Defect(
        f"{scheme}-port-{port}",
        "rules.url",
        f"uses port {port} where a rule of {scheme} names none",
        concluding(other),
    )


def _port_ignored(outcome: Outcome, _rule: str) -> Outcome:
    if isinstance(outcome, Fetch):
        return replace(outcome, port=DEFAULT_PORTS[outcome.scheme])
    return outcome


def _names_refused(outcome: Outcome, _rule: str) -> Outcome:
    if not isinstance(outcome, Fetch):
        return outcome
    try:
        IPv4Address(outcome.host)
    except AddressValueError:
        return RuleFailure(f"{outcome.host} is no address")
    return outcome


def _query_dropped(outcome: Outcome, _rule: str) -> Outcome:
    if isinstance(outcome, Fetch):
        return replace(outcome, path=outcome.path.partition("?")[0])
    return outcome


def _key_ignored(outcome: Outcome, _rule: str) -> Outcome:
    if isinstance(outcome, Fetch):
        kept = {name: value for name, value in outcome.options.items() if name != "key"}
        return replace(outcome, options=kept)
    return outcome


def _quotes_kept(outcome: Outcome, rule: str) -> Outcome:
    if isinstance(outcome, Fetch) and '--key "' in rule:
        quoted = f'"{outcome.options["key"]}"'
        return replace(outcome, options={**outcome.options, "key": quoted})
    return outcome


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
        "rules-read-once",
        "rules.sequence",
        "follows the rules as they were when the resync began, whatever a profile made of them",
        decision(rules_read_when_due=False),
    ),
    Defect(
        "blank-rule-fails",
        "rules.sequence",
        "fails the resync when Profile_Rule is blank",
        deviating(resolve_rule=_blank_rule_fails),
    ),
    Defect(
        "comment-followed",
        "rules.sequence",
        "follows a rule that is commented out",
        following(_without_comment_sign),
    ),
    Defect(
        "retry-resumes",
        "resync.failure",
        "starts a retry with the rule that failed instead of the first",
        decision(retry_resumes_at_failed_rule=True),
    ),
    Defect(
        "last-alternative",
        "rules.alternatives",
        "takes the last alternative of a rule whatever the conditions",
        following(_last_alternative),
    ),
    Defect(
        "conditions-ignored",
        "rules.alternatives",
        "takes the first alternative although its condition is false",
        following(_without_condition),
    ),
    Defect(
        "unreadable-rule-is-skipped",
        "resync.failure",
        "skips a rule that it cannot follow, as if it were blank",
        concluding(_unreadable_is_skipped),
    ),
    Defect(
        "skipped-rule-fails",
        "rules.alternatives",
        "fails the resync when no alternative of a rule applies",
        concluding(_no_alternative_fails),
    ),
    Defect(
        "first-comparison-only",
        "rules.alternatives",
        "looks at the first of several comparisons that 'and' joins",
        judging(_first_comparison),
    ),
    Defect(
        "unequal-as-equal",
        "rules.alternatives",
        "takes ne and != for eq",
        judging(_taking(ne="eq")),
    ),
    Defect(
        "gt-as-ge",
        "rules.alternatives",
        "takes gt and > for ge",
        judging(_taking(gt="ge")),
    ),
    Defect(
        "lt-as-le",
        "rules.alternatives",
        "takes lt and < for le",
        judging(_taking(lt="le")),
    ),
    Defect(
        "no-legacy-bang",
        "rules.alternatives",
        "does not know the operator ! of older rules",
        judging(_taking(bang="unknown")),
    ),
    Defect(
        "left-operand-needed",
        "rules.alternatives",
        "takes a comparison without a left operand for false",
        following(_left_operand_needed),
    ),
    Defect(
        "model-prefix-ignored",
        "rules.alternatives",
        "compares the loads of different models",
        judging(_models_alike),
    ),
    Defect(
        "integers-as-text",
        "rules.alternatives",
        "compares integers digit by digit, so that 3 is greater than 10",
        judging(_integers_as_text),
    ),
    Defect(
        "versions-by-build",
        "rules.alternatives",
        "compares versions by their build number alone",
        judging(_versions_by_build),
    ),
    Defect(
        "assignments-forgotten",
        "rules.assignments",
        "does not make the assignments of a rule",
        concluding(_without_assignments),
    ),
    Defect(
        "http-by-default",
        "rules.url",
        "uses HTTP where a rule names no scheme",
        concluding(_http_by_default),
    ),
    _default_ports("tftp", 6969),
    _default_ports("http", 8080),
    _default_ports("https", 8443),
    Defect(
        "port-ignored",
        "rules.url",
        "uses the default port although a rule names another",
        concluding(_port_ignored),
    ),
    Defect(
        "names-refused",
        "rules.url",
        "follows a rule only if its server is an address",
        concluding(_names_refused),
    ),
    Defect(
        "query-dropped",
        "rules.url",
        "leaves the query out of the URL",
        concluding(_query_dropped),
    ),
    Defect(
        "key-ignored",
        "rules.key",
        "does not decrypt although the rule has --key",
        concluding(_key_ignored),
    ),
    Defect(
        "key-quotes-kept",
        "rules.key.quotes",
        "takes the double quotes around --key for a part of the key",
        concluding(_quotes_kept),
    ),
)
