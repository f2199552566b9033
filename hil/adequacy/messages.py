"""What a child tells its parent, as MessagePack in frames of a four-byte length and a body.

A child sends one `TestSeen` a test as soon as that is judged, and one `Ended` when it is through. If
it cannot go on it sends `Broke`. A stream that ends without `Ended` is a child that died.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

import msgspec

from hil.errors import LabError
from hil.evidence.results import TestResult

_LENGTH = struct.Struct(">I")
_LONGEST = 64 * 2**20


class Seen(msgspec.Struct, frozen=True):
    """A finding; ``source`` is ``monitor`` or ``test``, ``counts`` whether the job counts it."""

    requirement: str
    what: str
    due: str
    seen: str
    source: str
    counts: bool


class TestSeen(msgspec.Struct, frozen=True, tag="test"):
    """A test or a baseline exchange with its verdict; ``wall_s`` is its wall time in seconds.

    ``data`` is what the job's observer made of it.
    """

    __test__ = False

    id: str
    verdict: str
    cause: str
    findings: tuple[Seen, ...]
    remarks: tuple[str, ...]
    wall_s: float
    data: bytes = b""

    @property
    def kills(self) -> tuple[Seen, ...]:
        """The findings that count, where the verdict is one against the handset."""
        if (self.verdict, self.cause) != ("FAIL", "device"):
            return ()
        return tuple(finding for finding in self.findings if finding.counts)


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The job is through. ``troubles`` are faults of the lab that belong to no test."""

    baselines: tuple[TestSeen, ...]
    troubles: tuple[str, ...]


class Broke(msgspec.Struct, frozen=True, tag="broke"):
    """The job could not be run to its end, and why."""

    what: str


Message = TestSeen | Ended | Broke

_DECODER = msgspec.msgpack.Decoder(Message)


def send(pipe: int, message: Message) -> None:
    """Write one frame to a blocking pipe; OSError if nobody reads it."""
    body = msgspec.msgpack.encode(message)
    rest = memoryview(_LENGTH.pack(len(body)) + body)
    while rest:
        rest = rest[os.write(pipe, rest) :]


class Frames:
    """Puts frames together from the bytes of a pipe."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take bytes; yield each message that they complete.

        Raises LabError for what is no message: the child's memory is not to be trusted then.
        """
        self._bytes += data
        while len(self._bytes) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes)
            if length > _LONGEST:
                raise LabError("a child sent a message of no believable length")
            if len(self._bytes) < _LENGTH.size + length:
                return
            body = bytes(self._bytes[_LENGTH.size : _LENGTH.size + length])
            del self._bytes[: _LENGTH.size + length]
            try:
                message = _DECODER.decode(body)
            except msgspec.DecodeError as error:
                raise LabError("a child sent what is no message", evidence=str(error)) from error
            yield message


def seen(result: TestResult, counts: frozenset[int], data: bytes = b"") -> TestSeen:
    """A result as it travels; ``counts`` are the places of the findings that the job counts."""
    judgement = result.judgement
    return TestSeen(
        result.id,
        judgement.word.value,
        judgement.cause.value,
        tuple(
            Seen(each.requirement, each.what, each.due, each.seen, each.source, place in counts)
            for place, each in enumerate(judgement.findings)
        ),
        judgement.remarks,
        result.wall_s,
        data,
    )
