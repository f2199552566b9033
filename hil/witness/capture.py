"""Every frame on the handset's link as a file for Wireshark, and the count of those that are not in it.

Evidence that has holes must not look whole: a frame that the capture dropped, and a file that could
not be written, are lab faults of the test inside whose window it happened.

Frames of a virtual testbed carry the date of the run's begin plus lab time, so that the file and the
history agree; where time passes by itself they carry the kernel's own stamps.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import IO

from hil.clock import Clock
from hil.errors import LabError
from hil.net.interface import Interface
from hil.net.packet_filter import Program
from hil.net.pcapng import PcapngFile
from hil.net.tap import Tap


class Capture:
    """A witness that writes the frames at ``interface`` to ``file``; to be made in the loop.

    ``slots`` frames may wait to be written. ``program`` picks the frames, by default all. Closing it
    closes the file.
    """

    def __init__(
        self,
        interface: Interface,
        clock: Clock,
        file: IO[bytes],
        *,
        slots: int = 4096,
        program: Program | None = None,
    ) -> None:
        self._clock = clock
        self._file = file
        self._start_ns = time.time_ns() - clock.now()
        self._broken = ""
        self._name = interface.name
        self._tap = Tap(interface, slots=slots, program=program)
        try:
            self._out = PcapngFile(file, interface.name, "frames of the handset, by hil")
        except OSError:
            self._tap.close()
            raise
        clock.loop.add_reader(self._tap, self._drain)

    def begin(self) -> None:
        """Look afresh."""
        self._tap.drops()

    def trouble(self) -> Sequence[LabError]:
        """Whether frames are missing since `begin`, or the file broke off."""
        found = []
        dropped = self._tap.drops()
        if dropped:
            found.append(
                LabError(
                    "the capture dropped frames",
                    evidence=f"{dropped} on {self._name}, by the kernel's count",
                    next_step="relieve the machine, or run without a capture",
                    concerns=self._name,
                )
            )
        self._flush()
        if self._broken:
            found.append(
                LabError(
                    "the capture can no longer be written",
                    evidence=self._broken,
                    next_step="free space on the disk and run again",
                    concerns=self._name,
                )
            )
        return found

    def close(self) -> None:
        """Write what waits, and close the file; in the loop."""
        self._clock.loop.remove_reader(self._tap)
        self._drain()
        self._tap.close()
        with contextlib.suppress(OSError):
            # What could not be written has been told.
            self._file.close()

    def _drain(self) -> None:
        now = self._start_ns + self._clock.now()
        for frame in self._tap.frames():
            if self._broken:
                continue
            at = now if self._clock.virtual else frame.kernel_ns
            try:
                self._out.add(frame.data, frame.length, at, outgoing=frame.outgoing)
            except OSError as error:
                self._broken = error.strerror or str(error)

    def _flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            self._broken = error.strerror or str(error)
