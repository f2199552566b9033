"""One question that the published text leaves open."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One open question, answered by the field ``name`` of `Interpretations`.

    ``note`` explains the readings whose names do not, and why the default is not the chapter's
    literal text where it is not.
    """

    key: str
    name: str
    question: str
    citation: str
    note: str = ""
