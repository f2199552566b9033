"""Stored histories that break a rule are called FAIL, and those that prove nothing are not.

A judge that finds nothing wrong would pass every other test of a certification run; these are the
ones that it cannot pass.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from canaries import BREACHES, DIRECTORY, write
from histories import TIMING, phone

from hil.history import events as ev
from hil.history import read
from hil.judge import Conduct, Judgement, judge

STORED = sorted(DIRECTORY.glob("*.jsonl"))


def judged(path: Path) -> tuple[Conduct, Judgement]:
    stored = read(path)
    assert stored.torn == b""
    started = stored.events[0]
    assert isinstance(started, ev.TestStarted)
    conduct = Conduct(started.requirements)
    return conduct, judge(stored.events, conduct, phone(), TIMING)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_canary_sings(path: Path) -> None:
    expected = path.stem.rpartition(".")[2]
    conduct, judgement = judged(path)
    assert judgement.word.value == expected
    if expected == "FAIL":
        assert conduct.requirements[0] in [f.requirement for f in judgement.findings]


def test_every_checker_has_one_that_fails_and_one_that_must_not() -> None:
    names = {path.stem for path in STORED}
    assert len(BREACHES) >= 35
    for breach in BREACHES:
        verdicts = {name.rpartition(".")[2] for name in names if name.startswith(f"{breach}.")}
        assert verdicts == {"FAIL", "ERROR"}


def test_the_stored_canaries_are_those_that_their_maker_makes(tmp_path: Path) -> None:
    write(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in STORED}
