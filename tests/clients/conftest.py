"""A network with one phone that has its address and nothing but the faces that a test gives it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from hil.clients.web import PhoneWeb, WebSettings
from hil.errors import TransportError
from hil.history import History
from hil.net import namespace
from hil.net.interface import Place
from hil.net.stream import Listener, Stream
from hil.net.virtual import VirtualNetwork, VirtualPort
from hil.reference.parameters import Parameters
from hil.reference.status import Status
from hil.virtual.web import WebServer
from hil.virtual_clock import VirtualClock

namespace.enter()


@dataclass
class Bench:
    """The lab's side, with a clock and a history, and the phone's place on the network."""

    network: VirtualNetwork
    port: VirtualPort
    clock: VirtualClock
    history: History
    address: object
    closers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def phone_place(self) -> Place:
        return Place(self.port.far, self.port.address, self.network.netmask)

    def web(self, **settings) -> PhoneWeb:
        return PhoneWeb(
            self.network.place(),
            self.clock,
            self.history,
            lambda: self.address,
            WebSettings(**settings),
        )

    def call(self, action):
        async def inside():
            return action()

        return self.clock.run(inside())

    def speak(self, *parts: bytes, port: int = 80, abort: bool = False):
        """Have the phone answer every connection with these octets, unread; None says no more."""
        tasks = []

        async def saying(stream: Stream) -> None:
            try:
                await stream.read(within=60)
                for part in parts:
                    if part is None:
                        await stream.read(within=600)
                    else:
                        await stream.write(part, within=60)
                if abort:
                    stream.abort()
                else:
                    await stream.finish(within=60)
            except TransportError:
                stream.close()

        def accepted(stream: Stream) -> None:
            tasks.append(self.clock.loop.create_task(saying(stream)))

        listener = self.call(lambda: Listener(self.phone_place, port, accepted))
        self.closers.append(listener.close)


@dataclass
class VirtualPhone:
    """The pages of a virtual phone, and what it was told to do."""

    parameters: Parameters = field(default_factory=Parameters)
    status: Status = field(default_factory=Status)
    told: list[object] = field(default_factory=list)
    server: WebServer | None = None

    def set(self, bench, **values):
        self.parameters = self.parameters.updated(values)
        bench.call(self.server.reconfigure)


@pytest.fixture(scope="session")
def network():
    made = VirtualNetwork()
    made.add_handset("00:0e:08:aa:bb:cc")
    yield made
    made.close()


@pytest.fixture
def bench(network):
    (port,) = network.ports
    clock = VirtualClock()
    clock.attach(network)
    _link_up(network, port)
    port.far.configure(port.address, network.netmask)
    made = Bench(network, port, clock, History(clock), port.address)
    yield made
    for close in made.closers:
        made.call(close)
    clock.close()
    port.far.down()
    port.far.unconfigure()


def _link_up(network, port):
    """Power the link, and wait until the kernel's work queue has told the bridge."""
    behind = (port.near, network.bridge)
    _await(lambda: not any(each.running for each in behind))
    port.far.up()
    _await(lambda: port.far.running and all(each.running for each in behind))
    port.near.up()


def _await(condition):
    give_up = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < give_up, "the link does not come up"


@pytest.fixture
def phone(bench):
    """A virtual phone with the pages of the reference."""
    made = VirtualPhone()
    made.server = WebServer(
        bench.clock,
        lambda: made.parameters,
        lambda: made.status,
        made.told.append,
        made.told.append,
        random.Random(7832),  # noqa: S311
    )
    bench.call(lambda: made.server.start(bench.phone_place))
    bench.closers.append(made.server.cut)
    return made
