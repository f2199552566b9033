"""The mutation operators: small slips that a programmer could make, as edits of a syntax tree.

An `Edit` puts nodes in the place of others. The operators, by the name that a mutant's id carries:

=============  ====================================================================================
bound          ``<`` for ``<=``, ``>`` for ``>=`` and the other way round
negation       ``==`` for ``!=``, ``in`` for ``not in``; a ``not`` too many or too few
connective     ``and`` for ``or`` and the other way round
branch         an ``if`` that always or never holds, a case that is never taken
off-by-one     an integer, or an integer constant of the module, one more or one less
arithmetic     ``-`` for ``+``, ``//`` for ``*`` and the other way round
window         the ends of a window swapped, ``latest`` for ``earliest``, ``max`` for ``min``
arguments      two neighbouring arguments of one type swapped
order          two steps, or two of several duties, in the other order
update         one field less in a ``replace``
statement      a step left out
result         what a function returns is nothing, its opposite, or what it was given
=============  ====================================================================================

Left alone is what no phone shows: docstrings, annotations, what is raised, reasons that are written
for people. Where a reading of the specification is asked for that is not the default one, what
follows from it is no part of this phone and is left alone as well (`readings`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hil.adequacy.mutants.readings import arms, cases, goes_on, that_matter
from hil.adequacy.mutants.results import result_edits
from hil.adequacy.mutants.slips import Surroundings, called_name, slips

OPERATORS = (
    "bound",
    "negation",
    "connective",
    "branch",
    "off-by-one",
    "arithmetic",
    "window",
    "arguments",
    "order",
    "update",
    "statement",
    "result",
)

_FOR_PEOPLE = ("Unusable", "RuleFailure", "Skip", "Skipped", "_cannot")


@dataclass(frozen=True)
class Edit:
    """One slip: in the place of each first node of ``pairs`` stands the second one."""

    operator: str
    pairs: tuple[tuple[ast.AST, ast.AST], ...]
    before: str
    after: str

    @property
    def node(self) -> ast.AST:
        """Where it stands."""
        return self.pairs[0][0]


def edits_of(function: ast.FunctionDef, around: Surroundings) -> Iterator[Edit]:
    """Every edit of a function's body, in the order of the text."""
    bound = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    yield from _block(function.body, function, around, frozenset(bound))


# -- statements -------------------------------------------------------------------------------------


def _block(
    body: Sequence[ast.stmt],
    function: ast.FunctionDef,
    around: Surroundings,
    bound: frozenset[str],
) -> Iterator[Edit]:
    for index, statement in enumerate(body):
        yield from _statement(statement, function, around, bound)
        if index + 1 < len(body) and _are_steps(statement, body[index + 1]):
            yield _swapped(statement, body[index + 1])
        if isinstance(statement, ast.Assign):
            bound |= {each.id for each in statement.targets if isinstance(each, ast.Name)}
        if not goes_on(statement):
            return


def _statement(
    statement: ast.stmt,
    function: ast.FunctionDef,
    around: Surroundings,
    bound: frozenset[str],
) -> Iterator[Edit]:
    if _is_for_people(statement, function):
        return
    match statement:
        case ast.Raise() | ast.Delete() | ast.Assert() | ast.Import() | ast.ImportFrom():
            return
        case ast.Expr(ast.Constant()):
            return
        case ast.FunctionDef():
            inner = {each.arg for each in ast.walk(statement.args) if isinstance(each, ast.arg)}
            yield from _block(statement.body, statement, around, bound | inner)
            return
        case ast.If(test, body, orelse):
            then, otherwise = arms(test)
            yield from _test(test, around, only_raises=_only_raises(body))
            if then:
                yield from _block(body, function, around, bound)
            if otherwise:
                yield from _block(orelse, function, around, bound)
            return
        case ast.Match(subject, all_cases):
            yield from _expression(subject, around)
            for place, case in cases(statement):
                if _falls_further(all_cases[place:]):
                    never = ast.match_case(case.pattern, ast.Constant(False), case.body)
                    shown = f"case {ast.unparse(case.pattern)}"
                    yield Edit("branch", ((case, never),), shown, f"{shown} if False")
                if case.guard is not None:
                    yield from _test(case.guard, around)
                yield from _block(case.body, function, around, bound)
            return
        case ast.Return(value) if value is not None:
            for replacement in result_edits(value, function):
                yield _edit("result", value, replacement)
        case ast.Continue():
            yield _edit("statement", statement, ast.Break())
        case ast.Break():
            yield _edit("statement", statement, ast.Continue())
    if _can_be_left_out(statement, bound):
        yield Edit("statement", ((statement, ast.Pass()),), ast.unparse(statement), "nothing")
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.expr) and child is not getattr(statement, "annotation", None):
            yield from _expression(child, around)
    for block in _blocks(statement):
        yield from _block(block, function, around, bound)


