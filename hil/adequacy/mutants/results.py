"""The operator ``result``: a function returns nothing, the opposite, or what it was given."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def result_edits(value: ast.expr, function: ast.FunctionDef) -> Iterator[ast.expr]:
    """What could stand in the place of a returned ``value``, by the function's annotations."""
    returns = ast.unparse(function.returns) if function.returns is not None else ""
    if returns.endswith("| None") and not _is(value, None):
        yield ast.Constant(None)
    kind = returns.removesuffix(" | None")
    given = _given(function, kind)
    match kind:
        case "bool" if not isinstance(value, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant):
            yield ast.UnaryOp(ast.Not(), value)
        case "str" if not _is(value, ""):
            yield ast.Constant("")
        case "Step" | "LineStep":
            yield from _steps(value)
        case _ if kind.startswith("tuple[") and kind.endswith(", ...]") and not _empty(value):
            yield ast.Tuple([], ast.Load())
    if given and not (isinstance(value, ast.Name) and value.id == given) and kind != "bool":
        yield ast.Name(given, ast.Load())


def _steps(value: ast.expr) -> Iterator[ast.expr]:
    """A step of a machine without its duties."""
    match value:
        case ast.Tuple([state, duties]) if not _empty(duties):
            yield ast.Tuple([state, ast.Tuple([], ast.Load())], ast.Load())


def _given(function: ast.FunctionDef, kind: str) -> str:
    """The first parameter of the type that is returned."""
    if not kind:
        return ""
    for parameter in function.args.args:
        if parameter.annotation is not None and ast.unparse(parameter.annotation) == kind:
            return parameter.arg
    return ""


def _is(value: ast.expr, constant: object) -> bool:
    return isinstance(value, ast.Constant) and value.value == constant


def _empty(value: ast.expr) -> bool:
    return isinstance(value, ast.Tuple) and not value.elts
