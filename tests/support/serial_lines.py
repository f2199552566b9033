"""Serial lines for tests: a phone's end of one, and a terminal server on it."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from programs import Program

from hil.net.namespace import Namespace

PATIENCE_S = 10.0
HOST = Namespace.host()


@dataclass
class Phone:
    """The far end of a serial line, which a phone's UART would be; ``path`` is the near end."""

    path: Path
    descriptor: int
    socat: Program

    def says(self, data: bytes) -> None:
        """Write all of it, however slowly it is read."""
        until = time.monotonic() + PATIENCE_S
        while data:
            _, writable, _ = select.select([], [self.descriptor], [], until - time.monotonic())
            assert writable, "nobody reads the line"
            data = data[os.write(self.descriptor, data[:4096]) :]

    def hears(self, count: int) -> bytes:
        """The next octets that arrive, ``count`` of them."""
        heard = b""
        until = time.monotonic() + PATIENCE_S
        while len(heard) < count:
            readable, _, _ = select.select([self.descriptor], [], [], until - time.monotonic())
            assert readable, f"only {heard!r} arrived"
            heard += os.read(self.descriptor, count - len(heard))
        return heard


@dataclass
class Server:
    """ser2net on one line, over RFC 2217 and over TCP; it can be killed and started again."""

    rfc2217: str
    tcp: str
    start: Callable[[], None]
    stop: Callable[[], None]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def let_ser2net_listen() -> None:
    """Give the launcher's network an address besides that of the loopback.

    An ordinary user's tests have a network of their own, with nothing in it. There ser2net finds no
    address at all, not even 127.0.0.1: getaddrinfo(3), AI_ADDRCONFIG.
    """
    if Path("/proc/self/uid_map").read_text().split()[1] == "0":
        return
    command = ["ip", "address", "replace", "192.0.2.254/32", "dev", "lo"]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)


def await_listener(port: int) -> None:
    """Until the kernel has a listener there; to connect would take the line."""
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    until = time.monotonic() + PATIENCE_S
    while wanted not in Path("/proc/net/tcp").read_text():
        assert time.monotonic() < until, "ser2net does not listen"
        select.select([], [], [], 0.01)
