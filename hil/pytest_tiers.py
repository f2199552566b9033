"""Which tests a tier has, how long they will take, and how long they took: a part of the plugin.

The estimate is made when the tests are chosen, before anything is touched. Where time passes by itself
it is held against what the run took, and what each test took is kept for the next estimate.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from hil.errors import HilError, LeaseError
from hil.evidence.results import RunResults, TestResult
from hil.history import events as ev
from hil.judge import Monitor, Word
from hil.leases.files import state_directory
from hil.pace.durations import shipped
from hil.pace.estimate import Estimator, speed_of
from hil.pace.limit import Limit
from hil.pace.measured import Fresh, Measured, MeasuredFile
from hil.pace.plan import RESERVE, Crew, planned
from hil.pace.report import Outlook
from hil.pace.tiers import TIERS, Candidate, Tier
from hil.pace.timers import Pace
from hil.pytest_capabilities import why_lacking
from hil.pytest_handsets import testbed_of
from hil.pytest_limit import LIMIT, tell
from hil.pytest_readings import why_not_applicable
from hil.pytest_requirements import is_judged, requirements_of
from hil.reference.timers import shorter_than
from hil.testbed.bench import Bench, Site
from hil.testbed.inventory import HandsetEntry, Testbed

PACE = pytest.StashKey[Pace]()
"""How a test set the phone's timers; not there where it had no say in them."""
OUTLOOK = pytest.StashKey[Outlook]()
"""What is known of a run before it begins."""
QUICK_LAB_S = 6.0
"""The most lab time, in seconds, that a test may take which is marked as quick."""
_TOLD = (Word.PASS, Word.FAIL, Word.NOT_APPLICABLE)


@dataclass(frozen=True)
class Sharing:
    """Several handsets in one run; see `hil.parallel.spreading.Spreading`."""

    handsets: tuple[str, ...]
    each: bool = False
    at_once: int = 0


SHARING = pytest.StashKey[Sharing]()
"""Who shares a run, where there are several."""


def add_options(group: pytest.OptionGroup) -> None:
    """Options of tiers, timers and quick tests."""
    group.addoption(
        "--hil-quick",
        action="store_true",
        help="only certification tests that are marked as quick, with one baseline for them all",
    )
    group.addoption(
        "--hil-tier",
        choices=tuple(TIERS),
        help="a part of the suite that fits a budget: smoke 10 minutes a phone, nightly 600, full all",
    )
    group.addoption(
        "--hil-budget", metavar="MINUTES", type=float, help="another budget for the tier"
    )
    group.addoption(
        "--hil-timers",
        choices=("auto", "usual", "quick"),
        default="auto",
        help="values of timers: as in the field, or quick where a test allows it; by default quick "
        "where time passes by itself, and in the tiers smoke and nightly",
    )


def tier_of(config: pytest.Config) -> Tier | None:
    """The tier that was asked for, with its budget."""
    name, minutes = config.getoption("--hil-tier"), config.getoption("--hil-budget")
    if name is None:
        if minutes is not None:
            raise pytest.UsageError("--hil-budget is for a tier: give --hil-tier")
        return None
    if minutes is None:
        return TIERS[name]
    if not 0 < minutes <= 60 * 24 * 365:
        raise pytest.UsageError("--hil-budget: minutes, more than 0 and at most a year's")
    return replace(TIERS[name], budget_s=60.0 * minutes)


def is_one_group(config: pytest.Config) -> bool:
    """Whether one baseline exchange before and after all tests is enough."""
    tier = config.getoption("--hil-tier")
    together = tier is not None and TIERS[tier].together
    return bool(together or config.getoption("--hil-quick") or config.getoption("--hil-one-group"))


def passes_by_itself(config: pytest.Config, testbed: Testbed) -> bool:
    """Whether the run waits in wall time."""
    return testbed.kind == "rack" or bool(config.getoption("--hil-wall-clock"))


def quick_timers(config: pytest.Config, testbed: Testbed) -> bool:
    """Whether the tests are to take small values for timers."""
    asked = config.getoption("--hil-timers")
    if asked != "auto":
        return bool(asked == "quick")
    budgeted = config.getoption("--hil-tier") in ("smoke", "nightly")
    return budgeted or config.getoption("--hil-quick") or passes_by_itself(config, testbed)


