"""The witnesses of one bench: made together, asked at the end of each test, heard in its verdict."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import IO

from hil.clock import Clock
from hil.history import History
from hil.net.virtual import VirtualNetwork, VirtualPort
from hil.witness.board import Board, into
from hil.witness.capture import Capture
from hil.witness.crossing import Crossing, counted_ways
from hil.witness.dhcp_watch import DhcpWatch, survey
from hil.witness.wall_time import DateWitness, Pulse

CAPTURE_NAME = "capture.pcapng"
"""The file of captured frames, beside the history."""

_BEAT_S = 0.1
_SETTLING_BEATS = 10
_STANDSTILL = 0.75


class Witnesses:
    """What watches the laboratory around one handset at ``port``.

    ``mac`` is the handset's. ``late_s`` is how late the judge lets the phone be (`Timing.late`): a
    bench that stood still for most of that would make it late. A frame takes ``delay_s`` from end to
    end. With ``directory`` all frames are captured into a file there.
    """

    def __init__(
        self,
        network: VirtualNetwork,
        port: VirtualPort,
        clock: Clock,
        history: History,
        *,
        mac: str,
        late_s: float,
        delay_s: float = 0.0,
        directory: Path | None = None,
    ) -> None:
        self._beat_s = _BEAT_S + 2 * delay_s
        self._clock = clock
        self._history = history
        self._board = Board(into(history))
        self._place = network.place()
        self._port = port
        ways = counted_ways(network.bridge, port.near, mac)
        crossing = Crossing(ways, lambda: port.near.running, concerns=port.name)
        self.crossing = self._board.add(crossing)
        self.date = self._board.add(DateWitness())
        self.dhcp: DhcpWatch
        file = None
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            file = (directory / CAPTURE_NAME).open("wb")
        clock.run(self._start(late_s, file))
        if clock.virtual:
            network.at_rest(self.crossing.look)

    async def _start(self, late_s: float, file: IO[bytes] | None) -> None:
        interfaces = (self._place.interface, self._port.near)
        own = self._place.interface.mac
        watch = DhcpWatch(interfaces, own, self._clock, self._history, self._board.report)
        self.dhcp = self._board.add(watch)
        if not self._clock.virtual:
            pulse = Pulse(
                self._clock,
                every_s=self._beat_s,
                tolerance_s=_STANDSTILL * late_s,
                beaten=self.crossing.look,
            )
            self._board.add(pulse)
        if file is not None:
            self.capture(file)

    def capture(self, file: IO[bytes], *, slots: int = 4096) -> None:
        """Write all frames at the handset's port to ``file``, too; in the loop.

        ``slots`` frames may wait to be written; what finds no room is a fault of the lab.
        """
        self._board.add(Capture(self._port.near, self._clock, file, slots=slots))

    def link_changes(self) -> None:
        """The handset's link is about to go down or come up, as planned; in the loop."""
        self.crossing.link_changes()

    def begin(self) -> None:
        """A test begins."""
        self._board.begin()

    def end(self) -> None:
        """A test ends: put what was wrong with the laboratory into its part of the history."""
        if not self._clock.virtual:
            self._clock.run(self._settle())
        self._board.end()

    def survey(self) -> None:
        """Search the wire for foreign DHCP servers; LabError if there is one."""
        self._clock.run(survey(self._place, self.dhcp))

    async def close(self) -> None:
        """Watch no more."""
        self._board.close()

    async def _settle(self) -> None:
        for _ in range(_SETTLING_BEATS):
            if not self.crossing.look():
                return
            await asyncio.sleep(self._beat_s)
