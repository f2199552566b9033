"""Counting frames without reading them.

A packet socket whose buffer is always full still counts, in PACKET_STATISTICS (packet(7)), each frame
that its filter takes. So counting needs no memory, loses nothing, and costs one system call a look.
"""

from __future__ import annotations

import socket
import struct

from hil.net.interface import Interface
from hil.net.packet_filter import Program, attach

SOL_PACKET = 263
PACKET_STATISTICS = 6
ETH_P_ALL = 0x0003
_STATISTICS = struct.Struct("=II")


class FrameCounter:
    """Counts the frames at ``interface``, in both directions, that ``program`` lets pass."""

    def __init__(self, interface: Interface, program: Program) -> None:
        self._socket = interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        attach(self._socket, program)
        self._socket.bind((interface.name, ETH_P_ALL))

    def counted(self) -> int:
        """How many frames passed since the last call."""
        return statistics(self._socket)[0]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def statistics(opened: socket.socket) -> tuple[int, int]:
    """Frames for a packet socket since the last call, and how many of them it had no room for."""
    answer = opened.getsockopt(SOL_PACKET, PACKET_STATISTICS, _STATISTICS.size)
    frames, drops = _STATISTICS.unpack(answer)
    return int(frames), int(drops)
