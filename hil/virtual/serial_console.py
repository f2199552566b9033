"""A terminal server with the console of one virtual handset: Telnet with COM port control (RFC 2217).

Telnet's options and RFC 2217's are pyserial's `PortManager`, which wants a serial port to set: `_Line`
is one with nothing behind it but what was set, since there is no wire whose speed would matter. What
the handset says goes to everybody who is connected; what is typed is echoed and understood by nobody.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Any, cast

from hil.errors import EndpointError

_LARGEST_READ = 4096
_MOST_WAITING = 1 << 16
"""Octets that may wait for a reader; what a slower one would miss is lost, as on a real line."""
_MOST_CLIENTS = 4
_CLOSING_S = 1.0


@dataclass
class _Line:
    """The settings of a serial line, with the modem lines of a console that is always there."""

    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1
    rtscts: bool = False
    xonxoff: bool = False
    dtr: bool = True
    rts: bool = True
    break_condition: bool = False
    cts: bool = True
    dsr: bool = True
    ri: bool = False
    cd: bool = True

    def reset_input_buffer(self) -> None:
        """Nothing waits here."""

    def reset_output_buffer(self) -> None:
        """Nothing waits here."""


class ConsoleServer:
    """The console of one handset on a TCP port of ``address``; port 0 takes a free one."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0, *, concerns: str = "") -> None:
        self._address = (address, port)
        self._concerns = concerns
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.StreamWriter, Any] = {}

    @property
    def url(self) -> str:
        """Where the console is, for pyserial and for an inventory."""
        return f"rfc2217://{self._address[0]}:{self._address[1]}"

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(self._address)
            self._server = await asyncio.start_server(self._serve, sock=sock)
        except OSError as error:
            sock.close()
            raise EndpointError(
                "the virtual console cannot listen",
                evidence=f"TCP {self._address[0]}:{self._address[1]}: {error.strerror}",
                next_step="choose another port, or find out who uses this one",
                concerns=self._concerns,
            ) from error
        self._address = sock.getsockname()[:2]

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._clients):
            writer.transport.abort()
        self._clients.clear()
        self._server = None

    def say(self, text: str) -> None:
        """Print one line on the console."""
        self._send(text.encode("utf-8", "backslashreplace") + b"\r\n")

    # -- inside ------------------------------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        for writer, manager in self._clients.items():
            if writer.transport.get_write_buffer_size() < _MOST_WAITING:
                writer.write(b"".join(manager.escape(data)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from serial.rfc2217 import PortManager

        if len(self._clients) >= _MOST_CLIENTS:
            writer.transport.abort()
            return
        # Both arguments have what it uses of a serial port and of a connection.
        manager = PortManager(cast(Any, _Line()), cast(Any, writer))
        self._clients[writer] = manager
        try:
            while data := await reader.read(_LARGEST_READ):
                typed = b"".join(manager.filter(data))
                if len(manager.suboption or b"") > _LARGEST_READ:
                    raise ValueError("an option without an end")
                if typed:
                    self._send(typed)
        except (OSError, ValueError, LookupError, TypeError, struct.error):
            # A broken connection, or a client that breaks Telnet: pyserial has no error for it.
            writer.transport.abort()
        finally:
            self._clients.pop(writer, None)
            writer.close()
