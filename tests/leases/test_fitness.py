"""When a handset's place in the rack is not fit to test on any more."""

from __future__ import annotations

from hil.history.events import Cause, LabFault
from hil.judge import Word
from hil.leases.fitness import Fitness, is_shared

LAB = (Word.ERROR, Cause.LAB)
CRASH = (Word.ERROR, Cause.TEST)
FAIL = (Word.FAIL, Cause.DEVICE)
PASS = (Word.PASS, Cause.NONE)
UNKNOWN = (Word.INCONCLUSIVE, Cause.DEVICE)


def test_one_test_that_the_lab_broke_is_bad_luck_and_three_in_a_row_are_not() -> None:
    fitness = Fitness()
    assert [bool(fitness.note(*each)) for each in (LAB, LAB, PASS, LAB, LAB, LAB)] == [
        *[False] * 5,
        True,
    ]


def test_what_the_phone_or_a_test_does_wrong_says_nothing_of_its_place() -> None:
    fitness = Fitness()
    assert not any(fitness.note(*each) for each in [FAIL, CRASH, UNKNOWN] * 10)


def test_two_first_baselines_that_cannot_be_held_are_too_many() -> None:
    fitness = Fitness()
    assert not fitness.note(*UNKNOWN, first_baseline=True)
    assert not fitness.note(*UNKNOWN)
    assert "first baseline" in fitness.note(*UNKNOWN, first_baseline=True)


def test_a_first_baseline_that_shows_a_broken_clause_was_held() -> None:
    fitness = Fitness()
    for each in (UNKNOWN, FAIL, UNKNOWN, PASS, UNKNOWN):
        assert not fitness.note(*each, first_baseline=True)


def test_faults_that_concern_nobody_in_particular_are_shared() -> None:
    shared = LabFault(source="witness", what="another DHCP server is on the wire")
    own = LabFault(source="power", what="an outlet lies", concerns="pdu1/3")
    assert is_shared([shared, shared])
    assert not is_shared([shared, own])
    assert not is_shared([])
