"""The source of a module of the reference, its functions, and whom a call in it reaches."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import hil.reference
from hil.adequacy.mutants.slips import Surroundings
from hil.errors import LabError

_UNIT = "NANOSECONDS"
"""How many of them make a second is no bound, and one more or less is below what a clock tells."""


@dataclass(frozen=True)
class Function:
    """A function or method of a module: its definition, and the object whose code is replaced."""

    module: Source
    name: str
    node: ast.FunctionDef
    live: FunctionType


@dataclass(frozen=True)
class Source:
    """One module of the reference."""

    name: str
    live: ModuleType
    tree: ast.Module
    path: str

    @classmethod
    def of(cls, name: str) -> Source:
        """Read the module of this short name, ``scheduling``."""
        live = importlib.import_module(f"hil.reference.{name}")
        path = str(live.__file__)
        return cls(name, live, ast.parse(Path(path).read_text(encoding="utf-8")), path)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Its functions and methods in the order of the text, without those inside others."""
        return tuple(self._functions(self.tree.body, self.live, ""))

    def _functions(
        self, body: Sequence[ast.stmt], holder: ModuleType | type, prefix: str
    ) -> Iterator[Function]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                inner = vars(holder).get(node.name)
                if isinstance(inner, type):
                    yield from self._functions(node.body, inner, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef):
                live = _plain(vars(holder).get(node.name))
                if live is None or live.__code__.co_freevars:
                    continue
                if live.__code__.co_firstlineno != _first_line(node):
                    raise LabError(f"{self.path} is not what was loaded: {prefix}{node.name}")
                yield Function(self, f"{prefix}{node.name}", node, live)

    @cached_property
    def around(self) -> Surroundings:
        """What operators know of the module."""
        integers = frozenset(
            name
            for name, value in vars(self.live).items()
            if name.isupper() and type(value) is int and name != _UNIT
        )
        return Surroundings(integers, self._signature)

    def _signature(self, called: ast.expr) -> Sequence[tuple[str, str]]:
        match called:
            case ast.Name(name):
                target: Any = vars(self.live).get(name)
            case ast.Attribute(ast.Name(holder), name):
                target = getattr(vars(self.live).get(holder), name, None)
            case _:
                return ()
        if not callable(target):
            return ()
        try:
            parameters = inspect.signature(target).parameters.values()
        except (TypeError, ValueError):
            return ()
        if any(each.kind is not each.POSITIONAL_OR_KEYWORD for each in parameters):
            positional = [e for e in parameters if e.kind is e.POSITIONAL_OR_KEYWORD]
        else:
            positional = list(parameters)
        return [
            (each.name, "" if each.annotation is each.empty else str(each.annotation))
            for each in positional
        ]


def sources() -> tuple[Source, ...]:
    """All modules of the reference, by name."""
    names = sorted(each.name for each in pkgutil.iter_modules(hil.reference.__path__))
    return tuple(Source.of(name) for name in names)


def _plain(attribute: object) -> FunctionType | None:
    """The function behind a property, a class method or a static one."""
    match attribute:
        case property(fget=inner):
            return _plain(inner)
        case classmethod() | staticmethod():
            return _plain(attribute.__func__)
        case FunctionType():
            return attribute
    return None


def _first_line(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])
