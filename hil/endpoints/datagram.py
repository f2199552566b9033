"""UDP sockets of endpoints: when a datagram came and from whom, and never an exception.

Only the handset's datagrams get through. Where the neighbour table does not know whose hardware an
address is, the datagram waits for a moment while the kernel asks by ARP.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable

from hil.endpoints.admission import Standing
from hil.endpoints.base import Datagram, Station
from hil.errors import EndpointError, LabError
from hil.lab_time import NANOSECONDS

_SO_TIMESTAMPNS = 35
_IP_PKTINFO = 8
_TIMESPEC = struct.Struct("@qq")
_BATCH = 64
_DISCARD_PORT = 9
_NEIGHBOUR_S = 0.05


class DatagramSocket:
    """A UDP socket at a station: kernel receive time stamps, admission, and no exceptions.

    ``receive`` gets each datagram of the handset; with ``admit_all`` it gets everybody's, and the
    endpoint sorts out strangers itself (DHCP, whose clients have no address yet). ``host`` is the
    address to listen on, ``port`` 0 means any. The socket sees its interface's traffic only.
    """

    def __init__(
        self,
        station: Station,
        receive: Callable[[Datagram], None],
        *,
        port: int,
        host: str | None = None,
        admit_all: bool = False,
    ) -> None:
        self._station = station
        self._receive = receive
        self._port = port
        self._host = station.address if host is None else host
        self._admit_all = admit_all
        self._socket: socket.socket | None = None

    @property
    def listening(self) -> bool:
        """Whether it is open."""
        return self._socket is not None

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""
        return () if self._socket is None else (self._socket.fileno(),)

    @property
    def port(self) -> int:
        """The port it listens on; before `open`, the one that was asked for."""
        return self._port

    def open(self) -> None:
        """Bind and listen; `EndpointError` if the kernel refuses. In the loop only."""
        station = self._station
        try:
            opened = station.place.socket(socket.AF_INET, socket.SOCK_DGRAM)
        except OSError as error:
            raise self._cannot("open a socket", error) from error
        try:
            device = station.place.interface.name.encode()
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            opened.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            opened.setblocking(False)
            opened.bind((self._host, self._port))
        except OSError as error:
            opened.close()
            raise self._cannot(f"listen on {self._host} port {self._port} (UDP)", error) from error
        self._port = opened.getsockname()[1]
        self._socket = opened
        station.clock.loop.add_reader(opened, self._readable)

    def close(self) -> None:
        """Stop listening; again is harmless. In the loop only."""
        if self._socket is not None:
            self._station.clock.loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def send(self, data: bytes, host: str, port: int) -> bool:
        """Hand a datagram to the kernel; if it does not take it, that is recorded."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto(data, (host, port))
        except OSError as error:
            self._station.undelivered(f"{host}:{port}", error, data)
            return False
        return True

    def _readable(self) -> None:
        # A bounded batch, so that a flood here cannot starve the other endpoints of the loop.
        for _ in range(_BATCH):
            if self._socket is None:
                return
            try:
                data, ancillary, _, (host, port) = self._socket.recvmsg(65535, 128)
            except OSError:
                # Nothing left, or the ICMP answer to something sent before: there is no message.
                return
            kernel_ns = kernel_time(ancillary)
            at = self._station.clock.stamp(kernel_ns)
            self._sort(Datagram(data, host, port, at, kernel_ns, _destination(ancillary)))

    def _sort(self, datagram: Datagram) -> None:
        if self._admit_all:
            self._receive(datagram)
            return
        station = self._station
        standing = station.admission.standing(datagram.host, station.place.interface)
        if standing is Standing.UNKNOWN:
            # Anything sent to it makes the kernel ask by ARP; the answer settles who it is.
            self._nudge(datagram.host)
            station.after(_NEIGHBOUR_S, lambda: self._settle(datagram))
        else:
            self._deliver(datagram, admitted=standing is Standing.HANDSET)

    def _settle(self, datagram: Datagram) -> None:
        station = self._station
        if self._socket is not None:
            admitted = station.admission.admits(datagram.host, station.place.interface)
            self._deliver(datagram, admitted=admitted)

    def _deliver(self, datagram: Datagram, *, admitted: bool) -> None:
        if admitted:
            self._receive(datagram)
        else:
            self._station.stranger(
                datagram.peer, datagram.data, at=datagram.at, kernel_ns=datagram.kernel_ns
            )

    def _nudge(self, host: str) -> None:
        if self._socket is not None:
            # If the kernel will not even try, the peer remains unknown, which is recorded.
            with contextlib.suppress(OSError):
                self._socket.sendto(b"", (host, _DISCARD_PORT))

    def _cannot(self, what: str, error: OSError | LabError) -> EndpointError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return EndpointError(
            f"{self._station.source} cannot {what}",
            evidence=reason,
            next_step="see what else listens there (ss -lunp), and whether this user may",
            concerns=self._station.place.interface.name,
        )


def kernel_time(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Nanoseconds since 1970 from SO_TIMESTAMPNS; 0 if the kernel gave none."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds) * NANOSECONDS + int(nanoseconds)
    return 0


def _destination(ancillary: list[tuple[int, int, bytes]]) -> str:
    """The address that the datagram's header names, from ip(7)'s IP_PKTINFO."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO and len(data) >= 12:
            return socket.inet_ntoa(data[8:12])
    return ""
