"""Rounds of a seed: what is played, what is found, and how short it becomes."""

from __future__ import annotations

from dataclasses import fields

from hil.explore.scenario import Scenario
from hil.explore.search import Found, explore_round
from hil.explore.shortening import shortened
from hil.explore.tally import Tally
from hil.reference.requirements import REQUIREMENTS

FEW = 12


def played_by(bench, monkeypatch, seed: str) -> list[Scenario]:
    played: list[Scenario] = []
    from hil.explore import search

    real = search.play

    def noting(bench, scenario, *arguments):
        played.append(scenario)
        return real(bench, scenario, *arguments)

    monkeypatch.setattr(search, "play", noting)
    explore_round(bench, seed, tally=Tally(), count=FEW)
    monkeypatch.undo()
    return played


def test_a_seed_makes_the_same_scenarios_each_time_and_another_one_others(
    bench, monkeypatch
) -> None:
    first = played_by(bench, monkeypatch, "1/0")
    assert first == played_by(bench, monkeypatch, "1/0")
    assert first != played_by(bench, monkeypatch, "1/1")
    assert len(set(first)) == FEW


def test_a_round_counts_what_it_has_played(bench) -> None:
    tally, told = Tally(), []
    assert (
        explore_round(bench, "2/0", tally=tally, count=FEW, told=lambda t: told.append(1)) is None
    )
    assert tally.scenarios == len(told) == FEW
    assert tally.clauses["resync.on_reset"] > 0
    assert tally.lab_s > 60 * FEW
    assert Tally.from_json(tally.as_json()).as_json() == tally.as_json()


def test_a_finding_ends_the_round_and_is_short(defective) -> None:
    tally = Tally()
    found = explore_round(defective, "3/0", tally=tally, shrink_s=20)
    assert found is not None
    assert found.requirement == "resync.error_retry_delay"
    assert found.requirement in found.finding.requirement
    assert found.again == Found.AGAIN
    assert not found.is_flaky
    scenario = found.played.scenario
    assert len(scenario.before) + len(scenario.parameters) + len(scenario.after) <= 6
    assert tally.broken == {"resync.error_retry_delay": 1}


def test_what_is_known_is_counted_and_passed_over(defective) -> None:
    tally = Tally()
    known = frozenset(REQUIREMENTS)
    assert explore_round(defective, "3/0", tally=tally, count=20, known=known) is None
    assert tally.scenarios == 20
    assert tally.broken.total() >= 1


def test_no_scenario_begins_after_the_time_is_up(bench) -> None:
    tally = Tally()
    assert explore_round(bench, "1/0", tally=tally, until=0.0) is None
    assert tally.scenarios == 0


def test_what_is_left_out_is_all_then_halves_then_each_in_its_turn() -> None:
    whole = Scenario((), (("GPP_A", "1"), ("GPP_B", "2")), ())
    left = [each.parameters for each in shortened(whole)]
    assert left == [(), (("GPP_B", "2"),), (("GPP_A", "1"),)]
    assert all(each.size < whole.size for each in shortened(whole))
    assert {field.name for field in fields(whole)} == {"before", "parameters", "after", "chance"}
