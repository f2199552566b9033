"""A network with one handset's port and a stranger's, a clock and a history, for endpoints to serve.

`Bench.start` runs an endpoint. Clients are sockets in the namespaces of two machines, the phone and
a stranger, read by the bench's loop, so that what a client got is known once lab time has passed.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, Protocol, TypeVar

import pytest

from hil.clock import WallClock
from hil.endpoints.admission import Admission
from hil.endpoints.http import HttpEndpoint
from hil.errors import StreamTimeout, TransportError
from hil.history import History
from hil.lab_time import NANOSECONDS
from hil.net import namespace
from hil.net.barrier import Probe
from hil.net.interface import Interface, Place
from hil.net.stream import SO_TIMESTAMPNS, connect
from hil.net.tls import AnyStream, TlsStream
from hil.net.virtual import LAB_ADDRESS, VirtualNetwork
from hil.virtual_clock import VirtualClock
from hil.wire.tftp_client import ReadTransfer
from hil.wire.tftp_terms import Complete, Failed, Send

namespace.enter()

HANDSET_MAC = "00:0e:08:aa:bb:cc"
STRANGER_MAC = "00:0e:08:00:00:01"
SERVER = str(LAB_ADDRESS)


class Served(Protocol):
    async def start(self) -> None: ...

    async def close(self) -> None: ...


S = TypeVar("S", bound=Served)


@dataclass
class UdpClient:
    """A UDP socket of a machine on the link; ``received`` has (data, (host, port)) in order."""

    clock: VirtualClock | WallClock
    socket: socket.socket
    received: list[tuple[bytes, tuple[str, int]]] = field(default_factory=list)
    on_receive: Callable[[bytes, tuple[str, int]], None] | None = None

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def send(self, data: bytes, port: int, host: str = SERVER) -> None:
        self.socket.sendto(data, (host, port))

    def readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, peer = self.socket.recvfrom(65535)
                self.received.append((data, peer))
                if self.on_receive is not None:
                    self.on_receive(data, peer)


@dataclass
class TcpClient:
    """A connection of a machine on the link; ``ending`` says how the other side ended it."""

    clock: VirtualClock | WallClock
    stream: AnyStream
    ending: str = ""

    def send(self, data: bytes) -> None:
        self.clock.run(self.stream.write(data, within=5))

    def receive(self, within: float = 60.0) -> bytes:
        """All that comes until the end, or until nothing has come for ``within`` seconds."""
        return self.clock.run(self._all(within), timeout=10 * within)

    def ask(self, data: bytes, within: float = 60.0) -> bytes:
        self.send(data)
        return self.receive(within)

    def finish(self) -> None:
        self.clock.run(self.stream.finish(within=5))

    async def _all(self, within: float) -> bytes:
        received = b""
        self.ending = "fin"
        try:
            while data := await self.stream.read(within=within):
                received += data
        except StreamTimeout:
            self.ending = "open"
        except TransportError as error:
            self.ending = error.reason
        if self.ending != "open":
            self.stream.close()
        return received


async def _connected(place: Place, port: int, tls: ssl.SSLContext | None) -> AnyStream:
    stream = await connect(place, LAB_ADDRESS, port, within=5)
    if tls is None:
        return stream
    secured = TlsStream(stream, tls, server_name=SERVER)
    await secured.handshake(within=5)
    return secured


@dataclass
class FrameClient:
    """Sees UDP datagrams to a port of its MAC (or to all) before any address is configured."""

    socket: socket.socket
    port: int
    received: list[bytes] = field(default_factory=list)
    on_receive: Callable[[bytes], None] | None = None

    def readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, address = self.socket.recvfrom(65535)
                if address[2] == socket.PACKET_OUTGOING or packet[9] != socket.IPPROTO_UDP:
                    continue
                (to,) = struct.unpack_from("!H", packet, 22)
                if to == self.port:
                    (length,) = struct.unpack_from("!H", packet, 24)
                    self.received.append(packet[28 : 20 + length])
                    if self.on_receive is not None:
                        self.on_receive(self.received[-1])


@dataclass
class Machine:
    """One end of the link: the handset, or somebody else."""

    interface: Interface
    address: IPv4Address
    netmask: IPv4Address
    clock: VirtualClock | WallClock
    closing: contextlib.ExitStack
    probe: Probe

    def configure(self, address: IPv4Address | None = None) -> None:
        self.interface.up()
        self.interface.configure(address or self.address, self.netmask)
        # A bridge forwards only a little after the link of a port is up; frames before are lost.
        assert self.probe.round_trip()

    @property
    def place(self) -> Place:
        return Place(self.interface, self.address, self.netmask)

    def tcp(self, port: int, tls: ssl.SSLContext | None = None) -> TcpClient:
        """A connection to a server of the lab, with ``tls`` one that has shaken hands."""
        client = TcpClient(self.clock, self.clock.run(_connected(self.place, port, tls)))

        async def close() -> None:
            client.stream.close()

        self.closing.callback(lambda: self.clock.run(close()))
        return client

    def udp(self, port: int = 0) -> UdpClient:
        opened = self.interface.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        device = self.interface.name.encode()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
        client = UdpClient(self.clock, opened)
        self._watch(opened, client.readable)
        opened.bind(("0.0.0.0", port))
        return client

    def frames(self, port: int) -> FrameClient:
        opened = self.interface.namespace.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        opened.bind((self.interface.name, 0x0800))
        client = FrameClient(opened, port)
        self._watch(opened, client.readable)
        return client

    def run(self, *command: str, timeout: float = 10.0) -> subprocess.CompletedProcess[str]:
        """Run somebody else's program on this machine."""
        with self.interface.namespace.entered():
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        try:
            output, _ = process.communicate(timeout=timeout)
        finally:
            process.kill()
            process.wait()
        return subprocess.CompletedProcess(command, process.returncode, output)

    def _watch(self, opened: socket.socket, readable: Callable[[], None]) -> None:
        loop = self.clock.loop

        async def add() -> None:
            loop.add_reader(opened, readable)

        async def remove() -> None:
            loop.remove_reader(opened)
            opened.close()

        self.clock.run(add())
        self.closing.callback(lambda: self.clock.run(remove()))


