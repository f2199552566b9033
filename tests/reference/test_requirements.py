"""The catalogue of requirements."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hil
from hil.errors import UsageError
from hil.judge.owed import CLAUSES
from hil.reference.log_messages import LogKind
from hil.reference.requirements import REQUIREMENTS, Level, Witness, requirement

ROOT = Path(hil.__file__).parent


def test_every_requirement_says_what_and_where_it_is_written() -> None:
    for name, row in REQUIREMENTS.items():
        assert row.id == name
        assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+(\.[a-z_]+)?", name), name
        assert row.text.endswith("."), name
        assert len(row.source) > 5, name


def test_ids_and_texts_are_unique() -> None:
    assert len({row.text for row in REQUIREMENTS.values()}) == len(REQUIREMENTS)


def test_a_requirement_is_found_by_its_id() -> None:
    assert requirement("resync.on_reset").source.endswith("Resync On Reset")


def test_an_unknown_id_is_a_usage_error_that_says_what_would_be_right() -> None:
    with pytest.raises(UsageError, match=r"no requirement is called 'resync.on_rest'") as caught:
        requirement("resync.on_rest")
    assert "resync.on_reset" in caught.value.remedy


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        REQUIREMENTS["new"] = requirement("resync.on_reset")  # type: ignore[index]


def test_every_clause_that_the_judge_and_the_machine_name_is_in_the_catalogue() -> None:
    """Ids are written in the code as plain strings; a misspelt one would be in no report."""
    families = {name.partition(".")[0] for name in REQUIREMENTS}
    pattern = re.compile(rf'"((?:{"|".join(families)})\.[a-z0-9_.]+)"')
    files = [*(ROOT / "judge").glob("*.py"), ROOT / "reference" / "resync.py"]
    named = {name for file in files for name in pattern.findall(file.read_text("utf-8"))}
    assert len(named) >= 10
    assert named <= set(REQUIREMENTS)


def test_each_log_message_has_its_clause() -> None:
    assert set(CLAUSES) == set(LogKind)
    assert set(CLAUSES.values()) <= set(REQUIREMENTS)


SECTIONS = (
    "Configuration Profile Parameters, ",
    "Firmware Upgrade Parameters, ",
    "General Purpose Parameters, ",
    "Macro Expansion Variables, ",
    "Internal Error Codes, ",
)
ITS_OWN = ("Administration Guide", "Conference phone", "7832 ", "7800 Provisioning Guide", "RFC ")


def test_what_the_chapter_says_is_a_must() -> None:
    for row in REQUIREMENTS.values():
        if row.source.startswith(SECTIONS):
            assert row.level is Level.MUST, row.id


def test_what_only_relatives_of_the_phone_say_is_no_must() -> None:
    for row in REQUIREMENTS.values():
        authorities = row.source.split("; ")
        if not any(each.startswith((*SECTIONS, *ITS_OWN)) for each in authorities):
            assert row.level is not Level.MUST, row.id


def test_every_level_has_requirements() -> None:
    assert {row.level for row in REQUIREMENTS.values()} == set(Level)


def test_every_requirement_says_how_it_shows_and_every_witness_is_of_use() -> None:
    for row in REQUIREMENTS.values():
        assert row.observable.by, row.id
        assert len(set(row.observable.by)) == len(row.observable.by), row.id
        assert len(row.observable.what) > 10, row.id
    assert {each for row in REQUIREMENTS.values() for each in row.observable.by} == set(Witness)


def test_an_observable_reads_as_a_sentence_with_its_witnesses() -> None:
    assert str(requirement("codes.x60").observable) == (
        "the code in the log, and no INVITE (syslog, absence)"
    )
