"""The reports that a run of `hil certify` leaves for others: JUnit's file and Allure's directory.

Plugins of other people's write them, and such a plugin ends the whole run, with the phone as it stands,
when a disk is full. A report is worth less than the run: what of it cannot be written is one trouble of
the run, which goes on. JUnit's file is made in memory and written when the run is over.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hil.pytest_plugin import RESULTS


@contextmanager
def reporting(out: Path | None) -> Iterator[Reports]:
    """The reports of a run whose evidence goes to ``out``; none where it goes nowhere."""
    memory = os.memfd_create("junit.xml", os.MFD_CLOEXEC)
    try:
        yield Reports(out, memory)
    finally:
        os.close(memory)


class Reports:
    """A pytest plugin beside those of JUnit and Allure. ``memory`` is an empty file in memory."""

    def __init__(self, out: Path | None, memory: int) -> None:
        self._out = out
        self._memory = memory

    @property
    def arguments(self) -> Sequence[str]:
        """What pytest is told of its reports."""
        if self._out is None:
            return ()
        return (
            f"--junit-xml=/proc/self/fd/{self._memory}",
            "-p",
            "allure_pytest.plugin",
            f"--alluredir={self._out / 'allure'}",
            "--clean-alluredir",
        )

    def pytest_configure(self, config: pytest.Config) -> None:
        """Stand around whatever Allure writes."""
        if self._out is None:
            return
        import allure_commons

        guard = _allure_guard(config, self._out / "allure")
        allure_commons.plugin_manager.register(guard)
        config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(guard))

    def unwritten(self) -> list[str]:
        """Write JUnit's file, when pytest is through; a line if that cannot be done."""
        size = os.fstat(self._memory).st_size
        if self._out is None or not size:
            return []
        file = self._out / "junit.xml"
        try:
            file.write_bytes(os.pread(self._memory, size, 0))
        except OSError as error:
            with suppress(OSError):
                # Half a document is none.
                file.unlink(missing_ok=True)
            return [f"{file} cannot be written: {error.strerror}"]
        return []


def _allure_guard(config: pytest.Config, directory: Path) -> object:
    """A plugin of Allure's around its writer: the first that cannot be written is a trouble."""
    import allure_commons

    told: list[str] = []

    def guarded() -> Generator[None, object, object]:
        try:
            return (yield)
        except OSError as error:
            for rest in directory.glob("*.tmp"):
                rest.unlink(missing_ok=True)
            if not told:
                told.append(f"{directory} cannot be written in full: {error.strerror}")
                # Looked up only now: a worker has results of its own.
                config.stash[RESULTS].troubles += told
            return None

    class Guard:
        @allure_commons.hookimpl(wrapper=True)
        def report_result(self) -> Generator[None, object, object]:
            return (yield from guarded())

        @allure_commons.hookimpl(wrapper=True)
        def report_container(self) -> Generator[None, object, object]:
            return (yield from guarded())

        @allure_commons.hookimpl(wrapper=True)
        def report_attached_file(self) -> Generator[None, object, object]:
            return (yield from guarded())

        @allure_commons.hookimpl(wrapper=True)
        def report_attached_data(self) -> Generator[None, object, object]:
            return (yield from guarded())

        @allure_commons.hookimpl(wrapper=True)
        def report_globals(self) -> Generator[None, object, object]:
            return (yield from guarded())

    return Guard()
