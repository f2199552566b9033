"""The budget as a limit of a run in wall time: a part of the plugin. See `hil.pace.limit`.

Each process that tests a handset holds its own time against the budget. A test that is not begun for
want of time is INCONCLUSIVE: it is planned, so it is not missing, and nobody can know how it would
have ended.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from hil.evidence.results import RunResults, TestResult
from hil.history.events import Cause
from hil.judge import Judgement, Word
from hil.pace.limit import Limit
from hil.pace.report import Outlook, Unbegun
from hil.pytest_requirements import is_judged, requirements_of

LIMIT = pytest.StashKey[Limit]()
"""The limit of this process's handset; only where time passes by itself and has a budget."""
BEGUN = "begun"
"""The property of a report that says, by ``no``, that there was no time left for the test."""


class NotBegun(Exception):
    """There is no time left for a test."""


class Limits:
    """The hooks; ``results_key`` is where the plugin keeps the results."""

    def __init__(self, results_key: pytest.StashKey[RunResults]) -> None:
        self._results_key = results_key

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin no test that would end after the budget."""
        if not is_judged(item):
            return
        held = bool(item.config.stash[self._results_key].baselines)
        if why := no_time_for([item], held=held):
            raise NotBegun(why)


def no_time_for(items: Iterable[pytest.Item], *, held: bool) -> str:
    """Why there is time for none of these tests any more; empty if there is for one.

    ``held`` says that the first baseline exchange was held, so that only the last one is to come.
    """
    tests = list(items)
    config = tests[0].config
    limit = config.stash.get(LIMIT, None)
    if limit is None:
        return ""
    handset = str(config.getoption("--hil-handset") or "")
    ids = [item.nodeid for item in tests]
    return limit.refuses_all(handset, ids, exchanges=1 if held else 2)


def not_begun(item: pytest.Item, why: str, handset: str = "") -> TestResult:
    """The result of a test that there was no time for."""
    judgement = Judgement(Word.INCONCLUSIVE, Cause.NONE, remarks=(f"not begun: {why}",))
    names = requirements_of(item)
    return TestResult(item.nodeid, judgement, names, 0.0, 0.0, handset, begun=False)


def tell(outlook: Outlook, limit: Limit, results: RunResults) -> None:
    """Let the outlook know what there was no time for, and what took that time."""
    missed = [each for each in results.tests if not each.begun]
    seconds = sum(limit.of(each.handset).of(each.id).seconds for each in missed)
    outlook.unbegun = Unbegun(tuple(each.id for each in missed), seconds)
    took = [(each.handset, each.id, each.wall_s, False) for each in results.tests if each.begun]
    took += [(each.handset, each.id, each.wall_s, True) for each in results.baselines]
    outlook.overran = limit.overran(took)
