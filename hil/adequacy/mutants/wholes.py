"""Whether a slip changes what its function returns, where the function can be called twice.

That an expression has another value says little: a condition that slips has another value each time.
What tells tests apart is what comes of it. So after a call in which slips made a difference to an
expression, the function is called again with each of these slips, with the same arguments, until it
once returns something else in the test. That is done for functions that change nothing but what they
made themselves, and that must come to an end whatever slips in them.
"""

from __future__ import annotations
import __future__

import ast
import copy
from types import CodeType, FunctionType
from typing import Any

from hil.adequacy.mutants.schemata import slipped
from hil.adequacy.mutants.sites import Mutant
from hil.adequacy.mutants.source import Function

CHANGING = frozenset(
    (
        "add",
        "append",
        "appendleft",
        "clear",
        "close",
        "decompress",
        "discard",
        "extend",
        "feed",
        "flush",
        "hide",
        "insert",
        "pop",
        "popleft",
        "read",
        "remove",
        "seek",
        "setdefault",
        "show",
        "sort",
        "update",
        "write",
    )
)
"""Methods that change what they are called of, or tell something else the next time."""


class Whole:
    """A function as it is, instrumented, and with each of its slips, by their places in a list."""

    def __init__(
        self, function: Function, instrumented: ast.FunctionDef, mutants: dict[int, Mutant]
    ) -> None:
        self.plain = callable_of(function, function.node)
        self.watched = callable_of(function, instrumented)
        self._function = function
        self._mutants = mutants
        self._slips: dict[int, FunctionType] = {}

    def __contains__(self, place: int) -> bool:
        return place in self._mutants

    def slip(self, place: int) -> FunctionType:
        """The function with the slip of this place; the very same for everybody who calls it."""
        if place not in self._slips:
            node = slipped(self._function.node, self._mutants[place].edit)
            self._slips[place] = callable_of(self._function, node)
        return self._slips[place]


def can_be_called_twice(function: Function) -> bool:
    """Whether a call changes nothing that outlasts it, and ends with any slip."""
    arguments = function.node.args
    if arguments.vararg or arguments.kwarg:
        return False
    given = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    for node in ast.walk(function.node):
        match node:
            case ast.While() | ast.Yield() | ast.YieldFrom() | ast.Await() | ast.Global():
                return False
            case ast.Assign(targets=targets) if any(not _is_local(each) for each in targets):
                return False
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                if not _is_local(target):
                    return False
            case ast.Call(ast.Attribute(holder, name)) if name in CHANGING:
                if not isinstance(holder, ast.Name) or holder.id in given:
                    return False
    return True


def _is_local(target: ast.expr) -> bool:
    names = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    return all(isinstance(each, ast.Name | ast.Starred) for each in names)


def asking(function: Function, asked: str, number: int) -> ast.FunctionDef:
    """The function with a body that has ``asked`` call the whole of this ``number``."""
    arguments = function.node.args
    positional = [ast.Name(e.arg, ast.Load()) for e in (*arguments.posonlyargs, *arguments.args)]
    named = [ast.Constant(each.arg) for each in arguments.kwonlyargs]
    call = ast.Call(
        ast.Name(asked, ast.Load()),
        [
            ast.Constant(number),
            ast.Tuple(list[ast.expr](positional), ast.Load()),
            ast.Dict(
                list[ast.expr | None](named),
                [ast.Name(each.arg, ast.Load()) for each in arguments.kwonlyargs],
            ),
        ],
        [],
    )
    fresh = copy.copy(function.node)
    fresh.body = [ast.Return(call)]
    return fresh


def callable_of(function: Function, node: ast.FunctionDef) -> FunctionType:
    """A function with this definition in the place of its own, which nobody else has."""
    fresh = copy.copy(node)
    fresh.decorator_list = []
    tree = ast.Module([fresh], [])
    ast.fix_missing_locations(tree)
    flags = __future__.annotations.compiler_flag
    whole = compile(tree, function.module.path, "exec", flags=flags, dont_inherit=True)
    (code,) = (each for each in whole.co_consts if isinstance(each, CodeType))
    live: Any = function.live
    made = FunctionType(code, live.__globals__, live.__name__, live.__defaults__)
    made.__kwdefaults__ = live.__kwdefaults__
    return made
