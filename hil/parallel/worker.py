"""A worker: the process of one handset, forked from the run that collected the suite.

It has all that was collected, takes its handset, and asks for groups until there is nothing more to do.
Between groups the bench stays as it is; only what belongs to a module is taken down, its last baseline
exchange among it. The worker ends by itself when its handset is not fit any more, and with its parent
in any case. It never returns: whatever happens, `os._exit` ends it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn, cast

import msgspec
import pytest

from hil.children import detach, die_with
from hil.errors import LabError
from hil.evidence.results import RunResults, TestResult
from hil.judge import Word
from hil.net.namespace import enter
from hil.parallel.messages import (
    Bye,
    Channel,
    End,
    Idle,
    Remarked,
    Reported,
    Run,
    Spent,
    Stop,
    Told,
    ToWorker,
    Unfit,
)
from hil.pytest_handsets import HANDSETS, Handsets
from hil.pytest_limit import LIMIT, no_time_for
from hil.pytest_plugin import ASIDE, RESULTS
from hil.testbed.inventory import Testbed


@dataclass(frozen=True)
class Assignment:
    """What a worker is to be: its handset, where its evidence goes, how long it may wait for it (s)."""

    testbed: Testbed
    handset: str
    out: Path | None
    within_s: float


def become(
    assignment: Assignment,
    groups: Sequence[Sequence[pytest.Item]],
    session: pytest.Session,
    sock: socket.socket,
    output: int,
    parent: int,
) -> NoReturn:
    """Be the worker of a handset in a process just forked by ``parent``; end that process.

    It speaks through ``sock``; what it prints goes to the descriptor ``output``.
    """
    channel: Channel[ToWorker] = Channel(sock, ToWorker)
    try:
        os.setpgid(0, 0)
        die_with(parent)
        detach(output, stdout=True)
        _Worker(assignment, groups, session, channel, parent).work()
    except BaseException:  # noqa: BLE001
        # Nothing may unwind into the parent's stack, of which this process has a copy.
        os.write(2, traceback.format_exc().encode(errors="replace"))
        os._exit(1)
    os._exit(0)


class _Worker:
    def __init__(
        self,
        assignment: Assignment,
        groups: Sequence[Sequence[pytest.Item]],
        session: pytest.Session,
        channel: Channel[ToWorker],
        parent: int,
    ) -> None:
        self._assignment = assignment
        self._groups = groups
        self._session = session
        self._config = session.config
        self._channel = channel
        self._parent = parent
        self._handsets: Handsets = session.config.stash[HANDSETS]
        self._results = _Telling(channel, assignment.handset)

    def work(self) -> None:
        config, assignment = self._config, self._assignment
        config.stash[RESULTS] = self._results
        config.stash[ASIDE] = self._remark
        config.option.hil_handset = assignment.handset
        config.option.hil_wait = assignment.within_s
        config.option.hil_out = str(assignment.out) if assignment.out is not None else None
        config.pluginmanager.register(_Reporter(self._channel, assignment.handset))
        signal.signal(signal.SIGINT, _recalled)
        try:
            self._test_all()
            self._handsets.close_bench(self._session)
        except KeyboardInterrupt:
            self._handsets.interrupted = True
            self._handsets.close_bench(self._session)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._handsets.release(config)
        self._channel.send(Bye(tuple(self._results.troubles)))

    def _remark(self, text: str) -> None:
        with contextlib.suppress(OSError):
            # Whoever would read it has died, and this process is about to.
            self._channel.send(Remarked(text))

    def _test_all(self) -> None:
        """Take the handset, and test until there is no more to do."""
        try:
            self._handsets.take(self._config)
            enter()
        except LabError as error:
            told = self._stop() if self._handsets.stopped else Unfit(str(error))
            self._channel.send(told)
            return
        die_with(self._parent)
        if LIMIT in self._config.stash:
            # A handset spends its own time, from when it is taken.
            self._config.stash[LIMIT].begin()
        self._answer()

    def _answer(self) -> None:
        """Test groups until there are no more, or the handset is not fit any more."""
        answer: Idle | Spent = Idle()
        while True:
            self._channel.send(answer)
            match self._channel.receive():
                case Run(group):
                    items, held = self._groups[group], bool(self._results.baselines)
                    if why := no_time_for(items, held=held):
                        answer = Spent(why)
                        continue
                    try:
                        answer = Idle(self._test(items))
                    except pytest.exit.Exception:
                        if not self._handsets.stopped:
                            raise
                        self._channel.send(self._stop())
                        return
                case End():
                    return
            if self._handsets.unfit:
                self._channel.send(Unfit(self._handsets.unfit))
                return

    def _stop(self) -> Stop:
        return Stop(self._handsets.stopped, self._handsets.stopped_with)

    def _test(self, items: Sequence[pytest.Item]) -> str:
        """Test a group; why it could not be begun, or nothing."""
        stay = cast(pytest.Item, _StayAtTheBench(self._session))
        held = len(self._results.baselines)
        for item, following in zip(items, [*items[1:], stay], strict=True):
            if self._channel.waiting():
                # Nothing but the end is sent to a worker that has something to do.
                self._session._setupstate.teardown_exact(stay)
                return "the run was stopped"
            self._config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._handsets.unfit:
                return ""
            if any(_not_held(each) for each in self._results.baselines[held:]):
                self._session._setupstate.teardown_exact(stay)
                return "the first baseline exchange could not be held"
        return ""


def _recalled(number: int, frame: object) -> None:
    """The crew ends the run: whoever is at a test leaves it, and tidies up undisturbed."""
    del number, frame
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _not_held(baseline: TestResult) -> bool:
    held = baseline.judgement.word in (Word.PASS, Word.FAIL)
    return baseline.id.endswith("(first)") and not held


class _StayAtTheBench:
    """Stands in for the next test while nobody knows which it is: it will be of the same session."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[pytest.Session]:
        """What it needs to be set up: pytest takes down everything else."""
        return [self._session]


class _Telling(RunResults):
    """The results of a worker, told as they come in."""

    def __init__(self, channel: Channel[ToWorker], handset: str) -> None:
        super().__init__()
        self._channel = channel
        self._handset = handset

    def add(self, result: TestResult, *, baseline: bool = False) -> None:
        """Take a result, and tell it."""
        super().add(result, baseline=baseline)
        self._channel.send(Told(self._named(result), baseline=baseline))

    def replace(self, result: TestResult, by: TestResult) -> None:
        """Put another verdict in the place of one that did not last, and tell it."""
        super().replace(result, by)
        self._channel.send(Told(self._named(by), spoilt=True))

    def _named(self, result: TestResult) -> TestResult:
        return replace(result, handset=self._handset)


class _Reporter:
    """A pytest plugin that sends each report of pytest's to the crew."""

    def __init__(self, channel: Channel[ToWorker], handset: str) -> None:
        self._channel = channel
        self._handset = handset
        self._config: pytest.Config | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Remember whose reports they are, and tell JUnit and Allure which handset it was."""
        self._config = item.config
        item.user_properties.append(("handset", self._handset))
        if item.config.getoption("allure_report_dir", None):
            import allure

            # As a parameter, or Allure would take two handsets' runs of a test for repetitions.
            allure.dynamic.parameter("handset", self._handset)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Send it."""
        if self._config is None:
            return
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._channel.send(Reported(msgspec.json.encode(data)))
