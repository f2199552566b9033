"""The matrix of requirements, and what it calls uncovered."""

from __future__ import annotations

from hil.reference.requirements import REQUIREMENTS
from hil.spec.matrix import matrix, totals, uncovered
from hil.virtual.defects import DEFECTS


def test_every_requirement_is_covered_by_a_test_and_a_defect() -> None:
    assert uncovered(matrix()) == ()


def test_every_defect_stands_with_its_requirement() -> None:
    entries = matrix()
    assert [entry.requirement for entry in entries] == list(REQUIREMENTS.values())
    assert sorted(name for entry in entries for name in entry.defects) == sorted(DEFECTS)


def test_a_requirement_without_a_test_is_uncovered() -> None:
    tests = {entry.requirement.id: entry.tests for entry in matrix()}
    del tests["macros.mac"]
    assert uncovered(matrix(tests)) == ("macros.mac: has no certification test",)


def test_the_chapter_in_numbers() -> None:
    numbers = totals(matrix())
    assert (numbers["rows"], numbers["sentences"], numbers["normative"]) == (67, 186, 159)
    assert numbers["requirements"] == len(REQUIREMENTS)
    assert numbers["defects"] == len(DEFECTS)
    assert numbers["uncovered"] == 0


def test_an_entry_has_the_open_questions_that_cite_its_row() -> None:
    entries = {entry.requirement.id: entry for entry in matrix()}
    assert entries["resync.at.delay_minimum"].questions == ("I4",)
    assert entries["macros.mac"].questions == ()


def test_sentences_are_places_and_not_texts() -> None:
    entries = {entry.requirement.id: entry for entry in matrix()}
    assert entries["resync.periodic.zero"].sentences == (
        "Configuration Profile Parameters, Resync Periodic, 10",
    )
    assert entries["macros.identity"].sentences == (
        "Macro Expansion Variables, PN, empty in print",
        "Macro Expansion Variables, PSN, empty in print",
    )
