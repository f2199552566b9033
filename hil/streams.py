"""Whether a TCP stream between two descriptors of this process still has bytes under way.

The kernel's own counters tell it (`struct tcp_info`, tcp(7)): what one end has taken from its
application, sent or not, against what the other end has received in order. An acknowledgement that
the receiver delays does not count as under way, since the bytes have arrived.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Iterable, Iterator

_TCP_INFO = getattr(socket, "TCP_INFO", 11)
_LENGTH = 232
_BYTES_RECEIVED = 128
_NOT_SENT = 144
_BYTES_SENT = 200


def bytes_under_way(descriptors: Iterable[int]) -> bool:
    """Whether any stream with both its ends among ``descriptors`` lacks bytes at the far end."""
    known = list(descriptors)
    senders = [fd for fd in known if _unacknowledged(fd)]
    if not senders:
        return False
    ends = {}
    for fd in known:
        pair = _addresses(fd)
        if pair is not None:
            ends[pair] = fd
    for fd in senders:
        pair = _addresses(fd)
        far = None if pair is None else ends.get((pair[1], pair[0]))
        if far is not None and _taken(fd) > _received(far):
            return True
    return False


def _unacknowledged(fd: int) -> bool:
    queued = array.array("i", [0])
    try:
        fcntl.ioctl(fd, termios.TIOCOUTQ, queued)
    except OSError:
        return False
    return queued[0] > 0


def _addresses(fd: int) -> tuple[object, object] | None:
    try:
        with _as_socket(fd) as stream:
            if stream.type != socket.SOCK_STREAM or stream.family != socket.AF_INET:
                return None
            return stream.getsockname(), stream.getpeername()
    except OSError:
        return None


@contextlib.contextmanager
def _as_socket(fd: int) -> Iterator[socket.socket]:
    copy = os.dup(fd)
    try:
        stream = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
    with stream:
        yield stream


def _tcp_info(fd: int) -> bytes:
    with _as_socket(fd) as stream:
        return stream.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _LENGTH).ljust(_LENGTH, b"\0")


def _taken(fd: int) -> int:
    info = _tcp_info(fd)
    (not_sent,) = struct.unpack_from("=I", info, _NOT_SENT)
    sent, retransmitted = struct.unpack_from("=QQ", info, _BYTES_SENT)
    return int(sent - retransmitted + not_sent)


def _received(fd: int) -> int:
    (received,) = struct.unpack_from("=Q", _tcp_info(fd), _BYTES_RECEIVED)
    return int(received)
