"""A budget as a limit: where time passes by itself, a test that would end after it is not begun.

The plan of a run rests on what tests take when they pass, and one that fails may take many times that,
until the last of its time-outs is over. So before each test the time of its handset so far is held
against the budget, together with the test's estimate and with the baseline exchange after it. What is
under way is not cut; what is not begun has no verdict on the phone, and the run says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hil.pace.estimate import Estimator
from hil.pace.report import Overrun, spoken


@dataclass
class Limit:
    """The budget of each handset of a run, ``budget_s`` in seconds; ``estimators`` by name.

    In a process that tests one handset; its time runs from `begin` on, by the monotonic clock
    ``now`` (seconds).
    """

    budget_s: float
    estimators: Mapping[str, Estimator]
    now: Callable[[], float] = time.monotonic
    _began: float | None = field(default=None, init=False)

    def begin(self) -> None:
        """The handset is taken: from here on it spends its budget."""
        self._began = self.now()

    @property
    def spent_s(self) -> float:
        """The handset's time so far, in seconds."""
        return 0.0 if self._began is None else self.now() - self._began

    def of(self, handset: str) -> Estimator:
        """The estimates for a handset; the empty name stands for the only one."""
        return self.estimators[handset or next(iter(self.estimators))]

    def refuses(self, handset: str, test: str, *, exchanges: int = 1) -> str:
        """Why a test is not to be begun any more; empty if it has time.

        ``exchanges`` is how many baseline exchanges are still to be held with it.
        """
        estimator = self.of(handset)
        took, held = estimator.of(test).seconds, exchanges * estimator.baseline_s
        left = self.budget_s - self.spent_s
        if took + held <= left:
            return ""
        now = datetime.now().astimezone()
        budget = f"the budget of {spoken(self.budget_s)} was spent"
        if left <= 0:
            return f"{budget} by {now + timedelta(seconds=left):%H:%M}"
        beside = f" and {spoken(held)} for the baseline exchange after it" if held else ""
        return (
            f"{budget} by {now:%H:%M} but for {spoken(left)}; it takes about {spoken(took)}{beside}"
        )

    def refuses_all(self, handset: str, tests: Iterable[str], *, exchanges: int = 1) -> str:
        """Why none of these tests is to be begun any more; empty if one of them has time."""
        reasons = [self.refuses(handset, test, exchanges=exchanges) for test in tests]
        return "" if not all(reasons) else next(iter(reasons), "")

    def overran(self, took: Iterable[tuple[str, str, float, bool]]) -> list[Overrun]:
        """What took longer than its estimate, the most first.

        ``took`` are handset, name, seconds and whether it was a baseline exchange.
        """
        found = []
        for handset, name, seconds, exchange in took:
            estimator = self.of(handset)
            due = estimator.baseline_s if exchange else estimator.of(name).seconds
            if seconds > due:
                found.append(Overrun(name, handset, due, seconds))
        return sorted(found, key=lambda each: each.estimate_s - each.took_s)
