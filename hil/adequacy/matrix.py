"""The kill matrix: requirement x defect x the tests and checks that killed it, and what is missing.

The suite is adequate to the catalogue if every defect is killed that is not declared equivalent, no
defect's run has an ERROR in it, every test fails some defect of the first requirement that it names,
every pair is killed by one of its two clauses, and no declaration is stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hil.adequacy.outcome import Fate, Outcome
from hil.virtual.defect import Defect


@dataclass(frozen=True)
class Row:
    """A defect and what became of it; ``equivalent`` is the declared reason, or empty."""

    defect: Defect
    outcome: Outcome
    equivalent: str = ""

    @property
    def counted(self) -> bool:
        """Whether it belongs to the score."""
        return not self.equivalent

    @property
    def killed(self) -> bool:
        """Whether its own clause killed it."""
        return self.outcome.fate is Fate.KILLED


@dataclass(frozen=True)
class PairRow:
    """Two defects in one handset."""

    one: Defect
    other: Defect
    outcome: Outcome

    @property
    def masked(self) -> tuple[str, ...]:
        """The defects whose clause found nothing beside the other one."""
        found = {kill.requirement for kill in self.outcome.kills}
        return tuple(d.name for d in (self.one, self.other) if d.requirement not in found)


@dataclass(frozen=True)
class Score:
    """So many killed of so many that count."""

    killed: int
    counted: int

    @property
    def share(self) -> float:
        """The part that was killed, 0 to 1; 1 where nothing counts."""
        return self.killed / self.counted if self.counted else 1.0

    def __str__(self) -> str:
        # Rounded down: 99.96 % are not 100.0 %.
        return f"{self.killed}/{self.counted} ({int(self.share * 1000) / 10:.1f} %)"


@dataclass(frozen=True)
class Matrix:
    """Everything that was run of the catalogue.

    ``tests`` has the tests that were used with the requirements that they name. ``complete`` are the
    requirements of which every defect was run; only of those can it be told which tests find nothing.
    ``unknown`` are declarations of equivalence for defects that there are not.
    """

    rows: tuple[Row, ...]
    pairs: tuple[PairRow, ...]
    tests: Mapping[str, tuple[str, ...]]
    complete: frozenset[str]
    unknown: tuple[str, ...] = ()

    @property
    def requirements(self) -> tuple[str, ...]:
        """The requirements whose defects were run, in the catalogue's order."""
        return tuple(dict.fromkeys(row.defect.requirement for row in self.rows))

    def of(self, requirement: str) -> tuple[Row, ...]:
        """The defects of one requirement."""
        return tuple(row for row in self.rows if row.defect.requirement == requirement)

    def score(self, *requirements: str) -> Score:
        """The score of some requirements, of all without any."""
        rows = [
            row
            for row in self.rows
            if row.counted and (not requirements or row.defect.requirement in requirements)
        ]
        return Score(sum(row.killed for row in rows), len(rows))

    @property
    def survivors(self) -> tuple[Row, ...]:
        """The defects that no check of their clause found."""
        return self._ended(Fate.SURVIVED)

    @property
    def invalid(self) -> tuple[Row, ...]:
        """The defects whose run came to no end that can be counted."""
        return self._ended(Fate.INVALID)

    def _ended(self, fate: Fate) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.counted and row.outcome.fate is fate)

    @property
    def stale(self) -> tuple[str, ...]:
        """The defects that are declared equivalent and were killed, or do not exist."""
        wrong = [row.defect.name for row in self.rows if row.equivalent and row.killed]
        return (*wrong, *self.unknown)

    @property
    def erroneous(self) -> tuple[Outcome, ...]:
        """The runs of killed defects and pairs in which some test ended in ERROR."""
        outcomes = [row.outcome for row in self.rows] + [pair.outcome for pair in self.pairs]
        return tuple(o for o in outcomes if o.fate is Fate.KILLED and o.errors)

    @property
    def pairs_alive(self) -> tuple[PairRow, ...]:
        """The pairs that neither clause found."""
        return tuple(pair for pair in self.pairs if pair.outcome.fate is not Fate.KILLED)

    def failed_by(self, test: str) -> tuple[str, ...]:
        """The defects of its first requirement with which a test says FAIL, whatever clause it names.

        A test may well see a defect by what else goes wrong; that is enough for the test to be worth
        something, though not for the defect to be killed.
        """
        return tuple(
            row.defect.name
            for row in self.of(self.tests[test][0])
            if any(each.id == test and each.verdict == "FAIL" for each in row.outcome.tests)
        )

    @property
    def idle_tests(self) -> tuple[str, ...]:
        """The tests that find no defect of the first requirement that they name."""
        return tuple(
            test
            for test, named in self.tests.items()
            if named[0] in self.complete and not self.failed_by(test)
        )

    @property
    def adequate(self) -> bool:
        """Whether nothing is missing."""
        missing = (
            self.survivors,
            self.invalid,
            self.stale,
            self.erroneous,
            self.pairs_alive,
            self.idle_tests,
        )
        return not any(missing)


def matrix(
    rows: Sequence[tuple[Defect, Outcome]],
    pairs: Sequence[tuple[Defect, Defect, Outcome]],
    tests: Mapping[str, tuple[str, ...]],
    catalogue: Mapping[str, Defect],
    equivalent: Mapping[str, str],
) -> Matrix:
    """Put outcomes together; ``catalogue`` has all defects, ``equivalent`` the declared reasons."""
    run = {defect.name for defect, _ in rows}
    open_ones = {d.requirement for d in catalogue.values() if d.name not in run}
    return Matrix(
        tuple(Row(defect, outcome, equivalent.get(defect.name, "")) for defect, outcome in rows),
        tuple(PairRow(*each) for each in pairs),
        tests,
        frozenset(defect.requirement for defect, _ in rows) - open_ones,
        tuple(name for name in equivalent if name not in catalogue),
    )
