"""A phone that runs the reference is never accused, whatever a laboratory does to it.

Any finding is a false accusation, or the virtual phone does not do what the reference says.
"""

from __future__ import annotations

import pytest

from hil.explore.player import Result
from hil.explore.search import explore_round
from hil.explore.tally import Tally

ROUNDS = 20


def explored(bench, seed: str, count: int) -> Tally:
    tally = Tally()
    found = explore_round(bench, seed, tally=tally, count=count)
    assert found is None, f"seed {seed}: {found.finding}\n{found.played.scenario}"
    return tally


def test_random_legal_scenarios_come_without_an_accusation_or_trouble(bench) -> None:
    tally = explored(bench, "reference", 70)
    assert tally.scenarios == 70
    for trouble in (Result.LAB, Result.CRASH):
        assert tally.results[trouble] == 0, tally.remarks
    assert tally.results[Result.CLEAN] > 50
    # What makes the scenarios worth something: the clauses that they really exercise.
    for clause in (
        "resync.random_delay",
        "resync.periodic",
        "resync.error_retry_delay",
        "rules.sequence",
        "sip.registration",
        "upgrade.rule",
        "report.rule",
        "log.request",
    ):
        assert tally.clauses[clause] > 0, clause


@pytest.mark.soak
@pytest.mark.parametrize("number", range(ROUNDS))
def test_many_scenarios_come_without_an_accusation(bench, number: int) -> None:
    assert explored(bench, f"soak/{number}", 100).scenarios == 100
