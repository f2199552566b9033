"""The suite can say no: every defect is found by a check of the clause that it breaks, and every
certification test finds at least one defect of the first clause that it names."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hil.cli import main
from hil.reference.requirements import REQUIREMENTS
from hil.suite_location import suite_root
from hil.virtual.defects import DEFECTS


def certify(target: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run `hil certify` in this process; its exit status and its results."""
    outcome = CliRunner().invoke(main, ["certify", "--json", str(target), *arguments])
    assert outcome.exit_code in (0, 1, 3), outcome.output
    return outcome.exit_code, json.loads(target.read_text())


SUITE = suite_root() / "tests" / "certification"


def requirements_in(module: Path) -> set[str]:
    """The ids that a module's tests name; each stands there as a string, nothing is computed."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "requirement":
            assert all(isinstance(each, ast.Constant) for each in node.args), ast.unparse(node)
            named.update(each.value for each in node.args if isinstance(each, ast.Constant))
    return named


MODULES = {module.name: requirements_in(module) for module in sorted(SUITE.glob("test_*.py"))}


def test_there_are_enough_of_both() -> None:
    assert len(DEFECTS) >= 90
    assert set().union(*MODULES.values()) == set(REQUIREMENTS)
    assert {defect.requirement for defect in DEFECTS.values()} == set(REQUIREMENTS)


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_each_defect_of_a_clause_is_killed_by_it_and_each_test_of_it_kills_one(
    requirement: str, tmp_path: Path
) -> None:
    target = tmp_path / "results.json"
    # The modules that have such tests are named because others need not be looked through then.
    chosen = [name for name, named in MODULES.items() if requirement in named]
    chosen += ["--requirement", requirement]
    status, sound = certify(target, *chosen)
    assert status == 0, sound
    assert sound["run"]["planned"] == sound["run"]["concluded"]
    never_failed = {t["id"] for t in sound["tests"] if t["requirements"][0] == requirement}
    assert never_failed, "no test has this clause first"
    survivors = {}
    for defect in DEFECTS.values():
        if defect.requirement != requirement:
            continue
        status, run = certify(target, *chosen, "--defect", defect.name)
        failed = [test for test in run["tests"] if test["verdict"] == "FAIL"]
        clauses = {finding["requirement"] for test in failed for finding in test["findings"]}
        never_failed -= {test["id"] for test in failed}
        if status != 1 or requirement not in clauses:
            survivors[defect.name] = (status, sorted(clauses))
        errors = [test["id"] for test in run["tests"] if test["verdict"] == "ERROR"]
        assert not errors, f"{defect.name} looks like an error of the lab or the test"
    assert not survivors, "defects that no check of their clause found"
    assert not never_failed, "tests that no defect of their clause made fail"
