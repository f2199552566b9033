"""A stream's bytes, time stamps, deadlines and endings over a real link of the virtual network."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

import pytest

from hil.errors import EndpointError, StreamClosed, StreamTimeout
from hil.lab_time import NANOSECONDS
from hil.net.interface import Place
from hil.net.stream import Listener, connect
from hil.net.virtual import LAB_ADDRESS
from hil.virtual_clock import VirtualClock

PORT = 8000


class Link:
    """A client's place, a listener in the lab, and the streams that it accepted."""

    def __init__(self, network, clock, place):
        self.network = network
        self.clock = clock
        self.place = place
        self.accepted = asyncio.Queue()

    async def pair(self):
        client = await connect(self.place, LAB_ADDRESS, PORT, within=5)
        return client, await self.accepted.get()

    def run(self, work):
        return self.clock.run(work, timeout=1000)


@pytest.fixture
def link(network):
    clock = VirtualClock()
    clock.attach(network)
    port = network.ports[0]
    made = Link(network, clock, Place(port.far, port.address, network.netmask))

    async def listen():
        return Listener(network.place(), PORT, made.accepted.put_nowait)

    listener = clock.run(listen())

    async def close():
        listener.close()

    yield made
    clock.run(close())
    clock.close()


def test_bytes_go_both_ways_and_the_kernel_says_when_they_came(link):
    async def scenario():
        client, server = await link.pair()
        assert client.peer == (str(LAB_ADDRESS), PORT)
        assert server.peer[0] == str(link.place.address)
        assert server.stamp == 0
        await client.write(b"hello", within=1)
        assert await server.read(within=1) == b"hello"
        first = server.stamp
        await client.write(b"again", within=1)
        assert await server.read(within=1) == b"again"
        assert server.stamp >= first > 1_600_000_000 * NANOSECONDS
        client.close()
        server.close()

    link.run(scenario())


def test_more_than_the_buffers_hold_arrives_whole_and_takes_no_virtual_time(link):
    sent = bytes(range(256)) * (64 << 10)

    async def scenario():
        client, server = await link.pair()
        writing = asyncio.ensure_future(server.write(sent, within=60))
        received = bytearray()
        while len(received) < len(sent):
            received += await client.read(within=60)
        await writing
        client.close()
        server.close()
        return received

    before = link.clock.now()
    assert link.run(scenario()) == sent
    assert link.clock.now() == before


def test_orderly_end_is_an_empty_read_and_the_other_direction_lives_on(link):
    async def scenario():
        client, server = await link.pair()
        client.end()
        assert await server.read(within=1) == b""
        await server.write(b"still here", within=1)
        assert await client.read(within=1) == b"still here"
        server.close()
        assert await client.read(within=1) == b""
        client.close()

    link.run(scenario())


def test_abort_is_a_reset(link):
    async def scenario():
        client, server = await link.pair()
        server.abort()
        with pytest.raises(StreamClosed, match="reset"):
            await client.read(within=1)
        client.close()

    link.run(scenario())


def test_finish_lets_the_other_side_read_to_the_end_although_it_sent_too_much(link):
    async def scenario():
        client, server = await link.pair()
        await client.write(bytes(100_000), within=1)
        await server.write(b"refused", within=1)
        ending = asyncio.ensure_future(server.finish(within=2))
        assert await client.read(within=1) == b"refused"
        assert await client.read(within=1) == b""
        client.close()
        await ending
        assert not server.open

    link.run(scenario())


def test_finish_ends_in_time_whatever_the_other_side_does(link):
    async def scenario():
        client, server = await link.pair()
        await server.finish(within=2)
        client.close()

    before = link.clock.now()
    link.run(scenario())
    assert link.clock.now() - before == 2 * NANOSECONDS


def test_finish_does_not_drink_an_endless_stream(link):
    async def flood(stream):
        while True:
            await stream.write(bytes(1 << 16), within=1)

    async def scenario():
        client, server = await link.pair()
        flooding = asyncio.ensure_future(flood(client))
        await server.finish(within=2)
        with pytest.raises(StreamClosed):
            await flooding
        client.close()

    before = link.clock.now()
    link.run(scenario())
    assert link.clock.now() == before


@pytest.mark.parametrize("what", ["read", "write"])
def test_deadlines_are_lab_time(link, what):
    async def scenario():
        client, server = await link.pair()
        work = {
            "read": lambda: client.read(within=300),
            "write": lambda: client.write(bytes(64 << 20), within=300),
        }
        with pytest.raises(StreamTimeout, match=f"a {what} took longer than 300 s"):
            await work[what]()
        client.abort()
        server.abort()

    before = link.clock.now()
    link.run(scenario())
    assert link.clock.now() - before == 300 * NANOSECONDS


@pytest.mark.parametrize("end", ["close", "abort"])
def test_whoever_waits_on_a_stream_that_we_close_is_told(link, end):
    async def scenario():
        client, server = await link.pair()
        reading = asyncio.ensure_future(client.read(within=60))
        await asyncio.sleep(0.1)
        getattr(client, end)()
        with pytest.raises(StreamClosed, match="closed"):
            await reading
        with pytest.raises(StreamClosed, match="closed"):
            await client.read(within=1)
        with pytest.raises(StreamClosed, match="closed"):
            await client.write(b"x", within=1)
        client.close()
        server.close()

    link.run(scenario())


def test_cancelled_read_leaves_nothing_in_the_loop(link):
    async def scenario():
        client, server = await link.pair()
        reading = asyncio.ensure_future(client.read(within=60))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await server.write(b"later", within=1)
        assert await client.read(within=1) == b"later"
        client.close()
        server.close()

    link.run(scenario())
    jumps = link.clock.jumps
    link.run(asyncio.sleep(0))
    assert link.clock.jumps == jumps


def test_refused_connection(link):
    with pytest.raises(StreamClosed, match="refused"):
        link.run(connect(link.place, LAB_ADDRESS, PORT + 1, within=5))


def test_host_that_does_not_answer(link):
    with pytest.raises(StreamTimeout, match=r"connecting to 192\.0\.2\.77 port 80 took longer"):
        link.run(connect(link.place, IPv4Address("192.0.2.77"), 80, within=5))


def test_link_that_is_down(link):
    interface = link.place.interface
    interface.down()
    try:
        with pytest.raises(StreamClosed, match="unreachable"):
            link.run(connect(link.place, LAB_ADDRESS, PORT, within=5))
    finally:
        interface.up()
        assert link.network.ports[0].probe.round_trip()


def test_port_in_use_is_an_endpoint_error(link):
    async def listen():
        Listener(link.network.place(), PORT, link.accepted.put_nowait)

    with pytest.raises(EndpointError, match=f"port {PORT}"):
        link.run(listen())


def test_port_zero_is_any_that_is_free(link):
    async def listen():
        listener = Listener(link.network.place(), 0, link.accepted.put_nowait)
        listener.close()
        listener.close()
        return listener.port

    assert link.run(listen()) > 0
