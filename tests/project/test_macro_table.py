"""docs/macros.md names every macro, and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

from hil.reference.macros import MACRO_NAMES
from hil.reference.open_questions import QUESTIONS

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "macros.md").read_text().splitlines()
    if line.startswith("|") and "---" not in line
]
MACROS = [row for row in ROWS if len(row) == 4 and row[0] != "macro"]
SHOWN = [row for row in ROWS if "::" in row[-1]]
TEST = re.compile(r"`(?P<file>test_\w+\.py)::(?P<name>test_\w+)`")
NOT_IN_THE_CHAPTER = {"METH"}


def names(cell: str) -> set[str]:
    """The macros of a cell: `A` to `P` are sixteen, `PRVST` = 0 is one."""
    found = re.findall(r"`([^`]+)`", cell)
    if len(found) == 2:
        first, last = found
        return {first[:-1] + chr(code) for code in range(ord(first[-1]), ord(last[-1]) + 1)}
    return set(found)


def requirements(file: Path) -> dict[str, str]:
    """The clause that each test of a module names first."""
    functions = (
        node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)
    )
    return {
        function.name: ast.literal_eval(mark.args[0])
        for function in functions
        for mark in function.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "requirement"
    }


def test_every_macro_has_its_row_and_no_row_has_another() -> None:
    told = {name for row in MACROS for name in names(row[0])}
    assert told == MACRO_NAMES - NOT_IN_THE_CHAPTER | {"$"}


@pytest.mark.parametrize("row", MACROS, ids=lambda row: row[0])
def test_each_row_says_what_the_macro_stands_for_on_whose_authority_and_what_shows_it(row) -> None:
    assert all(row)
    assert TEST.fullmatch(row[3])


@pytest.mark.parametrize("row", SHOWN, ids=lambda row: row[0])
def test_what_shows_it_is_a_certification_test_of_a_clause_about_macros(row) -> None:
    told = TEST.fullmatch(row[-1])
    assert told is not None
    clauses = requirements(ROOT / "tests" / "certification" / told["file"])
    assert clauses[told["name"]].startswith("macros.")


def test_the_open_questions_that_are_named_exist() -> None:
    keys = {question.key for question in QUESTIONS}
    named = {key for row in MACROS for key in re.findall(r"\bI[0-9]+\b", row[2])}
    assert named
    assert named <= keys
