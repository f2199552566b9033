"""`hil certify` on several handsets at a time: what is said meanwhile, and the one summary."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.commands.certify_document import about_several
from hil.commands.certify_progress import Teller
from hil.commands.certify_reports import reporting
from hil.commands.certify_run import Chosen, Ran, run_pytest
from hil.commands.output import Voice
from hil.commands.phone_options import printable
from hil.evidence.results import RunResults, TestResult
from hil.judge import Word
from hil.pace.report import Outlook
from hil.parallel.spreading import Spread, Spreading
from hil.pytest_plugin import RESULTS
from hil.pytest_tiers import OUTLOOK

if TYPE_CHECKING:
    from hil.parallel.portions import Portions

_NAMED = 6


def on_several(chosen: Chosen, spreading: Spreading, voice: Voice) -> Ran:
    """Spread the tests over the handsets; returns when each has a verdict."""
    reader = _Reader(chosen, spreading, Teller(voice))
    spread = Spread(spreading, reader)
    with reporting(spreading.out) as reports:
        arguments = [*chosen.arguments(), *reports.arguments, "--capture=no"]
        status = run_pytest(arguments, spread, reader, reports)
        reader.results.troubles += reports.unwritten()
    if spread.error is not None:
        raise spread.error
    entries = [spreading.testbed.handset(name) for name in spreading.handsets]
    portions = spread.portions
    done, lost = (portions.done_by(), portions.lost()) if portions else ({}, {})

    def summary(wall_s: float) -> None:
        reader.summary(portions, spreading.out, wall_s)

    return Ran(reader.results, about_several(entries, done, lost), status, summary)


class _Reader:
    """Prints verdicts as they fall, each with its handset; a pytest plugin for the collection."""

    def __init__(self, chosen: Chosen, spreading: Spreading, teller: Teller) -> None:
        self.results = RunResults()
        self._chosen = chosen
        self._spreading = spreading
        self._teller = teller
        self._seen: set[tuple[str, str]] = set()
        self._outlook: Outlook | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Share the results that the plugin collects."""
        self.results = config.stash[RESULTS]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Show what keeps a test file from being read."""
        if report.failed:
            self._teller.say(str(report.longrepr), Word.ERROR)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say what is about to be judged."""
        names = self._spreading.handsets
        with_defects = f", with {', '.join(self._chosen.defects)}" if self._chosen.defects else ""
        self._teller.line(f"{len(names)} handsets: {_shown(names)}{with_defects}")
        each = " on each" if self._spreading.each else ""
        testbed = self._spreading.testbed.name
        self._teller.line(f"testbed {testbed}, {self.results.planned} tests{each}")
        self._outlook = session.config.stash.get(OUTLOOK, None)
        if self._outlook is not None and self.results.planned:
            self._teller.outlook(self._outlook.before())

    def told(self, result: TestResult, *, baseline: bool) -> None:
        """A line a verdict; of baseline exchanges those alone that did not pass."""
        if baseline:
            if result.judgement.word is not Word.PASS:
                self._teller.verdict(result, "")
            return
        # A test that is given to another handset is the same one.
        self._seen.add((result.handset if self._spreading.each else "", result.id))
        self._teller.verdict(result, f"[{len(self._seen)}/{self.results.planned}]")

    def left(self, handset: str, reason: str, group: str) -> None:
        """Say at once that a handset is out of the run."""
        given = (
            f"; {Path(group).name} goes to another" if group and not self._spreading.each else ""
        )
        self._teller.say(f"{handset} is out of the run: {reason}{given}", Word.ERROR)

    def gave_back(self, handset: str, reason: str) -> None:
        """Say at once that a module waits for whoever is next."""
        self._teller.say(f"{handset} gave a module back: {reason}", Word.INCONCLUSIVE)

    def remarked(self, handset: str, text: str) -> None:
        """Say what a handset keeps everybody waiting for."""
        self._teller.outlook([f"{handset}: {printable(text)}"])

    def waits(self, handsets: Sequence[str]) -> None:
        """Say what keeps the run from ending."""
        self._teller.line(f"giving back {', '.join(handsets)}, with power")

    def summary(self, portions: Portions | None, out: Path | None, wall_s: float) -> None:
        """Say who did what, and what came of it all."""
        if not self.results.planned:
            return
        self._teller.total(self.results, out, wall_s)
        if self._outlook is not None:
            self._teller.pace(self._outlook)
        if portions is None:
            return
        shares = {name: len(groups) for name, groups in portions.done_by().items()}
        what = "modules" if portions.over else "modules that came to their end"
        self._teller.line(f"{what}: " + ", ".join(f"{name} {n}" for name, n in shares.items()))
        judged = {result.handset for result in self.results.tests}
        for nothing in without_verdict(portions, judged, each=self._spreading.each):
            self._teller.say(nothing, Word.INCONCLUSIVE)


def without_verdict(portions: Portions, judged: Collection[str], *, each: bool) -> list[str]:
    """In words, the handsets that the run says nothing of.

    They were not through with any module, nor are they ``judged``: a run that was ended counts the
    verdicts of the modules that were under way.
    """
    lost = portions.lost()
    done = portions.done_by()
    idle = [name for name, groups in done.items() if not groups and name not in judged]
    spared = [name for name in idle if name not in lost]
    gone = [name for name in idle if name in lost]
    told = []
    if spared:
        it, they = ("them", "they were") if len(spared) > 1 else ("it", "it was")
        why = f"the run was ended before {they} through with a test"
        remedy = ""
        if portions.over:
            why = f"no module was left for {it}"
            remedy = "" if each else "; --each runs all of them on each handset"
        told.append(f"{_shown(spared)}: {why}, so nothing is said of {it}{remedy}")
    if gone:
        they, of = ("they were", "them") if len(gone) > 1 else ("it was", "it")
        why = f"out of the run before {they} through with a module, so nothing is said of {of}"
        told.append(f"{_shown(gone)}: {why}")
    return told


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
