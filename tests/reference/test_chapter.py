"""How the text of a chapter is split into passages and sentences, and known again."""

from __future__ import annotations

import pytest

from hil.errors import SpecificationError
from hil.reference.chapter import FRONT, INTRODUCTION, Passage, passages

CHAPTER = """
Kettles

- [Switches, on page 1](#)
- [Lamps, on page 2](#)

Switches

The table says what each switch does. It has two.

Parameter Name\tDescription and Default Value
Boil Now\tBoils the water. The default value is No.

Parameter Name\tDescription and Default Value
Keep Warm\t<p>How long (in seconds) it stays warm.</p> <ul style="x">• An integer Example: 300 is it.
Blank\t

Lamps

Names of lamps:

- Lamp_A
- Lamp_*

Either may be missing.
"""


def test_a_passage_is_a_row_or_what_stands_outside_of_the_tables() -> None:
    found = [(passage.section, passage.row) for passage in passages(CHAPTER)]
    assert found == [
        (FRONT, INTRODUCTION),
        ("Switches", INTRODUCTION),
        ("Switches", "Boil Now"),
        ("Switches", "Keep Warm"),
        ("Switches", "Blank"),
        ("Lamps", INTRODUCTION),
    ]


def sentences(text: str) -> tuple[str, ...]:
    return Passage("section", "row", text).sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("One. Two. Three", 3),
        ("Version 2.0.11 and 10.0.0.1:514 end nothing.", 1),
        ("A (for example) stays (See there).", 1),
        ("<p>One</p> <p>Two</p>", 2),
        ("<ul class='x'> • one • two <p>three", 3),
        ("An integer Example: 300 is one.", 2),
        ("A range Example, 2+3 is one.", 2),
        ("It is so. for example 12.", 2),
        ("Blank Default: Yes", 2),
        ("Holds <code>a.b</code> If not, another.", 2),
        ("Holds <code>a</code> response of it.", 1),
        ("State: -1 = asked 0 = start 1 = again", 4),
        ("A host:\n- one\n- two\nor none.", 4),
        ("Keys. Note they are secret.", 2),
    ],
)
def test_a_sentence_ends_where_something_new_begins(text: str, count: int) -> None:
    assert len(sentences(text)) == count, sentences(text)


def test_the_digest_is_that_of_the_words_and_not_of_the_white_space() -> None:
    one, two = Passage("a", "b", "Some  words.\n"), Passage("c", "d", "Some words.")
    assert one.digest == two.digest
    assert Passage("a", "b", "Some word.").digest != one.digest


@pytest.mark.parametrize(
    ("chapter", "reason"),
    [
        ("No contents", "no table of contents"),
        ("- [Switches, on page 1](#)\n", "lacks Switches"),
        (CHAPTER.replace("Keep Warm", "Boil Now"), "two rows 'Boil Now'"),
    ],
)
def test_what_is_no_chapter_is_refused(chapter: str, reason: str) -> None:
    with pytest.raises(SpecificationError, match=reason):
        passages(chapter)
