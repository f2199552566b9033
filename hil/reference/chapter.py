"""The chapter of the specification as a file: its passages, its sentences, and their fingerprints.

The catalogue says of every sentence of the chapter what becomes of it, and holds none of them. Whoever
has the chapter can prove that nothing was left out, because its text is split here by fixed rules, and
each passage is known by the digest of its text.

A *passage* is a row of one of the chapter's tables, or a section's text outside of its tables; what
stands before the first section, the title and the table of contents, is one more. A *sentence* ends at
a full stop, with a paragraph, with an item of a list, or where printed code ends and new words begin.
Examples and defaults that are announced by a word, and the values of a macro that are printed in a row,
are sentences of their own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from hil.errors import SpecificationError

FRONT = "Front"
"""The section of what stands before the first section."""
INTRODUCTION = "introduction"
"""The row of a section's text outside of its tables."""

_CONTENTS = re.compile(r"- \[(?P<section>.+), on page \d+\]\(#\)")
_TABLE_HEAD = "Parameter Name\tDescription and Default Value"
_BLOCK = re.compile(r"</?p>|</?ul[^>]*>|•|\n(?:- )?")
_BREAK = re.compile(
    r"(?<=[.;?!])\s+(?=[A-Z(]|for example)"  # a full stop, and a new beginning
    r"|(?<=</code>)\s+(?=[A-Z])"  # printed code, and a new beginning
    r"|\s+(?=Example[:,]|Default:|Note\b|where, )"  # what is announced by a word
    r"|\s+(?=-?\d = )"  # the values of a macro
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A row of the chapter: its section, the row's title, and its text as it is printed."""

    section: str
    row: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text with single blanks in the place of all white space, in hexadecimal."""
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of the text, in order, without the tags of paragraphs and lists."""
        blocks = (" ".join(block.split()) for block in _BLOCK.split(self.text))
        return tuple(part for block in blocks if block for part in _BREAK.split(block) if part)


def passages(chapter: str) -> tuple[Passage, ...]:
    """Split the text of the chapter into its passages, in order.

    Raises `SpecificationError` for a text that is not this chapter: one without a table of contents
    in front, one that lacks a section which that names, or with two rows of one title.
    """
    lines = [line.strip(" ") for line in chapter.splitlines()]
    sections = [match["section"] for line in lines if (match := _CONTENTS.fullmatch(line))]
    if not sections:
        raise SpecificationError("this is not the chapter: it has no table of contents")
    texts: dict[tuple[str, str], list[str]] = {(FRONT, INTRODUCTION): []}
    section = FRONT
    for line in lines:
        title, tab, cell = line.partition("\t")
        if line in sections and (line, INTRODUCTION) not in texts:
            section = line
            texts[section, INTRODUCTION] = []
        elif line == _TABLE_HEAD or not line:
            continue
        elif section == FRONT or not tab:
            texts[section, INTRODUCTION].append(line)
        elif (section, title) in texts:
            raise SpecificationError(f"{section} has two rows {title!r}")
        else:
            texts[section, title] = [cell]
    missing = [name for name in sections if (name, INTRODUCTION) not in texts]
    if missing:
        raise SpecificationError(f"this is not the chapter: it lacks {', '.join(missing)}")
    return tuple(Passage(*where, "\n".join(text)) for where, text in texts.items())
