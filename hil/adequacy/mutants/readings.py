"""What follows from a reading of the specification that is not the default one.

The handset on the bench follows the default reading of each open question, so what the code does
under another one is no part of that handset, and a mutant there could not show.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import asdict

from hil.reference.interpretations import DEFAULT

_DEFAULTS: dict[str, object] = asdict(DEFAULT)


def arms(test: ast.expr) -> tuple[bool, bool]:
    """Whether a condition can hold, and whether it can fail to, under the default readings."""
    match test:
        case ast.Compare(ast.Attribute(attr=name), [op], [ast.Constant(reading)]):
            if name in _DEFAULTS and isinstance(op, ast.Eq | ast.NotEq):
                holds = (_DEFAULTS[name] == reading) is isinstance(op, ast.Eq)
                return holds, not holds
        case ast.UnaryOp(ast.Not(), operand):
            true, false = arms(operand)
            return false, true
        case ast.BoolOp(op, values):
            each = [arms(value) for value in values]
            if isinstance(op, ast.And):
                return all(t for t, _ in each), any(f for _, f in each)
            return any(t for t, _ in each), all(f for _, f in each)
    return True, True


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
