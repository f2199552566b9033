"""One TFTP read under way: its own port, its timer, its faults and its end.

The rules are those of `hil.wire.tftp_server.ReadSession`. A transfer ends in exactly one call of
``ended``, whatever client, kernel or test do, and holds nothing afterwards.

A firmware load has more than a hundred thousand packets, all alike. The history lists the first
`LISTED_PACKETS` of a transfer; behind them it counts blocks and acknowledgements that only carry the
transfer on, and lists whatever else there is: repetitions, errors, the last block, and its ACK.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hil.endpoints import faults as fl
from hil.endpoints.base import Datagram, Station
from hil.endpoints.datagram import DatagramSocket
from hil.endpoints.tftp_faults import Disturbance, spoil
from hil.errors import ProtocolError
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.wire import tftp
from hil.wire.tftp_server import Limits, ReadSession, refuse_stranger
from hil.wire.tftp_terms import Done, Event, Failed, Send

LISTED_PACKETS = 1000


@dataclass(frozen=True)
class Asked:
    """A read request: who asked, for which normalised path, and its number in the history."""

    request: tftp.Request
    path: str
    host: str
    port: int
    number: int

    @property
    def peer(self) -> str:
        """The client's transfer id, ``192.0.2.16:49152``."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Ending:
    """How a transfer ended; the fields are those of `hil.history.events.TransferEnded`."""

    outcome: ev.Outcome
    status: int = 0
    detail: str = ""
    sent: int = 0
    body: bytes = b""


class Transfer:
    """A file on its way to one client; `start` it once."""

    def __init__(
        self,
        station: Station,
        asked: Asked,
        body: bytes,
        *,
        limits: Limits,
        faults: tuple[fl.Fault, ...],
        ended: Callable[[Asked, Ending], None],
    ) -> None:
        self.asked = asked
        self._station = station
        self._ended = ended
        self._socket = DatagramSocket(station, self._receive, port=0)
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self._listed = 0
        self._counted = 0
        netascii = asked.request.mode is tftp.Mode.NETASCII
        whole = tftp.to_netascii(body) if netascii else body
        content = spoil(whole, faults)
        self._given = tftp.from_netascii(content) if netascii else content
        self._disturbance = Disturbance(
            faults, len(whole), lambda fault: station.injected(fault, f"transfer {asked.number}")
        )
        self._session = ReadSession(replace(asked.request, mode=tftp.Mode.OCTET), content, limits)
        self._full = len(tftp.encode(tftp.Data(0, b""))) + self._session.terms.blksize

    def start(self) -> None:
        """Open the transfer's port and send the first packet; `EndpointError` if there is none."""
        self._socket.open()
        self._do(self._session.start(self._station.clock.now()))

    def abort(self, reason: str) -> None:
        """End it without a word to the client."""
        self._end(Ending(ev.Outcome.ABORTED, detail=reason, sent=self._disturbance.sent))

    def _receive(self, datagram: Datagram) -> None:
        if datagram.port != self.asked.port:
            self._station.refused_datagram(datagram, "unknown transfer id")
            self._socket.send(refuse_stranger(), datagram.host, datagram.port)
            return
        try:
            packet = tftp.decode(datagram.data)
        except ProtocolError as error:
            self._station.refused_datagram(datagram, str(error))
            return
        events = self._session.receive(datagram.data, self._station.clock.now())
        carries_on = isinstance(packet, tftp.Ack) and bool(events) and not self._session.finished
        self._record(packet, datagram, carries_on=carries_on)
        self._do(events)

    def _do(self, events: list[Event]) -> None:
        sent = self._disturbance
        for event in events:
            match event:
                case Send(data):
                    self._send(data)
                case Done():
                    body = self._given
                    self._end(Ending(ev.Outcome.COMPLETE, sent=sent.sent, body=body))
                case Failed(None, text):
                    self._end(Ending(ev.Outcome.TIMED_OUT, detail=text, sent=sent.sent))
                case Failed(code, text):
                    status = code or 0
                    self._end(Ending(ev.Outcome.ABORTED, status, text, sent.sent))
            if self._over:
                return
        self._arm()

    def _send(self, data: bytes) -> None:
        passed = self._disturbance.passes(data)
        full = len(data) == self._full
        for copy in passed.packets:
            self._hand_over(copy, passed.packet, carries_on=passed.untouched and full)
        if passed.end is not None:
            self._hand_over(tftp.encode(passed.end), passed.end, carries_on=False)
            sent = self._disturbance.sent
            self._end(Ending(ev.Outcome.ERROR, passed.end.code, passed.end.text, sent))

    def _hand_over(self, data: bytes, packet: tftp.Packet, *, carries_on: bool) -> None:
        before = self._station.clock.now()
        if self._socket.send(data, self.asked.host, self.asked.port):
            self._record(packet, before, carries_on=carries_on)

    def _record(self, packet: tftp.Packet, seen: Datagram | int, *, carries_on: bool) -> None:
        if carries_on and self._listed >= LISTED_PACKETS:
            self._counted += 1
            return
        self._listed += 1
        self._station.history.append(packet_event(self._station, self.asked, packet, seen))

    def _arm(self) -> None:
        """See to it that a timer runs; one that comes too early is set anew when it fires."""
        deadline = self._session.next_deadline()
        if deadline is None or self._timer is not None:
            return
        clock = self._station.clock
        left = max(0, deadline - clock.now()) / NANOSECONDS
        self._timer = clock.loop.call_later(left, self._due)

    def _due(self) -> None:
        self._timer = None
        self._do(self._session.timeout(self._station.clock.now()))

    def _end(self, ending: Ending) -> None:
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._socket.close()
        if self._counted:
            text = f"transfer {self.asked.number}: {self._counted} packets in order are not listed"
            self._station.history.append(ev.Note(source=self._station.source, text=text))
        self._ended(self.asked, ending)


def packet_event(
    station: Station, asked: Asked, packet: tftp.Packet, seen: Datagram | int
) -> ev.TftpPacket:
    """The event of a packet of this transfer.

    ``seen`` is the datagram that brought it, or, if it is sent, the lab time from before that: the
    client's answer may be here by now.
    """
    kind, block, size = _summary(packet)
    return ev.TftpPacket(
        source=station.source,
        at=seen if isinstance(seen, int) else seen.at,
        kernel_ns=0 if isinstance(seen, int) else seen.kernel_ns,
        direction=ev.Direction.SENT if isinstance(seen, int) else ev.Direction.RECEIVED,
        kind=kind,
        transfer=asked.number,
        peer=asked.peer,
        block=block,
        size=size,
    )


def _summary(packet: tftp.Packet) -> tuple[str, int, int]:
    """Give kind, block number or error code, and octets of payload."""
    match packet:
        case tftp.Data(block, payload):
            return "DATA", block, len(payload)
        case tftp.Ack(block):
            return "ACK", block, 0
        case tftp.Error(code, _):
            return "ERROR", code, 0
        case tftp.OptionAck():
            return "OACK", 0, 0
        case tftp.Request():
            return ("WRQ" if packet.write else "RRQ"), 0, 0
