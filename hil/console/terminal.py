"""A person, or a script, at a console: stdin to the line, the line to stdout.

The link's thread writes what it hears, so a terminal that is held (Ctrl-S) holds the console and not
the keyboard. The main thread reads stdin and waits for each stretch to be written before it reads on.
A console that is away when it begins is an error; one that is lost later is waited for.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import termios
import time
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

from hil.console.config import ConsoleConfig
from hil.console.keys import Keys, Stamps
from hil.console.link import Link
from hil.console.log import RawLog
from hil.errors import ConsoleError

_CHUNK = 4096
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Manner:
    """How a terminal shows and keeps a console.

    ``times``: the time of receipt before each line. ``log``: the file of the raw octets. ``linger_s``:
    once stdin has ended, how long the console has to be silent to end as well.
    """

    times: bool = False
    log: Path | None = None
    linger_s: float = 1.0


class Terminal:
    """One console on the descriptors ``stdin`` and ``stdout``; news of the console go to stderr."""

    def __init__(
        self, config: ConsoleConfig, manner: Manner, *, stdin: int = 0, stdout: int = 1
    ) -> None:
        self._manner = manner
        self._stdin, self._stdout = stdin, stdout
        self._typed_by_hand = os.isatty(stdin)
        self._keys = Keys()
        self._stamps = Stamps()
        self._log = RawLog(manner.log, sys.maxsize) if manner.log is not None else None
        self._news: SimpleQueue[ConsoleError | None] = SimpleQueue()
        self._there = False
        self._heard_at = time.monotonic()
        self._failed: OSError | ConsoleError | None = None
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._link = Link(config, self)

    def run(self) -> None:
        """Until the person leaves, or stdin has ended and the console is silent.

        `ConsoleError` if the console cannot be opened, or a script's input cannot be sent to it.
        """
        try:
            self._link.start()
            trouble = self._news.get()
            if trouble is not None:
                raise trouble
            self._there = True
            with self._raw():
                if self._typed_by_hand:
                    self._say("connected; Ctrl-] leaves")
                self._attend()
        finally:
            self._link.close()
            self._woken.close()
            self._waker.close()
            if self._log is not None:
                self._log.close()

    # -- told by the link, in its thread -----------------------------------------------------------

    def found(self) -> None:
        """The console is there."""
        self._news.put(None)
        self._wake()

    def lost(self, error: ConsoleError) -> None:
        """The console is gone."""
        self._news.put(error)
        self._wake()

    def heard(self, data: bytes) -> None:
        """Show what the console says."""
        self._heard_at = time.monotonic()
        try:
            if self._log is not None:
                self._log.write(data)
            if self._manner.times:
                data = self._stamps.feed(data, f"{datetime.now():%H:%M:%S.%f}"[:-3])
            _write(self._stdout, data)
        except (OSError, ConsoleError) as error:
            self._failed = error
        self._wake()

    # -- inside ------------------------------------------------------------------------------------

    def _attend(self) -> None:
        ended = False
        while self._failed is None:
            # Input of a script that nobody takes must not be lost; a person has to be able to leave.
            reading = not ended and (self._there or self._typed_by_hand)
            readable = self._poll(
                reading, self._heard_at + self._manner.linger_s if ended else None
            )
            self._tell()
            if ended and not self._there:
                raise ConsoleError("the console went away before it had its say")
            if ended and time.monotonic() >= self._heard_at + self._manner.linger_s:
                return
            if readable and reading:
                data = os.read(self._stdin, _CHUNK)
                ended = not data
                self._heard_at = max(self._heard_at, time.monotonic())
                if self._pass_on(data):
                    return
        raise self._failed

    def _poll(self, reading: bool, until: float | None) -> bool:
        """Wait for stdin, if it is read, for the link's thread, or until a time."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        if reading:
            poll.register(self._stdin, select.POLLIN)
        left = None if until is None else max(0.0, until - time.monotonic()) * 1000
        ready = dict(poll.poll(left))
        if self._woken.fileno() in ready:
            self._woken.recv(_CHUNK)
        return self._stdin in ready

    def _pass_on(self, typed: bytes) -> bool:
        """Send what was typed; whether the person leaves."""
        data, leave = self._keys.feed(typed) if self._typed_by_hand else (typed, False)
        if data:
            done: SimpleQueue[ConsoleError | None] = SimpleQueue()
            self._link.send(data, done.put)
            # The link answers each order, at the latest at its deadline.
            error = done.get()
            if error is not None and not self._typed_by_hand:
                raise error
            if error is not None:
                self._say("not sent")
        return leave

    def _tell(self) -> None:
        while not self._news.empty():
            error = self._news.get()
            self._there = error is None
            self._say("found again" if error is None else f"lost: {error.evidence or error.what}")

    def _say(self, text: str) -> None:
        end = "\r\n" if self._typed_by_hand else "\n"
        with contextlib.suppress(OSError):
            _write(2, f"[console {text}]{end}".encode())

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._waker.send(b"\0")

    @contextlib.contextmanager
    def _raw(self) -> Iterator[None]:
        """Take keys as they are typed, and give the terminal back whatever ends the block."""
        if not self._typed_by_hand:
            yield
            return
        former = termios.tcgetattr(self._stdin)
        handlers = {each: signal.signal(each, _ended) for each in _SIGNALS}
        try:
            tty.setraw(self._stdin)
            yield
        finally:
            termios.tcsetattr(self._stdin, termios.TCSADRAIN, former)
            for each, handler in handlers.items():
                signal.signal(each, handler)


def _ended(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
