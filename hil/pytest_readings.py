"""The readings of open questions in pytest's reports, and tests that hold for one reading only.

Part of `hil.pytest_plugin`. A test marked ``@reading(resync_trigger="becomes-true")`` expects what that
reading says: its verdict rests on it, and where the testbed has chosen another one for the handset the
test is NOT_APPLICABLE. Each judged test gets a property ``interpretation`` for every reading that its
verdict rests on, which JUnit shows; Allure gets the same as labels.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import pytest

from hil.evidence.results import RunResults
from hil.judge import Judgement
from hil.marks import NotApplicable
from hil.testbed.bench import Bench, Site
from hil.testbed.inventory import HandsetEntry


def declared_readings(item: pytest.Item) -> Mapping[str, tuple[str, ...]]:
    """The questions on which a test's own expectations rest, with the readings that they hold for."""
    declared: dict[str, tuple[str, ...]] = {}
    for mark in item.iter_markers("reading"):
        for name, wanted in mark.kwargs.items():
            declared.setdefault(name, wanted)
    return declared


def why_not_applicable(item: pytest.Item, entry: HandsetEntry) -> str:
    """Why a test does not apply to a handset that is read in this way; empty if it does."""
    chosen = entry.chosen_interpretations()
    for name, wanted in declared_readings(item).items():
        reading = str(getattr(chosen, name))
        if reading not in wanted:
            return (
                f"it expects what {name}={' or '.join(wanted)} says;"
                f" for {entry.name} the testbed has chosen {name}={reading}"
            )
    return ""


class Readings:
    """The hooks; ``bench_key`` and ``results_key`` are where the plugin keeps the two."""

    def __init__(
        self, bench_key: pytest.StashKey[Bench[Site]], results_key: pytest.StashKey[RunResults]
    ) -> None:
        self._bench = bench_key
        self._results = results_key

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> None:
        """Decline a test that expects another reading than the testbed's."""
        bench = pyfuncitem.config.stash.get(self._bench, None)
        if bench is not None and (why := why_not_applicable(pyfuncitem, bench.entry)):
            raise NotApplicable(why)

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_pyfunc_call")
    def pytest_pyfunc_call_told(
        self, pyfuncitem: pytest.Function
    ) -> Generator[None, object, object]:
        """Put the readings into what JUnit and Allure are told of the test."""
        try:
            return (yield)
        finally:
            tests = pyfuncitem.config.stash[self._results].tests
            if tests and tests[-1].id == pyfuncitem.nodeid:
                _tell(pyfuncitem, tests[-1].judgement)


def _tell(item: pytest.Item, judgement: Judgement) -> None:
    told = [("interpretation", str(each)) for each in judgement.readings]
    told += [("acquitting-interpretation", str(each)) for each in judgement.acquitting]
    item.user_properties += told
    if item.config.getoption("allure_report_dir", None):
        import allure

        for name, value in told:
            allure.dynamic.label(name, value)  # type: ignore[no-untyped-call]
