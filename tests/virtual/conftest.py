"""A network with one handset's port, and both clocks, for the tests of the virtual rack."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from hil.clock import WallClock
from hil.net import namespace
from hil.net.interface import Interface, Place
from hil.net.virtual import LAB_ADDRESS, VirtualNetwork, VirtualPort
from hil.virtual_clock import VirtualClock

namespace.enter()

MAC = "00:0e:08:aa:bb:cc"


class FrameCounter:
    """Counts the frames that the handset's end sends, as a switch port would."""

    def __init__(self, near: Interface) -> None:
        self._tap = near.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._tap.bind((near.name, 0x0003))

    def frames(self) -> list[bytes]:
        """What came out of the handset since the last call, barriers of the clock aside."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, address = self._tap.recvfrom(65_535)
                (kind,) = struct.unpack_from("!H", frame, 12)
                if address[2] != socket.PACKET_OUTGOING and kind != 0x88B5:
                    found.append(frame)
        return found

    def close(self) -> None:
        self._tap.close()


@dataclass
class Lab:
    """One handset's port on a network, a clock, and the place of the lab's servers."""

    clock: VirtualClock | WallClock
    network: VirtualNetwork
    port: VirtualPort
    counter: FrameCounter
    chance: random.Random = field(default_factory=lambda: random.Random(7832))  # noqa: S311

    @property
    def server(self) -> Place:
        return self.network.place()

    @property
    def place(self) -> Place:
        """The handset's, once it has its address."""
        return Place(self.port.far, self.port.address, self.network.netmask)

    def link_up(self) -> None:
        """Power the link, and let the kernel finish.

        A work queue tells the bridge's port of its carrier, then the bridge itself; a new interface
        counts as running until the queue has looked at it.
        """
        behind = (self.port.near, self.network.bridge)
        self._await(lambda: not any(interface.running for interface in behind))
        self.port.far.up()
        self._await(lambda: self.port.far.running and all(each.running for each in behind))
        # Setting flags takes the lock that the work queue holds until frames pass.
        self.port.near.up()

    @staticmethod
    def _await(condition: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 5.0
        while not condition():
            assert time.monotonic() < give_up, "the link does not come up"

    def configure(self) -> None:
        """Power the link and give the handset its address without DHCP."""
        self.link_up()
        self.port.far.configure(self.port.address, self.network.netmask)

    def cut(self) -> None:
        """Take the handset's link away, as a power cut does first."""
        self.port.far.down()

    def udp(self, port: int, *, address: str | None = None) -> socket.socket:
        """A server's UDP socket in the lab."""
        opened = self.server.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        opened.bind((str(LAB_ADDRESS) if address is None else address, port))
        return opened


@pytest.fixture(scope="session")
def network() -> Iterator[VirtualNetwork]:
    """One handset's port, which each test finds without power and without an address."""
    made = VirtualNetwork()
    made.add_handset(MAC)
    yield made
    made.close()


@contextlib.contextmanager
def _lab(network: VirtualNetwork, clock: VirtualClock | WallClock) -> Iterator[Lab]:
    (port,) = network.ports
    if isinstance(clock, VirtualClock):
        clock.attach(network)
    counter = FrameCounter(port.near)
    try:
        yield Lab(clock, network, port, counter)
    finally:
        clock.close()
        counter.close()
        port.far.down()
        port.far.unconfigure()


@pytest.fixture
def lab(network: VirtualNetwork) -> Iterator[Lab]:
    """In virtual time."""
    with _lab(network, VirtualClock()) as made:
        yield made


@pytest.fixture
def wall_lab(network: VirtualNetwork) -> Iterator[Lab]:
    """In real time, for peers that others wrote."""
    with _lab(network, WallClock()) as made:
        yield made
