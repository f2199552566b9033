"""What `hil adequacy` shows on stderr while it runs: how far it is, and how long it will take."""

from __future__ import annotations

import sys

import click

from hil.adequacy.job import Kind
from hil.adequacy.outcome import Fate, Outcome

_STEP = 0.1
_MARK = {
    Kind.SOUND: "the reference handset",
    Kind.DEFECT: "defects",
    Kind.PAIR: "pairs of defects",
    Kind.MUTANT: "mutants",
}


class Progress:
    """One line that is written again and again on a terminal, a line a tenth of the work elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._phase = ""
        self._jobs = self._done = self._survived = self._invalid = 0
        self._told = 0.0

    def begun(self, phase: str, jobs: int) -> None:
        """A phase begins."""
        self._phase = _MARK[Kind(phase)]
        self._jobs, self._done, self._survived, self._invalid, self._told = jobs, 0, 0, 0, 0.0
        self._kind = Kind(phase)

    def progressed(self, outcome: Outcome, share: float, left_s: float) -> None:
        """A job is through."""
        self._done += 1
        self._survived += outcome.fate is Fate.SURVIVED
        self._invalid += outcome.fate is Fate.INVALID
        last = self._done == self._jobs
        if not (self._terminal or last or share >= self._told + _STEP):
            return
        self._told = share
        alive = "" if self._kind is Kind.SOUND else f", {self._survived} survived"
        invalid = f", {self._invalid} invalid" if self._invalid else ""
        left = "" if last else f", {_minutes(left_s)} left"
        text = f"{self._phase}: {self._done}/{self._jobs}{alive}{invalid}{left}"
        if self._terminal:
            click.echo(f"\r\x1b[K{text}", err=True, nl=last)
        else:
            click.echo(text, err=True)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