def _is_for_people(statement: ast.stmt, function: ast.FunctionDef) -> bool:
    """Whether it makes a text that is raised or stands in a reason, and nothing else."""
    match statement:
        case ast.Assign([ast.Name(name)]):
            return name in _names(function, in_reasons=True) - _names(function, in_reasons=False)
    return False


def _names(node: ast.AST, *, in_reasons: bool) -> set[str]:
    """The names that are read in what is written for people, or elsewhere."""
    match node:
        case ast.Raise():
            return _read(node) if in_reasons else set()
        case ast.Call(func) if _is_reason(func):
            return _read(node) if in_reasons else set()
        case ast.Name(name, ast.Load()):
            return set() if in_reasons else {name}
    found = (_names(each, in_reasons=in_reasons) for each in ast.iter_child_nodes(node))
    return set().union(*found)


def _read(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for handler in getattr(statement, "handlers", []):
        yield handler.body
    for item in getattr(statement, "items", []):
        yield [ast.copy_location(ast.Expr(item.context_expr), item.context_expr)]


def _can_be_left_out(statement: ast.stmt, bound: frozenset[str]) -> bool:
    match statement:
        case ast.Expr(ast.Call()) | ast.AugAssign():
            return True
        case ast.Assign([ast.Name(name)]):
            return name in bound
        case ast.Assign([ast.Subscript() | ast.Attribute()]):
            return True
    return False


def _only_raises(body: Sequence[ast.stmt]) -> bool:
    return len(body) == 1 and isinstance(body[0], ast.Raise)


def _falls_further(rest: Sequence[ast.match_case]) -> bool:
    """Whether what this case takes would otherwise be taken by a last one that takes everything."""
    last = rest[-1].pattern
    return len(rest) > 1 and isinstance(last, ast.MatchAs) and last.pattern is None


def _are_steps(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether both give the same name a value, the second one from the first."""
    match one, other:
        case ast.Assign([ast.Name(first)]), ast.Assign([ast.Name(second)], value):
            return first == second and any(
                isinstance(each, ast.Name) and each.id == first for each in ast.walk(value)
            )
    return False


def _swapped(one: ast.AST, other: ast.AST) -> Edit:
    before, after = (ast.unparse(one), ast.unparse(other))
    return Edit("order", ((one, other), (other, one)), f"{before}; {after}", f"{after}; {before}")


# -- expressions ------------------------------------------------------------------------------------


def _edit(operator: str, node: ast.AST, replacement: ast.AST) -> Edit:
    ast.copy_location(replacement, node)
    ast.fix_missing_locations(replacement)
    return Edit(operator, ((node, replacement),), ast.unparse(node), ast.unparse(replacement))


def _test(test: ast.expr, around: Surroundings, *, only_raises: bool = False) -> Iterator[Edit]:
    """A condition: what always or never holds, and what is wrong in it."""
    holds, fails = arms(test)
    if holds:
        yield _edit("branch", test, ast.Constant(False))
    if fails and not only_raises:
        yield _edit("branch", test, ast.Constant(True))
    yield from _expression(test, around)


def _expression(node: ast.AST, around: Surroundings) -> Iterator[Edit]:
    for operator, replacement in slips(node, around):
        yield _edit(operator, node, replacement)
    if isinstance(node, ast.Tuple | ast.List):
        for one, other in pairwise(node.elts):
            if all(isinstance(each, ast.Call | ast.Starred) for each in (one, other)):
                yield _swapped(one, other)
    for child in _parts(node):
        if isinstance(child, ast.comprehension):
            yield from _expression(child.target, around)
            yield from _expression(child.iter, around)
            for test in child.ifs:
                yield from _test(test, around)
        else:
            yield from _expression(child, around)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """What of an expression a phone can show."""
    match node:
        case ast.Call(func) if _is_reason(func):
            return
        case ast.IfExp(test, body, orelse):
            then, otherwise = arms(test)
            yield test
            yield from ([body] if then else []) + ([orelse] if otherwise else [])
            return
        case ast.BoolOp(op, values):
            yield from that_matter(op, values)
            return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.keyword):
            yield child.value
        elif isinstance(child, ast.expr | ast.comprehension):
            yield child


def _is_reason(function: ast.expr) -> bool:
    """Whether what is called takes a text for people."""
    return called_name(function).endswith("Error") or called_name(function) in _FOR_PEOPLE
