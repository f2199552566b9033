"""What a console says, into the history and the raw log.

A line that says nothing for a while without an end, such as a prompt, is told as far as it goes. More
than two thousand lines a second stay in the raw log alone, and the history says how many, so that a
console gone mad neither fills the memory nor hides that it did.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from hil.clock import Clock
from hil.console.config import ConsoleConfig
from hil.console.lines import Line, LineSplitter, shown
from hil.console.log import RawLog
from hil.errors import ConsoleError
from hil.history import History
from hil.history import events as ev
from hil.lab_time import NANOSECONDS

SOURCE = "console"
"""What the events of consoles have as their source."""

MOST_LINES = 2000
"""Lines of one second that get into the history."""


class Recorder:
    """The record of one console; everything belongs into the loop of ``clock``."""

    def __init__(
        self,
        config: ConsoleConfig,
        clock: Clock,
        history: History,
        handset: str,
        log: Path | None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._history = history
        self._handset = handset
        self._log = RawLog(log, config.largest_log) if log is not None else None
        self._splitter = LineSplitter(config.longest_line)
        self._quiet: asyncio.TimerHandle | None = None
        self._second = self._told = 0
        self._skipped_lines = self._skipped_octets = self._skipped_from = 0

    def hide(self, secret: bytes) -> None:
        """Let a text into neither history nor log."""
        self._splitter.hide(secret)

    def found(self) -> None:
        """The console can be read."""
        self._history.append(
            ev.ConsoleFound(source=SOURCE, handset=self._handset, console=self._config.url)
        )

    def lost(self, error: ConsoleError) -> None:
        """The console cannot be read any more."""
        self._break_off()
        self._history.append(
            ev.ConsoleLost(
                source=SOURCE,
                handset=self._handset,
                console=self._config.url,
                reason=error.evidence or error.what,
            )
        )

    def sent(self, data: bytes, *, secret: bool) -> ev.ConsoleSent:
        """Octets were written to the console."""
        return self._history.append(
            ev.ConsoleSent(
                source=SOURCE,
                handset=self._handset,
                octets=len(data),
                text="" if secret else shown(data),
                secret=secret,
            )
        )

    def arrived(self, data: bytes, at: int) -> None:
        """Octets of the console, received at lab time ``at``."""
        for line in self._splitter.feed(data):
            self._complete(line, at)
        self._rest_from_now()

    def fault(self, error: ConsoleError) -> None:
        """Put trouble into the history as one of the laboratory's."""
        self._history.append(
            ev.LabFault(
                source=SOURCE,
                handset=self._handset,
                what=error.what,
                evidence=error.evidence,
                next_step=error.next_step,
                concerns=error.concerns or self._handset,
            )
        )

    def close(self) -> None:
        """Keep what the console said last."""
        self._break_off()
        if self._log is not None:
            self._log.close()

    # -- inside ------------------------------------------------------------------------------------

    def _rest_from_now(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = self._clock.loop.call_later(self._config.quiet_s, self._rested)

    def _rested(self) -> None:
        self._quiet = None
        self._tell_skipped()
        line = self._splitter.preview()
        if line is not None:
            self._tell(line, self._clock.now())

    def _break_off(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None
        rest = self._splitter.rest()
        if rest is not None:
            self._complete(rest, self._clock.now())
        self._tell_skipped()

    def _complete(self, line: Line, at: int) -> None:
        self._keep(line.raw)
        second = at // NANOSECONDS
        if second != self._second:
            self._tell_skipped()
            self._second, self._told = second, 0
        self._told += 1
        if self._told <= MOST_LINES:
            self._tell(line, at)
            return
        if not self._skipped_lines:
            self._skipped_from = line.offset
        self._skipped_lines += 1
        self._skipped_octets += len(line.raw)

    def _tell(self, line: Line, at: int) -> None:
        self._history.append(
            ev.ConsoleLine(
                source=SOURCE,
                handset=self._handset,
                at=at,
                text=shown(line.raw),
                raw=line.raw,
                offset=line.offset,
                end=line.end,
            )
        )

    def _tell_skipped(self) -> None:
        if not self._skipped_lines:
            return
        self._history.append(
            ev.ConsoleSkipped(
                source=SOURCE,
                handset=self._handset,
                lines=self._skipped_lines,
                octets=self._skipped_octets,
                offset=self._skipped_from,
            )
        )
        self._skipped_lines = self._skipped_octets = 0

    def _keep(self, raw: bytes) -> None:
        if self._log is None:
            return
        try:
            self._log.write(raw)
        except ConsoleError as error:
            # Evidence that is not on disk is no evidence.
            self.fault(error)
