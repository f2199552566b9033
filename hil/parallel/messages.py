"""What a crew and its workers tell each other.

MessagePack in frames of a four-byte length and a body. A worker asks for a group with `Idle`, tells
each baseline exchange and verdict as it falls, and pytest's own reports, of which JUnit's file is
made. When it is told to `End` it closes its bench, tells what that brought to light, and says `Bye`.
A stream that ends without is a worker that died.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from hil.errors import LabError
from hil.evidence.results import TestResult

_LENGTH = struct.Struct(">I")
_LONGEST = 64 << 20


class Idle(msgspec.Struct, frozen=True, tag="idle"):
    """The worker has nothing to do; its last group, if it had one, is through.

    ``given_back`` says why that group could not even be begun: another may try.
    """

    given_back: str = ""


class Spent(msgspec.Struct, frozen=True, tag="spent"):
    """The handset has no time left for any test of the group that it was given, and why.

    It has nothing to do and is to be given nothing more.
    """

    reason: str


class Told(msgspec.Struct, frozen=True, tag="told"):
    """A verdict; ``spoilt`` if it replaces that of the same test, which did not last."""

    result: TestResult
    baseline: bool = False
    spoilt: bool = False


class Remarked(msgspec.Struct, frozen=True, tag="remarked"):
    """What keeps the worker waiting, in words; nothing comes of it."""

    text: str


class Reported(msgspec.Struct, frozen=True, tag="reported"):
    """One of pytest's reports, in its serialisable form as JSON."""

    report: bytes


class Unfit(msgspec.Struct, frozen=True, tag="unfit"):
    """The handset is not to be used any more, and why; the group at hand is unfinished."""

    reason: str


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """What handsets share is broken, and how: the run is to end, on every one.

    ``handsets`` are those that share it, where it is a power device; empty where all of them do.
    """

    reason: str
    handsets: tuple[str, ...] = ()


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """The worker is through. ``troubles`` are faults of the lab that belong to no test."""

    troubles: tuple[str, ...] = ()


FromWorker = Idle | Spent | Told | Remarked | Reported | Unfit | Stop | Bye


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Test the group of this number."""

    group: int


class End(msgspec.Struct, frozen=True, tag="end"):
    """There is nothing more to do; sent to a worker that tests, it is to test no more."""


ToWorker = Run | End

Message = TypeVar("Message")


class Channel(Generic[Message]):
    """One end of a stream socket; ``incoming`` is the union of what may arrive here."""

    def __init__(self, sock: socket.socket, incoming: object) -> None:
        self.socket = sock
        self._decoder = msgspec.msgpack.Decoder(incoming)
        self._bytes = bytearray()
        self._whole = threading.Lock()

    def send(self, message: FromWorker | ToWorker) -> None:
        """Send a message, from any thread; OSError if nobody is there."""
        body = msgspec.msgpack.encode(message)
        with self._whole:
            self.socket.sendall(_LENGTH.pack(len(body)) + body)

    def receive(self) -> Message:
        """Wait for a message; EOFError at the end of the stream, LabError for what is none."""
        while True:
            for message in self._complete():
                return message
            self._read()

    def waiting(self) -> bool:
        """Whether there is something to receive, a stream that ended included."""
        return bool(self._bytes) or bool(select.select([self.socket], [], [], 0)[0])

    def arrived(self) -> Iterator[Message]:
        """Read what there is, once, and yield what is complete; EOFError and LabError as above."""
        self._read()
        yield from self._complete()

    def _read(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError
        self._bytes += data

    def _complete(self) -> Iterator[Message]:
        while len(self._bytes) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes)
            if length > _LONGEST:
                raise LabError("a process sent a message of no believable length")
            if len(self._bytes) < _LENGTH.size + length:
                return
            body = bytes(self._bytes[_LENGTH.size : _LENGTH.size + length])
            del self._bytes[: _LENGTH.size + length]
            try:
                message: Message = self._decoder.decode(body)
            except (msgspec.DecodeError, RecursionError) as error:
                raise LabError("a process sent what is no message", evidence=str(error)) from error
            yield message