def pace_of(config: pytest.Config, testbed: Testbed, entry: HandsetEntry) -> Pace:
    """How timers are to be set on a handset in this run."""
    minimum_s = entry.capabilities.minimum_timer_s
    return Pace(quick_timers(config, testbed), entry.judge_timing(), minimum_s)


def too_short(bench: Bench[Site], events: Sequence[ev.Event]) -> str:
    """Which timers a test gave the handset that its firmware does not allow; empty if none.

    What a phone makes of them says nothing about it, so nobody is to be judged by such a test.
    """
    minimum_s = bench.entry.capabilities.minimum_timer_s
    if minimum_s is None:
        return ""
    found: dict[str, str] = {}
    for parameters in Monitor(bench.reference_phone(), bench.timing).held(events):
        found |= shorter_than(minimum_s, parameters, bench.entry.parameters)
    if not found:
        return ""
    told = ", ".join(f"{name} {value}" for name, value in found.items())
    return (
        f"the test gave the handset {told}, and the firmware of {bench.entry.name} allows no timer"
        f" below {minimum_s:g} s; the fixture pace has values that it allows"
    )


def not_quick(item: pytest.Item, result: TestResult) -> list[str]:
    """What is untrue of the mark of a quick test that ran in virtual time; it keeps a run from passing.

    In wall time the load would decide. A handset may forbid timers that are as small as it takes.
    """
    pace = item.stash.get(PACE, None)
    if result.lab_s <= QUICK_LAB_S or (pace is not None and pace.slowed):
        return []
    return [
        f"{result.id} is marked as quick and took {result.lab_s:.1f} s of lab time;"
        f" {QUICK_LAB_S:g} s is the most"
    ]


