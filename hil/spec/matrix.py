"""The matrix: each requirement with its sentences, tests, defects and open questions.

A requirement is covered if at least one certification test names it and at least one defect breaks it,
so that the test can be seen to say no. A test that says no without checking is the adequacy's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hil.reference.coverage import ROWS, SENTENCES_OF, sentences
from hil.reference.interpretations import CATALOGUE
from hil.reference.requirements import REQUIREMENTS, Requirement
from hil.spec import suite
from hil.suite_location import certification_suite
from hil.virtual.defects import DEFECTS


@dataclass(frozen=True, slots=True)
class Entry:
    """One requirement with all that stands beside it.

    ``sentences`` are places of the chapter (section, row, ordinal), ``tests`` are ``module::test``,
    ``defects`` names, and ``questions`` keys of the open questions that cite a row of the source.
    """

    requirement: Requirement
    sentences: tuple[str, ...]
    tests: tuple[str, ...]
    defects: tuple[str, ...]
    questions: tuple[str, ...]

    @property
    def lacks(self) -> tuple[str, ...]:
        """What it would need to be covered."""
        needs = {"a certification test": self.tests, "a defect": self.defects}
        return tuple(need for need, there in needs.items() if not there)

    def as_json(self) -> dict[str, Any]:
        """The entry as ``hil spec`` prints it."""
        required = self.requirement
        return {
            "id": required.id,
            "level": required.level.value,
            "text": required.text,
            "source": required.source,
            "observable": {
                "by": [witness.value for witness in required.observable.by],
                "what": required.observable.what,
            },
            "sentences": list(self.sentences),
            "tests": list(self.tests),
            "defects": list(self.defects),
            "questions": list(self.questions),
        }


def matrix(tests: Mapping[str, tuple[str, ...]] | None = None) -> tuple[Entry, ...]:
    """Every requirement in the catalogue's order; ``tests`` are the suite's unless others are given."""
    known = suite.naming(certification_suite()) if tests is None else tests
    defects: dict[str, list[str]] = {}
    for defect in DEFECTS.values():
        defects.setdefault(defect.requirement, []).append(defect.name)
    return tuple(
        Entry(
            requirement,
            SENTENCES_OF.get(name, ()),
            known.get(name, ()),
            tuple(defects.get(name, ())),
            _questions(requirement),
        )
        for name, requirement in REQUIREMENTS.items()
    )


def uncovered(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """What a complete catalogue would not say: a requirement that nothing tests or breaks."""
    return tuple(
        f"{entry.requirement.id}: has no {need.partition(' ')[2]}"
        for entry in entries
        for need in entry.lacks
    )


def totals(entries: tuple[Entry, ...]) -> dict[str, int]:
    """The catalogue in numbers."""
    every = [sentence for _, _, sentence in sentences()]
    return {
        "rows": len(ROWS),
        "sentences": len(every),
        "normative": sum(sentence.normative for sentence in every),
        "requirements": len(entries),
        "tests": len({test for entry in entries for test in entry.tests}),
        "defects": sum(len(entry.defects) for entry in entries),
        "uncovered": len(uncovered(entries)),
    }


def _questions(requirement: Requirement) -> tuple[str, ...]:
    """The open questions whose citation names a row of the chapter that the source names."""
    rows = {
        row.title
        for row in ROWS
        if f"{row.section}, {row.title}" in requirement.source and row.title != "introduction"
    }
    cited = (
        entry.key for entry in CATALOGUE if any(f"chapter, {row}" in entry.citation for row in rows)
    )
    return tuple(dict.fromkeys(cited))
