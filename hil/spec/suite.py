"""Which certification tests name which requirement, read from the suite's text.

The ids stand in the marks as plain strings, so nothing has to be imported or collected to know them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from hil.errors import UsageError


def naming(suite: Path) -> Mapping[str, tuple[str, ...]]:
    """The tests of a suite that name each id, as ``module::test`` in its order; ids without one lack.

    Raises UsageError for a mark whose ids are computed, because nobody could read them.
    """
    named: dict[str, list[str]] = {}
    for module in sorted(suite.glob("test_*.py")):
        for test, ids in _marked(module):
            for name in ids:
                named.setdefault(name, []).append(f"{module.name}::{test}")
    return MappingProxyType({name: tuple(tests) for name, tests in named.items()})


def _marked(module: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = (mark for mark in node.decorator_list if _is_requirement(mark))
            yield node.name, tuple(name for mark in marks for name in _ids(mark, module))


def _is_requirement(mark: ast.expr) -> bool:
    return isinstance(mark, ast.Call) and ast.unparse(mark.func) == "requirement"


def _ids(mark: ast.expr, module: Path) -> Iterator[str]:
    for argument in mark.args if isinstance(mark, ast.Call) else ():
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            raise UsageError(
                f"the ids of {ast.unparse(mark)} are computed",
                file=str(module),
                line=mark.lineno,
                remedy="write each as a string",
            )
        yield argument.value
