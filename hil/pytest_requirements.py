"""What pytest refuses before anything runs: tests and requirements that do not know each other.

Part of `hil.pytest_plugin`. Each judged test names requirements that exist. Where a certification run
collects the whole suite, each requirement is named by a test too; what is selected later does not
matter, and a run of a few modules promises nothing about the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hil.errors import UsageError
from hil.reference.requirements import REQUIREMENTS, requirement
from hil.suite_location import certification_suite


def is_judged(item: pytest.Item) -> bool:
    """Whether a test gets a verdict: it holds a handset."""
    return "handset" in getattr(item, "fixturenames", ())


def requirements_of(item: pytest.Item) -> tuple[str, ...]:
    """The requirements that a test names, the nearest mark first."""
    marks = item.iter_markers("requirement")
    return tuple(dict.fromkeys(name for mark in marks for name in mark.args))


def refuse(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Raise pytest's usage error with everything that is wrong with what was collected, if anything."""
    problems = [problem for item in items for problem in _problems_of(item, config)]
    if config.getoption("--hil-certify") and _is_whole_suite(config):
        named = {name for item in items for name in requirements_of(item)}
        problems += [
            f"requirement {name}: no test of the suite checks it"
            for name in REQUIREMENTS
            if name not in named
        ]
    if problems:
        raise pytest.UsageError("\n".join(problems))


def _problems_of(item: pytest.Item, config: pytest.Config) -> Iterator[str]:
    names = requirements_of(item)
    if not is_judged(item):
        if config.getoption("--hil-certify") or names:
            yield f"{item.nodeid}: holds no handset, so it cannot be judged"
        return
    if not names:
        yield f"{item.nodeid}: names no requirement; mark it with @requirement(...)"
    for name in names:
        try:
            requirement(name)
        except UsageError as error:
            yield f"{item.nodeid}: {error}"


def _is_whole_suite(config: pytest.Config) -> bool:
    suite = certification_suite().resolve()
    return suite in {Path(argument).resolve() for argument in config.args}
