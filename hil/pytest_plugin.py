"""The pytest plugin: fixtures of a bench, and a verdict instead of pass and fail.

Load it with ``pytest_plugins = ["hil.pytest_plugin"]``; it does nothing to tests that do not ask for
the ``handset`` fixture. Those that do are judged: whatever pytest thought of the test function, the
verdict is what `hil.judge` says of its part of the history.

The plugin only translates: marks into requirements, exceptions into a `Conduct`, verdicts into
reports. Opening and closing things is the fixtures' part, judging the judge's.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hil.errors import UsageError
from hil.evidence.log import write_log
from hil.evidence.results import RunResults, TestResult
from hil.evidence.spent import spent
from hil.history import events as ev
from hil.judge import Conduct, Word, judge
from hil.lab_time import NANOSECONDS
from hil.pytest_capabilities import CapabilityMarks
from hil.pytest_conduct import conduct_of, unstarted
from hil.pytest_handsets import HANDSETS, Handsets, add_options
from hil.pytest_limit import BEGUN, Limits, NotBegun, not_begun
from hil.pytest_readings import Readings, declared_readings
from hil.pytest_requirements import is_judged, refuse, requirements_of
from hil.pytest_tiers import PACE, QUICK_LAB_S, Tiers, not_quick, too_short
from hil.pytest_tiers import add_options as add_tiers
from hil.pytest_workers import register
from hil.suite_location import suite_root
from hil.testbed.bench import Bench, Site

RESULTS = pytest.StashKey[RunResults]()
BENCH = pytest.StashKey[Bench[Site]]()
STARTED = pytest.StashKey[ev.TestStarted]()
ASIDE = pytest.StashKey[Callable[[str], None]]()
"""Takes lines about what a handset keeps everybody waiting for; not there where nobody reads them."""
BEGAN = pytest.StashKey[float]()
"""When a test began in wall time: with the bench built and the group's baseline held."""
ENTERS_LATER = pytest.StashKey[bool]()
"""Set where this process only collects, and whoever runs the tests enters the namespaces."""
_JUDGED = pytest.StashKey[TestResult]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the bench; `hil certify` sets them from its own."""
    group = parser.getgroup("hil", "hardware-in-the-loop bench")
    add_options(group)
    add_tiers(group)
    group.addoption("--hil-testbed", metavar="FILE", help="inventory file (default: virtual.yaml)")
    group.addoption("--hil-handset", metavar="NAME", help="handset to test (default: the first)")
    group.addoption(
        "--hil-defect",
        metavar="NAME",
        action="append",
        default=[],
        help="defect of the virtual handset, see `hil defects`; may be repeated",
    )
    group.addoption(
        "--hil-requirement",
        metavar="ID",
        action="append",
        default=[],
        help="only certification tests that name this requirement; may be repeated",
    )
    group.addoption(
        "--hil-certify", action="store_true", help="every collected test must be one that is judged"
    )
    group.addoption("--hil-out", metavar="DIR", help="leave history and logs in this directory")
    group.addoption(
        "--hil-wall-clock", action="store_true", help="let time pass by itself on a virtual testbed"
    )
    group.addoption(
        "--hil-one-group",
        action="store_true",
        help="one baseline exchange before and after all tests, not one for each module",
    )
    group.addoption(
        "--hil-direct-power",
        action="store_true",
        help="throw the virtual PDU's relays without SNMP in between, which is quicker",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark and the fixtures."""
    config.addinivalue_line(
        "markers", "requirement(*ids): the requirements that a certification test checks"
    )
    config.addinivalue_line(
        "markers", f"quick: takes at most {QUICK_LAB_S:g} s of lab time on the testbed quick.yaml"
    )
    config.addinivalue_line("markers", "smoke: central, short, and of the tier smoke")
    config.addinivalue_line(
        "markers", "reading(**readings): the test expects what these readings say"
    )
    config.addinivalue_line(
        "markers", "needs(*capabilities): what a handset and its place must have"
    )
    config.stash[RESULTS] = RunResults()
    config.pluginmanager.register(CapabilityMarks(BENCH), "hil_capabilities")
    config.pluginmanager.register(Readings(BENCH, RESULTS), "hil_readings")
    config.pluginmanager.register(Tiers(RESULTS), "hil_tiers")
    config.pluginmanager.register(Limits(RESULTS), "hil_limits")
    config.stash[HANDSETS] = Handsets(RESULTS, ENTERS_LATER, BENCH)
    config.pluginmanager.register(config.stash[HANDSETS], "hil_handsets")
    register(config, RESULTS)
    for path in sorted((suite_root() / "fixtures").glob("[a-z]*.py")):
        name = f"hil_fixtures_{path.stem}"
        if not config.pluginmanager.has_plugin(name):
            config.pluginmanager.register(_load(name, path), name)


