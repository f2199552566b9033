"""The frame that proves a link empty.

A `Probe` sits at both ends of one link with packet sockets. `round_trip` sends a barrier frame from
the bench's end to the handset's end and back. Every element between (driver backlogs, bridge,
netem or relay queue) is first in, first out, so when the barrier is back, whatever was sent before
it in either direction has been delivered. `moved` counts, at the handset's end, the frames that are
not barriers; a count that stands still over a whole round is the second half of the proof.

Barriers use the EtherType 0x88B5 that IEEE 802 keeps for local experiments; no stack answers it.
"""

from __future__ import annotations

import contextlib
import socket
import struct

from hil.net.closing import close_together
from hil.net.frame_counter import FrameCounter
from hil.net.interface import Interface
from hil.net.packet_filter import BARRIER_ETHERTYPE, all_but_barriers

_PACKET_OUTGOING = 4
# A port drops frames for a moment after its link came up; a lost barrier is simply sent again.
_TRIES = 40
_TIMEOUT = struct.pack("@ll", 0, 40_000)
_LOOPBACK_MAC = "00:00:00:00:00:00"


class Probe:
    """Barrier sockets and a frame counter for the link from ``near`` to ``far``.

    With ``far`` the same interface as ``near`` it proves a loopback interface empty.
    """

    def __init__(self, near: Interface, far: Interface) -> None:
        self._loopback = near is far
        self._near = near
        self._far = far
        self._near_socket = _packet_socket(near)
        self._far_socket = self._near_socket if self._loopback else _packet_socket(far)
        self._counter = FrameCounter(far, all_but_barriers(1))
        self._near_mac = _LOOPBACK_MAC if self._loopback else near.mac
        self._far_mac = _LOOPBACK_MAC if self._loopback else far.mac
        self._sequence = 0

    def round_trip(self) -> bool:
        """Send the barrier there and back; False if it got lost although the link is up."""
        for _ in range(_TRIES):
            self._sequence += 1
            if not self._hop(self._near_socket, self._near, self._far_mac, self._far_socket):
                continue
            if self._loopback:
                return True
            if self._hop(self._far_socket, self._far, self._near_mac, self._near_socket):
                return True
        return not self._far.running

    def moved(self) -> int:
        """How many frames passed the handset's end, barriers aside, since the last call."""
        return self._counter.counted()

    def close(self) -> None:
        """Close the sockets."""
        close_together([self._counter, *{self._near_socket, self._far_socket}])

    def _hop(
        self, sender: socket.socket, out: Interface, target: str, receiver: socket.socket
    ) -> bool:
        frame = _frame(target, self._near_mac, self._sequence)
        with contextlib.suppress(OSError):
            sender.sendto(frame, (out.name, BARRIER_ETHERTYPE))
            while True:
                data, address = receiver.recvfrom(64)
                if address[2] != _PACKET_OUTGOING and data[14:22] == frame[14:22]:
                    return True
        return False


def _frame(target: str, source: str, sequence: int) -> bytes:
    return (
        bytes.fromhex(target.replace(":", ""))
        + bytes.fromhex(source.replace(":", ""))
        + struct.pack("!HQ", BARRIER_ETHERTYPE, sequence)
    ).ljust(60, b"\0")


def _packet_socket(interface: Interface) -> socket.socket:
    opened = interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    # Blocking with a kernel timeout costs one system call a hop.
    opened.setblocking(True)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEOUT)
    opened.bind((interface.name, BARRIER_ETHERTYPE))
    return opened