@dataclass
class Tiers:
    """The hooks; ``results_key`` is where the plugin keeps the results."""

    results_key: pytest.StashKey[RunResults]
    _began: float = 0.0
    _files: dict[str, MeasuredFile] = field(default_factory=dict)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Take what the tier takes, after all other selections, and say how long that will be."""
        tier = tier_of(config)
        judged = [item for item in items if is_judged(item)]
        if not judged:
            return
        try:
            self._plan(config, items, judged, tier)
        except HilError as error:
            raise pytest.UsageError(str(error)) from error

    def _plan(
        self,
        config: pytest.Config,
        items: list[pytest.Item],
        judged: Sequence[pytest.Item],
        tier: Tier | None,
    ) -> None:
        testbed = testbed_of(config)
        sharing = _sharing(config, testbed)
        real = passes_by_itself(config, testbed)
        warnings: list[str] = []
        crew = Crew(
            tuple(self._estimators(config, testbed, sharing, judged, warnings)),
            each=sharing.each,
            at_once=sharing.at_once,
            together=is_one_group(config),
            adjoining=real,
        )
        candidates = [
            Candidate(
                item.nodeid,
                requirements_of(item),
                item.get_closest_marker("smoke") is not None,
                not all(item.nodeid in each.declined for each in crew.handsets),
            )
            for item in judged
        ]
        budget_s = tier.budget_s if real and tier is not None else None
        plan = planned(candidates, crew, tier, reserve=0.0 if budget_s is None else RESERVE)
        if budget_s is not None:
            estimators = {each.name: each for each in crew.handsets}
            config.stash[LIMIT] = Limit(budget_s, estimators)
        outlook = Outlook(plan, sharing.handsets, real, datetime.now().astimezone(), warnings)
        config.stash[OUTLOOK] = outlook
        config.stash[self.results_key].about["pace"] = outlook.as_json()
        chosen = set(plan.chosen)
        dropped = [item for item in judged if item.nodeid not in chosen]
        if dropped:
            config.hook.pytest_deselected(items=dropped)
            gone = {item.nodeid for item in dropped}
            items[:] = [item for item in items if item.nodeid not in gone]

    def _estimators(
        self,
        config: pytest.Config,
        testbed: Testbed,
        sharing: Sharing,
        judged: Sequence[pytest.Item],
        warnings: list[str],
    ) -> Iterable[Estimator]:
        quick = quick_timers(config, testbed)
        durations = shipped()
        for name in sharing.handsets:
            entry = testbed.handset(name)
            known = Measured()
            if passes_by_itself(config, testbed):
                known, warning = self._known(testbed, entry)
                warnings += [f"{name}: {warning}"] if warning else []
            speed = speed_of(
                entry, durations, real=testbed.kind == "rack", quick=quick, known=known
            )
            declined = {
                item.nodeid
                for item in judged
                if why_lacking(item, testbed, entry) or why_not_applicable(item, entry)
            }
            yield Estimator(name, speed, durations, known, quick, declined)

    def _known(self, testbed: Testbed, entry: HandsetEntry) -> tuple[Measured, str]:
        try:
            state = state_directory(str(testbed.state) if testbed.state is not None else None)
        except LeaseError as error:
            return Measured(), str(error)
        file = MeasuredFile(state, entry.mac, entry.model, entry.firmware.swver)
        self._files[entry.name] = file
        return file.load()

    def pytest_report_collectionfinish(self, config: pytest.Config) -> list[str]:
        """Say what is known before the run."""
        return config.stash[OUTLOOK].before() if OUTLOOK in config.stash else []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """The clock runs from here: by now the handset is taken."""
        self._began = time.monotonic()
        if LIMIT in session.config.stash:
            session.config.stash[LIMIT].begin()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hold the estimate against what the run took, and keep what was measured."""
        config = session.config
        outlook = config.stash.get(OUTLOOK, None)
        results = config.stash[self.results_key]
        if outlook is None or not outlook.real or not results.tests or not self._began:
            return
        outlook.took_s = time.monotonic() - self._began
        complete = not results.unconcluded and not results.troubles
        if LIMIT in config.stash:
            # Before what was measured now becomes an estimate.
            tell(outlook, config.stash[LIMIT], results)
        self._keep(outlook, results, complete=complete)
        results.about["pace"] = outlook.as_json()

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Where pytest itself tells what came of a run, tell what there was no time for."""
        for line in config.stash[OUTLOOK].untold() if OUTLOOK in config.stash else []:
            terminalreporter.write_line(line)

    def _keep(self, outlook: Outlook, results: RunResults, *, complete: bool) -> None:
        for name, file in self._files.items():
            mine = [each for each in results.tests if each.handset in ("", name)]
            held = [each for each in results.baselines if each.handset in ("", name)]
            fresh = _fresh(mine, held, quick=outlook.plan.quick)
            if len(self._files) == 1 and complete and outlook.took_s is not None:
                inside = sum(each.wall_s for each in (*mine, *held))
                fresh = replace(fresh, around=max(0.0, outlook.took_s - inside))
            if not fresh.tests and not fresh.baselines:
                continue
            try:
                file.add(fresh)
            except LeaseError as error:
                outlook.warnings.append(f"{name}: what was measured cannot be kept: {error}")


def _sharing(config: pytest.Config, testbed: Testbed) -> Sharing:
    if SHARING in config.stash:
        return config.stash[SHARING]
    workers = getattr(config, "workerinput", None)
    if workers is not None and config.getoption("--hil-testbed"):
        # All workers have to choose the same tests, whichever handset each has.
        names = tuple(each.name for each in testbed.handsets)
        return Sharing(names, at_once=int(workers["workercount"]))
    return Sharing((testbed.handset(config.getoption("--hil-handset")).name,))


def _fresh(tests: Sequence[TestResult], held: Sequence[TestResult], *, quick: bool) -> Fresh:
    """What one handset has shown.

    A test that came to no verdict says nothing of how long it takes, nor does one that was declined.
    """
    tests = [
        each
        for each in tests
        if each.judgement.word in _TOLD
        and (each.judgement.word is not Word.NOT_APPLICABLE or each.spent.boots)
    ]
    held = [each for each in held if each.judgement.word in _TOLD]
    every = (*tests, *held)
    return Fresh(
        {each.id: each.wall_s for each in tests},
        quick,
        tuple(took for each in every for took in each.spent.boot_s),
        tuple(took for each in every for took in each.spent.restore_s),
        tuple(each.wall_s for each in held),
    )
