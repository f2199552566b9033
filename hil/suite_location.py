"""Where the certification suite, its fixtures and the testbeds are.

In a checkout they stand beside the package; in an installed wheel inside it, under ``hil/suite``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hil.errors import UsageError


def suite_root() -> Path:
    """The directory that holds ``conftest.py``, ``fixtures``, ``testbeds`` and the suite."""
    package = Path(__file__).resolve().parent
    for root in (package / "suite", package.parent):
        if (root / "fixtures").is_dir() and (root / "tests" / "certification").is_dir():
            return root
    raise UsageError(
        "the certification suite is not there",
        file=str(package),
        remedy="install hil's wheel again",
    )


def certification_suite() -> Path:
    """The directory of the certification tests."""
    return suite_root() / "tests" / "certification"


def pytest_arguments() -> list[str]:
    """What pytest is told wherever it runs the suite: nothing of its surroundings has a say."""
    return [
        "-c",
        os.devnull,
        f"--rootdir={suite_root()}",
        "--import-mode=importlib",
        "--strict-markers",
        "-p",
        "no:terminal",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:unraisableexception",
        "-p",
        "hil.pytest_plugin",
        "--hil-certify",
    ]


@contextmanager
def pytest_alone() -> Iterator[None]:
    """For the time of a run, let other people's plugins and options have no say in a verdict.

    It is the environment that says so, and processes that begin meanwhile have it as well. In the end
    it is as it was.
    """
    wanted = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": None}
    former = {name: os.environ.get(name) for name in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(former)


def _set(variables: Mapping[str, str | None]) -> None:
    """Give variables of the environment these values; None takes one away."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
