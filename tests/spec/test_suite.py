"""Which tests name which requirement, read from text."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import UsageError
from hil.spec.suite import naming

MODULE = """
from hil.marks import quick, requirement

@quick
@requirement("a.b", "a.c")
def test_one(handset): ...

@requirement("a.b")
def helper(): ...

def test_without(handset): ...

@requirement("a.b")
@pytest.mark.parametrize("x", [1])
def test_two(handset, x): ...
"""


def test_tests_are_named_by_module_and_function_in_the_order_of_the_suite(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(MODULE)
    (tmp_path / "test_a.py").write_text('@requirement("a.c")\ndef test_three(): ...\n')
    (tmp_path / "other.py").write_text('@requirement("a.d")\ndef test_four(): ...\n')
    assert naming(tmp_path) == {
        "a.b": ("test_x.py::test_one", "test_x.py::test_two"),
        "a.c": ("test_a.py::test_three", "test_x.py::test_one"),
    }


def test_ids_that_are_computed_are_refused_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text("\n@requirement(f'a.{b}')\ndef test_one(): ...\n")
    with pytest.raises(UsageError, match=r"test_x.py:2: the ids of .* are computed"):
        naming(tmp_path)
