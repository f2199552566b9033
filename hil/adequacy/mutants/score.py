"""What became of the mutants, and the score: how many of those that count were killed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hil.adequacy.mutants.operators import OPERATORS
from hil.adequacy.mutants.sites import Mutant
from hil.adequacy.outcome import Fate, Outcome

ENOUGH = 0.95
"""The part of the mutants that has to be killed."""


class End(StrEnum):
    """How a mutant ended; the stillborn count for nothing."""

    KILLED = "killed"
    SURVIVED = "survived"
    STILLBORN = "stillborn"


@dataclass(frozen=True)
class Result:
    """A mutant with its end, by which test and finding, or why it lives.

    ``able`` is how many tests the slip makes a difference in, ``ran`` how many of them were run.
    """

    mutant: Mutant
    end: End
    why: str
    test: str = ""
    requirement: str = ""
    able: int = 0
    ran: int = 0

    def as_json(self) -> dict[str, object]:
        """The mutant as `hil adequacy --json` writes it."""
        return {
            "id": self.mutant.id,
            "place": self.mutant.place,
            "operator": self.mutant.operator,
            "before": self.mutant.edit.before,
            "after": self.mutant.edit.after,
            "end": self.end.value,
            "why": self.why,
            "test": self.test,
            "requirement": self.requirement,
            "able": self.able,
            "ran": self.ran,
        }


@dataclass(frozen=True)
class Tally:
    """How many ended how."""

    killed: int
    survived: int
    stillborn: int

    @classmethod
    def of(cls, results: Iterable[Result]) -> Tally:
        """Count them."""
        ends = [result.end for result in results]
        return cls(*(ends.count(end) for end in End))

    @property
    def valid(self) -> int:
        """How many count."""
        return self.killed + self.survived

    @property
    def score(self) -> float:
        """The part of those that count which was killed; 1 if none does."""
        return self.killed / self.valid if self.valid else 1.0

    def as_json(self) -> dict[str, object]:
        """The tally as `hil adequacy --json` writes it."""
        return {
            "killed": self.killed,
            "survived": self.survived,
            "stillborn": self.stillborn,
            "score": round(self.score, 4),
        }


@dataclass(frozen=True)
class Score:
    """The results of a draw. ``equivalents`` were declared so and not drawn.

    ``checked`` are some of them that were run all the same, and that no test may kill.
    """

    seed: int
    sites: int
    equivalents: int
    results: tuple[Result, ...]
    checked: tuple[Result, ...] = ()

    @property
    def tally(self) -> Tally:
        """Of all that count."""
        return Tally.of(self.results)

    def by(self, key: Callable[[Mutant], str], order: Sequence[str] = ()) -> dict[str, Tally]:
        """A tally for each module or operator."""
        names = order or sorted({key(result.mutant) for result in self.results})
        groups = {name: [r for r in self.results if key(r.mutant) == name] for name in names}
        return {name: Tally.of(group) for name, group in groups.items() if group}

    @property
    def enough(self) -> bool:
        """Whether as many were killed as have to be, and none that is declared equivalent."""
        return self.tally.score >= ENOUGH and not self.refuted

    @property
    def refuted(self) -> tuple[Result, ...]:
        """Those that are declared equivalent and that a test killed."""
        return tuple(result for result in self.checked if result.end is End.KILLED)

    @property
    def survivors(self) -> tuple[Result, ...]:
        """Those that nothing found, in the order of modules."""
        living = (result for result in self.results if result.end is End.SURVIVED)
        return tuple(sorted(living, key=lambda r: (r.mutant.module, r.mutant.place)))

    def as_json(self) -> dict[str, object]:
        """What `hil adequacy --json` writes of mutants."""
        modules = self.by(lambda mutant: mutant.module)
        operators = self.by(lambda mutant: mutant.operator, OPERATORS)
        return {
            "seed": self.seed,
            "sites": self.sites,
            "equivalents": self.equivalents,
            "checked": len(self.checked),
            "refuted": [result.as_json() for result in self.refuted],
            **self.tally.as_json(),
            "modules": {name: tally.as_json() for name, tally in modules.items()},
            "operators": {name: tally.as_json() for name, tally in operators.items()},
            "mutants": [result.as_json() for result in self.results],
        }

    def lines(self) -> Iterable[str]:
        """The report for people: by module, by operator, then each survivor with its slip."""
        tally = self.tally
        yield (
            f"{tally.valid} mutants of the reference, {tally.killed} killed, {tally.survived} "
            f"survived: {tally.score:.1%} (seed {self.seed}; {tally.stillborn} more were stillborn; "
            f"{self.sites} sites, {self.equivalents} declared equivalent)"
        )
        for title, tallies in (
            ("module", self.by(lambda mutant: mutant.module)),
            ("operator", self.by(lambda mutant: mutant.operator, OPERATORS)),
        ):
            yield ""
            yield f"{title:<22} killed  survived  stillborn   score"
            for name, each in tallies.items():
                counts = f"{each.killed:>6}  {each.survived:>8}  {each.stillborn:>9}"
                yield f"{name:<22} {counts}  {each.score:>6.1%}"
        for result in self.survivors:
            yield ""
            yield f"survived  {result.mutant.id}  ({result.mutant.place})"
            yield f"          {result.mutant.change}"
            yield f"          {result.why}"
        yield from self.refutations()

    def refutations(self) -> Iterable[str]:
        """What came of running some that are declared equivalent."""
        if not self.checked:
            return
        yield ""
        yield (
            f"{len(self.checked)} of those that are declared equivalent were run, "
            f"{len(self.refuted)} of them are not"
        )
        for result in self.refuted:
            yield ""
            yield f"wrongly declared  {result.mutant.id}  ({result.mutant.place})"
            yield f"          {result.mutant.change}"
            yield f"          {result.test}: {result.why}"


def unreached(mutant: Mutant, *, reached: bool) -> Result:
    """A mutant that no test could find: it survived without being run."""
    why = "it makes no difference in any test" if reached else "no test reaches it"
    return Result(mutant, End.SURVIVED, why)


def result_of(mutant: Mutant, outcome: Outcome, able: int, asked: int) -> Result:
    """What an outcome says of a mutant that was run with ``asked`` of the ``able`` tests."""
    ran = len(outcome.tests)
    if outcome.fate is Fate.KILLED:
        kill = outcome.kills[0]
        why = f"[{kill.requirement}] {kill.what}"
        return Result(mutant, End.KILLED, why, kill.test, kill.requirement, able, ran)
    if outcome.broke or outcome.errors or outcome.troubles:
        return Result(mutant, End.STILLBORN, _reason(outcome), able=able, ran=ran)
    if len(outcome.no_verdict) >= ran:
        return Result(mutant, End.STILLBORN, _reason(outcome), able=able, ran=ran)
    why = "no check found it"
    if asked < able:
        why += f" in {asked} of the {able} tests in which it makes a difference; no more were run"
    elif outcome.no_verdict:
        why += f"; {len(outcome.no_verdict)} without a verdict"
    return Result(mutant, End.SURVIVED, why, able=able, ran=ran)


def _reason(outcome: Outcome) -> str:
    lines = [line for reason in outcome.reasons for line in reason.splitlines() if line.strip()]
    return lines[-1].strip() if outcome.broke and lines else (lines or ["no verdict"])[0]
