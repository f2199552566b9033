"""A network with one handset's port, and both clocks, for the tests of the virtual rack."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from clocks import wall_clock_without_crashes
from phone_under_test import PhoneUnderTest
from sip_lines import registrar
from sip_peer import SipPeer

from hil.clock import WallClock
from hil.errors import StreamClosed, TransportError
from hil.net import namespace
from hil.net.interface import Interface, Place
from hil.net.stream import Listener
from hil.net.tls import TlsStream
from hil.net.virtual import LAB_ADDRESS, VirtualNetwork, VirtualPort
from hil.reference.identity import Identity
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.user_agent import user_agent
from hil.virtual import http
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


class HttpServer:
    """Reads a request's head and body, then writes ``answer``, part by part, and closes.

    A number in ``answer`` is a pause in seconds; None never ends, an empty answer just closes.
    """

    def __init__(self, lab, answer, *, tls=None, abort=False):
        self.requests = []
        self.connections = []
        self.tasks = []
        self.failed = ""
        self.client_certificate = None
        self._answer = answer
        self._tls = tls
        self._abort = abort

        async def listen():
            self.listener = Listener(lab.server, 443 if tls else 80, self._accepted)

        lab.clock.run(listen())

    def _accepted(self, stream):
        self.connections.append(stream)
        self.tasks.append(asyncio.ensure_future(self._serve(stream)))

    async def _serve(self, stream):
        carrier = stream
        try:
            if self._tls is not None:
                carrier = TlsStream(stream, self._tls, server_side=True)
                await carrier.handshake(within=100)
                self.client_certificate = carrier.certificate
            await self._read(carrier)
            for part in self._answer:
                if part is None:
                    await asyncio.Event().wait()
                elif isinstance(part, int | float):
                    await asyncio.sleep(part)
                else:
                    await carrier.write(part, within=100)
            if self._abort:
                carrier.abort()
            else:
                await carrier.finish(within=100)
        except TransportError as error:
            self.failed = str(error)
        finally:
            stream.close()

    async def _read(self, carrier):
        data = b""
        while b"\r\n\r\n" not in data:
            data += await self._some(carrier)
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ") for line in lines[1:])}
        while len(body) < int(headers.get("content-length", 0)):
            body += await self._some(carrier)
        self.requests.append((lines[0], headers, body))

    async def _some(self, carrier):
        data = await carrier.read(within=100)
        if not data:
            raise StreamClosed("closed")
        return data


@pytest.fixture
def serve_http(lab):
    """Starts servers for a handset that has its address; see `HttpServer`."""
    lab.configure()
    servers = []

    def start(*answer, **options):
        servers.append(HttpServer(lab, answer, **options))
        return servers[-1]

    yield start

    async def end():
        for server in servers:
            server.listener.close()
            for task in server.tasks:
                task.cancel()
            if server.tasks:
                await asyncio.wait(server.tasks)

    lab.clock.run(end())


@pytest.fixture
def fetching(lab):
    """The client on the handset, towards the lab's address."""

    def fetch(request, *, tls=None, port=None, **config):
        return http.fetch(
            lab.place,
            LAB_ADDRESS,
            port or (443 if tls else 80),
            request,
            agent=user_agent(MacroTable(Identity(MAC), Parameters())),
            tls=tls,
            config=http.HttpConfig(**config),
        )

    return fetch


@pytest.fixture
def phone(lab):
    """Makes a user agent on the handset, which has its address; see `PhoneUnderTest`."""
    lab.configure()
    made = []

    def make(**values):
        made.append(PhoneUnderTest(lab, **values))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def peer(lab):
    """Makes SIP elements of the lab; see `SipPeer`."""
    made = []

    def make(*arguments, **options):
        made.append(SipPeer(lab, *arguments, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def ready(phone, peer):
    """A registered phone and the server that it is registered with."""

    def make(**values):
        server = peer(registrar)
        return server, phone(**values).start().wait("registered", 1)

    return make


@pytest.fixture
def wall_clock() -> Iterator[WallClock]:
    with wall_clock_without_crashes() as clock:
        yield clock
