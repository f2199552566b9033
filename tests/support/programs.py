"""Programs that run beside a test, and what they say, awaited with a deadline."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence

import pytest

from hil.net.namespace import Namespace

DEADLINE_S = 15.0
FIRST = -10
"""The niceness of what runs beside a test."""


def needed(program: str, package: str) -> str:
    """Its path; where it is missing the test is skipped, loudly."""
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        pytest.skip(f"needs {program} (Debian package {package})")
    return found


class Program:
    """A process; what it writes to stdout and stderr is one text."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.output = ""
        assert process.stdout is not None
        self._pipe = process.stdout
        self._reads = selectors.DefaultSelector()
        self._reads.register(self._pipe, selectors.EVENT_READ)

    def expect(self, text: str, *, count: int = 1, within: float = DEADLINE_S) -> str:
        """Wait until it has written ``text`` so many times; all that it has written till then."""
        until = time.monotonic() + within
        while self.output.count(text) < count:
            if not self._read(until):
                pytest.fail(f"{text!r} did not come {count} times, but:\n{self.output}")
        return self.output

    def ended(self, within: float = DEADLINE_S) -> int:
        """Wait for its end; its exit status."""
        until = time.monotonic() + within
        while self._read(until):
            pass
        try:
            return self.process.wait(timeout=max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            pytest.fail(f"it did not end, but:\n{self.output}")

    def press(self, number: int = signal.SIGINT) -> None:
        """Send it what a terminal sends with Ctrl-C: a signal to its whole process group."""
        os.killpg(self.process.pid, number)

    def stop(self) -> None:
        """End it, by force if it must be; no effect if it has ended."""
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        while self._read(time.monotonic() + 1):
            pass
        self._reads.close()
        self._pipe.close()

    def _read(self, until: float) -> bool:
        """Take what comes next; False at the end, or at ``until``."""
        if self._pipe.closed or not self._reads.select(max(0, until - time.monotonic())):
            return False
        data = os.read(self._pipe.fileno(), 65_536)
        self.output += data.decode(errors="replace")
        return bool(data)


@contextlib.contextmanager
def started(command: Sequence[str], place: Namespace) -> Iterator[Program]:
    """Run a program in a network namespace for the time of the block, in a process group of its own."""
    with place.entered():
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    first(process.pid, os.PRIO_PGRP)
    program = Program(process)
    try:
        yield program
    finally:
        program.stop()


def first(pid: int, which: int = os.PRIO_PROCESS) -> None:
    """A bench on the wall clock that stands still judges nothing; the tests beside it can wait."""
    with contextlib.suppress(PermissionError):
        os.setpriority(which, pid, FIRST)
