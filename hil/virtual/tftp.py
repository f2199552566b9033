"""The handset's TFTP client: one file over UDP, driven by `hil.wire.tftp_client.ReadTransfer`.

Publications do not say which options the phone proposes; ours asks for a block that just fills an
Ethernet frame, and for the size. After the last block it is gone: a repeated last block meets a
closed port, as it does with most small clients.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.net.interface import Interface
from hil.virtual.datagrams import open_datagram, receive
from hil.virtual.transfer import LARGEST_BODY, Failed, Fetched, NotFound, Transfer
from hil.wire import tftp_terms as terms
from hil.wire.tftp import SERVER_PORT, Error, ErrorCode, encode
from hil.wire.tftp_client import Patience, ReadTransfer
from hil.wire.tftp_terms import SECOND

_TEXTS: Mapping[int, str] = {
    ErrorCode.ACCESS_VIOLATION: "access violation",
    ErrorCode.DISK_FULL: "too large",
    ErrorCode.UNKNOWN_TRANSFER_ID: "unknown transfer id",
    ErrorCode.OPTION_REFUSED: "options refused",
}


@dataclass(frozen=True, slots=True)
class TftpConfig:
    """How the client asks.

    ``local_ports`` are its ports towards a server port other than 69 (administration guide of the
    phone, "Phone Security", table of ports); else the kernel chooses one.
    """

    options: tuple[tuple[str, str], ...] = (("blksize", "1468"), ("tsize", "0"))
    patience: Patience = field(
        default_factory=lambda: Patience(
            timeout=2 * SECOND, retries=5, total=120 * SECOND, largest=LARGEST_BODY
        )
    )
    local_ports: tuple[int, ...] = (53240, 53241, 53242, 53243, 53244, 53245)


async def fetch(
    interface: Interface,
    clock: Clock,
    address: IPv4Address,
    path: str,
    *,
    port: int = SERVER_PORT,
    config: TftpConfig = TftpConfig(),
) -> Transfer:
    """Read the file ``path``, which is sent as it stands.

    Cancelled, it closes its socket and sends nothing more. Raises nothing: what goes wrong is
    `Failed`, and error 1 is `NotFound`.
    """
    try:
        transfer = ReadTransfer(path, options=config.options, patience=config.patience)
        with open_datagram(interface) as opened:
            if port != SERVER_PORT:
                _bind(opened, config.local_ports)
            return await _Exchange(opened, clock, address, port, transfer).run()
    except LocalProtocolError:
        return Failed("tftp: file name cannot be requested")
    except OSError:
        return Failed("tftp: network unreachable")


@dataclass
class _Exchange:
    """The datagrams of one transfer; ``port`` becomes the server's transfer id."""

    opened: socket.socket
    clock: Clock
    address: IPv4Address
    port: int
    transfer: ReadTransfer
    answered: bool = False

    async def run(self) -> Transfer:
        outcome = self._carry_out(self.transfer.start(self.clock.now()))
        while outcome is None:
            until = self.transfer.next_deadline()
            if until is None:
                return Failed("tftp: no outcome")
            came = await receive(self.opened, self.clock, until)
            due = self.transfer.timeout(self.clock.now()) if came is None else self._take(*came)
            outcome = self._carry_out(due)
        return outcome

    def _take(self, data: bytes, address: IPv4Address, port: int) -> list[terms.Event]:
        """Hand on what comes from the server; its first answer sets the transfer id."""
        if address != self.address:
            return []
        if self.answered and port != self.port:
            with contextlib.suppress(OSError):
                stranger = encode(Error(ErrorCode.UNKNOWN_TRANSFER_ID, "unknown transfer id"))
                self.opened.sendto(stranger, (str(address), port))
            return []
        try:
            events = self.transfer.receive(data, self.clock.now())
        except RemoteProtocolError:
            return []
        self.port, self.answered = port, True
        return events

    def _carry_out(self, events: list[terms.Event]) -> Transfer | None:
        outcome: Transfer | None = None
        for event in events:
            match event:
                case terms.Send(data):
                    self.opened.sendto(data, (str(self.address), self.port))
                case terms.Complete(data):
                    outcome = Fetched(data)
                case terms.Failed(code, _):
                    outcome = _failure(code)
        return outcome


def _failure(code: int | None) -> Transfer:
    if code is None:
        return Failed("tftp: timeout")
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
