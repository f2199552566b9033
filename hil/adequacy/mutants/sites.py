"""All mutants that there can be: every slip of every operator in all that the phone can run.

A mutant's id is ``module:function:line:operator:n``: the line counts from the function's first one,
``n`` the slips of this operator on this line. It is the same as long as the function's text is.
"""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hil.adequacy.mutants.operators import Edit, edits_of
from hil.adequacy.mutants.reach import is_elsewhere, reached
from hil.adequacy.mutants.source import Function, Source, sources
from hil.errors import UsageError

_FOR_PEOPLE = ("__str__", "__repr__")


@dataclass(frozen=True)
class Mutant:
    """One slip in one function."""

    id: str
    function: Function
    edit: Edit

    @property
    def module(self) -> str:
        """The module's short name."""
        return self.function.module.name

    @property
    def operator(self) -> str:
        """The operator's name."""
        return self.edit.operator

    @property
    def place(self) -> str:
        """File and line of the source."""
        return f"hil/reference/{self.module}.py:{self._lineno}"

    @property
    def line(self) -> str:
        """The line of the source that it stands in."""
        return linecache.getline(self.function.module.path, self._lineno)

    @property
    def _lineno(self) -> int:
        return int(getattr(_located(self.edit), "lineno", self.function.node.lineno))

    @property
    def change(self) -> str:
        """The slip in one line, before -> after."""
        return f"{_one_line(self.edit.before)} -> {_one_line(self.edit.after)}"


@dataclass(frozen=True)
class Sites:
    """Every mutant of the reference, in the order of modules and text.

    ``elsewhere`` are those of them that stand in what is declared to be no part of the phone.
    """

    modules: tuple[Source, ...]
    mutants: tuple[Mutant, ...]
    elsewhere: tuple[Mutant, ...]

    def mutant(self, name: str) -> Mutant:
        """The mutant of this id; UsageError if there is none."""
        for each in self.mutants:
            if each.id == name:
                return each
        raise UsageError(
            f"no mutant is called {name!r}",
            remedy="ids are module:function:line:operator:n, see a report of mutants",
        )

    def of_module(self, name: str) -> tuple[Mutant, ...]:
        """The mutants of a module; UsageError if it has none."""
        found = tuple(each for each in self.mutants if each.module == name)
        if not found:
            known = ", ".join(dict.fromkeys(each.module for each in self.mutants))
            raise UsageError(f"no module {name!r} of the reference has mutants", remedy=known)
        return found


def enumerate_sites() -> Sites:
    """Every mutant of every module."""
    modules = sources()
    run = reached(modules)
    found = [
        mutant
        for module in modules
        for function in module.functions
        if (module.name, function.name) in run
        and function.name.rpartition(".")[2] not in _FOR_PEOPLE
        for mutant in mutants_of(function)
    ]
    apart = is_elsewhere(modules)
    elsewhere = (each for each in found if (each.module, each.function.name) in apart)
    return Sites(modules, tuple(found), tuple(elsewhere))


def mutants_of(function: Function) -> Iterator[Mutant]:
    """Every mutant of a function, in the order of its text."""
    seen: Counter[tuple[int, str]] = Counter()
    for edit in edits_of(function.node, function.module.around):
        line = getattr(_located(edit), "lineno", function.node.lineno) - function.node.lineno
        seen[line, edit.operator] += 1
        number = seen[line, edit.operator]
        name = f"{function.module.name}:{function.name}:{line}:{edit.operator}:{number}"
        yield Mutant(name, function, edit)


def _located(edit: Edit) -> object:
    return getattr(edit.node, "pattern", edit.node)


def by_module(mutants: Sequence[Mutant]) -> dict[str, list[Mutant]]:
    """Mutants grouped, modules in their order."""
    groups: dict[str, list[Mutant]] = {}
    for each in mutants:
        groups.setdefault(each.module, []).append(each)
    return groups


def _one_line(text: str, most: int = 160) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
