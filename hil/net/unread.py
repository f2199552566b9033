"""What has arrived at a listening socket and was not taken: the sign of a server that hangs.

A process that answers nothing looks from outside like a network that loses everything. The kernel
knows better: it keeps what the process did not take, the next datagram (ioctl SIOCINQ, udp(7)) or
the connections that nobody accepted (`tcpi_unacked` of a listening socket, tcp(7)).
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
import termios

_TCP_INFO = getattr(socket, "TCP_INFO", 11)
_UNACKED_AT, _UNACKED = 24, struct.Struct("=I")


def unread(descriptor: int) -> str:
    """What waits at a listening socket, in words; the empty text if nothing does."""
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        if copy.type == socket.SOCK_STREAM:
            told = copy.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _UNACKED_AT + _UNACKED.size)
            (waiting,) = _UNACKED.unpack_from(told, _UNACKED_AT)
            return f"{waiting} connection(s) that nobody accepts" if waiting else ""
        octets = array.array("i", [0])
        fcntl.ioctl(copy, termios.FIONREAD, octets)
        return f"a message of {octets[0]} octets that nobody reads" if octets[0] else ""
