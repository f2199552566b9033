"""What becomes of a sentence of the chapter: requirements, or a reason why it binds nobody.

The sentences themselves are not here. A `Row` says where they stand and how many there are, and its
digest tells whether a text is the one that was read (`hil.reference.chapter.Passage.digest`); of each
sentence there are a few words of our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hil.errors import SpecificationError


class Reason(StrEnum):
    """Why a sentence requires nothing of a phone."""

    HEADING = "a title or an entry of the table of contents"
    INTRODUCTION = "says what follows, which speaks for itself"
    PURPOSE = "says what something is good for, not what a phone does"
    EXAMPLE = "an example of how something may look"
    ADVICE = "tells the reader how to write a value, whose meaning another sentence gives"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in a few words of ours: the ids that it becomes, or the reason why none."""

    words: str
    requirements: tuple[str, ...]
    reason: Reason | None

    @property
    def normative(self) -> bool:
        """Whether it requires something of a phone."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the chapter, or a section's text outside of its tables, with all of its sentences.

    ``filled_by`` are the requirements that other documents give a row whose cell is empty in print.
    """

    section: str
    title: str
    digest: str
    sentences: tuple[Sentence, ...]
    filled_by: tuple[str, ...] = ()


def row(
    section: str, title: str, digest: str, *sentences: Sentence, filled_by: tuple[str, ...] = ()
) -> Row:
    """A row with its sentences in the order of print; their ordinals follow from that, from 1 on."""
    return Row(section, title, digest, sentences, filled_by)


def says(words: str, *requirements: str) -> Sentence:
    """A normative sentence; raises `SpecificationError` if it becomes no requirement."""
    if not requirements:
        raise SpecificationError(f"the sentence {words!r} becomes no requirement")
    return Sentence(words, requirements, None)


def aside(words: str, reason: Reason) -> Sentence:
    """A sentence that requires nothing of a phone."""
    return Sentence(words, (), reason)
