"""The raw log of a console: every octet of its lines in the order in which they came, and no other."""

from __future__ import annotations

import os
from pathlib import Path

from hil.errors import ConsoleError


class RawLog:
    """A file of at most ``largest`` octets, beside the history; the events' offsets point into it.

    `ConsoleError` if it cannot be made or written, or is full; after that nothing is written any more.
    """

    def __init__(self, path: Path, largest: int) -> None:
        self._path = path
        self._left = largest
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o644)
        except OSError as error:
            raise self._failed(error.strerror or str(error)) from error

    def write(self, data: bytes) -> None:
        """Hand octets to the kernel."""
        if self._descriptor < 0:
            return
        self._left -= len(data)
        if self._left < 0:
            self.close()
            raise self._failed("the console said more than a log may hold")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            self.close()
            raise self._failed(error.strerror or str(error)) from error

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _failed(self, reason: str) -> ConsoleError:
        return ConsoleError(
            "the console's raw log cannot be written",
            evidence=f"{self._path}: {reason}",
            next_step="free space on the disk and run again",
        )
