"""What follows from a reading of the specification that is not the default one, or from a defect.

The handset on the bench follows the default reading of each open question and has every decision of
the specification in place, so what the code does otherwise is no part of that handset, and a mutant
there could not show.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields

from hil.reference.decisions import REFERENCE
from hil.reference.interpretations import DEFAULT
from hil.reference.line_decisions import REFERENCE_LINE

_DEFAULTS: dict[str, object] = asdict(DEFAULT)
_SWITCHES: dict[str, bool] = {
    each.name: getattr(decided, each.name)
    for decided in (REFERENCE, REFERENCE_LINE)
    for each in fields(decided)
    if isinstance(getattr(decided, each.name), bool)
}


def arms(test: ast.expr) -> tuple[bool, bool]:
    """Whether a condition can hold, and whether it can fail to, under the default readings."""
    match test:
        case ast.Compare(ast.Attribute(attr=name), [op], [ast.Constant(reading)]):
            if name in _DEFAULTS and isinstance(op, ast.Eq | ast.NotEq):
                holds = (_DEFAULTS[name] == reading) is isinstance(op, ast.Eq)
                return holds, not holds
        case ast.Attribute(ast.Name("decisions"), name) if name in _SWITCHES:
            return _SWITCHES[name], not _SWITCHES[name]
        case ast.UnaryOp(ast.Not(), operand):
            true, false = arms(operand)
            return false, true
        case ast.BoolOp(op, values):
            each = [arms(value) for value in values]
            if isinstance(op, ast.And):
                return all(t for t, _ in each), any(f for _, f in each)
            return any(t for t, _ in each), all(f for _, f in each)
    return True, True


def that_matter(operator: ast.boolop, values: Sequence[ast.expr]) -> list[ast.expr]:
    """The operands of ``and`` or ``or`` on which its value depends under the default readings."""
    place = 0 if isinstance(operator, ast.And) else 1
    settled = [value for value in values if not arms(value)[place]]
    return settled or list(values)


def goes_on(statement: ast.stmt) -> bool:
    """Whether what comes after a statement in its block can be reached under the default readings."""
    match statement:
        case ast.If(test, [*_, ast.Return() | ast.Raise() | ast.Continue()]):
            return arms(test)[1]
    return True


def cases(statement: ast.Match) -> Iterator[tuple[int, ast.match_case]]:
    """The cases of a `match`, with their places, that the default readings can lead to."""
    chosen = None
    if isinstance(statement.subject, ast.Attribute):
        chosen = _DEFAULTS.get(statement.subject.attr)
    for place, case in enumerate(statement.cases):
        match case.pattern:
            case ast.MatchValue(ast.Constant(value)) if chosen is not None and value != chosen:
                continue
            case ast.MatchAs(None) if chosen is not None and _named(statement, chosen):
                continue
        yield place, case


def _named(statement: ast.Match, chosen: object) -> bool:
    return any(
        isinstance(case.pattern, ast.MatchValue)
        and isinstance(case.pattern.value, ast.Constant)
        and case.pattern.value.value == chosen
        for case in statement.cases
    )
