"""The handset that a process of pytest tests: taken before it is touched, given back at the end.

Part of `hil.pytest_plugin`. On a rack the handset is leased (`hil.leases`) when the tests are collected
and before the namespaces are entered; before each test it is asked whether the lease still holds, and
after each whether the handset is still fit. One that is not goes into quarantine, and what is left of
the run are errors of the laboratory. What all handsets share, such as a wire with a foreign DHCP server
on it, puts none of them aside: it stops the run where it is found before the first test, or where it
leaves a handset that does not come back. Nor does a power device that fails as a whole, which stops the
run of the handsets that hang on it.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from hil.errors import LabError, PowerDeviceError, SharedFault
from hil.evidence.results import RunResults
from hil.history.record import Mark
from hil.interrupts import unheard
from hil.leases.fitness import Fitness, is_shared
from hil.leases.holding import Hold, hold
from hil.leases.labgrid import Acquired, acquire, look_up, named
from hil.net.namespace import enter
from hil.pytest_requirements import is_judged
from hil.suite_location import suite_root
from hil.testbed.bench import Bench, Site
from hil.testbed.inventory import HandsetEntry, Testbed, load
from hil.testbed.power_faults import fed_with, shared_fault

HELD = pytest.StashKey[Hold]()
"""The handset that this process holds; not there where none is held."""
HANDSETS = pytest.StashKey["Handsets"]()
LAB_STATUS = 3
"""The exit status of a run that could not begin because of the laboratory."""
_HURRIES = 3
UNFIT = "handset-unfit"
"""The property of a report that says why its handset is not fit any more."""


def add_options(group: pytest.OptionGroup) -> None:
    """Options of how handsets are taken."""
    group.addoption(
        "--hil-wait",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="how long to wait for a handset that somebody else has",
    )
    group.addoption(
        "--hil-labgrid", metavar="PLACE", help="acquire this place of labgrid's for the run"
    )


def testbed_of(config: pytest.Config) -> Testbed:
    """The inventory that the options name, a place of labgrid's among them."""
    chosen = config.getoption("--hil-testbed") or suite_root() / "testbeds" / "virtual.yaml"
    place = named(str(chosen))
    if place is not None:
        found = look_up(place)
        chosen = config.option.hil_testbed = str(found.inventory)
        config.option.hil_handset, config.option.hil_labgrid = found.handset, place
    return load(Path(chosen))


