"""What a single expression can be mistaken for, operator by operator.

The replacement of a node is made of the node's own parts; nothing in the tree is changed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hil.adequacy.mutants.readings import arms

_BOUNDS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}
_EXTREMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_ENDS = {"earliest": "latest", "latest": "earliest"}
_TEXTS = (ast.JoinedStr, ast.Tuple, ast.List, ast.Set, ast.Dict)

Signature = Callable[[ast.expr], Sequence[tuple[str, str]]]
"""The parameters of what an expression calls, each with its annotation; none if unknown."""


@dataclass(frozen=True)
class Surroundings:
    """What an operator knows of the module: its integer constants, and whom a call reaches."""

    integers: frozenset[str]
    signature: Signature


def slips(node: ast.AST, around: Surroundings) -> Iterator[tuple[str, ast.expr]]:
    """What could stand in the place of an expression, each by the operator's name."""
    match node:
        case ast.Compare(left, ops, comparators):
            for index, op in enumerate(ops):
                for name, table in (("bound", _BOUNDS), ("negation", _OPPOSITES)):
                    if type(op) in table:
                        other = [*ops[:index], table[type(op)](), *ops[index + 1 :]]
                        yield name, ast.Compare(left, other, comparators)
        case ast.BoolOp(op, values):
            yield (
                "connective",
                ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values),
            )
        case ast.UnaryOp(ast.Not(), operand):
            yield "negation", operand
        case ast.IfExp(test, body, orelse):
            then, otherwise = arms(test)
            if then and otherwise:
                yield "branch", body
                yield "branch", orelse
        case ast.Constant(bool(value)):
            yield "negation", ast.Constant(not value)
        case ast.Constant(int(value)):
            yield "off-by-one", ast.Constant(value + 1)
            yield "off-by-one", ast.Constant(value - 1)
        case ast.Name(name, ast.Load()) if name in around.integers:
            yield "off-by-one", ast.BinOp(node, ast.Add(), ast.Constant(1))
            yield "off-by-one", ast.BinOp(node, ast.Sub(), ast.Constant(1))
        case ast.BinOp(left, op, right) if type(op) in _ARITHMETIC:
            if not (_is_text(left) or _is_text(right)):
                yield "arithmetic", ast.BinOp(left, _ARITHMETIC[type(op)](), right)
        case ast.Attribute(value, name, ast.Load()) if name in _ENDS:
            yield "window", ast.Attribute(value, _ENDS[name], ast.Load())
        case ast.Call():
            yield from _calls(node, around)


def _is_text(node: ast.expr) -> bool:
    constant = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return constant or isinstance(node, _TEXTS)


def called_name(function: ast.expr) -> str:
    """The last name of what is called, empty for what has none."""
    match function:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return ""


def _calls(call: ast.Call, around: Surroundings) -> Iterator[tuple[str, ast.expr]]:
    func, args, keywords = call.func, call.args, call.keywords
    if isinstance(func, ast.Name) and func.id in _EXTREMES:
        yield "window", ast.Call(ast.Name(_EXTREMES[func.id], ast.Load()), args, keywords)
    if called_name(func) == "replace" and isinstance(func, ast.Name):
        for index in range(len(keywords)):
            yield "update", ast.Call(func, args, keywords[:index] + keywords[index + 1 :])
    given = {each.arg: each for each in keywords if each.arg}
    if set(_ENDS) <= set(given):
        early, late = given["earliest"], given["latest"]
        values = {id(early): late.value, id(late): early.value}
        turned = [ast.keyword(e.arg, values.get(id(e), e.value)) for e in keywords]
        yield "window", ast.Call(func, args, turned)
    signature = [] if any(isinstance(a, ast.Starred) for a in args) else around.signature(func)
    for index, (one, other) in enumerate(pairwise(signature)):
        if index + 1 >= len(args) or ast.dump(args[index]) == ast.dump(args[index + 1]):
            continue
        ends = {one[0], other[0]} == set(_ENDS)
        if ends or (one[1] and one[1] == other[1]):
            turned_args = [*args[:index], args[index + 1], args[index], *args[index + 2 :]]
            yield "window" if ends else "arguments", ast.Call(func, turned_args, keywords)
