"""An open serial line, whatever carries it: a descriptor that is read and written without waiting.

A device is opened and set by pyserial. A terminal server is a TCP connection, with Telnet around the
octets or bare. pyserial has clients for those, too, but they read into a queue without a bound, in a
thread of their own that ends at the first octet it does not expect, and closing one takes a third of a
second; so a socket and `hil.console.telnet` do it here.

Whatever goes wrong is a `ConsoleError`. Opening blocks, for no longer than its deadline, and so belongs
into a thread.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import stat
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

from hil.console.config import ConsoleConfig, Location, Way, locate
from hil.console.holders import holders
from hil.console.lines import shown
from hil.console.telnet import Telnet
from hil.errors import ConsoleError, RemoteProtocolError

SocketFactory = Callable[[int, int], socket.socket]
"""Makes a socket of a family and a type, e.g. inside a network namespace; `socket.socket` is one."""

_CHUNK = 65_536
_MOST_WAITING = 1 << 20
_REFUSAL_S = 0.2
_SHOWN = 120
# tcp(7): a server that says nothing for 10 s is asked 3 times, every 5 s, whether it lives.
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)


def await_port(port: Port, left: float | None, waker: int = -1) -> tuple[bool, bool]:
    """Wait until the port has something to read, or takes what waits, or ``waker`` can be read.

    ``left`` are the seconds to wait, None without an end. Says whether port and waker can be read.
    """
    # A rack has more descriptors than select(2) can count.
    poll = select.poll()
    poll.register(port, select.POLLIN | (select.POLLOUT if port.waiting else 0))
    if waker >= 0:
        poll.register(waker, select.POLLIN)
    events = dict(poll.poll(None if left is None else max(0.0, left) * 1000))
    return bool(events.get(port.fileno(), 0) & ~select.POLLOUT), waker in events


class Port:
    """An open line; for one thread's use. ``early`` is what came while it was opened."""

    def __init__(
        self,
        name: str,
        descriptor: int,
        close: Callable[[], None],
        telnet: Telnet | None = None,
    ) -> None:
        self.name = name
        self.early = b""
        self._descriptor = descriptor
        self._close = close
        self._telnet = telnet
        self._waiting = bytearray(telnet.begin() if telnet else b"")

    def fileno(self) -> int:
        """The descriptor, to be waited on."""
        return self._descriptor

    @property
    def waiting(self) -> bool:
        """Whether something waits for the descriptor to become writable."""
        return bool(self._waiting)

    @property
    def ready(self) -> bool:
        """Whether the line is set and may be used."""
        return self._telnet is None or self._telnet.ready

    def receive(self) -> bytes:
        """The octets of the line that are here now, perhaps none; `ConsoleError` at its end."""
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(error.strerror or str(error)) from error
        if not data:
            raise self._gone("it was closed by the other side")
        if self._telnet is None:
            return data
        try:
            line, answer = self._telnet.receive(data)
        except RemoteProtocolError as error:
            raise self._gone(str(error)) from error
        self._put(answer)
        return line

    def send(self, data: bytes) -> None:
        """Have these octets written as soon as the kernel takes them, see `flush`."""
        self._put(self._telnet.encode(data) if self._telnet else data)

    def flush(self) -> None:
        """Write what the kernel takes now of what waits."""
        while self._waiting:
            try:
                written = os.write(self._descriptor, self._waiting)
            except BlockingIOError:
                return
            except OSError as error:
                raise self._gone(error.strerror or str(error)) from error
            del self._waiting[:written]

    def close(self) -> None:
        """Let go of the line."""
        self._close()

    def _put(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) > _MOST_WAITING:
            raise self._gone("it takes nothing of what is sent to it")

    def _gone(self, reason: str) -> ConsoleError:
        return ConsoleError(
            "the console is gone",
            evidence=reason,
            next_step="see whether the adapter or terminal server is there and has power",
            concerns=self.name,
        )