def _load(name: str, path: Path) -> object:
    # Loaded by path: in a checkout and in a wheel they are not importable under the same name.
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError("the fixtures cannot be loaded", file=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse tests and requirements that do not know each other; then select."""
    refuse(config, items)
    wanted = set(config.getoption("--hil-requirement"))
    if wanted:
        _drop(config, items, lambda item: not wanted & set(requirements_of(item)))
    if config.getoption("--hil-quick"):
        _drop(config, items, lambda item: item.get_closest_marker("quick") is None)


def _drop(
    config: pytest.Config, items: list[pytest.Item], unwanted: Callable[[pytest.Item], bool]
) -> None:
    dropped = [item for item in items if is_judged(item) and unwanted(item)]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in dropped]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Count what is to be judged."""
    judged = [item for item in session.items if is_judged(item)]
    session.config.stash[RESULTS].planned = len(judged)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note when the test began; nothing is left of another attempt at it, on another handset."""
    item.stash[BEGAN] = time.perf_counter()
    keys: tuple[pytest.StashKey[Any], ...] = (_JUDGED, STARTED, PACE)
    for key in keys:
        if key in item.stash:
            del item.stash[key]
    item.user_properties.clear()
    return (yield)


class Broken(AssertionError):
    """A test whose verdict is FAIL."""


class Unconcluded(Exception):
    """A test whose verdict is INCONCLUSIVE or ERROR."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Tell Allure, where it listens, which requirements a test checks."""
    if is_judged(item) and item.config.getoption("allure_report_dir", None):
        import allure

        for name in requirements_of(item):
            allure.dynamic.label("requirement", name)  # type: ignore[no-untyped-call]
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Judge a test as soon as its function is through, and let the verdict be its outcome."""
    if not is_judged(pyfuncitem):
        return (yield)
    error: BaseException | None = None
    try:
        yield
    except (KeyboardInterrupt, SystemExit, pytest.exit.Exception):
        raise
    except BaseException as raised:  # noqa: BLE001
        # Skips and failures of pytest's own are no Exception, and no verdicts either.
        error = raised
    _conclude(pyfuncitem, _judge(pyfuncitem, error))
    return True


def _conclude(item: pytest.Item, result: TestResult) -> None:
    item.stash[_JUDGED] = result
    item.config.stash[RESULTS].add(result)
    if item.config.getoption("--hil-quick") and item.config.stash[BENCH].clock.virtual:
        item.config.stash[RESULTS].troubles += not_quick(item, result)
    match result.judgement.word:
        case Word.PASS | Word.NOT_APPLICABLE:
            return
        case Word.FAIL:
            raise Broken(str(result.judgement))
        case _:
            raise Unconcluded(str(result.judgement))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the verdict into the report: in its properties, and in the place of a traceback."""
    report = yield
    if not is_judged(item):
        return report
    result = item.stash.get(_JUDGED, None)
    if result is None and call.when == "setup" and call.excinfo is not None:
        result = _judge(item, call.excinfo.value)
        item.stash[_JUDGED] = result
        item.config.stash[RESULTS].add(result)
    if result is not None and call.when in ("setup", "call"):
        _describe(item, report, result)
    if result is not None and call.when == "teardown" and call.excinfo is not None:
        _spoil(item, report, result, call.excinfo.value)
    return report


def _spoil(
    item: pytest.Item, report: pytest.TestReport, result: TestResult, error: BaseException
) -> None:
    """What breaks after a test was judged makes its verdict an ERROR."""
    conduct = conduct_of(result.requirements, error)
    remark = f"after the test: {conduct.lab_error or conduct.crash or error}"
    cause = ev.Cause.LAB if conduct.lab_error else ev.Cause.TEST
    spoilt = _overruled(result, cause, remark)
    bench = item.config.stash.get(BENCH, None)
    if bench is not None:
        _record_conduct(bench, result.id, conduct)
    spoilt = _record(item, spoilt)
    item.stash[_JUDGED] = spoilt
    item.config.stash[RESULTS].replace(result, spoilt)
    report.longrepr = str(spoilt.judgement)


def _judge(item: pytest.Item, error: BaseException | None) -> TestResult:
    if isinstance(error, NotBegun):
        return _record(item, not_begun(item, str(error)))
    names = requirements_of(item)
    conduct = replace(conduct_of(names, error), readings=tuple(declared_readings(item)))
    bench = item.config.stash.get(BENCH, None)
    started = item.stash.get(STARTED, None)
    wall_s = time.perf_counter() - item.stash[BEGAN]
    if bench is None or started is None:
        return _record(item, TestResult(item.nodeid, unstarted(conduct), names, wall_s, 0.0))
    ended = bench.end(item.nodeid, linger=error is not None)
    events = bench.events_of(started, ended)
    conduct = replace(conduct, crash=conduct.crash or too_short(bench, events))
    _record_conduct(bench, item.nodeid, conduct)
    judgement = judge(events, conduct, bench.reference_phone(), bench.timing)
    lab_s = (ended.at - started.at) / NANOSECONDS
    wall_s = time.perf_counter() - item.stash[BEGAN]
    pace = item.stash.get(PACE, None)
    timers = dict(pace.asked) if pace is not None else {}
    result = TestResult(
        item.nodeid, judgement, names, wall_s, lab_s, spent=spent(events), timers=timers
    )
    return _record(item, result)


def _record_conduct(bench: Bench[Site], test: str, conduct: Conduct) -> None:
    """Keep what a stored run could not be judged again without."""
    bench.history.append(
        ev.Conducted(
            source="test",
            test=test,
            crash=conduct.crash,
            unmet=conduct.unmet,
            not_applicable=conduct.not_applicable,
            lab_error=conduct.lab_error,
            readings=conduct.readings,
        )
    )


def _record(item: pytest.Item, result: TestResult) -> TestResult:
    """Put a verdict into the history and the log; a later one of the same test replaces it.

    Returns the result as it stands then: an ERROR of the lab where the log cannot be written.
    """
    bench = item.config.stash.get(BENCH, None)
    started = item.stash.get(STARTED, None)
    out = item.config.getoption("--hil-out")
    if bench is not None:
        bench.history.append(
            ev.Verdict(
                source="judge",
                test=result.id,
                verdict=result.judgement.word.value,
                cause=result.judgement.cause.value,
                findings=tuple(str(finding) for finding in result.judgement.findings),
            )
        )
    if out:
        events = bench.history.since(started) if bench is not None and started is not None else ()
        try:
            write_log(Path(out) / "logs", result, events)
        except OSError as error:
            lost = f"the log of the test cannot be written: {error.strerror}"
            return _overruled(result, ev.Cause.LAB, lost)
    return result


def _overruled(result: TestResult, cause: ev.Cause, remark: str) -> TestResult:
    """The result of a test whose verdict did not last."""
    remarks = (*result.judgement.remarks, remark)
    judgement = replace(result.judgement, word=Word.ERROR, cause=cause, remarks=remarks)
    return replace(result, judgement=judgement)


def _describe(item: pytest.Item, report: pytest.TestReport, result: TestResult) -> None:
    if result.judgement.word not in (Word.PASS, Word.NOT_APPLICABLE):
        # A skip is no verdict either: what was judged is passed or failed.
        report.outcome = "failed"
        report.longrepr = str(result.judgement)
    elif report.failed:
        # A fixture found that it does not apply; the test itself is not to be run.
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, str(result.judgement))
    properties: list[tuple[str, object]] = [
        ("verdict", result.judgement.word.value),
        ("cause", result.judgement.cause.value),
        ("lab_s", f"{result.lab_s:.6f}"),
        *(("requirement", name) for name in result.requirements),
        *([] if result.begun else [(BEGUN, "no")]),
    ]
    report.user_properties += properties
    # JUnit takes them from the report of the teardown, which is made of the item's.
    item.user_properties += properties


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport,
) -> tuple[str, str, str] | None:
    """Show the verdict where pytest shows its own word."""
    word = dict(getattr(report, "user_properties", ())).get("verdict")
    if word is None or report.when == "teardown" or (report.when == "setup" and report.passed):
        return None
    letter = {"PASS": ".", "FAIL": "F", "INCONCLUSIVE": "I", "ERROR": "E"}.get(str(word), "N")
    category = report.outcome if not report.failed else "failed" if word == "FAIL" else "error"
    return category, letter, str(word)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Exit with the verdict's code where certification tests ran."""
    results = session.config.stash[RESULTS]
    judged = results.planned and not session.config.option.collectonly
    if judged and exitstatus in (0, 1):
        verdicts = results.exit_code
        others_failed = exitstatus == 1 and verdicts == 0
        session.exitstatus = exitstatus if others_failed else verdicts
