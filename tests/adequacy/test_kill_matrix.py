"""The suite can say no: every defect is found by a check of the clause that it breaks, and every
certification test finds at least one defect of the first clause that it names."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from hil.reference.requirements import REQUIREMENTS
from hil.virtual.defects import DEFECTS

HIL = [sys.executable, "-c", "from hil.cli import main; main()"]
SHARES = 4
LONGEST_S = 1200.0


def share(number: int) -> list[str]:
    """Every fourth requirement, beginning with those that most defects break."""
    broken = Counter(defect.requirement for defect in DEFECTS.values())
    return sorted(REQUIREMENTS, key=lambda name: -broken[name])[number::SHARES]


def test_there_are_enough_of_both() -> None:
    assert len(DEFECTS) >= 567
    assert {defect.requirement for defect in DEFECTS.values()} == set(REQUIREMENTS)
    assert sorted(name for number in range(SHARES) for name in share(number)) == sorted(
        REQUIREMENTS
    )


@pytest.mark.parametrize("number", range(SHARES))
def test_each_defect_is_killed_by_its_clause_and_each_test_finds_one(
    number: int, tmp_path: Path
) -> None:
    requirements = share(number)
    target = tmp_path / "adequacy.json"
    chosen = [part for name in requirements for part in ("--requirement", name)]
    # One child at a time: whoever runs these tests says how many go on at once.
    command = [*HIL, "adequacy", "--thin", "--jobs", "1", "--json", str(target), *chosen]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    found = json.loads(target.read_text())
    due = {name for name, defect in DEFECTS.items() if defect.requirement in requirements}
    assert {each["name"] for each in found["defects"]} == due
    for each in found["defects"]:
        assert each["fate"] == "killed"
        assert {kill["requirement"] for kill in each["kills"]} == {each["requirement"]}
    assert found["erroneous"] == found["idle_tests"] == found["stale"] == []
    assert {test["requirement"] for test in found["tests"]} >= set(requirements)
    assert all(test["finds"] for test in found["tests"] if test["requirement"] in requirements)
