"""Code with two bodies: what runs inside the phone has the slip, what runs for everybody else has not.

The code object of the living function is replaced, so everybody who holds the function, be it by name,
as a default of `Decisions` or inside a property, calls the new one. ``hil.virtual.inside`` tells at
each call for whom it is.
"""

from __future__ import annotations

import ast
import contextlib
import copy
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FunctionType

from hil.adequacy.mutants.operators import Edit
from hil.adequacy.mutants.sites import Mutant
from hil.adequacy.mutants.source import Function, Source
from hil.errors import LabError
from hil.virtual.inside import inside

_INSIDE = "__hil_inside__"


def slipped(function: ast.FunctionDef, edit: Edit) -> ast.FunctionDef:
    """The function's definition with the slip in it; the other one is not touched."""
    memo = {id(old): new for old, new in edit.pairs}
    return copy.deepcopy(function, memo)


def with_two_bodies(function: ast.FunctionDef, phone: ast.FunctionDef) -> ast.FunctionDef:
    """The function with the body of ``phone`` inside the phone, and its own elsewhere."""
    asked = ast.Call(ast.Name(_INSIDE, ast.Load()), [], [])
    choice = ast.If(asked, phone.body, function.body)
    ast.copy_location(choice, function.body[0])
    both = copy.copy(function)
    both.body = [choice]
    return both


def compiled(module: Source, changed: Mapping[int, ast.FunctionDef]) -> list[CodeType]:
    """The code of every function of the module, some with another definition, by ``id`` of the node."""
    tree = copy.deepcopy(module.tree, dict(changed))
    ast.fix_missing_locations(tree)
    # The future statement of each module is in its tree, and only that one may count.
    whole = compile(tree, module.path, "exec", dont_inherit=True)
    return list(_codes(whole))


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


def code_of(codes: Iterable[CodeType], function: FunctionType) -> CodeType:
    """The newly compiled code of a function, known by its name and first line."""
    old = function.__code__
    for code in codes:
        if (code.co_qualname, code.co_firstlineno) == (old.co_qualname, old.co_firstlineno):
            return code
    raise LabError(f"{old.co_qualname} is not in its module's source any more")


def install(module: Source, phones: Mapping[Function, ast.FunctionDef]) -> None:
    """Give functions of a module another body inside the phone, for the rest of the process."""
    changed = {id(f.node): with_two_bodies(f.node, phone) for f, phone in phones.items()}
    codes = compiled(module, changed)
    vars(module.live)[_INSIDE] = inside
    for function in phones:
        function.live.__code__ = code_of(codes, function.live)


def mutate(mutant: Mutant) -> None:
    """Let the phone run this mutant, for the rest of the process."""
    function = mutant.function
    install(function.module, {function: slipped(function.node, mutant.edit)})


@contextlib.contextmanager
def mutated(mutant: Mutant) -> Iterator[None]:
    """Let the phone run this mutant for a while."""
    live = mutant.function.live
    before = live.__code__
    mutate(mutant)
    try:
        yield
    finally:
        live.__code__ = before
