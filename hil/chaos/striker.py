"""What happens inside a child: the fault is armed at its instant, and the history tells the rest.

When to strike is taken from a run without any fault: since virtual time is deterministic, everything
up to the strike happens again as it did there, event by event.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from hil.adequacy.job import Observer
from hil.chaos.fault import Instant, LabFaultKind, Remedy, Scene
from hil.chaos.timeline import Span, timeline
from hil.history import events as ev
from hil.pytest_plugin import BENCH
from hil.testbed.virtual_bench import VirtualBench, as_virtual


@dataclass(frozen=True)
class Plan:
    """A fault, the exchange in which it is armed, and when; ``span`` is that exchange's control."""

    fault: LabFaultKind
    instant: Instant
    span: Span


def prepare(
    plan: Plan | None = None,
    defects: tuple[str, ...] = (),
    directory: Callable[[], Path] | None = None,
) -> Callable[[pytest.Config], Observer]:
    """Make a child's preparation: its handset's defects, its fault and its directory."""

    def prepared(config: pytest.Config) -> Observer:
        config.option.hil_defect = list(defects)
        # The way to the PDU is part of what is looked at.
        config.option.hil_direct_power = False
        if directory is not None:
            config.option.hil_out = str(directory())
        striker = Striker(plan)
        config.pluginmanager.register(striker, "hil_chaos")
        return striker

    return prepared


class Striker:
    """A pytest plugin that arms a fault on the bench, and the observer that tells what came of it."""

    def __init__(self, plan: Plan | None) -> None:
        self._plan = plan
        self._bench: VirtualBench | None = None
        self._began: ev.TestStarted | None = None
        self._remedy: Remedy | None = None
        self._armed = False

    # -- the observer ------------------------------------------------------------------------------

    def before(self, test: str) -> None:
        """Nothing to do: the history tells when a test begins."""

    def after(self, test: str) -> bytes:
        """The timeline so far; that of the last test has all of it."""
        events = self._bench.history if self._bench is not None else ()
        return msgspec.msgpack.encode(timeline(events))

    # -- the plugin --------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Take hold of the bench as soon as it is built."""
        made = yield
        if fixturedef.argname == "bench" and BENCH in request.config.stash:
            self._hold(as_virtual(request.config.stash[BENCH]))
            fixturedef.addfinalizer(self._mend)
        return made

    # -- inside ------------------------------------------------------------------------------------

    def _hold(self, bench: VirtualBench) -> None:
        self._bench = bench
        if self._plan is None:
            return
        if self._plan.instant is Instant.BEFORE:
            bench.clock.run(self._arm_now())
        else:
            bench.history.follow(self._follow)

    def _follow(self, event: ev.Event) -> None:
        if self._armed or self._plan is None or self._bench is None:
            return
        span, loop = self._plan.span, self._bench.clock.loop
        if isinstance(event, ev.TestStarted) and event.test == span.test:
            self._began = event
            if self._plan.instant is Instant.LATE:
                self._armed = True
                loop.call_soon_threadsafe(loop.call_later, span.late_s, self._arm)
        if self._plan.instant is Instant.MIDWAY and self._began is not None:
            if event.seq - self._began.seq < span.midway:
                return
            self._armed = True
            loop.call_soon_threadsafe(self._arm)

    async def _arm_now(self) -> None:
        self._arm()

    def _arm(self) -> None:
        if self._plan is not None and self._bench is not None:
            self._armed = True
            self._remedy = self._plan.fault.arm(Scene(self._bench))

    def _mend(self) -> None:
        if self._remedy is not None and self._bench is not None:
            self._bench.clock.run(self._mend_now())

    async def _mend_now(self) -> None:
        if self._remedy is not None:
            self._remedy()
