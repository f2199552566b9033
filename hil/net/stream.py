"""A TCP connection whose every byte, and whose end, is ours to decide.

asyncio's own streams hide what a bench needs: the kernel's receive time stamp, the difference
between an orderly end (FIN) and a reset, and the moment at which bytes go out. A `Stream` is a
non-blocking socket and the loop's readiness, nothing else: no buffer of its own, no thread, and a
timer only while somebody waits. While it waits its descriptor is known to the loop's selector, which
is what lets a virtual clock see bytes that are still under way.

Deadlines are seconds of lab time and always given. One task may read while another writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Address

from hil.errors import EndpointError, StreamClosed, StreamTimeout
from hil.net.interface import Place

SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY = socket.CMSG_SPACE(_TIMESPEC.size)
_CHUNK = 1 << 16
_RESET_ON_CLOSE = struct.pack("@ii", 1, 0)
_BACKLOG = 64
_MOST_DROPPED = 1 << 22
_ENDINGS = {
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "timed-out",
}


@contextlib.asynccontextmanager
async def deadline(within: float, what: str) -> AsyncIterator[None]:
    """StreamTimeout if the block takes longer than ``within`` seconds of lab time."""
    try:
        async with asyncio.timeout(within):
            yield
    except TimeoutError:
        raise StreamTimeout(f"{what} took longer than {within:g} s") from None


class Stream:
    """One end of a TCP connection; made by `connect` or a `Listener`, inside the loop."""

    def __init__(self, connected: socket.socket, peer: tuple[str, int]) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket = connected
        self._loop = asyncio.get_running_loop()
        self._waiting: set[asyncio.Future[None]] = set()
        self.peer = peer
        """Address and port of the other side."""
        self.stamp = 0
        """When the kernel received the last bytes read (ns since 1970); 0 if it did not say."""

    @property
    def open(self) -> bool:
        """Whether we have not closed it."""
        return self._socket.fileno() >= 0

    async def read(self, *, within: float) -> bytes:
        """The next bytes; empty once the other side has ended its direction."""
        data = self._receive()
        if data is None:
            async with deadline(within, "a read"):
                while data is None:
                    await self._ready(writing=False)
                    data = self._receive()
        return data

    async def write(self, data: bytes, *, within: float) -> None:
        """Hand all of ``data`` to the kernel; it may still be under way then."""
        left = memoryview(data)
        left = left[self._send(left) :]
        if left:
            async with deadline(within, "a write"):
                while left:
                    await self._ready(writing=True)
                    left = left[self._send(left) :]

    async def finish(self, *, within: float) -> None:
        """End our direction (FIN), read the other to its end, close.

        What the other side sends meanwhile is dropped; closing with it unread would reset the
        connection and could take from the other side what it has not read yet (RFC 9112 section
        9.6). Never fails: a connection that does not end in time, or sends on and on, is closed all
        the same.
        """
        with contextlib.suppress(StreamClosed, StreamTimeout):
            self.end()
            async with deadline(within, "the end"):
                dropped = 0
                while (data := await self.read(within=within)) and dropped < _MOST_DROPPED:
                    dropped += len(data)
        self.close()

    def end(self) -> None:
        """End our direction alone (FIN); reading goes on."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise StreamClosed(_ending(error)) from None

    def close(self) -> None:
        """Let go at once: FIN, or a reset where bytes were left unread."""
        if not self.open:
            return
        # In this order, so that no reader is left on a descriptor that gets another meaning.
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(StreamClosed("closed"))

    def abort(self) -> None:
        """Reset the connection (RST); bytes that are not yet acknowledged are lost."""
        if self.open:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.close()

    # -- inside ------------------------------------------------------------------------------------

    async def _ready(self, *, writing: bool) -> None:
        if not self.open:
            raise StreamClosed("closed")
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiting.add(waiter)
        if writing:
            self._loop.add_writer(self._socket, _wake, waiter)
        else:
            self._loop.add_reader(self._socket, _wake, waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)
            if self.open and writing:
                self._loop.remove_writer(self._socket)
            elif self.open:
                self._loop.remove_reader(self._socket)

    def _receive(self) -> bytes | None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_CHUNK, _ANCILLARY)
        except BlockingIOError:
            return None
        except OSError as error:
            raise StreamClosed(_ending(error)) from None
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack(value[: _TIMESPEC.size])
                self.stamp = seconds * 1_000_000_000 + nanoseconds
        return data

    def _send(self, data: memoryview) -> int:
        if not data:
            return 0
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise StreamClosed(_ending(error)) from None


async def connect(place: Place, address: IPv4Address, port: int, *, within: float) -> Stream:
    """Connect from ``place``; StreamClosed or StreamTimeout if that fails.

    Only the interface of the place is used. Where it has no route, the kernel takes ``address`` to
    be on its link (SO_BINDTODEVICE, socket(7)), so that a missing gateway shows as a timeout.
    """
    opened = place.socket(socket.AF_INET, socket.SOCK_STREAM)
    loop = asyncio.get_running_loop()
    established: asyncio.Future[None] = loop.create_future()
    try:
        opened.setsockopt(
            socket.SOL_SOCKET, socket.SO_BINDTODEVICE, place.interface.name.encode() + b"\0"
        )
        opened.bind((str(place.address), 0))
        code = opened.connect_ex((str(address), port))
        if code == errno.EINPROGRESS:
            loop.add_writer(opened, _wake, established)
            try:
                async with deadline(within, f"connecting to {address} port {port}"):
                    await established
            finally:
                loop.remove_writer(opened)
            code = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        return Stream(opened, (str(address), port))
    except OSError as error:
        opened.close()
        raise StreamClosed(_ENDINGS.get(error.errno or 0, "unreachable")) from None
    except BaseException:
        # Abandoned. It may be established already, and a FIN would be retransmitted for minutes.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        opened.close()
        raise


class Listener:
    """A listening TCP socket that hands each connection to ``accepted``, inside the loop.

    ``port`` 0 lets the kernel choose; `EndpointError` where the address cannot be had.
    """

    def __init__(self, place: Place, port: int, accepted: Callable[[Stream], None]) -> None:
        self._accepted = accepted
        self._loop = asyncio.get_running_loop()
        self._socket = place.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Connections inherit it, so that bytes which come before the accept are stamped.
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self._socket.bind((str(place.address), port))
            self._socket.listen(_BACKLOG)
        except OSError as error:
            self._socket.close()
            raise EndpointError(
                f"cannot listen on {place.address} port {port}",
                evidence=error.strerror or str(error),
                next_step="end what else listens there, or choose another port",
            ) from error
        self.port: int = self._socket.getsockname()[1]
        self._loop.add_reader(self._socket, self._accept)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptor that it listens on; none where it is closed."""
        return (self._socket.fileno(),) if self._socket.fileno() >= 0 else ()

    def close(self) -> None:
        """Take no more connections; those that were taken live on."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _accept(self) -> None:
        while self._socket.fileno() >= 0:
            try:
                connected, peer = self._socket.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                # Out of descriptors or memory: a listener that stays readable would spin for ever.
                self.close()
                raise EndpointError(
                    f"port {self.port} takes no more connections",
                    evidence=error.strerror or str(error),
                    next_step="raise the limit of open files (ulimit -n)",
                ) from error
            connected.setblocking(False)
            self._accepted(Stream(connected, peer))


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _ending(error: OSError) -> str:
    if error.errno in (errno.EBADF, errno.ENOTCONN):
        return "closed" if error.errno == errno.EBADF else "reset"
    return _ENDINGS.get(error.errno or 0, "unreachable")
