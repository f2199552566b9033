"""The thread that keeps a console open: reads it, writes to it, finds it again when it is lost.

Opening a device or a connection blocks, and what a console says is to be stamped when it arrives,
however busy the laboratory's loop is. So one thread owns the port and nobody else touches it; it is
told what to write through a queue and a socket that wakes it. It tells a `Listener` what happens.

Between two attempts to open the port it rests, twice as long each time within the bounds of the
configuration, and begins anew once the port was open for longer than the rest before.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hil.console.config import ConsoleConfig
from hil.console.ports import Port, SocketFactory, await_port, open_port
from hil.errors import ConsoleError

_CLOSING_S = 2.0

Sent = Callable[[ConsoleError | None], None]
"""Told once, in whatever thread, what became of octets: None, or why they were not written."""


class Listener(Protocol):
    """What a link tells, in its own thread."""

    def found(self) -> None:
        """The port is open."""

    def lost(self, error: ConsoleError) -> None:
        """It is not; told once each time that it is lost, and for each other reason why not found."""

    def heard(self, data: bytes) -> None:
        """These octets have just arrived; while this blocks nothing more is read."""


@dataclass(frozen=True)
class _Order:
    data: bytes
    until: float
    sent: Sent


class Link:
    """One console's port, kept open until `close`."""

    def __init__(
        self, config: ConsoleConfig, listener: Listener, connect: SocketFactory = socket.socket
    ) -> None:
        self._config = config
        self._listener = listener
        self._connect = connect
        self._lock = threading.Lock()
        self._orders: deque[_Order] = deque()
        self._writing: _Order | None = None
        self._open = False
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._stopped = threading.Event()
        self._trouble = ConsoleError("the console was not opened yet", concerns=config.url)
        self._thread = threading.Thread(target=self._main, name="console", daemon=True)

    def start(self) -> None:
        """Open the port, now and whenever it is lost."""
        self._thread.start()

    def send(self, data: bytes, sent: Sent) -> None:
        """Have octets written within ``send_s``; from any thread. A port that is lost fails at once."""
        with self._lock:
            trouble = None if self._open else self._trouble
            if trouble is None:
                until = time.monotonic() + self._config.send_s
                self._orders.append(_Order(data, until, sent))
        if trouble is not None:
            sent(trouble)
        self._wake()

    @property
    def stopped(self) -> bool:
        """Whether the link was told to end."""
        return self._stopped.is_set()

    def close(self) -> None:
        """Let go of the port; returns when the thread has ended, or after 2 seconds all the same.

        Only a port that is just being opened takes that long; its thread then ends by itself.
        """
        self._stopped.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(_CLOSING_S)
        else:
            self._woken.close()
            self._waker.close()

    # -- inside, all in the thread -----------------------------------------------------------------

    def _main(self) -> None:
        rest = self._config.first_retry_s
        told = ""
        while not self._stopped.is_set():
            opened = 0.0
            try:
                port = open_port(self._config, self._connect)
                opened = time.monotonic()
                self._serve(port)
                break
            except ConsoleError as error:
                self._give_up(error)
                if opened or error.evidence != told:
                    self._listener.lost(error)
                told = error.evidence
            if opened and time.monotonic() - opened > rest:
                rest = self._config.first_retry_s
            self._stopped.wait(rest)
            rest = min(2 * rest, self._config.longest_retry_s)
        self._give_up(ConsoleError("the console was closed", concerns=self._config.url))
        self._woken.close()
        self._waker.close()

    def _serve(self, port: Port) -> None:
        """Pass on what comes until the port is lost, which raises, or the link is told to end."""
        try:
            with self._lock:
                self._open = True
            self._listener.found()
            if port.early:
                self._listener.heard(port.early)
            while not self._stopped.is_set():
                self._write(port)
                self._wait(port)
        finally:
            port.close()

    def _write(self, port: Port) -> None:
        """Write what is due: one order after the other, so that each is known to be through."""
        port.flush()
        while not port.waiting:
            with self._lock:
                done, self._writing = self._writing, None
                if self._orders:
                    self._writing = self._orders.popleft()
            if done is not None:
                done.sent(None)
            if self._writing is None:
                return
            port.send(self._writing.data)
            port.flush()
        if self._writing is not None and time.monotonic() >= self._writing.until:
            raise ConsoleError(
                "the console is gone",
                evidence=f"it did not take what was sent within {self._config.send_s:g} s",
                next_step="see whether flow control or a dead connection holds it up",
                concerns=self._config.url,
            )

    def _wait(self, port: Port) -> None:
        """Wait until there is something to read or to write, and read it."""
        left = None if self._writing is None else self._writing.until - time.monotonic()
        readable, woken = await_port(port, left, self._woken.fileno())
        if woken:
            self._woken.recv(4096)
        if readable:
            data = port.receive()
            if data:
                self._listener.heard(data)

    def _give_up(self, error: ConsoleError) -> None:
        """The port is lost: whoever waits for something to be written learns it."""
        with self._lock:
            self._open = False
            self._trouble = error
            orders = [*([self._writing] if self._writing else []), *self._orders]
            self._writing = None
            self._orders.clear()
        for order in orders:
            order.sent(error)

    def _wake(self) -> None:
        # A full socket has woken the thread already; a closed one has none to wake.
        with contextlib.suppress(BlockingIOError, OSError):
            self._waker.send(b"\0")
