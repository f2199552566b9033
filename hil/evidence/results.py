"""The results of a run: each test with its verdict, and what `hil certify --json` prints of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hil.evidence.spent import Spent
from hil.judge import EXIT_CODES, Judgement, Word, merge


@dataclass(frozen=True)
class TestResult:
    """One test: its id, its judgement, what it declared, how long it took in both times (s).

    ``handset`` says on which it was, where a run has several. ``spent`` says what the time went into,
    ``timers`` which values the test gave to the phone's timers, by parameter, where it chose them.
    A test that is not ``begun`` was not run: there was no time left for it.
    """

    __test__ = False

    id: str
    judgement: Judgement
    requirements: tuple[str, ...]
    wall_s: float
    lab_s: float
    handset: str = ""
    spent: Spent = field(default_factory=Spent)
    timers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    begun: bool = True

    def as_json(self) -> dict[str, object]:
        """The test as `hil certify --json` prints it."""
        return {
            "id": self.id,
            **({"handset": self.handset} if self.handset else {}),
            "verdict": self.judgement.word.value,
            "cause": self.judgement.cause.value,
            "requirements": list(self.requirements),
            "checked": list(self.judgement.checked),
            "wall_s": round(self.wall_s, 6),
            "lab_s": round(self.lab_s, 6),
            "boots": self.spent.boots,
            "restores": self.spent.restores,
            "boot_s": [round(each, 3) for each in self.spent.boot_s],
            "restore_s": [round(each, 3) for each in self.spent.restore_s],
            **({"timers": dict(self.timers)} if self.timers else {}),
            **({} if self.begun else {"begun": False}),
            "findings": [finding.as_json() for finding in self.judgement.findings],
            "remarks": list(self.judgement.remarks),
            "interpretations": [each.as_json() for each in self.judgement.readings],
            "acquitting": [each.as_json() for each in self.judgement.acquitting],
        }


@dataclass
class RunResults:
    """The results of a run as they come in. ``planned`` is how many tests were selected."""

    planned: int = 0
    tests: list[TestResult] = field(default_factory=list)
    baselines: list[TestResult] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    """What broke outside every test: it belongs to no verdict, and keeps the run from passing."""
    abandoned: list[TestResult] = field(default_factory=list)
    """Of groups that were begun on a handset which failed, and given to another: they are not counted,
    but a FAIL among them stays one."""
    about: dict[str, object] = field(default_factory=dict)
    """What else the document of the run is to say of it."""

    def add(self, result: TestResult, *, baseline: bool = False) -> None:
        """Take a result; a group's baseline exchange is counted apart from the tests."""
        (self.baselines if baseline else self.tests).append(result)

    def replace(self, result: TestResult, by: TestResult) -> None:
        """Put another verdict in the place of one that did not last."""
        self.tests[self.tests.index(result)] = by

    @property
    def unconcluded(self) -> int:
        """How many selected tests have no verdict."""
        return max(0, self.planned - len(self.tests))

    @property
    def word(self) -> Word:
        """The verdict of the whole run: an ERROR at best without a test, or with one unconcluded."""
        words = [result.judgement.word for result in (*self.tests, *self.baselines)]
        words += [Word.FAIL for each in self.abandoned if each.judgement.word is Word.FAIL]
        incomplete = self.unconcluded or not self.tests or self.troubles
        return merge([*words, *([Word.ERROR] if incomplete else [])])

    @property
    def exit_code(self) -> int:
        """0 all PASS, 1 a FAIL, 3 nothing failed but something is INCONCLUSIVE or ERROR."""
        return EXIT_CODES[self.word]

    def summary(self) -> str:
        """One line: how many of each verdict."""
        counts = Counter(result.judgement.word for result in self.tests)
        parts = [f"{counts[word]} {word.value}" for word in Word if counts[word]]
        if unbegun := sum(not each.begun for each in self.tests):
            parts.append(f"{unbegun} not begun")
        if self.unconcluded:
            parts.append(f"{self.unconcluded} without a verdict")
        baseline = [r for r in self.baselines if r.judgement.word is not Word.PASS]
        if baseline:
            parts.append(f"{len(baseline)} baseline exchange(s) not PASS")
        if self.abandoned:
            parts.append(f"{len(self.abandoned)} given up with their handset")
        if self.troubles:
            parts.append(f"{len(self.troubles)} trouble(s) outside the tests")
        return f"{self.word.value}: {', '.join(parts) or 'no test ran'}"

    def as_json(
        self, run: dict[str, object], handset: dict[str, object] | list[dict[str, object]]
    ) -> str:
        """The document that `hil certify --json` writes, of one handset or a list of several."""
        shown = self.baselines_not_passed()
        several = isinstance(handset, list)
        document = {
            "run": {
                **run,
                "verdict": self.word.value,
                "planned": self.planned,
                "concluded": len(self.tests),
                "troubles": list(self.troubles),
                **self.about,
                "baselines": [result.as_json() for result in shown],
            },
            "handsets" if several else "handset": handset,
            "tests": [result.as_json() for result in self.tests],
            **({"abandoned": [each.as_json() for each in self.abandoned]} if several else {}),
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def baselines_not_passed(self) -> Sequence[TestResult]:
        """The baseline exchanges that did not pass."""
        return [r for r in self.baselines if r.judgement.word is not Word.PASS]
