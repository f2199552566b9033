"""Each operator makes its slip, and leaves alone what no phone shows."""

from __future__ import annotations

import ast

import pytest

from hil.adequacy.mutants.operators import OPERATORS, edits_of
from hil.adequacy.mutants.slips import Surroundings

AROUND = Surroundings(
    frozenset({"LONGEST"}),
    lambda called: {
        "Window": (("earliest", "int"), ("latest", "int")),
        "moved": (("phone", "Phone"), ("before", "Phone"), ("at", "int")),
    }.get(ast.unparse(called), ()),
)


def slips(text: str, operator: str) -> set[tuple[str, str]]:
    """What an operator makes of a function, as before and after."""
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    return {(e.before, e.after) for e in edits_of(function, AROUND) if e.operator == operator}


def of(expression: str, operator: str) -> set[tuple[str, str]]:
    """What an operator makes of an expression."""
    return slips(f"def f(phone, at):\n    x = {expression}\n", operator)


@pytest.mark.parametrize(
    ("operator", "expression", "made"),
    [
        ("bound", "a < b", {("a < b", "a <= b")}),
        ("bound", "a >= b", {("a >= b", "a > b")}),
        ("bound", "1 <= a < b", {("1 <= a < b", "1 < a < b"), ("1 <= a < b", "1 <= a <= b")}),
        ("bound", "a == b", set()),
        ("negation", "a == b", {("a == b", "a != b")}),
        ("negation", "a not in b", {("a not in b", "a in b")}),
        ("negation", "not a", {("not a", "a")}),
        ("negation", "f(True)", {("True", "False")}),
        ("connective", "a and b", {("a and b", "a or b")}),
        ("off-by-one", "30", {("30", "31"), ("30", "29")}),
        ("off-by-one", "LONGEST", {("LONGEST", "LONGEST + 1"), ("LONGEST", "LONGEST - 1")}),
        ("off-by-one", "True", set()),
        ("arithmetic", "a + b", {("a + b", "a - b")}),
        ("arithmetic", "a + 'text'", set()),
        ("arithmetic", "a * b", {("a * b", "a // b")}),
        ("window", "due.earliest", {("due.earliest", "due.latest")}),
        ("window", "Window(a, b)", {("Window(a, b)", "Window(b, a)")}),
        ("window", "Window(a, a)", set()),
        (
            "window",
            "replace(due, earliest=a, latest=b)",
            {("replace(due, earliest=a, latest=b)", "replace(due, earliest=b, latest=a)")},
        ),
        ("window", "min(a, b)", {("min(a, b)", "max(a, b)")}),
        ("arguments", "moved(a, b, at)", {("moved(a, b, at)", "moved(b, a, at)")}),
        ("order", "(one(), two())", {("one(); two()", "two(); one()")}),
        (
            "update",
            "replace(phone, due=None, wanted=())",
            {
                ("replace(phone, due=None, wanted=())", "replace(phone, wanted=())"),
                ("replace(phone, due=None, wanted=())", "replace(phone, due=None)"),
            },
        ),
        ("branch", "a if b else c", {("a if b else c", "a"), ("a if b else c", "c")}),
    ],
)
def test_an_operator_makes_its_slips_in_an_expression(
    operator: str, expression: str, made: set[tuple[str, str]]
) -> None:
    assert of(expression, operator) == made


@pytest.mark.parametrize(
    ("operator", "text", "made"),
    [
        (
            "branch",
            "def f(a):\n    if a:\n        return 1\n    return 2",
            {("a", "False"), ("a", "True")},
        ),
        ("branch", "def f(a):\n    if a:\n        raise KeyError(a)", {("a", "False")}),
        (
            "branch",
            "def f(a):\n  match a:\n    case 1:\n      g()\n    case _:\n      h()",
            {("case 1", "case 1 if False")},
        ),
        (
            "statement",
            "def f(phone):\n    phone = g(phone)\n    fresh = h()\n    log(phone)",
            {("phone = g(phone)", "nothing"), ("log(phone)", "nothing")},
        ),
        ("statement", "def f(a):\n    for b in a:\n        continue", {("continue", "break")}),
        (
            "order",
            "def f(x):\n    x = g(x)\n    x = h(x)",
            {("x = g(x); x = h(x)", "x = h(x); x = g(x)")},
        ),
        ("result", "def f(a) -> Due | None:\n    return a", {("a", "None")}),
        ("result", "def f(a) -> bool:\n    return g(a)", {("g(a)", "not g(a)")}),
        ("result", "def f(a) -> str:\n    return a", {("a", "''")}),
        ("result", "def f(p: Phone) -> Phone:\n    return g(p)", {("g(p)", "p")}),
        ("result", "def f(p) -> Step:\n    return p, (a,)", {("(p, (a,))", "(p, ())")}),
    ],
)
def test_an_operator_makes_its_slips_in_statements(
    operator: str, text: str, made: set[tuple[str, str]]
) -> None:
    assert slips(text, operator) == made


@pytest.mark.parametrize(
    "text",
    [
        'def f():\n    """At most 3 of them."""',
        "def f(a: Literal[3]) -> Literal[4]:\n    pass",
        'def f(a):\n    raise KeyError(f"{a[:40]!r} is longer than {3}")',
        "def f(a):\n    x = Unusable(f'more than {a + 1}')",
        "def f(reading):\n    x = 20 if reading.random_delay_unit == 'twenty-seconds' else y",
        "def f(text):\n    shown = text[:40]\n    raise RuleError(shown)",
        "def f(i):\n    if i.resync_trigger == 'gate':\n        return 3",
        "def f(i):\n    if i.resync_trigger != 'gate':\n        return a\n    return b + 3",
        "def f(decisions):\n    if decisions.reboots_after_failed_upgrade:\n        return 3",
    ],
)
def test_what_no_phone_shows_is_left_alone(text: str) -> None:
    for operator in ("off-by-one", "arithmetic"):
        assert slips(text, operator) == set()


def test_a_reading_that_is_not_the_default_one_is_never_ruled_out_twice() -> None:
    text = "def f(i):\n    if i.resync_trigger == 'gate':\n        return 3"
    assert slips(text, "branch") == {("i.resync_trigger == 'gate'", "True")}


def test_an_edit_leaves_the_tree_as_it_was() -> None:
    (function,) = ast.parse("def f(a, b):\n    return min(a, b) < 3\n").body
    assert isinstance(function, ast.FunctionDef)
    before = ast.dump(function)
    assert {edit.operator for edit in edits_of(function, AROUND)} <= set(OPERATORS)
    assert ast.dump(function) == before
