"""Relay boards on a real pseudo-terminal, after what their vendors publish of them.

A board lives in a thread that reads the bytes from its end of the terminal. ``manner`` is how it
misbehaves: dead (it hears nothing), stuck (it answers and does not switch), garbage, endless.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Board:
    """A board; ``closed`` has the relays that are closed, ``heard`` every byte that arrived."""

    kind: str
    path: str = ""
    manner: str = ""
    closed: set[int] = field(default_factory=set)
    heard: bytearray = field(default_factory=bytearray)
    answers: Callable[[bytes], object] = lambda _answer: None
    changed: threading.Condition = field(default_factory=threading.Condition)

    def switch(self, relay: int, on: bool) -> None:
        if self.manner != "stuck":
            (self.closed.add if on else self.closed.discard)(relay)

    def has_heard(self, wanted: bytes) -> bool:
        """Wait until this, and nothing else, has arrived since the board was plugged in."""
        with self.changed:
            return self.changed.wait_for(lambda: self.heard == wanted, timeout=5.0)

    def hear(self, pending: bytes) -> bytes:
        """Deal with what has come; what is left of it."""
        if self.manner == "garbage":
            self.answers(os.urandom(16))
        elif self.manner == "endless":
            self.answers(b"\x55" * 6000)
        elif self.manner != "dead":
            return KINDS[self.kind.partition("-")[0]](self, pending)
        return b""


def _lcus(board: Board, pending: bytes) -> bytes:
    while pending:
        if pending[0] == 0xFF and board.kind == "lcus-status":
            board.answers(
                b"".join(
                    b"CH%d: %s\r\n" % (relay, b"ON " if relay in board.closed else b"OFF")
                    for relay in range(1, 5)
                )
            )
            pending = pending[1:]
        elif pending[0] != 0xA0:
            pending = pending[1:]
        elif len(pending) < 4:
            break
        else:
            _, relay, on, check = pending[:4]
            if check == (0xA0 + relay + on) & 0xFF:
                board.switch(relay, bool(on))
            pending = pending[4:]
    return pending


def _kmtronic(board: Board, pending: bytes) -> bytes:
    relays = int(board.kind[-1])
    while len(pending) >= 3:
        head, relay, what = pending[:3]
        if head != 0xFF:
            pending = pending[1:]
            continue
        if what == 3 and relays < 4:
            board.answers(bytes((0xFF, relay, relay in board.closed)))
        elif relay == 9 and relays >= 4:
            board.answers(bytes(number in board.closed for number in range(1, relays + 1)))
        elif what in (0, 1):
            board.switch(relay, bool(what))
        pending = pending[3:]
    return pending


def _numato(board: Board, pending: bytes) -> bytes:
    while b"\r" in pending:
        line, _, pending = pending.partition(b"\r")
        board.answers(line + b"\n\r")
        if found := re.fullmatch(rb"relay (on|off|read) ([0-9A-V])", line):
            relay = int(found[2], 32)
            if found[1] != b"read":
                board.switch(relay, found[1] == b"on")
            else:
                board.answers((b"on" if relay in board.closed else b"off") + b"\n\r")
        board.answers(b">")
    return pending


KINDS = {"lcus": _lcus, "kmtronic": _kmtronic, "numato": _numato}


@contextlib.contextmanager
def plugged_in(kind: str) -> Iterator[Board]:
    """A board at the path of its line."""
    board_end, line = os.openpty()
    stop, stopped = os.pipe()
    tty.setraw(line)
    board = Board(kind, os.ttyname(line))
    board.answers = lambda answer: os.write(board_end, answer)

    def live() -> None:
        pending = b""
        with selectors.DefaultSelector() as selector:
            selector.register(board_end, selectors.EVENT_READ)
            selector.register(stop, selectors.EVENT_READ)
            while all(key.fd != stop for key, _ in selector.select()):
                data = os.read(board_end, 4096)
                with board.changed:
                    board.heard += data
                    pending = board.hear(pending + data)
                    board.changed.notify_all()

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield board
    finally:
        os.write(stopped, b"x")
        thread.join(timeout=5)
        for descriptor in (board_end, line, stop, stopped):
            os.close(descriptor)
