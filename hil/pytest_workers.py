"""``pytest -n 8``: a handset a worker of pytest-xdist, and one verdict of them all.

Part of `hil.pytest_plugin`. Where a testbed is named the controller takes as many free handsets of it
as there are workers, before it starts them, and gives each worker one; surplus workers are not started.
A group of tests stays together on one of them (``--dist loadfile``), or its baseline exchanges would be
of another handset. A worker whose handset is not fit any more is given nothing more, the others go on.

Each worker tells at its end what it found, and the controller merges that: without it the exit status
would be pytest's own, for which a test that could not be judged is a test that failed. Of a worker that
died what its reports said is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from hil.errors import LabError
from hil.evidence.results import RunResults, TestResult
from hil.history.events import Cause
from hil.judge import Judgement, Word
from hil.leases.guard import Guard
from hil.leases.holding import borrow, hold, lend
from hil.net.namespace import enter
from hil.pytest_handsets import HANDSETS, HELD, LAB_STATUS, UNFIT, testbed_of
from hil.pytest_limit import BEGUN
from hil.testbed.inventory import Testbed

WHOLE_GROUPS = ("loadfile", "loadscope")
"""The ways of xdist's to distribute that keep a module together."""
_INPUT = "hil_handset"
_OUTPUT = "hil_results"


class WorkerResults(msgspec.Struct, frozen=True):
    """What a worker tells at its end; ``planned`` is what it collected, as all of them did."""

    planned: int
    tests: list[TestResult]
    baselines: list[TestResult]
    troubles: list[str]


def register(config: pytest.Config, results_key: pytest.StashKey[RunResults]) -> None:
    """Add the hooks of a worker or of the controller, where pytest-xdist is at work."""
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Worker(config, results_key), "hil_worker")
    elif getattr(config.option, "dist", "no") != "no" and getattr(config.option, "tx", None):
        config.pluginmanager.register(Controller(config, results_key), "hil_controller")


class Worker:
    """In a worker: the handset that it was given, and its results at the end."""

    def __init__(self, config: pytest.Config, results_key: pytest.StashKey[RunResults]) -> None:
        self._results_key = results_key
        given: dict[str, str] | None = getattr(config, "workerinput", {}).get(_INPUT)
        if given is None:
            return
        config.option.hil_handset = given["handset"]
        if out := config.getoption("--hil-out"):
            config.option.hil_out = f"{out}/{given['handset']}{given.get('again', '')}"
        if "lease" in given:
            config.stash[HELD] = borrow(testbed_of(config), given)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Let the controller know by the next report that the handset is not fit any more."""
        handset = item.config.getoption("--hil-handset")
        if handset and _INPUT in getattr(item.config, "workerinput", {}):
            item.user_properties.append(("handset", handset))
        if unfit := item.config.stash[HANDSETS].unfit:
            item.user_properties.append((UNFIT, unfit))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell the results; the bench is closed by now."""
        results = session.config.stash[self._results_key]
        told = WorkerResults(
            results.planned, results.tests, results.baselines, list(results.troubles)
        )
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        output[_OUTPUT] = msgspec.json.encode(told).decode()


