"""The loop over the tests, replaced by a crew: a pytest plugin.

pytest collects as it does for one handset and makes its reports as ever; only its loop over the tests
is another. The reports of the workers are given to pytest as if the tests had run here.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import pytest

from hil.evidence.results import TestResult
from hil.parallel.crew import Crew
from hil.parallel.portions import Group, Portions
from hil.parallel.worker import Assignment
from hil.pytest_plugin import ENTERS_LATER, RESULTS
from hil.pytest_requirements import is_judged
from hil.pytest_tiers import SHARING, Sharing
from hil.testbed.inventory import Testbed


@dataclass(frozen=True)
class Spreading:
    """How a run is spread over ``handsets`` of a testbed.

    With ``each`` every handset takes every test. ``at_once`` is how many are at work at a time; the
    others step in for those that fail. ``out`` is the directory of the evidence, ``within_s`` how
    long to wait for a handset that somebody else has, in seconds.
    """

    testbed: Testbed
    handsets: tuple[str, ...]
    each: bool = False
    at_once: int = 0
    out: Path | None = None
    within_s: float = 0.0


class Reader(Protocol):
    """Whoever is told how the run goes."""

    def told(self, result: TestResult, *, baseline: bool) -> None:
        """A verdict fell."""

    def left(self, handset: str, reason: str, group: str) -> None:
        """A handset is out of the run; ``group`` is what it leaves unfinished, if anything."""

    def gave_back(self, handset: str, reason: str) -> None:
        """A handset could not begin a group, which waits for whoever is next."""

    def remarked(self, handset: str, text: str) -> None:
        """A handset keeps its worker waiting, for what ``text`` says."""

    def waits(self, handsets: Sequence[str]) -> None:
        """All is over, but these handsets of workers that died are being given back."""


class Spread:
    """The plugin. After the run ``portions`` says who tested what; it is None if nothing was run."""

    def __init__(self, spreading: Spreading, reader: Reader) -> None:
        self._spreading = spreading
        self._reader = reader
        self.portions: Portions | None = None
        self.error: BaseException | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Leave it to the workers to take a handset and enter the namespaces."""
        config.stash[ENTERS_LATER] = True
        spreading = self._spreading
        config.stash[SHARING] = Sharing(spreading.handsets, spreading.each, spreading.at_once)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Have the crew do it."""
        if session.testsfailed:
            return True
        groups = [
            list(items)
            for _, items in itertools.groupby(
                filter(is_judged, session.items), key=lambda item: item.nodeid.partition("::")[0]
            )
        ]
        if not groups:
            return True
        spreading = self._spreading
        names = [Group(items[0].nodeid.partition("::")[0], _ids(items)) for items in groups]
        self.portions = Portions(names, spreading.handsets, each=spreading.each)
        crew = Crew(
            session,
            groups,
            self.portions,
            [
                Assignment(
                    spreading.testbed,
                    name,
                    spreading.out / name if spreading.out is not None else None,
                    spreading.within_s,
                )
                for name in spreading.handsets
            ],
            session.config.stash[RESULTS],
            _Audience(self._reader, session.config),
            at_once=spreading.at_once or len(spreading.handsets),
        )
        try:
            crew.run()
        except KeyboardInterrupt:
            # pytest and whoever reads its status know what to do about that.
            raise
        except BaseException as error:  # noqa: BLE001
            # pytest would print it and go on; whoever asked for the run is to have it.
            self.error = error
        return True


class _Audience:
    """Tells the reader, and gives pytest the reports."""

    def __init__(self, reader: Reader, config: pytest.Config) -> None:
        self._config = config
        self.told = reader.told
        self.left = reader.left
        self.gave_back = reader.gave_back
        self.remarked = reader.remarked
        self.waits = reader.waits
        self._nodes: dict[str, object] = {}

    def reported(self, handset: str, report: bytes) -> None:
        """Have pytest and its plugins take a report; each handset's of a test is another to them."""
        data = msgspec.json.decode(report)
        hook = self._config.hook
        made = hook.pytest_report_from_serializable(config=self._config, data=data)
        if isinstance(made.longrepr, list):
            # Where a test was skipped: pytest and its JUnit want a tuple, which JSON has not.
            made.longrepr = tuple(made.longrepr)
        made.node = self._nodes.setdefault(handset, object())
        hook.pytest_runtest_logreport(report=made)


def _ids(items: Sequence[pytest.Item]) -> tuple[str, ...]:
    return tuple(item.nodeid for item in items)
