"""The witnesses of a bench on a rack, around the one end of the wire that the lab has in hand.

They are those of the virtual testbed (`hil.testbed.witnesses`) with one exception. Whether the wire
carries each frame once can be counted only with a meter at both its ends, and the far one is a port
of somebody's switch. What stands in is the link of the lab's own interface; and where that port tells
by SNMP what it counted, `port_counters` holds it against what passes here. Its numbers are too late
and too many to accuse the wire by themselves, so it is asked only where the phone would be blamed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from hil.clock import Clock
from hil.errors import LabError, SharedFault
from hil.history import History
from hil.net.attachment import Attachment, lab_mac
from hil.net.carrier import carrier
from hil.net.frame_counter import FrameCounter
from hil.net.packet_filter import broadcasts, of_bench, tcp_from, unicasts
from hil.testbed.witnesses import CAPTURE_NAME
from hil.witness.board import Board, into
from hil.witness.capture import Capture
from hil.witness.dhcp_watch import RACK_SURVEY_S, DhcpWatch, survey
from hil.witness.link import LabLink
from hil.witness.port_counters import Meters, Port, PortCounters
from hil.witness.wall_time import DateWitness, Pulse
from hil.witness.witness import Witness

LINK_S = 15.0
"""Seconds that the lab's own link may take to come up; a gigabit port negotiates for some 4."""

_BEAT_S = 0.1
_STANDSTILL = 0.75
_MARGIN_S = 10.0


class RackWitnesses:
    """What watches the laboratory around the handset of ``attachment``.

    ``handsets`` are the MAC addresses of the whole inventory, whose benches may serve DHCP on the
    same LAN; ``known_dhcp_servers`` those of servers that leave the handsets alone. ``late_s`` is how
    late the judge lets the phone be (`Timing.late`). Where the handset hangs on the interface itself
    (``direct``), nobody watches its link here. ``more`` watch as well. With
    ``directory`` the bench's frames are captured into a file there.
    """

    def __init__(
        self,
        attachment: Attachment,
        clock: Clock,
        history: History,
        *,
        late_s: float,
        handsets: Iterable[str] = (),
        known_dhcp_servers: Iterable[str] = (),
        direct: bool = False,
        more: Iterable[Witness] = (),
        directory: Path | None = None,
    ) -> None:
        self._attachment = attachment
        self._clock = clock
        self._history = history
        self._direct = direct
        self._board = Board(into(history))
        self.date = self._board.add(DateWitness())
        if not direct:
            self._board.add(LabLink(attachment.uplink))
        for witness in more:
            self._board.add(witness)
        self.dhcp: DhcpWatch
        file = None
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            file = (directory / CAPTURE_NAME).open("wb")
        known = [*map(lab_mac, handsets), *known_dhcp_servers]
        clock.run(self._start(late_s, known, file))

    async def _start(self, late_s: float, known: Iterable[str], file: IO[bytes] | None) -> None:
        interface = self._attachment.interface
        watch = DhcpWatch(
            (interface,),
            interface.mac,
            self._clock,
            self._history,
            self._board.report,
            known=known,
            handset=self._attachment.mac,
        )
        self.dhcp = self._board.add(watch)
        self._board.add(Pulse(self._clock, every_s=_BEAT_S, tolerance_s=_STANDSTILL * late_s))
        if file is not None:
            self.capture(file)

    def capture(self, file: IO[bytes], *, slots: int = 4096) -> None:
        """Write all frames of the handset and of its bench to ``file``, too; in the loop.

        ``slots`` frames may wait to be written; what finds no room is a fault of the lab.
        """
        interface = self._attachment.interface
        program = of_bench(self._attachment.mac, interface.mac)
        self._board.add(Capture(interface, self._clock, file, slots=slots, program=program))

    def link_changes(self) -> None:
        """The handset's link is about to change, as planned, which moves no witness of a rack."""

    def begin(self) -> None:
        """A test begins."""
        self._board.begin()

    def end(self) -> None:
        """A test ends: put what was wrong with the laboratory into its part of the history."""
        self._board.end()

    def survey(self, *, seconds: float = RACK_SURVEY_S) -> None:
        """Search the wire for foreign DHCP servers; `SharedFault` if there is one.

        It asks in the name of the handset, too, which has to be leased; `LabError` without a link.

        On an interface that the handset itself hangs on there is nobody while it is off.
        """
        if self._direct and not self._attachment.uplink.running:
            return
        self._clock.run(self._survey(seconds), timeout=LINK_S + seconds + _MARGIN_S)

    async def _survey(self, seconds: float) -> None:
        attachment = self._attachment
        try:
            async with asyncio.timeout(LINK_S):
                await carrier(attachment.uplink)
                await carrier(attachment.interface)
        except TimeoutError as error:
            # The only interface of a handset is its place's; one of many handsets is shared.
            shared = attachment.wiring.attach != "plain"
            raise (SharedFault if shared else LabError)(
                "the lab's own link does not come up",
                evidence=f"no carrier within {LINK_S:g} s",
                next_step="look at the cable between this machine and the switch, and at its port",
                concerns=attachment.uplink.name,
            ) from error
        await survey(attachment.place, self.dhcp, seconds=seconds, handset=attachment.mac)

    async def close(self) -> None:
        """Watch no more."""
        self._board.close()


def port_counters(attachment: Attachment, port: Port, history: History) -> PortCounters:
    """What the handset's ``port`` counted against what passes the lab's own interface."""
    lab, mac = attachment.interface, attachment.mac
    joins = attachment.uplink.joins_segments
    meters = Meters(
        FrameCounter(lab, unicasts(mac)),
        FrameCounter(lab, broadcasts(mac)),
        FrameCounter(lab, unicasts(lab.mac, mac)),
        FrameCounter(lab, tcp_from(mac)) if joins else None,
    )
    return PortCounters(port, meters, history)
