"""Every sentence of the chapter becomes requirements, or has a reason why it does not.

The chapter itself is its vendor's and is not here. ``HIL_CHAPTER=FILE`` holds its text against the
catalogue; without it the catalogue is held against what else is known of the chapter.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from hil.errors import SpecificationError
from hil.reference.chapter import FRONT, INTRODUCTION
from hil.reference.coverage import ROWS, SENTENCES_OF, differences, sentences
from hil.reference.macros import MACRO_NAMES
from hil.reference.parameter_table import TABLE
from hil.reference.requirements import REQUIREMENTS
from hil.reference.sentence import Reason, aside, says

SECTIONS = tuple(dict.fromkeys(row.section for row in ROWS if row.section != FRONT))
NOT_IN_THE_CHAPTER = {"METH"}


def test_the_chapter_that_is_named_is_covered() -> None:
    file = os.environ.get("HIL_CHAPTER")
    if not file:
        pytest.skip("no text of the chapter: HIL_CHAPTER=FILE holds one against the catalogue")
    assert differences(Path(file).read_text("utf-8")) == ()


def test_every_sentence_says_what_becomes_of_it() -> None:
    for row, ordinal, sentence in sentences():
        where = (row.title, ordinal)
        assert bool(sentence.requirements) is sentence.normative, where
        assert set(sentence.requirements) <= set(REQUIREMENTS), where
        assert 4 <= len(sentence.words) <= 80, where


def test_a_row_without_sentences_is_filled_from_elsewhere() -> None:
    empty = {row.title: row.filled_by for row in ROWS if not row.sentences}
    assert set(empty) == {"PN", "PSN", "HWVER"}
    assert all(names and set(names) <= set(REQUIREMENTS) for names in empty.values())


def test_a_fingerprint_is_a_whole_digest_and_no_row_stands_twice() -> None:
    assert all(re.fullmatch(r"[0-9a-f]{64}", row.digest) for row in ROWS)
    assert len({(row.section, row.title) for row in ROWS}) == len(ROWS)


def test_every_requirement_that_names_a_section_of_the_chapter_has_a_sentence_of_it() -> None:
    chapter = [r for r in REQUIREMENTS.values() if any(f"{s}, " in r.source for s in SECTIONS)]
    assert len(chapter) >= 100
    assert [r.id for r in chapter if r.id not in SENTENCES_OF] == []


def test_every_parameter_that_the_chapter_prints_has_its_row() -> None:
    printed = [each for each in TABLE.values() if each.source.split(", ")[0] in SECTIONS[1:4]]
    assert len(printed) >= 40
    titles = " ".join(row.title for row in ROWS)
    for parameter in printed:
        assert re.search(rf"\b{re.escape(parameter.title)}", titles) or parameter.name.startswith(
            "GPP_"
        ), parameter.title


def test_every_printed_default_is_a_requirement() -> None:
    silent = {"Resync Error Retry Delay", "Peer Firmware Sharing Log Server"}
    for row in ROWS:
        if row.section in SECTIONS[1:4] and row.title != INTRODUCTION:
            names = {name for each in row.sentences for name in each.requirements}
            has_default = any(name.rpartition(".")[2].endswith("default") for name in names)
            assert has_default is (row.title not in silent), row.title


def test_every_macro_has_its_row() -> None:
    titles = {row.title for row in ROWS if row.section == "Macro Expansion Variables"}
    families = {"A through P": "ABCDEFGHIJKLMNOP", "SA through SD": ("SA", "SB", "SC", "SD")}
    named = {name for family in families.values() for name in family}
    named |= {"UID1", "UID2"} | (titles - set(families) - {"UIDn", "\\$", INTRODUCTION})
    assert named == MACRO_NAMES - NOT_IN_THE_CHAPTER


def test_a_text_that_is_another_one_differs_in_every_row() -> None:
    contents = "\n".join(f"- [{section}, on page 1](#)" for section in SECTIONS)
    text = f"{contents}\n" + "\n".join(f"{section}\nA new sentence.\n" for section in SECTIONS)
    text += "New Row\tSomething else.\n"
    found = differences(text)
    assert "Internal Error Codes, New Row: is not covered" in found
    assert "Internal Error Codes, X60: is not in the text" in found
    assert f"{SECTIONS[-1]}, introduction: the text is another one than was read" in found
    assert f"{FRONT}, introduction: 6 sentences in the text, 7 covered" in found


def test_what_is_no_chapter_is_refused() -> None:
    with pytest.raises(SpecificationError, match="no table of contents"):
        differences("something else")


def test_a_sentence_that_becomes_nothing_needs_a_reason() -> None:
    with pytest.raises(SpecificationError, match="becomes no requirement"):
        says("it resyncs")
    assert not aside("one that may be", Reason.EXAMPLE).normative
