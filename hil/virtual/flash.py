"""The handset's flash: parameters that survive a power cut at any instant.

Two slots hold one whole set of parameters each; a commit always writes the slot that is *not* in
force. Its mark goes first and comes back last, one byte each time, so that at every byte in between
the slot is plainly void and the other one stays in force:

::

    mark          1 octet, 0xA5 if the slot is whole, else void
    generation    8 octets, the higher one is in force
    length        4 octets
    crc32         4 octets, of generation, length and payload: bit rot and foreign files
    payload       JSON object, parameter name to value

Writing takes lab time, and what a write had time for is on the medium when the power goes.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from hil.clock import Clock
from hil.errors import LabError, ProfileError, ProfileErrorKind
from hil.lab_time import NANOSECONDS

SLOT_SIZE = 512 * 1024
"""Octets of one slot of the flash."""
NS_PER_BYTE = 1_000
"""A serial NOR flash programs about one megabyte a second."""
_MARK = b"\xa5"
_VOID = b"\x00"
_HEAD = struct.Struct("!QI")
_CRC = struct.Struct("!I")
_LAST_GENERATION = 1 << 63
"""Far more than any flash endures; a foreign file may claim it, and must not stop the count."""
_PAYLOAD_AT = len(_MARK) + _HEAD.size + _CRC.size


class Medium(Protocol):
    """Octets that stay when the power goes. Octets never written read as zeros, or not at all."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` octets; fewer where the medium ends."""

    def write(self, offset: int, data: bytes) -> None:
        """Put ``data`` at ``offset``; it is durable on return."""


class MemoryMedium:
    """A medium that lives as long as the virtual handset does, powered or not."""

    def __init__(self) -> None:
        self.octets = bytearray()

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` octets; fewer where the medium ends."""
        return bytes(self.octets[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:
        """Put ``data`` at ``offset``."""
        end = offset + len(data)
        if len(self.octets) < end:
            self.octets.extend(bytes(end - len(self.octets)))
        self.octets[offset:end] = data


class FileMedium:
    """A medium in a file, for a handset that outlives the process; LabError where it cannot be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._error("cannot open", error) from error

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` octets; fewer where the file ends."""
        try:
            return os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise self._error("cannot read", error) from error

    def write(self, offset: int, data: bytes) -> None:
        """Put ``data`` at ``offset`` and have the kernel write it through."""
        try:
            while data:
                written = os.pwrite(self._descriptor, data, offset)
                data, offset = data[written:], offset + written
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise self._error("cannot write", error) from error

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _error(self, what: str, error: OSError) -> LabError:
        return LabError(
            f"{what} the handset's state file {self._path}",
            evidence=error.strerror or str(error),
            next_step="give another --state, or none for a handset that forgets",
        )


class Flash:
    """The parameters on a medium.

    ``ns_per_byte`` is how long an octet takes to be programmed (lab time); with 0 a commit happens
    at one instant.
    """

    def __init__(
        self,
        medium: Medium,
        clock: Clock,
        *,
        ns_per_byte: int = NS_PER_BYTE,
        slot_size: int = SLOT_SIZE,
    ) -> None:
        self._medium = medium
        self._clock = clock
        self._ns_per_byte = ns_per_byte
        self._slot_size = slot_size
        self._writing = asyncio.Lock()

    @property
    def foreign(self) -> bool:
        """Whether the medium holds what no flash has written, and would be lost by a commit."""
        return self._medium.read(0, len(_MARK)) not in (b"", _MARK, _VOID)

    def load(self) -> dict[str, str]:
        """The parameters in force; empty where neither slot is whole (a phone from the factory)."""
        newest = max(self._slots(), default=None)
        return {} if newest is None else _parameters(newest[2]) or {}

    async def commit(self, parameters: Mapping[str, str]) -> None:
        """Put ``parameters`` in the place of those in force.

        Cancelled at any instant, either the former or the new set is in force, whole. Raises
        ProfileError (too-large), before a byte is written, for a set that does not fit in a slot.
        """
        async with self._writing:
            for offset, data in self._writes(parameters):
                await self._program(offset, data)

    def preset(self, parameters: Mapping[str, str]) -> None:
        """Commit at once: for the bench, which prepares a handset that has no power."""
        for offset, data in self._writes(parameters):
            self._medium.write(offset, data)

    def _slots(self) -> list[tuple[int, int, bytes]]:
        """Generation, number and payload of each whole slot."""
        found = []
        for number in range(2):
            start = number * self._slot_size
            head = self._medium.read(start, _PAYLOAD_AT)
            if len(head) < _PAYLOAD_AT or head[:1] != _MARK:
                continue
            generation, length = _HEAD.unpack_from(head, len(_MARK))
            if length > self._slot_size - _PAYLOAD_AT or generation >= _LAST_GENERATION:
                continue
            payload = self._medium.read(start + _PAYLOAD_AT, length)
            (crc,) = _CRC.unpack_from(head, len(_MARK) + _HEAD.size)
            sealed = zlib.crc32(head[len(_MARK) : len(_MARK) + _HEAD.size] + payload)
            if len(payload) == length and crc == sealed and _parameters(payload) is not None:
                found.append((generation, number, payload))
        return found

    def _writes(self, parameters: Mapping[str, str]) -> list[tuple[int, bytes]]:
        """The three writes of a commit: void the idle slot, fill it, mark it whole."""
        payload = json.dumps(dict(parameters), separators=(",", ":")).encode()
        room = self._slot_size - _PAYLOAD_AT
        if len(payload) > room:
            raise ProfileError(
                ProfileErrorKind.TOO_LARGE,
                f"parameters of {len(payload)} octets, the flash holds {room}",
            )
        generation, number, _ = max(self._slots(), default=(0, 1, b""))
        start = (1 - number) * self._slot_size
        head = _HEAD.pack(generation + 1, len(payload))
        body = head + _CRC.pack(zlib.crc32(head + payload)) + payload
        return [(start, _VOID), (start + len(_MARK), body), (start, _MARK)]

    async def _program(self, offset: int, data: bytes) -> None:
        """Write in lab time; a cancellation leaves what the time had been enough for."""
        began = self._clock.now()
        done = len(data)
        try:
            if self._ns_per_byte:
                await asyncio.sleep(len(data) * self._ns_per_byte / NANOSECONDS)
        except asyncio.CancelledError:
            done = min(done, (self._clock.now() - began) // self._ns_per_byte)
            raise
        finally:
            self._medium.write(offset, data[:done])


def _parameters(payload: bytes) -> dict[str, str] | None:
    """Read a payload; None for one that this class did not write."""
    try:
        read = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        return None
    return read