@dataclass
class Bench:
    """What endpoints stand on, and who talks to them."""

    network: VirtualNetwork
    clock: VirtualClock | WallClock
    history: History
    admission: Admission
    phone: Machine
    stranger: Machine
    closing: contextlib.ExitStack

    @property
    def place(self) -> Place:
        return self.network.place()

    def start(self, kind: Callable[..., S], **options: Any) -> S:
        endpoint = kind(self.place, self.clock, self.history, self.admission, **options)
        self.clock.run(endpoint.start())
        self.closing.callback(lambda: self.clock.run(endpoint.close()))
        return endpoint

    def let_pass(self, seconds: float) -> None:
        self.history.sleep(seconds)

    def configure_phone(self) -> None:
        """Give the handset its address, and have the bench know it, without DHCP."""
        self.phone.configure()
        self.admission.leased(self.phone.address)


class TftpReading:
    """`hil.wire`'s TFTP client on a machine of the link, driven by the bench's loop."""

    def __init__(
        self, bench: Bench, path: str, *, machine: Machine | None = None, **options: Any
    ) -> None:
        self.bench = bench
        self.transfer = ReadTransfer(path, **options)
        self.udp = (machine or bench.phone).udp()
        self.udp.on_receive = self._got
        self.result: Complete | Failed | None = None
        self._server_port: int | None = None

    def run(self, seconds: float = 30.0) -> Complete | Failed | None:
        """Transfer, or give None if that takes longer than ``seconds`` of lab time."""

        async def start() -> None:
            self._do(self.transfer.start(self.bench.clock.now()))

        self.bench.clock.run(start())
        self.bench.clock.wait(
            lambda: self.result is not None, self.bench.clock.now() + round(seconds * NANOSECONDS)
        )
        return self.result

    def _got(self, data: bytes, peer: tuple[str, int]) -> None:
        self._server_port = self._server_port or peer[1]
        assert peer[1] == self._server_port
        self._do(self.transfer.receive(data, self.bench.clock.now()))

    def _do(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, Send):
                self.udp.send(event.data, self._server_port or 69)
            else:
                self.result = event
        deadline = self.transfer.next_deadline()
        if deadline is not None:
            self.bench.clock.loop.call_at(deadline / NANOSECONDS, self._due)

    def _due(self) -> None:
        self._do(self.transfer.timeout(self.bench.clock.now()))


