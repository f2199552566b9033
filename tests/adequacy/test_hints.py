"""The hints that come with hil: how they are made, and what becomes of a file that is not one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from hil.adequacy.hints import FILE, derived, shipped
from hil.errors import UsageError
from hil.virtual.defects import DEFECTS

FOLDER = "tests/certification/"


def ran(kills: dict[str, list[str]], finds: dict[str, list[str]]) -> bytes:
    """What `hil adequacy --json` writes, as far as the hints are concerned."""
    defects = [
        {"name": name, "requirement": "r", "kills": [{"test": FOLDER + t} for t in tests]}
        for name, tests in kills.items()
    ]
    tests = [{"id": FOLDER + t, "requirement": "r", "finds": ds} for t, ds in finds.items()]
    return json.dumps({"run": {}, "defects": defects, "tests": tests}).encode()


def test_one_run_proves_a_defect_and_a_test_where_it_can() -> None:
    # Each defect by its first test would leave c without one.
    kills = {"one": ["a", "b"], "other": ["a", "c"], "third": ["a"]}
    finds = {"a": ["one", "other", "third"], "b": ["one"], "c": ["other"]}
    expected = {"one": ["b"], "other": ["c"], "third": ["a"]}
    assert json.loads(derived(ran(kills, finds))) == expected


def test_what_finds_a_defect_by_another_clause_has_a_run_of_its_own() -> None:
    kills = {"one": ["of-another-clause"], "survivor": []}
    finds = {"a": ["one"], "idle": []}
    assert json.loads(derived(ran(kills, finds))) == {"one": ["a", "of-another-clause"]}


def test_the_text_does_not_hang_on_the_order_of_the_run() -> None:
    kills = {"one": ["a", "b"], "other": ["a", "b"]}
    finds = {"a": ["one", "other"], "b": ["one", "other"]}
    turned = {name: tests[::-1] for name, tests in reversed(kills.items())}
    text = derived(ran(kills, finds))
    assert text == derived(ran(turned, dict(reversed(finds.items()))))
    assert text == '{\n "one": ["b"],\n "other": ["a"]\n}\n'


@pytest.mark.parametrize("document", [b"", b"[]", b'{"defects": []}', b"\xff"])
def test_what_is_no_document_is_refused(document: bytes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no results of hil adequacy"):
        derived(document)
    (tmp_path / "document").write_bytes(document)
    command = [sys.executable, "-m", "hil.adequacy", str(tmp_path / "document")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"a": 1}', b'{"a": ["b"', b"\xff\xfe"])
def test_a_file_that_is_missing_or_broken_is_no_hint(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "kills.json"
    if content is not None:
        file.write_bytes(content)
    assert shipped(file) == {}


def test_those_that_come_with_hil_are_of_its_defects() -> None:
    hints = shipped()
    assert len(set(hints) & set(DEFECTS)) >= 500
    text = FILE.read_text()
    assert msgspec.json.decode(text) == {name: sorted(tests) for name, tests in hints.items()}
    assert list(msgspec.json.decode(text)) == sorted(hints)
