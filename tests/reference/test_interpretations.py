"""Every place where the specification can be read in two ways has a name, readings and a source."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, asdict, fields
from pathlib import Path

import pytest

from hil.errors import UsageError
from hil.reference import interpretations
from hil.reference.interpretations import CATALOGUE, DEFAULT, WITHOUT_EFFECT, Interpretations


def test_each_published_ambiguity_has_at_least_one_question() -> None:
    keys = {entry.key for entry in CATALOGUE}
    assert {f"I{number}" for number in range(1, 31)} <= keys


def test_questions_and_fields_are_the_same_set_in_the_same_order() -> None:
    assert [entry.name for entry in CATALOGUE] == [each.name for each in fields(Interpretations)]


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_the_default_is_the_first_of_several_candidates_and_cites_a_source(entry) -> None:
    assert entry.default == entry.candidates[0]
    assert len(entry.candidates) >= 2
    assert len(set(map(str, entry.candidates))) == len(entry.candidates)
    assert entry.question.endswith("?")
    assert entry.citation


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_every_candidate_can_be_chosen_and_changes_nothing_else(entry) -> None:
    for candidate in entry.candidates:
        chosen = DEFAULT.choose(**{entry.name: candidate})
        assert asdict(chosen) == asdict(DEFAULT) | {entry.name: candidate}


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_no_reading_is_a_word_that_yaml_turns_into_a_boolean(entry) -> None:
    assert not {"yes", "no", "on", "off", "true", "false"} & set(map(str, entry.candidates))


def test_literal_text_of_the_chapter_comes_first() -> None:
    assert DEFAULT.random_delay_unit == "seconds"  # "specified in seconds"
    assert DEFAULT.resync_trigger == "becomes-true"  # "when the logic equation evaluates to TRUE"
    assert DEFAULT.forced_resync_delay == "idle-countdown"  # "counting down when all ... idle"
    assert DEFAULT.provision_disabled == "blocks-all"  # "Controls all resync actions"
    assert DEFAULT.resync_at_zero_delay == "ten-minutes"  # "less than 600 ... between 0 and 600"
    assert DEFAULT.resync_after_update == "skipped"  # "except for ... parameter updates"


def test_a_number_reads_the_same_from_a_file_and_from_a_command_line() -> None:
    assert DEFAULT.choose(redirect_limit=10).redirect_limit == 10
    assert DEFAULT.choose(redirect_limit="10") == DEFAULT.choose(redirect_limit=10)
    assert DEFAULT.choose(psn=7832).psn == "7832"


def test_choices_accumulate_and_leave_the_original_alone() -> None:
    chosen = DEFAULT.choose(kdf_digest="md5").choose(list_exhaustion="stop")
    assert (chosen.kdf_digest, chosen.list_exhaustion) == ("md5", "stop")
    assert Interpretations.default() == DEFAULT
    with pytest.raises(FrozenInstanceError):
        chosen.kdf_digest = "sha256"


def test_an_unknown_name_is_told_the_right_ones() -> None:
    with pytest.raises(UsageError) as caught:
        DEFAULT.choose(list_exhaustoin="cycle")
    assert "list_exhaustoin" in caught.value.problem
    assert "list_exhaustion" in caught.value.remedy


def test_an_unknown_reading_is_told_the_candidates() -> None:
    with pytest.raises(UsageError) as caught:
        DEFAULT.choose(list_exhaustion="repeat")
    assert caught.value.remedy == "one of repeat-last, cycle, stop"


def test_a_reading_has_an_effect_or_is_known_to_have_none():
    package = Path(interpretations.__file__).parents[1]
    aside = {"interpretations.py", "open_questions.py", "own_questions.py"}
    code = "".join(p.read_text() for p in package.rglob("*.py") if p.name not in aside)
    # A clause may have the name of a question; its id stands in quotes.
    names = [entry.name for entry in CATALOGUE]
    read = {name for name in names if re.search(rf"\.{name}\b(?!\")", code)}
    assert {entry.name for entry in CATALOGUE} - read == WITHOUT_EFFECT