@pytest.fixture
def new_reading(bench: Bench) -> Callable[..., TftpReading]:
    """Makes a TFTP client on the handset or on another ``machine``."""
    return functools.partial(TftpReading, bench)


@pytest.fixture
def read(new_reading: Callable[..., TftpReading]) -> Callable[..., Complete | Failed | None]:
    """Reads a file as the handset, or gives None if it takes longer than ``seconds``."""

    def reading(path: str, seconds: float = 30.0, **options: Any) -> Complete | Failed | None:
        return new_reading(path, **options).run(seconds)

    return reading


@pytest.fixture(scope="session", autouse=True)
def kernel_stamps() -> Iterator[None]:
    """Have the kernel stamp what arrives, which it begins a little after the first socket asks."""
    network = VirtualNetwork()
    with network.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as stamped:
        stamped.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        stamped.bind(("127.0.0.1", 0))
        for _ in range(100_000):
            stamped.sendto(b"", stamped.getsockname())
            arrived = time.time_ns()
            ((_, _, stamp),) = stamped.recvmsg(1, 64)[1]
            seconds, nanoseconds = struct.unpack("@ll", stamp[:16])
            if seconds * NANOSECONDS + nanoseconds < arrived:
                break
        yield
    network.close()


@pytest.fixture(scope="module")
def network() -> Iterator[VirtualNetwork]:
    """One for all tests of a module, as each costs the kernel some 50 ms; `_bench` leaves it dark."""
    made = VirtualNetwork()
    made.add_handsets([HANDSET_MAC, STRANGER_MAC])
    yield made
    made.close()


def _bench(network: VirtualNetwork, clock: VirtualClock | WallClock) -> Iterator[Bench]:
    crashes: list[str] = []
    clock.on_crash(crashes.append)
    with contextlib.ExitStack() as closing:
        closing.callback(clock.close)
        closing.callback(_darken, network)
        machines = [
            Machine(port.far, port.address, network.netmask, clock, closing, port.probe)
            for port in network.ports
        ]
        if isinstance(clock, VirtualClock):
            clock.attach(network)
        yield Bench(network, clock, History(clock), Admission(HANDSET_MAC), *machines, closing)
    assert crashes == []


def _darken(network: VirtualNetwork) -> None:
    """Machines without power and address, and a lab that knows no neighbour."""
    for port in network.ports:
        port.far.unconfigure()
        port.far.down()
    network.bridge.down()
    network.bridge.up()


@pytest.fixture
def bench(network: VirtualNetwork) -> Iterator[Bench]:
    """In virtual time."""
    yield from _bench(network, VirtualClock())


@pytest.fixture
def wall_bench(network: VirtualNetwork) -> Iterator[Bench]:
    """In real time, for peers that others wrote."""
    yield from _bench(network, WallClock())


@pytest.fixture
def http(bench: Bench) -> HttpEndpoint:
    """The HTTP endpoint in virtual time, for a handset that has its address."""
    bench.configure_phone()
    return bench.start(HttpEndpoint)
