"""The whole chapter, sentence by sentence, and whether a text is the chapter that was read.

`ROWS` covers the chapter: `differences` says so of its text, by the fingerprints that the rows carry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from hil.reference.chapter import passages
from hil.reference.sentence import Row, Sentence
from hil.reference.sentences_macros import MACRO_ROWS
from hil.reference.sentences_profile import FRONT_ROWS, PROFILE_ROWS
from hil.reference.sentences_upgrade import CODE_ROWS, GENERAL_ROWS, UPGRADE_ROWS

ROWS: tuple[Row, ...] = (
    *FRONT_ROWS,
    *PROFILE_ROWS,
    *UPGRADE_ROWS,
    *GENERAL_ROWS,
    *MACRO_ROWS,
    *CODE_ROWS,
)
"""Every row of the chapter, in the order of print."""


def sentences() -> Iterator[tuple[Row, int, Sentence]]:
    """Every sentence with its row and its ordinal in it, from 1 on."""
    for row in ROWS:
        for ordinal, sentence in enumerate(row.sentences, 1):
            yield row, ordinal, sentence


def _said_of() -> Mapping[str, tuple[str, ...]]:
    said: dict[str, list[str]] = {}
    for row, ordinal, sentence in sentences():
        for name in sentence.requirements:
            said.setdefault(name, []).append(f"{row.section}, {row.title}, {ordinal}")
    for row in ROWS:
        for name in row.filled_by:
            said.setdefault(name, []).append(f"{row.section}, {row.title}, empty in print")
    return MappingProxyType({name: tuple(places) for name, places in said.items()})


SENTENCES_OF: Mapping[str, tuple[str, ...]] = _said_of()
"""Of each requirement that the chapter makes, the places of its sentences: section, row, ordinal."""


def differences(chapter: str) -> tuple[str, ...]:
    """What the rows leave out of a text of the chapter, and what they have that it has not.

    An empty answer means that every sentence of this very text is covered. Raises
    `SpecificationError` for a text that is not the chapter at all.
    """
    read = {(passage.section, passage.row): passage for passage in passages(chapter)}
    known = {(row.section, row.title): row for row in ROWS}
    found = [
        f"{section}, {row}: is not covered" for section, row in read if (section, row) not in known
    ]
    found += [
        f"{section}, {row}: is not in the text"
        for section, row in known
        if (section, row) not in read
    ]
    for where, row in known.items():
        passage = read.get(where)
        if passage is None:
            continue
        if len(passage.sentences) != len(row.sentences):
            found.append(
                f"{', '.join(where)}: {len(passage.sentences)} sentences in the text, "
                f"{len(row.sentences)} covered"
            )
        if passage.digest != row.digest:
            found.append(f"{', '.join(where)}: the text is another one than was read")
    if not found and list(read) != list(known):
        found.append("the rows stand in another order")
    return tuple(found)
