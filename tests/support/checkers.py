"""Where in hil's own text a finding is made: every place is a checker, and is found by reading it.

A place is a call of `Finding`, or of a function that makes one for its caller: one that passes its own
parameter ``what`` on. So a checker that somebody adds is known from the moment it is written.
"""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import hil.judge
from hil.judge import Finding

_ROOM = Path(hil.judge.__file__).parent
RECORD = _ROOM.parent / "history" / "record.py"


@dataclass(frozen=True, order=True)
class Place:
    """A checker: the lines of a call, in a function of a module of ``hil/judge``."""

    module: str
    function: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.module}:{self.first} ({self.function})"


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _calls(function: ast.FunctionDef, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in names:
                yield node


def _passes_on(function: ast.FunctionDef, names: set[str]) -> bool:
    """Whether it makes a finding of a ``what`` that its caller has chosen."""
    given = {each.arg for each in (*function.args.args, *function.args.kwonlyargs)}
    return "what" in given and any(_calls(function, names))


def _makers(tree: ast.AST, known: set[str]) -> set[str]:
    """The functions of a module that make findings for others; a private one is its module's own."""
    makers = set(known)
    while more := {f.name for f in _functions(tree) if _passes_on(f, makers)} - makers:
        makers |= more
    return makers


def checkers() -> set[Place]:
    """Every place of the judge that makes a finding of its own."""
    trees = {path: ast.parse(path.read_text()) for path in sorted(_ROOM.glob("*.py"))}
    makers = {"Finding"}
    found = set()
    for path, tree in trees.items():
        private = _makers(tree, {"Finding"})
        makers |= {name for name in private if not name.startswith("_")}
        found |= {(path, function) for function in _functions(tree)}
    places = set()
    for path, function in found:
        known = makers | _makers(trees[path], makers)
        if function.name not in known:
            for call in _calls(function, known):
                last = call.end_lineno or call.lineno
                places.add(Place(path.stem, function.name, call.lineno, last))
    return places


def failing_checks() -> dict[str, int]:
    """The verbs of a history by which a test checks, and in how many ways each can fail."""
    found: dict[str, int] = {}
    for function in _functions(ast.parse(RECORD.read_text())):
        if function.name == "_checked":
            continue
        failing = [
            call
            for call in _calls(function, {"_checked"})
            if not (isinstance(call.args[1], ast.Constant) and call.args[1].value is True)
        ]
        if failing:
            found[function.name] = len(failing)
    return found


@dataclass(frozen=True)
class Made:
    """A finding with the lines that led to it: (module, line) of every caller in the judge."""

    finding: Finding
    stack: frozenset[tuple[str, int]]

    def comes_from(self, place: Place) -> bool:
        """Whether that place made it."""
        return any(
            module == place.module and place.first <= line <= place.last
            for module, line in self.stack
        )


@contextmanager
def watched() -> Iterator[list[Made]]:
    """Note of every finding that the judge makes from where it comes."""
    made: list[Made] = []

    def make(*arguments: Any, **named: Any) -> Finding:
        stack, frame = set(), sys._getframe(1)
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path.parent == _ROOM:
                stack.add((path.stem, frame.f_lineno))
            frame = frame.f_back
        made.append(Made(Finding(*arguments, **named), frozenset(stack)))
        return made[-1].finding

    with contextlib.ExitStack() as patched:
        for module in _judges():
            patched.enter_context(patch.object(module, "Finding", make))
        yield made


def _judges() -> list[ModuleType]:
    return [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("hil.judge.")
        and hasattr(module, "Finding")
        and name != "hil.judge.findings"
    ]