def open_port(config: ConsoleConfig, connect: SocketFactory = socket.socket) -> Port:
    """Open a line; `ConsoleError` if that is impossible or takes longer than ``config.open_s``."""
    location = locate(config.url)
    if location.way is Way.DEVICE:
        return _open_device(config, location)
    until = time.monotonic() + config.open_s
    opened = _connected(config, location, connect, until)
    telnet = Telnet(config.baud) if location.way is Way.RFC2217 else None
    port = Port(config.url, opened.fileno(), opened.close, telnet)
    try:
        _greet(port, config, until if telnet else time.monotonic() + _REFUSAL_S)
    except BaseException:
        opened.close()
        raise
    return port


# -- inside ----------------------------------------------------------------------------------------


def _open_device(config: ConsoleConfig, location: Location) -> Port:
    import serial

    path = Path(location.path)
    try:
        if not _is_terminal(path):
            raise _unopened(config, "it is no serial device", "give the path of a serial device")
        _refuse_held(config, path)
        device = serial.Serial(location.path, config.baud, timeout=0, exclusive=True)
        try:
            # Others are told to stay away, too, not those alone that ask for the same lock.
            ioctl(device.fileno(), termios.TIOCEXCL)
        except BaseException:
            device.close()
            raise
    except (OSError, ValueError, termios.error) as error:
        _refuse_held(config, path)
        remedy = "see whether it is plugged in, who may open it (group dialout), and its bit rate"
        raise _unopened(config, str(error), remedy) from error

    def close() -> None:
        # A pseudo terminal outlives its last user, and would stay closed to the next.
        with contextlib.suppress(OSError):
            ioctl(device.fileno(), termios.TIOCNXCL)
        device.close()

    return Port(config.url, device.fileno(), close)


def _is_terminal(path: Path) -> bool:
    """Whether a path is a terminal's, found out without changing anything of it."""
    if not stat.S_ISCHR(path.stat().st_mode):
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.isatty(descriptor)
    finally:
        os.close(descriptor)


def _refuse_held(config: ConsoleConfig, path: Path) -> None:
    held = holders(path)
    if held:
        remedy = "end that program, or leave the console to it"
        raise _unopened(config, f"another process has it open: {held}", remedy)


def _connected(
    config: ConsoleConfig, location: Location, connect: SocketFactory, until: float
) -> socket.socket:
    failure: OSError = OSError("it has no address")
    try:
        found = socket.getaddrinfo(location.host, location.port, type=socket.SOCK_STREAM)
    except OSError as error:
        found, failure = [], error
    for family, kind, _, _, address in found:
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            opened = connect(family, kind)
            try:
                opened.settimeout(left)
                opened.connect(address)
                opened.setblocking(False)
                for level, option, value in _KEEPALIVE:
                    opened.setsockopt(level, option, value)
            except BaseException:
                opened.close()
                raise
            return opened
        except OSError as error:
            failure = error
    remedy = "see whether the terminal server is up and serves that port"
    raise _unopened(config, failure.strerror or str(failure), remedy) from failure


def _greet(port: Port, config: ConsoleConfig, until: float) -> None:
    """Wait until the line is set; or, where nothing is to be set, whether we are turned away.

    A terminal server whose port is in use accepts the connection, says so, and closes it.
    """
    early = bytearray()
    negotiated = not port.ready
    try:
        while not (negotiated and port.ready):
            left = until - time.monotonic()
            if left <= 0:
                break
            port.flush()
            readable, _ = await_port(port, left)
            if readable:
                early += port.receive()
                if len(early) > _CHUNK:
                    break
    except ConsoleError as error:
        said = f", after it said {shown(bytes(early))[:_SHOWN]!r}" if early else ""
        remedy = "see whether somebody else is connected, and how the terminal server is set up"
        raise _unopened(config, f"{error.evidence}{said}", remedy) from error
    if not port.ready:
        reason = f"no COM port control was agreed within {config.open_s:g} s"
        raise _unopened(config, reason, "if the server does not speak RFC 2217, use socket://")
    port.early = bytes(early)


def _unopened(config: ConsoleConfig, reason: str, remedy: str) -> ConsoleError:
    return ConsoleError(
        "the console cannot be opened", evidence=reason, next_step=remedy, concerns=config.url
    )
