"""A certification run of the whole suite refuses a requirement that no test of it names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hil.suite_location import suite_root

UNTESTED = "requirement macros.general_purpose: no test of the suite checks it"


def names(text: str) -> bool:
    """Whether a module of the suite names the requirement that is to be left without a test."""
    return '"macros.general_purpose"' in text


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of hil and of its suite, without the modules that test one requirement."""
    root = tmp_path_factory.mktemp("checkout")
    no_cache = shutil.ignore_patterns("__pycache__")
    for folder in ("hil", "fixtures", "testbeds"):
        shutil.copytree(suite_root() / folder, root / folder, ignore=no_cache)
    shutil.copy(suite_root() / "conftest.py", root)
    suite = root / "tests" / "certification"
    suite.mkdir(parents=True)
    for module in (suite_root() / "tests" / "certification").glob("*.py"):
        if not names(module.read_text("utf-8")):
            shutil.copy(module, suite)
    return root


def certify(checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from hil.cli import main; main(prog_name='hil')",
            "certify",
            *options,
        ],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_whole_suite_is_refused_before_any_test_runs(checkout: Path) -> None:
    run = certify(checkout)
    assert run.returncode == 2, run.stderr
    assert UNTESTED in run.stdout + run.stderr
    assert "PASS" not in run.stdout


def test_a_selection_by_name_is_refused_too_because_the_whole_suite_was_collected(
    checkout: Path,
) -> None:
    run = certify(checkout, "-k", "test_codes")
    assert run.returncode == 2, run.stderr
    assert UNTESTED in run.stdout + run.stderr


def test_a_run_of_some_modules_promises_nothing_about_the_rest(checkout: Path) -> None:
    run = certify(checkout, "test_error_x60.py", "-k", "test_a_number_that_the_plan_has_is_called")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "PASS" in run.stdout
