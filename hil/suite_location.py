"""Where the certification suite, its fixtures and the testbeds are.

In a checkout they stand beside the package; in an installed wheel inside it, under ``hil/suite``.
"""

from __future__ import annotations

import os
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
