"""What an exploration has done so far: counts that can be added up, whoever counted them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hil.explore.player import Played, Result


@dataclass
class Tally:
    """Scenarios by what became of them, lab time in seconds, and in how many each clause was checked.

    ``broken`` counts the scenarios in which a requirement was seen broken.
    """

    results: Counter[str] = field(default_factory=Counter)
    clauses: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    lab_s: float = 0.0
    remarks: dict[str, str] = field(default_factory=dict)

    def add(self, played: Played) -> None:
        """Count one more scenario."""
        self.results[played.result.value] += 1
        self.lab_s += played.lab_s
        self.clauses.update(played.judgement.checked)
        self.broken.update({finding.requirement for finding in played.findings})
        if played.result in (Result.LAB, Result.CRASH, Result.INCONCLUSIVE):
            self.remarks.setdefault(played.result.value, played.crash or str(played.judgement))

    def merge(self, other: Tally) -> None:
        """Add what somebody else has counted."""
        self.results.update(other.results)
        self.clauses.update(other.clauses)
        self.broken.update(other.broken)
        self.lab_s += other.lab_s
        self.remarks = other.remarks | self.remarks

    @property
    def scenarios(self) -> int:
        """How many were played."""
        return sum(self.results.values())

    def as_json(self) -> dict[str, Any]:
        """The counts as plain data; `from_json` reads them again."""
        return {
            "results": dict(self.results),
            "clauses": dict(sorted(self.clauses.items())),
            "broken": dict(sorted(self.broken.items())),
            "lab_s": round(self.lab_s, 3),
            "remarks": self.remarks,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Tally:
        """What `as_json` gave."""
        return cls(
            Counter(data["results"]),
            Counter(data["clauses"]),
            Counter(data["broken"]),
            data["lab_s"],
            dict(data["remarks"]),
        )
