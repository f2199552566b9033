"""What a judge found: a clause that was broken, what was due, what came, and by how much.

A clause that was looked at and held is counted, because a verdict needs to know that it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hil.history.events import Cause
from hil.lab_time import NANOSECONDS
from hil.reference.requirements import REQUIREMENTS


@dataclass(frozen=True)
class Finding:
    """One violation. ``source`` tells the monitor's findings from the test's own checks.

    What did not come should have by ``missed_at``, ns of lab time; -1 for whatever came.
    """

    requirement: str
    what: str
    due: str
    seen: str
    margin: str = ""
    at: int = 0
    source: str = "monitor"
    cause: Cause = Cause.DEVICE
    missed_at: int = -1

    def __str__(self) -> str:
        clause = REQUIREMENTS.get(self.requirement)
        lines = [
            f"[{self.requirement}] {self.what}",
            *([f"  clause: {clause.text} ({clause.source})"] if clause else []),
            f"  due:  {_indent(self.due)}",
            f"  seen: {_indent(self.seen)}",
        ]
        if self.margin:
            lines.append(f"  margin: {self.margin}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The finding as `hil certify --json` prints it; ``at`` in seconds of lab time."""
        return {
            "requirement": self.requirement,
            "what": self.what,
            "due": self.due,
            "seen": self.seen,
            "margin": self.margin,
            "at": self.at / NANOSECONDS,
            "source": self.source,
        }


@dataclass
class Ledger:
    """What the monitor found violated, and how often each clause was checked and held."""

    findings: list[Finding] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Ledger:
        """One that goes on by itself from here."""
        return Ledger(list(self.findings), dict(self.checks))

    def violated(self, finding: Finding) -> None:
        """A clause was broken."""
        self.findings.append(finding)

    def withdraw(self, since: int) -> None:
        """Take the omissions of the time since then back: there was an excuse for them."""
        self.findings = [each for each in self.findings if each.missed_at <= since]

    def checked(self, clause: str) -> None:
        """A clause was checked and held."""
        self.checks[clause] = self.checks.get(clause, 0) + 1


def _indent(text: str) -> str:
    return text.replace("\n", "\n        ")