class Controller:
    """In the controller: handsets for the workers, and the merged results."""

    def __init__(self, config: pytest.Config, results_key: pytest.StashKey[RunResults]) -> None:
        self._config = config
        self._results_key = results_key
        self._guards: list[Guard] = []
        self._free: list[dict[str, str]] = []
        self._given: dict[str, dict[str, str]] = {}
        self._unfit: set[str] = set()
        self._heard: dict[str, dict[str, TestResult]] = {}
        self._collected = 0
        self._spread = bool(config.getoption("--hil-testbed"))
        if self._spread:
            _keep_groups_together(config)

    @property
    def _results(self) -> RunResults:
        return self._config.stash[self._results_key]

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config, specs: list[Any]) -> None:
        """Take handsets, and start no more workers than there are."""
        if not self._spread:
            return
        try:
            testbed = testbed_of(config)
            if config.getoption("--hil-labgrid"):
                raise LabError("a place of labgrid's is one handset", next_step="run it without -n")
            self._take(testbed, len(specs))
        except LabError as error:
            self._results.troubles.append(str(error))
            self._give_back()
            pytest.exit(str(error), returncode=LAB_STATUS)
        del specs[len(self._free) :]
        config.option.tx = [spec._spec for spec in specs]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker its handset; one that stands in for a worker that died, a free one."""
        if not self._spread:
            return
        if not self._free:
            pytest.exit("no handset is left for another worker", returncode=LAB_STATUS)
        given = self._free.pop(0)
        self._given[node.gateway.id] = given
        node.workerinput[_INPUT] = given

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        """Take a worker's results, or what is known of one that died."""
        name = node.gateway.id
        output = getattr(node, "workeroutput", {}).get(_OUTPUT)
        heard = self._heard.pop(name, {})
        if output is not None:
            told = msgspec.json.decode(output, type=WorkerResults)
            self._results.planned = max(self._results.planned, told.planned)
            self._results.tests += told.tests
            self._results.baselines += told.baselines
            self._results.troubles += told.troubles
            return
        self._results.tests += heard.values()
        self._results.planned = self._results.planned or self._collected
        given = self._given.pop(name, None)
        on = ""
        if given is not None:
            on = f" on {given['handset']}"
            # For the worker that stands in for it; what this one wrote is not to be overwritten.
            self._free.append(given | {"again": f"{given.get('again', '')}-again"})
        self._results.troubles.append(f"worker {name}{on} died: {error}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Count on everything that was collected, until a worker says how much of it is judged."""
        del node
        self._collected = len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the verdict, in case its worker dies, and see whether its handset is fit."""
        node = getattr(report, "node", None)
        if node is None:
            return
        name = node.gateway.id
        properties: dict[str, Any] = {str(key): value for key, value in report.user_properties}
        if UNFIT in properties or properties.get(BEGUN) == "no":
            # Another handset may have time left for what waits.
            self._unfit.add(name)
        if "verdict" in properties:
            self._heard.setdefault(name, {})[report.nodeid] = _from(report, properties)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep modules together, and give those nothing more whose handsets are not fit."""
        return _scheduler(config, log, self._unfit) if self._spread else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Give the handsets back, once no worker is there any more that could use them."""
        xdist: Any = self._config.pluginmanager.getplugin("dsession")
        nodes = getattr(xdist, "nodemanager", None)
        if self._guards and nodes is not None:
            # Whoever interrupts a run does not wait for its workers; xdist ends them only after this.
            nodes.teardown_nodes()
        self._give_back()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say the verdict of all workers in one line."""
        results = self._results
        if results.planned:
            for trouble in results.troubles:
                terminalreporter.write_line(trouble)
            terminalreporter.write_line(results.summary())

    def _take(self, testbed: Testbed, workers: int) -> None:
        names = [each.name for each in testbed.handsets]
        if chosen := self._config.getoption("--hil-handset"):
            names = [testbed.handset(chosen).name]
        if testbed.kind != "rack":
            # For an ordinary user, while this process has no threads: workers have some.
            enter()
            self._free = [{"handset": name} for name in names[:workers]]
            return
        out = str(self._config.getoption("--hil-out") or "")
        within_s = float(self._config.getoption("--hil-wait"))
        while len(self._guards) < min(workers, len(names)):
            held = {guard.entry.name for guard in self._guards}
            rest = [name for name in names if name not in held]
            try:
                guard = hold(testbed, rest, within_s=0 if held else within_s, evidence=out)
            except LabError:
                if not held:
                    raise
                break
            self._guards.append(guard)
        self._free = [lend(guard) for guard in self._guards]

    def _give_back(self) -> None:
        for guard in self._guards:
            try:
                guard.close()
            except LabError as error:
                self._results.troubles.append(str(error))
        self._guards.clear()


def _keep_groups_together(config: pytest.Config) -> None:
    """Distribute by file where nothing else was asked for; `pytest.UsageError` for what tears."""
    asked = [
        each for each in config.invocation_params.args if str(each).startswith(("--dist", "-d"))
    ]
    if not asked:
        config.option.dist = WHOLE_GROUPS[0]
    if config.option.dist not in WHOLE_GROUPS:
        raise pytest.UsageError(
            f"--dist {config.option.dist} tears the tests between two baseline exchanges apart;"
            f" give --dist {' or '.join(WHOLE_GROUPS)}, or none"
        )


def _from(report: pytest.TestReport, properties: dict[str, Any]) -> TestResult:
    """The result of a test as far as pytest's report of it tells."""
    remarks = (str(report.longrepr),) if report.failed else ()
    judgement = Judgement(Word(properties["verdict"]), Cause(properties["cause"]), remarks=remarks)
    names = tuple(str(value) for key, value in report.user_properties if key == "requirement")
    return TestResult(
        report.nodeid,
        judgement,
        names,
        report.duration,
        float(properties.get("lab_s", 0.0)),
        str(properties.get("handset", "")),
        begun=properties.get(BEGUN) != "no",
    )


def _scheduler(config: pytest.Config, log: Any, unfit: set[str]) -> Any:
    """The scheduler of xdist that keeps files together, with two differences.

    Whose handset is in ``unfit`` is given nothing more. And a test in which a worker died is not run
    again: it would cost the next worker its handset.
    """
    from xdist.scheduler import LoadFileScheduling, LoadScopeScheduling

    kind: Any = LoadFileScheduling if config.option.dist == "loadfile" else LoadScopeScheduling

    class Careful(kind):  # type: ignore[misc]
        removing = False

        def _reschedule(self, node: Any) -> None:
            others = {each.gateway.id for each in self.nodes} - unfit
            # If nobody is fit somebody has to tell of the rest that it could not be tested.
            if not self.removing and (node.gateway.id not in unfit or not others):
                super()._reschedule(node)

        def remove_node(self, node: Any) -> str | None:
            self.removing = True
            try:
                deadly: str | None = super().remove_node(node)
            finally:
                self.removing = False
            if deadly is not None:
                for unit in self.workqueue.values():
                    if deadly in unit:
                        unit[deadly] = True
                for each in self.nodes:
                    self._reschedule(each)
            return deadly

    return Careful(config, log)
