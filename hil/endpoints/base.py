"""What every endpoint stands on: its place, the lab's clock, the history and whom it serves.

An endpoint lives in the clock's loop and is configured from the test's thread. The rule that makes
this safe without locks: what is configured is one immutable object, replaced whole, and everything
else is touched in the loop only (`Station.in_loop` gets there). No error leaves a callback: what
the handset sends wrong and what the kernel would not send become events.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hil.clock import Clock
from hil.endpoints.admission import Admission, Standing
from hil.endpoints.faults import Fault, describe
from hil.errors import EndpointError, LabError, ProtocolError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Place

EVIDENCE_OCTETS = 2048
"""As much of a refused or a stranger's message is kept as evidence."""
CLOSING_S = 2.0
"""Seconds of lab time that closing an endpoint may take."""
NANOSECONDS = 1_000_000_000

_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")
_BATCH = 64
_DISCARD_PORT = 9
_NEIGHBOUR_S = 0.05


class Endpoint(Protocol):
    """What a bench asks of each of its servers."""

    @property
    def address(self) -> str:
        """The IPv4 address that it listens on."""

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""

    async def close(self) -> None:
        """Stop, within `CLOSING_S`."""

    def reset(self) -> None:
        """Go back to the default configuration and abort what is under way, without a restart."""


class Station:
    """The surroundings of one endpoint, and its voice in the history.

    ``source`` is the endpoint's name in its events.
    """

    def __init__(
        self, source: str, place: Place, clock: Clock, history: History, admission: Admission
    ) -> None:
        self.source = source
        self.place = place
        self.clock = clock
        self.history = history
        self.admission = admission
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def address(self) -> str:
        """The address of the place, as text."""
        return str(self.place.address)

    # -- events ------------------------------------------------------------------------------------

    def configured(self, what: str) -> None:
        """Record how the endpoint behaves from now on."""
        self.history.append(ev.Configured(source=self.source, what=what))

    def stranger(self, peer: str, data: bytes = b"", *, at: int = -1, kernel_ns: int = 0) -> None:
        """Record somebody who is not the handset and gets no answer."""
        self.history.append(
            ev.Stranger(
                source=self.source,
                peer=peer,
                data=data[:EVIDENCE_OCTETS],
                at=at,
                kernel_ns=kernel_ns,
            )
        )

    def refused(
        self, peer: str, reason: str, data: bytes = b"", *, at: int = -1, kernel_ns: int = 0
    ) -> None:
        """Record a message that makes no sense or asks for what must not be."""
        self.history.append(
            ev.Refused(
                source=self.source,
                peer=peer,
                reason=reason,
                data=data[:EVIDENCE_OCTETS],
                at=at,
                kernel_ns=kernel_ns,
            )
        )

    def refused_datagram(self, datagram: Datagram, reason: str) -> None:
        """Record a datagram that makes no sense or asks for what must not be."""
        self.refused(
            datagram.peer, reason, datagram.data, at=datagram.at, kernel_ns=datagram.kernel_ns
        )

    def injected(self, fault: Fault, about: str = "") -> None:
        """Record that a fault was applied; ``about`` says to which request."""
        detail = ", ".join(part for part in (describe(fault), about) if part)
        self.history.append(
            ev.FaultInjected(source=self.source, fault=type(fault).__name__, detail=detail)
        )

    def undelivered(self, peer: str, error: OSError | ProtocolError, data: bytes = b"") -> None:
        """Record that a message could not be sent."""
        self.history.append(
            ev.Undelivered(
                source=self.source,
                peer=peer,
                reason=getattr(error, "strerror", None) or str(error),
                data=data[:EVIDENCE_OCTETS],
            )
        )

    # -- the loop ----------------------------------------------------------------------------------

    def in_loop(self, action: Callable[[], None]) -> None:
        """Do something in the loop, from whatever thread, and return when it is done."""
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is self.clock.loop:
            action()
            return

        async def there() -> None:
            action()

        self.clock.run(there(), timeout=CLOSING_S)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in ``seconds`` of lab time, unless `cancel_timers` comes first."""

        def fire() -> None:
            self._timers.discard(timer)
            action()

        timer = self.clock.loop.call_later(seconds, fire)
        self._timers.add(timer)

    def cancel_timers(self) -> None:
        """Forget everything that `after` has pending; in the loop only."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


@dataclass(frozen=True)
class Datagram:
    """One datagram from outside, with the sender's address and port and when the kernel got it."""

    data: bytes
    host: str
    port: int
    at: int
    kernel_ns: int

    @property
    def peer(self) -> str:
        """Who sent it, ``192.0.2.16:68``."""
        return f"{self.host}:{self.port}"


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
                data, ancillary, _, (host, port) = self._socket.recvmsg(65535, 64)
            except OSError:
                # Nothing left, or the ICMP answer to something sent before: there is no message.
                return
            kernel_ns = _kernel_time(ancillary)
            at = self._station.clock.stamp(kernel_ns)
            self._sort(Datagram(data, host, port, at, kernel_ns))

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


def _kernel_time(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Nanoseconds since 1970 from SO_TIMESTAMPNS; 0 if the kernel gave none."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds) * NANOSECONDS + int(nanoseconds)
    return 0
