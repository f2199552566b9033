"""Which functions of the reference the phone can come to run, by the names that lead there.

It begins with every name that the virtual phone's modules mention (those of its defects apart) and
follows the names in the bodies of whatever they reach. Names are not objects: a function that only the
judge calls is held reachable if another one of its name is. So this errs towards too many, and a
mutant is never left out because a path to it was overlooked. What is reached by such an accident
alone is declared in `ELSEWHERE`, with who runs it; if the phone reaches it after all, that is an error.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import hil.virtual
from hil.adequacy.mutants.source import Function, Source
from hil.errors import UsageError

_LOADING = "runs when its module is loaded, for phone and judge alike"
_JUDGE = "is the judge's, who does not know which of several explanations is right"
_BENCH = "is the bench's, which reads the phone's pages or makes its files"
_COMMANDS = "is for the commands that explain the specification"

ELSEWHERE: tuple[tuple[str, str, str], ...] = (
    ("besides", "allowed", _JUDGE),
    ("chapter", "*", _LOADING),
    ("consulted", "*", _JUDGE),
    ("coverage", "*", _COMMANDS),
    ("interpretations", "_catalogue", _LOADING),
    ("line_parameters", "_line_rows", _LOADING),
    ("line_parameters", "_of_line", _LOADING),
    ("load_builder", "*", _BENCH),
    ("loads", "Load.version", _COMMANDS),
    ("parameter_row", "row", _LOADING),
    ("peer_sharing", "log_server", _JUDGE),
    ("peer_sharing", "parse_log_server", _JUDGE),
    ("profile_builder", "element", _BENCH),
    ("requirement", "*", _LOADING),
    ("schedules", "Schedule.windows", _COMMANDS),
    ("schedules", "Schedule.never", _COMMANDS),
    ("schedules", "_canonical", _COMMANDS),
    ("sentence", "*", _LOADING),
    ("status", "read", _BENCH),
    ("status", "_read", _BENCH),
    ("status", "_time", _BENCH),
    ("upgrade", "allowed", _JUDGE),
)
"""Functions (module, name or ``*``) that the names lead to and no phone runs, and whose they are."""

_NOT_THE_PHONE = ("defect", "devia", "standalone", "pdu", "dhcp_deviations", "face_deviations")


def is_elsewhere(modules: Sequence[Source]) -> frozenset[tuple[str, str]]:
    """The functions that are declared to be no part of the phone; UsageError for a stale row."""
    known = [(module.name, each.name) for module in modules for each in module.functions]
    found: set[tuple[str, str]] = set()
    for module, name, _ in ELSEWHERE:
        fitting = {each for each in known if each[0] == module and name in ("*", each[1])}
        if not fitting:
            raise UsageError(f"the reference has no {module}.{name}", file=__file__)
        found |= fitting
    return frozenset(found)


def phone_modules() -> tuple[Path, ...]:
    """The modules of the virtual phone as it is without defects."""
    folder = Path(str(hil.virtual.__file__)).parent
    return tuple(
        path
        for path in sorted(folder.glob("*.py"))
        if not any(word in path.stem for word in _NOT_THE_PHONE)
    )


def names_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Every name that these nodes mention, but for annotations."""
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Name(name) | ast.Attribute(attr=name):
                found.add(name)
            case ast.ImportFrom() | ast.Import():
                continue
            case ast.keyword(arg=str(name)):
                found.add(name)
        skipped = {id(getattr(node, each, None)) for each in ("annotation", "returns")}
        waiting += [each for each in ast.iter_child_nodes(node) if id(each) not in skipped]
    return found


def reached(modules: Sequence[Source]) -> frozenset[tuple[str, str]]:
    """The functions, as (module, name), that the phone can run."""
    mentions: dict[str, list[tuple[tuple[str, str] | None, Iterable[ast.AST]]]] = defaultdict(list)
    for module in modules:
        for function in module.functions:
            mentions[_called_by(function)].append(((module.name, function.name), [function.node]))
        for name, nodes in _tables(module.tree.body):
            mentions[name].append((None, nodes))
    waiting = set().union(*(names_in([ast.parse(p.read_text())]) for p in phone_modules()))
    seen: set[str] = set()
    found: set[tuple[str, str]] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for function_name, nodes in mentions.get(name, ()):
            if function_name is not None:
                found.add(function_name)
            waiting |= names_in(nodes) - seen
    return frozenset(found)


def _called_by(function: Function) -> str:
    """The name that leads to a function: its own, or its class's for what Python calls by itself."""
    *outer, name = function.name.split(".")
    return outer[-1] if outer and name.startswith("__") and name.endswith("__") else name


def _tables(body: Sequence[ast.stmt]) -> Iterable[tuple[str, Iterable[ast.AST]]]:
    """What a module's constants and the fields of its classes mention."""
    for node in body:
        match node:
            case ast.Assign(targets, value):
                for target in targets:
                    for each in ast.walk(target):
                        if isinstance(each, ast.Name):
                            yield each.id, [value]
            case ast.AnnAssign(ast.Name(name), value=ast.expr() as value):
                yield name, [value]
            case ast.ClassDef(name=name):
                fields = [each for each in node.body if not isinstance(each, ast.FunctionDef)]
                yield name, [*fields, *node.bases]
