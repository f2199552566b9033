"""A relay in a link: it holds frames back, loses some or sends them twice.

Delay comes from netem where the kernel has it, else from a relay.

The relay is a veth pair cut in two: what arrives at one half is sent out of the other ``delay_s``
later, in the order of arrival. Frames cross it with their virtio-net header, so that checksums and
segments that the kernel has left for the hardware stay valid on the other side.
"""

from __future__ import annotations

import collections
import contextlib
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from hil.errors import LabError
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.net.packet_filter import BARRIER_ETHERTYPE

_ETH_P_ALL = 0x0003
_SOL_PACKET = 263
_PACKET_VNET_HDR = 15
_PACKET_OUTGOING = 4
_LONGEST = 70_000
_VNET_HDR = 10
_BARRIER = BARRIER_ETHERTYPE.to_bytes(2, "big")

Manner = Callable[[bytes, bool], int]
"""How often a frame crosses, given its octets and whether it goes toward the handset."""


def faithful(frame: bytes, to_handset: bool) -> int:
    """Each frame crosses once."""
    del frame, to_handset
    return 1


class Relay:
    """A thread that carries frames both ways between two interfaces of one namespace.

    ``right`` is on the handset's side: ``handset_side``, whose carrier follows the handset's.
    ``manner``, which runs in the relay's thread, can lose frames or double them; barriers are spared,
    so that virtual time goes on.
    """

    def __init__(
        self, left: Interface, right: Interface, delay_s: float, manner: Manner = faithful
    ) -> None:
        self._delay_s = delay_s
        self._manner = manner
        self._interfaces = (left, right)
        self.handset_side = right
        self._sockets = (_tap(left), _tap(right))
        self._stop, self._stopper = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._thread = threading.Thread(target=self._carry, name="relay", daemon=True)
        self._thread.start()

    @classmethod
    def insert(
        cls,
        route: Any,
        bridge: int,
        name: str,
        far: dict[str, Any],
        delay_s: float,
    ) -> Relay | None:
        """Make the link of port ``name`` with a delay; None where netem does the work."""
        from pyroute2.netlink.exceptions import NetlinkError

        route.link("add", ifname=name, kind="veth", master=bridge, state="up", peer=far)
        (index,) = route.link_lookup(ifname=name)
        peer = Namespace(far["net_ns_fd"])
        try:
            route.tc("add", "netem", index=index, handle="1:", delay=round(delay_s * 1e6))
            with peer.entered():
                inner = type(route)()
            try:
                (eth,) = inner.link_lookup(ifname=far["ifname"])
                inner.tc("add", "netem", index=eth, handle="1:", delay=round(delay_s * 1e6))
            finally:
                inner.close()
        except NetlinkError:
            route.link("del", index=index)
        else:
            return None
        # In a namespace of its own: in the lab's, the kernel would answer ARP on the relay's ends.
        between = Namespace.create()
        outer = {"ifname": "lab", "net_ns_fd": between.descriptor}
        route.link("add", ifname=name, kind="veth", master=bridge, state="up", peer=outer)
        with between.entered():
            inner = type(route)()
        try:
            inner.link("add", ifname="handset", kind="veth", state="up", peer=far)
            (near,) = inner.link_lookup(ifname="lab")
            inner.link("set", index=near, state="up")
        finally:
            inner.close()
        return cls(Interface(between, "lab"), Interface(between, "handset"), delay_s)

    def close(self) -> None:
        """End the thread; frames that are still held are lost."""
        os.write(self._stopper, b"x")
        self._thread.join(timeout=2.0)
        if self._thread.is_alive():
            raise LabError("the relay of a delayed link does not end")
        for opened in self._sockets:
            opened.close()
        for interface in self._interfaces:
            interface.close()
        os.close(self._stop)
        os.close(self._stopper)

    def _carry(self) -> None:
        held: collections.deque[tuple[float, socket.socket, bytes]] = collections.deque()
        left, right = self._sockets
        with selectors.DefaultSelector() as waiting:
            waiting.register(left, selectors.EVENT_READ, right)
            waiting.register(right, selectors.EVENT_READ, left)
            waiting.register(self._stop, selectors.EVENT_READ)
            while True:
                pause = max(0.0, held[0][0] - time.monotonic()) if held else None
                for key, _ in waiting.select(pause):
                    if key.fileobj == self._stop:
                        return
                    self._take(key.fileobj, key.data, held)
                while held and held[0][0] <= time.monotonic():
                    _, target, frame = held.popleft()
                    # A link that is down takes no frames: they are lost, as on a cut cable.
                    with contextlib.suppress(OSError):
                        target.send(frame)

    def _take(
        self,
        source: Any,
        target: socket.socket,
        held: collections.deque[tuple[float, socket.socket, bytes]],
    ) -> None:
        with contextlib.suppress(OSError):
            while True:
                frame, address = source.recvfrom(_LONGEST)
                if address[2] != _PACKET_OUTGOING:
                    due = time.monotonic() + self._delay_s
                    held.extend([(due, target, frame)] * self._copies(frame, source))

    def _copies(self, frame: bytes, source: Any) -> int:
        octets = frame[_VNET_HDR:]
        if octets[12:14] == _BARRIER:
            return 1
        return self._manner(octets, source is self._sockets[0])


def _tap(interface: Interface) -> socket.socket:
    opened = interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    opened.bind((interface.name, _ETH_P_ALL))
    return opened