class Handsets:
    """The hooks; the keys are those of the plugin: results, who enters the namespaces, the bench."""

    def __init__(
        self,
        results_key: pytest.StashKey[RunResults],
        later_key: pytest.StashKey[bool],
        bench_key: pytest.StashKey[Bench[Site]],
    ) -> None:
        self._results_key = results_key
        self._later_key = later_key
        self._fitness = Fitness()
        self._bench_key = bench_key
        self._noted = (0, 0)
        self._mark: Mark | None = None
        self._place: Acquired | None = None
        self.unfit = ""
        """Why the handset is not fit to be tested any more; empty while it is."""
        self._how_unfit = "is in quarantine"
        self.stopped = ""
        """What handsets share and stopped the run; empty where nothing did."""
        self.stopped_with: tuple[str, ...] = ()
        """The handsets that share it, where it is a power device; empty where all of them do."""
        self._fault: SharedFault | None = None
        self.interrupted = False
        """Whether somebody ended the run: what is left of it is to tidy up."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the handset and enter the namespaces, unless another process is to run the tests.

        Before anything starts a thread.
        """
        config = session.config
        judged = any(is_judged(item) for item in session.items)
        later = config.stash.get(self._later_key, False) or config.option.collectonly
        if not judged or later:
            return
        try:
            if not hasattr(config, "workerinput"):
                self.take(config)
            enter()
        except LabError as error:
            trouble = self.stopped or str(error)
            config.stash[self._results_key].troubles.append(trouble)
            self.stopped = ""
            pytest.exit(trouble, returncode=LAB_STATUS)

    def take(self, config: pytest.Config) -> None:
        """Take the handset that the options name, where it is one of a rack; `LabError`."""
        testbed = testbed_of(config)
        if place := config.getoption("--hil-labgrid"):
            self._place = acquire(place)
        if testbed.kind != "rack":
            return
        entry = testbed.handset(config.getoption("--hil-handset"))
        out = str(config.getoption("--hil-out") or "")
        within_s = config.getoption("--hil-wait")
        farewell = self._place.farewell if self._place is not None else ()
        try:
            config.stash[HELD] = hold(
                testbed, [entry.name], within_s=within_s, evidence=out, farewell=farewell
            )
        except PowerDeviceError as error:
            # It was owed its power, and does not get it.
            self._blame_device(testbed, entry, error)
            raise

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Let no test touch a handset that is not ours any more, or not fit."""
        held = item.config.stash.get(HELD, None)
        if held is None or not is_judged(item):
            return
        if trouble := held.trouble():
            raise LabError(trouble, concerns=held.entry.name)
        if self.stopped:
            raise LabError(self.stopped)
        if self.unfit:
            raise LabError(f"{held.entry.name} {self._how_unfit}: {self.unfit}")

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_pyfunc_call(self) -> Generator[None, object, object]:
        """See whether a test ends by what all handsets share, before that becomes its verdict."""
        try:
            return (yield)
        except SharedFault as fault:
            self._fault = fault
            raise

    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """See whether what a test needs is broken by what all handsets share."""
        if call.excinfo is not None and isinstance(call.excinfo.value, SharedFault):
            self._fault = call.excinfo.value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """See by what came of a test whether the handset is fit for another."""
        outcome = yield
        if self._fault is not None and not self.stopped:
            self.stop(item.config, self._fault)
        self.see_power(item.config)
        if not self.unfit and is_judged(item) and (reason := self._doubt(item.config)):
            self.put_aside(item.config, reason)
        return outcome

    def _doubt(self, config: pytest.Config) -> str:
        results = config.stash[self._results_key]
        baselines, tests = self._noted
        self._noted = (len(results.baselines), len(results.tests))
        fresh = [(each, True) for each in results.baselines[baselines:] if _is_first(each.id)]
        fresh += [(each, False) for each in results.tests[tests:]]
        if self.stopped or self._was_shared(config):
            return ""
        reasons = [
            self._fitness.note(each.judgement.word, each.judgement.cause, first_baseline=first)
            for each, first in fresh
        ]
        return next(filter(None, reasons), "")

    def stop(self, config: pytest.Config, fault: SharedFault) -> None:
        """Stop the run, whose next test would be broken on every handset alike.

        A worker of pytest-xdist cannot stop a run: it returns, and each of its tests tells the fault.
        """
        self.stopped = str(fault)
        if not hasattr(config, "workerinput"):
            pytest.exit(self.stopped, returncode=LAB_STATUS)

    def see_power(self, config: pytest.Config) -> None:
        """Stop where the power device failed as a whole, which says nothing of the handset."""
        bench = config.stash.get(self._bench_key, None)
        fault = bench.handset.device_fault if bench is not None else None
        if fault is not None:
            self.stop_without_power(config, fault)

    def stop_without_power(self, config: pytest.Config, fault: PowerDeviceError) -> None:
        """Stop the run of all handsets of a rack that hang on a device which fails, as `stop` does.

        A virtual handset has a device of its own, which is built anew with its bench.
        """
        held = config.stash.get(HELD, None)
        if held is not None and not self.stopped:
            self.stop(config, self._blame_device(testbed_of(config), held.entry, fault))

    def _blame_device(
        self, testbed: Testbed, entry: HandsetEntry, error: PowerDeviceError
    ) -> SharedFault:
        fault = shared_fault(testbed, entry, error)
        self.stopped, self.stopped_with = str(fault), fed_with(testbed, entry)
        return fault

    def _was_shared(self, config: pytest.Config) -> bool:
        """Whether what broke since the last call is what all handsets share."""
        bench = config.stash.get(self._bench_key, None)
        if bench is None:
            return False
        events = bench.history.since(self._mark) if self._mark is not None else bench.history
        self._mark = bench.history.mark()
        return is_shared(events)

    def leave(self, config: pytest.Config, reason: str) -> None:
        """Test no more with the handset, whose place is not what the inventory says.

        It may well be sound, so it is not put aside.
        """
        if self.unfit:
            return
        self.unfit, self._how_unfit = reason, "is not tested any more"
        trouble = f"{config.getoption('--hil-handset')} {self._how_unfit}: {reason}"
        config.stash[self._results_key].troubles.append(trouble)

    def put_aside(self, config: pytest.Config, reason: str) -> None:
        """Test no more with the handset, and let nobody take it until a person has looked at it.

        A handset that is another's by now is theirs to judge.
        """
        held = config.stash.get(HELD, None)
        lost = held.trouble() if held is not None else ""
        self.unfit = lost or reason
        if held is not None and not lost:
            held.quarantine(reason, str(config.getoption("--hil-out") or ""))
            trouble = f"{held.entry.name} is in quarantine: {reason}"
            config.stash[self._results_key].troubles.append(trouble)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Begin nothing more with the handset."""
        self.interrupted = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Give the handset back, at the latest now, its bench before it; tell what stopped the run."""
        if HELD in session.config.stash or self.interrupted:
            # Whoever interrupts a run does so on the bench, which pytest would close after this.
            self._close_at_last(session)
        if self.stopped:
            session.config.stash[self._results_key].troubles.append(self.stopped)
        with unheard():
            self.release(session.config)

    def _close_at_last(self, session: pytest.Session) -> None:
        """Take down what there is, the faster the more often somebody presses Ctrl-C."""
        for _ in range(_HURRIES):
            try:
                self.close_bench(session)
                return
            except KeyboardInterrupt:
                self.interrupted = True

    def close_bench(self, session: pytest.Session) -> None:
        """Take down what there is, as pytest does at the end of a session."""
        try:
            session._setupstate.teardown_exact(None)
        except Exception as error:  # noqa: BLE001
            # A fixture that fails to close has its say among the troubles.
            handset = session.config.getoption("--hil-handset")
            trouble = f"at the end of {handset}: {error!r}"
            session.config.stash[self._results_key].troubles.append(trouble)

    def release(self, config: pytest.Config) -> None:
        """Give the handset back, if it is held; what goes wrong is a trouble of the run."""
        troubles = config.stash[self._results_key].troubles
        held = config.stash.get(HELD, None)
        try:
            if held is not None:
                del config.stash[HELD]
                held.close()
        except LabError as error:
            troubles.append(str(error))
        place, self._place = self._place, None
        try:
            if place is not None:
                place.release()
        except LabError as error:
            troubles.append(str(error))


def _is_first(baseline: str) -> bool:
    return baseline.endswith("(first)")
