"""A tap: every frame at an interface, taken through a ring that the kernel shares (packet(7)).

The ring (TPACKET_V2) is memory of a fixed size, which a kernel grants without regard to the limits on
socket buffers, so the tap of an ordinary user is as good as root's. What finds it full is dropped and
counted: a tap knows what it has not seen.
"""

from __future__ import annotations

import mmap
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from hil.errors import LabError
from hil.lab_time import NANOSECONDS
from hil.net.frame_counter import ETH_P_ALL, SOL_PACKET, statistics
from hil.net.interface import Interface
from hil.net.packet_filter import Program, all_but_barriers, attach

SLOT = 2048
"""Octets of the ring that one frame takes, with its header; longer frames lose their end."""

_PACKET_RX_RING = 5
_PACKET_VERSION = 10
_TPACKET_V2 = 1
_BLOCK = 65_536
_STATUS = struct.Struct("=I")
_HEADER = struct.Struct("=IIIHHII")
_KIND_AT = 32 + 10
_USER = 1
_PACKET_OUTGOING = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One Ethernet frame: what was taken of it, its ``length`` on the wire, and which way it went.

    ``kernel_ns`` is when the kernel saw it, in nanoseconds since 1970.
    """

    data: bytes
    length: int
    outgoing: bool
    kernel_ns: int


class Tap:
    """The frames at ``interface`` that ``program`` lets pass, by default all but barriers.

    ``slots`` of them may wait, a multiple of 32.

    LabError where the kernel gives no ring.
    """

    def __init__(
        self, interface: Interface, *, slots: int = 4096, program: Program | None = None
    ) -> None:
        self._slots = slots
        self._next = 0
        self._socket = interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        request = struct.pack("=4I", _BLOCK, slots * SLOT // _BLOCK, SLOT, slots)
        try:
            attach(self._socket, program or all_but_barriers())
            self._socket.setsockopt(SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
            self._socket.setsockopt(SOL_PACKET, _PACKET_RX_RING, request)
            self._ring = mmap.mmap(self._socket.fileno(), slots * SLOT)
            self._socket.bind((interface.name, ETH_P_ALL))
        except (OSError, ValueError) as error:
            self._socket.close()
            raise LabError(
                "the kernel gives no ring to capture packets in",
                evidence=str(error),
                next_step="grant CAP_NET_RAW, or capture fewer frames at a time",
                concerns=interface.name,
            ) from error

    def fileno(self) -> int:
        """The descriptor, which is readable while a frame waits."""
        return self._socket.fileno()

    def frames(self) -> Iterator[Frame]:
        """Take the frames that wait, in order."""
        for _ in range(self._slots):
            at = self._next * SLOT
            (status,) = _STATUS.unpack_from(self._ring, at)
            if not status & _USER:
                break
            _, length, taken, start, _, seconds, nanoseconds = _HEADER.unpack_from(self._ring, at)
            data = self._ring[at + start : at + start + taken]
            outgoing = self._ring[at + _KIND_AT] == _PACKET_OUTGOING
            # The kernel may write here again.
            _STATUS.pack_into(self._ring, at, 0)
            self._next = (self._next + 1) % self._slots
            yield Frame(data, length, outgoing, seconds * NANOSECONDS + nanoseconds)
        # That the interface went down is an error of the socket, which stays readable until it is
        # asked; once the interface is up again frames come as before.
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def drops(self) -> int:
        """How many frames found the ring full since the last call."""
        return statistics(self._socket)[1]

    def close(self) -> None:
        """Give the ring back."""
        self._ring.close()
        self._socket.close()
