"""What `hil certify` shows while it runs: a line a test, what was broken, and a summary."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import click
import pytest

from hil.commands.output import Voice
from hil.commands.phone_options import printable
from hil.evidence.results import RunResults, TestResult
from hil.judge import Word
from hil.judge.readings import differing
from hil.pace.report import Outlook
from hil.pytest_plugin import ASIDE, RESULTS
from hil.pytest_tiers import OUTLOOK
from hil.testbed.inventory import HandsetEntry, Testbed

_COLOURS = {
    Word.PASS: "green",
    Word.FAIL: "red",
    Word.INCONCLUSIVE: "yellow",
    Word.ERROR: "magenta",
    Word.NOT_APPLICABLE: "cyan",
}
_WIDTH = max(len(word.value) for word in Word)


class Teller:
    """Tells verdicts, and what was broken, with ``voice``."""

    def __init__(self, voice: Voice) -> None:
        self.line = voice.line

    def verdict(self, result: TestResult, number: str) -> None:
        """A line of a verdict, and what there is to say of it."""
        word = result.judgement.word
        name = result.id.removeprefix("tests/certification/")
        verdict = click.style(f"{word.value:<{_WIDTH}}", fg=_COLOURS[word], bold=True)
        on = f"{result.handset} " if result.handset else ""
        times = f"{hours(result.lab_s)} in {result.wall_s:.2f} s"
        self.line(f"{verdict} {on}{name}  ({times}) {number}".rstrip())
        if word is not Word.PASS:
            self.say(str(result.judgement), word)
            return
        for line in result.judgement.about_readings():
            self.line(click.style(f"    {line}", dim=True))

    def outlook(self, lines: Sequence[str]) -> None:
        """What is known of the run's pace, for a person alone: on standard error."""
        for line in lines:
            with contextlib.suppress(OSError):
                click.echo(click.style(line, dim=True), err=True)

    def pace(self, outlook: Outlook) -> None:
        """After the run: what there was no time for, and what the estimate was worth."""
        for line in outlook.untold():
            self.say(line, Word.INCONCLUSIVE)
        self.outlook(outlook.after())

    def total(self, results: RunResults, out: Path | None, wall_s: float) -> None:
        """What came of it all, and where the evidence is."""
        for trouble in results.troubles:
            self.say(trouble, Word.ERROR)
        lab_s = sum(result.lab_s for result in results.tests)
        self.line("")
        self.line(click.style(results.summary(), fg=_COLOURS[results.word], bold=True))
        self.line(f"{hours(lab_s)} of lab time in {wall_s:.1f} s")
        if out is not None:
            self.line(f"evidence: {out}")

    def say(self, text: str, word: Word) -> None:
        """Indented lines in the colour of a verdict."""
        for line in text.splitlines():
            self.line("    " + click.style(line, fg=_COLOURS[word]))


@contextlib.contextmanager
def aside() -> Iterator[Callable[[str], None]]:
    """Standard error for lines said while a test runs, when pytest keeps what is written there.

    Such a line is said or it is not: no run fails by it.
    """
    with contextlib.ExitStack() as undo:
        said: IO[str] | None = None
        with contextlib.suppress(OSError, ValueError):
            descriptor = os.dup(sys.stderr.fileno())
            said = undo.enter_context(os.fdopen(descriptor, "w", errors="backslashreplace"))

        def say(text: str) -> None:
            # A wait may end with the run, and its line come when the stream is closed: ValueError.
            with contextlib.suppress(OSError, ValueError):
                if said is not None:
                    click.echo(click.style(text, dim=True), file=said)

        yield say


class Progress:
    """A pytest plugin that tells verdicts as they fall, with ``voice``.

    ``say`` takes lines for a person alone, see `aside`, which come while a test runs.
    """

    def __init__(
        self,
        entry: HandsetEntry,
        testbed: Testbed,
        defects: Sequence[str],
        voice: Voice,
        say: Callable[[str], None],
    ) -> None:
        self.results = RunResults()
        self._entry = entry
        self._testbed = testbed
        self._defects = defects
        self._teller = Teller(voice)
        self._say = say
        self._told = 0
        self._baselines_told = 0
        self._outlook: Outlook | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Share the results that the plugin collects, and have it say what it waits for."""
        self.results = config.stash[RESULTS]
        config.stash[ASIDE] = lambda text: self._say(f"{self._entry.name}: {printable(text)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Show what keeps a test file from being read."""
        if report.failed:
            self._teller.say(str(report.longrepr), Word.ERROR)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say what is about to be judged."""
        identity = self._entry.identity()
        with_defects = f", with {', '.join(self._defects)}" if self._defects else ""
        self._teller.line(
            f"{self._entry.name}: {self._entry.model} {identity.mac}, {identity.swver}{with_defects}"
        )
        self._teller.line(f"testbed {self._testbed.name}, {self.results.planned} tests")
        if others := differing(self._entry.chosen_interpretations()):
            self._teller.line(f"not read as by default: {', '.join(map(str, others))}")
        self._outlook = session.config.stash.get(OUTLOOK, None)
        if self._outlook is not None and self.results.planned:
            self._teller.outlook(self._outlook.before())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print the verdicts that are new."""
        if report.when == "setup" and report.passed:
            self._tell_baselines()
            return
        if report.when == "teardown" and report.failed and self.results.tests:
            self._teller.verdict(self.results.tests[-1], f"[{self._told}/{self.results.planned}]")
        for result in self.results.tests[self._told :]:
            self._teller.verdict(result, f"[{self._told + 1}/{self.results.planned}]")
            self._told += 1

    def summary(self, results: RunResults, out: Path | None, wall_s: float) -> None:
        """Say what came of it all, and where the evidence is."""
        self._tell_baselines()
        if not results.planned:
            return
        self._teller.total(results, out, wall_s)
        if self._outlook is not None:
            self._teller.pace(self._outlook)

    def _tell_baselines(self) -> None:
        for result in self.results.baselines[self._baselines_told :]:
            self._baselines_told += 1
            if result.judgement.word is not Word.PASS:
                self._teller.verdict(result, "")


def hours(seconds: float) -> str:
    """A duration in the unit that it is best read in."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"
