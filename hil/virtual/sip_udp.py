"""The handset's SIP over UDP: one socket a line, and the ICMP errors that come back to it.

An error that the network reports is X00 to the phone, so it must not get lost, and it must not be
taken for that of another request. The kernel keeps each with the destination of the datagram that it
is about (IP_RECVERR, ip(7)); without that, it would tell the next call on the socket, whatever it is.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from hil.clock import Clock
from hil.errors import LabError
from hil.net.interface import Place
from hil.reference.error_codes import Trouble
from hil.virtual.datagrams import LARGEST, open_datagram
from hil.wire.sip_build import Hop

_IP_RECVERR = 11
_EXTENDED_ERROR = struct.Struct("=IBBBBII")
_ANCILLARY = 512
_BATCH = 64
_TROUBLES = {errno.ECONNREFUSED: Trouble.PORT_UNREACHABLE}


class Transport(Protocol):
    """What carries the messages of a line."""

    def open(self) -> None:
        """Begin to receive; LabError if the port cannot be had."""

    def send(self, data: bytes, hop: Hop, name: str) -> None:
        """Send, or tell what hindered it; ``name`` is that of the host as it is configured."""

    def close(self) -> None:
        """End at once, without a word."""


class UdpTransport:
    """A line's UDP port at ``place``.

    ``receive`` gets each datagram and where it came from, ``trouble`` each failure to deliver and
    where to; neither is called from within `send`.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        port: int,
        receive: Callable[[bytes, Hop], None],
        trouble: Callable[[Hop, Trouble], None],
    ) -> None:
        self._place = place
        self._clock = clock
        self._port = port
        self._receive = receive
        self._trouble = trouble
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Bind; LabError if the port cannot be had."""
        opened = open_datagram(self._place.interface)
        try:
            opened.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            opened.bind((str(self._place.address), self._port))
        except OSError as error:
            opened.close()
            raise LabError(
                f"SIP port {self._port} cannot be had",
                evidence=error.strerror or str(error),
                next_step="give each line a SIP_Port_n_ of its own",
                concerns=self._place.interface.name,
            ) from error
        self._socket = opened
        self._clock.loop.add_reader(opened, self._readable)

    def send(self, data: bytes, hop: Hop, name: str = "") -> None:
        """Send a datagram; what hinders it is told to ``trouble``."""
        del name
        try:
            self._write(data, hop)
        except OSError as error:
            trouble = _TROUBLES.get(error.errno or 0, Trouble.HOST_UNREACHABLE)
            self._clock.loop.call_soon(self._tell, hop, trouble)

    def close(self) -> None:
        """Let the socket go."""
        if self._socket is not None:
            self._clock.loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _write(self, data: bytes, hop: Hop) -> None:
        if self._socket is None:
            return
        target = (hop.host, hop.port)
        try:
            self._socket.sendto(data, target)
        except OSError:
            # It may be the error of an earlier datagram, which is told to its own destination.
            self._read_errors()
            if self._socket is not None:
                self._socket.sendto(data, target)

    def _readable(self) -> None:
        self._read_errors()
        for _ in range(_BATCH):
            if self._socket is None:
                return
            try:
                data, (host, port) = self._socket.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                # The kernel repeats in this way what the error queue has.
                self._read_errors()
                continue
            self._receive(data, Hop("UDP", host, port))

    def _read_errors(self) -> None:
        while self._socket is not None:
            try:
                _, ancillary, _, address = self._socket.recvmsg(
                    LARGEST, _ANCILLARY, socket.MSG_ERRQUEUE
                )
            except OSError:
                return
            for level, kind, value in ancillary:
                if level == socket.IPPROTO_IP and kind == _IP_RECVERR:
                    number = _EXTENDED_ERROR.unpack_from(value)[0]
                    trouble = _TROUBLES.get(number, Trouble.HOST_UNREACHABLE)
                    hop = Hop("UDP", address[0], address[1])
                    self._clock.loop.call_soon(self._tell, hop, trouble)

    def _tell(self, hop: Hop, trouble: Trouble) -> None:
        if self._socket is not None:
            self._trouble(hop, trouble)
