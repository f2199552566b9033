"""The handset's TFTP client: one file over UDP, driven by `hil.wire.tftp_client.ReadTransfer`.

Publications do not say which options the phone proposes; ours asks for a block that just fills an
Ethernet frame, and for the size. After the last block it is gone: a repeated last block meets a
closed port, as it does with most small clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.net.interface import Interface
from hil.virtual.datagrams import LARGEST, open_datagram
from hil.virtual.transfer import (
    LARGEST_BODY,
    LARGEST_LOAD,
    Failed,
    Fetched,
    NotFound,
    Receiving,
    Sink,
    Transfer,
)
from hil.wire import tftp_terms as terms
from hil.wire.tftp import SERVER_PORT, Error, ErrorCode, encode
from hil.wire.tftp_client import Patience, ReadTransfer

_BATCH = 64
_TEXTS: Mapping[int, str] = {
    ErrorCode.ACCESS_VIOLATION: "access violation",
    ErrorCode.DISK_FULL: "too large",
    ErrorCode.UNKNOWN_TRANSFER_ID: "unknown transfer id",
    ErrorCode.OPTION_REFUSED: "options refused",
}


def as_agreed(proposed: terms.Options, agreed: terms.Terms) -> terms.Terms:
    """Go by exactly what the server agreed to."""
    del proposed
    return agreed


@dataclass(frozen=True, slots=True)
class TftpConfig:
    """How the client asks.

    ``goes_by`` gives the terms that a transfer goes by, once the server has first answered, from the
    options that were proposed and what was agreed.
    ``local_ports`` are its ports towards a server port other than 69 (administration guide of the
    phone, "Phone Security", table of ports); else the kernel chooses one.
    """

    options: tuple[tuple[str, str], ...] = (("blksize", "1468"), ("tsize", "0"))
    patience: Patience = field(
        default_factory=lambda: Patience(
            timeout=2 * NANOSECONDS, retries=5, total=120 * NANOSECONDS, largest=LARGEST_BODY
        )
    )
    local_ports: tuple[int, ...] = (53240, 53241, 53242, 53243, 53244, 53245)
    goes_by: Callable[[terms.Options, terms.Terms], terms.Terms] = as_agreed


LOADS = TftpConfig(
    options=(("blksize", "1428"), ("windowsize", "16"), ("tsize", "0")),
    patience=Patience(
        timeout=2 * NANOSECONDS, retries=5, total=1800 * NANOSECONDS, largest=LARGEST_LOAD
    ),
)
"""For a firmware load, which goes to a sink: windows of RFC 7440, whose blocks of 1428 octets fit an
Ethernet frame even behind IPv6 headers (RFC 2348)."""


async def fetch(
    interface: Interface,
    clock: Clock,
    address: IPv4Address,
    path: str,
    *,
    port: int = SERVER_PORT,
    config: TftpConfig = TftpConfig(),
    sink: Sink | None = None,
) -> Transfer:
    """Read the file ``path``, which is sent as it stands, into the ``sink`` if there is one.

    A transfer may still fail after some blocks went to the sink. Cancelled, it closes its socket and
    sends nothing more. Raises nothing: what goes wrong is `Failed`, and error 1 is `NotFound`.
    """
    try:
        transfer = ReadTransfer(
            path,
            options=config.options,
            patience=config.patience,
            piecewise=sink is not None,
        )
        with open_datagram(interface) as opened:
            if port != SERVER_PORT:
                _bind(opened, config.local_ports)
            server = (str(address), port)
            return await _Exchange(opened, clock, server, transfer, sink, config).run()
    except LocalProtocolError:
        return Failed("tftp: file name cannot be requested")
    except OSError:
        return Failed("tftp: network unreachable", unreachable=True)


class _Exchange:
    """The datagrams of one transfer; its port becomes the server's transfer id.

    Everything happens in callbacks of the loop: a load has tens of thousands of blocks, and waking a
    task for each would take longer than the blocks do.
    """

    def __init__(
        self,
        opened: socket.socket,
        clock: Clock,
        server: tuple[str, int],
        transfer: ReadTransfer,
        sink: Sink | None,
        config: TftpConfig,
    ) -> None:
        self._config = config
        self._socket = opened
        self._clock = clock
        self._host, self._port = server
        self._transfer = transfer
        self._received = Receiving(sink)
        self._answered = False
        self._timer: asyncio.TimerHandle | None = None
        self._wakes = 0
        self._outcome: asyncio.Future[Transfer] = clock.loop.create_future()

    async def run(self) -> Transfer:
        """Carry the transfer through; OSError where the network does not take what is sent."""
        loop = self._clock.loop
        loop.add_reader(self._socket, self._readable)
        try:
            self._carry_out(self._transfer.start(self._clock.now()))
            return await self._outcome
        finally:
            loop.remove_reader(self._socket)
            if self._timer is not None:
                self._timer.cancel()

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                data, (host, port) = self._socket.recvfrom(LARGEST)
                self._carry_out(self._take(data, host, port))
            except BlockingIOError:
                return
            except OSError as error:
                self._fail(error)
            if self._outcome.done():
                return

    def _take(self, data: bytes, host: str, port: int) -> list[terms.Event]:
        """Hand on what comes from the server; its first answer sets the transfer id."""
        if host != self._host:
            return []
        if self._answered and port != self._port:
            with contextlib.suppress(OSError):
                stranger = encode(Error(ErrorCode.UNKNOWN_TRANSFER_ID, "unknown transfer id"))
                self._socket.sendto(stranger, (host, port))
            return []
        try:
            events = self._transfer.receive(data, self._clock.now())
        except RemoteProtocolError:
            return []
        if not self._answered:
            agreed = self._transfer.terms
            self._transfer.terms = self._config.goes_by(self._config.options, agreed)
        self._port, self._answered = port, True
        return events

    def _carry_out(self, events: list[terms.Event]) -> None:
        for event in events:
            match event:
                case terms.Send(data):
                    self._socket.sendto(data, (self._host, self._port))
                case terms.Block(data):
                    self._received.add(data)
                case terms.Complete(data):
                    self._end(
                        self._received.fetched() if self._transfer.piecewise else Fetched(data)
                    )
                case terms.Failed(code, _):
                    self._end(_failure(code, heard=self._answered))
        self._arm()

    def _arm(self) -> None:
        """See to it that a timer runs; one that comes too early is set anew when it fires."""
        deadline = self._transfer.next_deadline()
        if deadline is None:
            return
        if self._timer is not None:
            if self._wakes <= deadline:
                return
            self._timer.cancel()
        self._wakes = deadline
        left = max(0, deadline - self._clock.now()) / NANOSECONDS
        self._timer = self._clock.loop.call_later(left, self._due)

    def _due(self) -> None:
        self._timer = None
        try:
            self._carry_out(self._transfer.timeout(self._clock.now()))
        except OSError as error:
            self._fail(error)

    def _end(self, outcome: Transfer) -> None:
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    def _fail(self, error: OSError) -> None:
        if not self._outcome.done():
            self._outcome.set_exception(error)


def _failure(code: int | None, *, heard: bool) -> Transfer:
    if code is None:
        return Failed("tftp: timeout", unreachable=not heard)
    if code == ErrorCode.FILE_NOT_FOUND:
        return NotFound("tftp: file not found")
    return Failed(f"tftp: {_TEXTS.get(code, f'error {code}')}", code)


def _bind(opened: socket.socket, ports: tuple[int, ...]) -> None:
    """Take the first port that is free; OSError if none is."""
    for port in ports:
        with contextlib.suppress(OSError):
            opened.bind(("", port))
            return
    raise OSError("no local port is free")
