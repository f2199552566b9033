"""The certification suite, collected once in a process that has no threads and only forks.

pytest collects as it does for `hil certify`; its loop over the tests is replaced by whatever is to be
done with the collected suite, which runs jobs. Since the process itself runs no test it neither enters
a namespace nor builds a bench.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

import pytest

from hil.adequacy import pool
from hil.adequacy.child import become
from hil.adequacy.job import Job
from hil.adequacy.outcome import Outcome
from hil.errors import LabError, UsageError
from hil.pytest_plugin import ENTERS_LATER
from hil.pytest_requirements import is_judged, requirements_of
from hil.suite_location import certification_suite, pytest_alone, pytest_arguments

_T = TypeVar("_T")

_ON_THE_BENCH = ("--hil-direct-power", "--hil-one-group")
"""What makes a short job short: power without SNMP, one baseline exchange before and after it all."""

_BUILT_WITH = (
    "cryptography.hazmat.backends.openssl.backend",
    "encodings.idna",
    "encodings.utf_8_sig",
    "logging.handlers",
    "pyroute2",
)
"""What a bench imports when it is built, a tenth of a second that each child would spend again."""


class Suite:
    """What was collected. ``tests`` has the requirements of each test, by node id, in suite order."""

    def __init__(self, session: pytest.Session) -> None:
        for name in _BUILT_WITH:
            importlib.import_module(name)
        self._config = session.config
        self._items = {item.nodeid: item for item in session.items if is_judged(item)}
        self.tests: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {name: requirements_of(item) for name, item in self._items.items()}
        )

    def naming(self, *requirements: str) -> tuple[str, ...]:
        """The tests that name one of the requirements, in the suite's order."""
        wanted = set(requirements)
        return tuple(name for name, named in self.tests.items() if wanted & set(named))

    def run(self, jobs: Iterable[Job], at_once: int) -> Iterator[Outcome]:
        """Run jobs in children, ``at_once`` at a time; yield each outcome as it is known.

        Raises UsageError for a test that the suite does not have and for a job without tests.
        """
        return pool.run(self._checked(jobs), self._become, at_once)

    def _checked(self, jobs: Iterable[Job]) -> Iterator[Job]:
        for job in jobs:
            unknown = [test for test in job.tests if test not in self._items]
            if unknown or not job.tests:
                raise UsageError(
                    f"{job.kind} {job.name}: the suite has no test {', '.join(unknown) or 'for it'}",
                    remedy="node ids of the collected suite",
                )
            yield job

    def _become(self, job: Job, pipe: int, errors: int, parent: int) -> None:
        items = [self._items[test] for test in job.tests]
        become(job, items, self._config, pipe, errors, parent)


class _Instead(Generic[_T]):
    """A pytest plugin that does some work in the place of the loop over the tests."""

    def __init__(self, work: Callable[[Suite], _T]) -> None:
        self._work = work
        self.results: list[_T] = []
        self.error: BaseException | None = None
        self.refused: list[str] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[ENTERS_LATER] = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.refused.append(str(report.longrepr))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            return True
        try:
            self.results.append(self._work(Suite(session)))
        except BaseException as error:  # noqa: BLE001
            # pytest would print it and go on; whoever asked for the work is to have it.
            self.error = error
        return True


def with_suite(work: Callable[[Suite], _T], *modules: str) -> _T:
    """Collect the suite, or some of its modules, do ``work`` with it and return what that returns.

    Whatever ``work`` raises is raised. LabError if the suite cannot be collected.
    """
    folder = certification_suite()
    chosen = [str(folder / name) for name in modules] or [str(folder)]
    instead = _Instead(work)
    arguments = [*pytest_arguments(), "--capture=no", *_ON_THE_BENCH, *chosen]
    with pytest_alone():
        status = int(pytest.main(arguments, plugins=[instead]))
    if instead.error is not None:
        raise instead.error
    if not instead.results:
        raise LabError(
            "the suite cannot be collected",
            evidence="\n".join(instead.refused) or f"pytest ended with status {status}",
        )
    return instead.results[0]
