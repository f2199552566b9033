"""The virtual network: real packets between namespaces that vanish with their process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.errors import LabError
from hil.net.interface import Interface
from hil.net.ping import ping
from hil.net.virtual import LAB_ADDRESS, VirtualNetwork, VirtualPort
from hil.virtual_clock import VirtualClock

MAC = "00:0e:08:aa:bb:cc"


@pytest.fixture
def network() -> Iterator[VirtualNetwork]:
    with contextlib.closing(VirtualNetwork()) as made:
        yield made


@pytest.fixture
def clock(network: VirtualNetwork) -> Iterator[VirtualClock]:
    made = VirtualClock()
    made.attach(network)
    yield made
    made.close()


def powered(network: VirtualNetwork, mac: str = MAC, delay_s: float = 0.0) -> VirtualPort:
    port = network.add_handset(mac, delay_s=delay_s)
    port.far.up()
    port.far.configure(port.address, network.netmask)
    # The bridge's port forwards a moment after the link came up; a barrier waits for that.
    network.flush()
    return port


@pytest.mark.parametrize("delay_s", [0.0, 0.002])
def test_a_handset_and_the_lab_reach_each_other(
    network: VirtualNetwork, clock: VirtualClock, delay_s: float
) -> None:
    port = powered(network, delay_s=delay_s)
    assert clock.run(ping(network.place(), clock, port.address)) == ""
    assert port.far.neighbour(str(LAB_ADDRESS)) == network.bridge.mac
    assert network.bridge.neighbour(str(port.address)) == MAC


def test_a_handset_without_power_has_no_link_and_does_not_answer(
    network: VirtualNetwork, clock: VirtualClock
) -> None:
    port = powered(network)
    assert port.near.running
    port.far.down()
    assert not port.near.running
    assert "no echo reply" in clock.run(ping(network.place(), clock, port.address))
    assert clock.now() == 3_000_000_000


def test_ten_handsets_have_ten_networks_of_their_own(
    network: VirtualNetwork, clock: VirtualClock
) -> None:
    ports = network.add_handsets([f"00:0e:08:aa:bb:{number:02x}" for number in range(10)])
    for port in ports:
        port.far.up()
        port.far.configure(port.address, network.netmask)
    network.flush()
    assert len({os.fstat(port.far.namespace.descriptor or 0).st_ino for port in ports}) == 10
    for port in ports:
        assert clock.run(ping(network.place(), clock, port.address)) == ""


def test_a_flush_tells_whether_something_moved(network: VirtualNetwork) -> None:
    port = powered(network)
    while network.flush():
        pass
    with port.far.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", (str(LAB_ADDRESS), 9))
    assert network.flush()
    while network.flush():
        pass
    assert not network.flush()


def test_a_datagram_in_flight_holds_virtual_time(
    network: VirtualNetwork, clock: VirtualClock
) -> None:
    """A frame that a link holds back for 20 ms arrives before a timer of 1 ms of lab time fires."""
    port = powered(network, delay_s=0.02)
    assert clock.run(ping(network.place(), clock, port.address)) == ""
    receiver = network.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind((str(LAB_ADDRESS), 9999))
    sender = port.far.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
    order: list[str] = []

    async def race() -> None:
        async def receive() -> None:
            await clock.loop.sock_recv(receiver, 10)
            order.append(f"datagram at {clock.now() - start}")

        start = clock.now()
        task = asyncio.create_task(receive())
        await clock.loop.sock_sendto(sender, b"x", (str(LAB_ADDRESS), 9999))
        await asyncio.sleep(0.001)
        order.append(f"timer at {clock.now() - start}")
        await task

    with receiver, sender:
        clock.run(race())
    assert order == ["datagram at 0", "timer at 1000000"]


def test_a_stream_arrives_whole_before_time_passes(
    network: VirtualNetwork, clock: VirtualClock
) -> None:
    port = powered(network, delay_s=0.001)
    body = bytes(range(256)) * 4096

    async def transfer() -> tuple[int, int]:
        listener = network.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind((str(LAB_ADDRESS), 8000))
        listener.listen()
        client = port.far.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        start = clock.now()
        accepting = asyncio.create_task(clock.loop.sock_accept(listener))
        await clock.loop.sock_connect(client, (str(LAB_ADDRESS), 8000))
        server, _ = await accepting
        server.setblocking(False)
        sending = asyncio.create_task(clock.loop.sock_sendall(server, body))
        received = 0
        while received < len(body):
            received += len(await clock.loop.sock_recv(client, 65536))
        await sending
        for each in (listener, client, server):
            each.close()
        return received, clock.now() - start

    assert clock.run(transfer()) == (len(body), 0)


def test_an_interface_that_is_not_there_is_a_lab_error(network: VirtualNetwork) -> None:
    missing = Interface(network.namespace, "eth7")
    with contextlib.closing(missing), pytest.raises(LabError, match="eth7"):
        missing.up()
    with pytest.raises(LabError):
        Interface(network.namespace, "a-name-that-is-too-long")


def test_each_loss_and_return_of_a_carrier_is_counted(network: VirtualNetwork) -> None:
    port = powered(network)
    before = port.near.carrier_changes()
    port.far.down()
    assert port.near.carrier_changes() == before + 1
    port.far.up()
    port.far.down()
    assert port.near.carrier_changes() == before + 3
    gone = Interface(port.near.namespace, "veth-none")
    with contextlib.closing(gone), pytest.raises(LabError, match="veth-none"):
        gone.carrier_changes()


def test_an_address_and_a_route_come_and_go(network: VirtualNetwork) -> None:
    port = powered(network)
    port.far.route_by(LAB_ADDRESS)
    port.far.route_by(LAB_ADDRESS)
    assert port.far.address == port.address
    port.far.unconfigure()
    assert port.far.address is None


CHILD = """
import os, signal, sys
# Whoever runs the tests in the background may have made its children deaf to it.
signal.signal(signal.SIGINT, signal.default_int_handler)
from hil.net.namespace import enter
enter()
from hil.net.virtual import VirtualNetwork
network = VirtualNetwork()
ports = network.add_handsets(["00:0e:08:aa:bb:cc", "00:0e:08:aa:bb:cd"])
spaces = [network.namespace, *(port.far.namespace for port in ports)]
print(*(os.fstat(space.descriptor).st_ino for space in spaces), flush=True)
sys.stdin.read()
"""


def namespaces_in_use(besides: int = 0) -> set[int]:
    """The network namespaces that any process, ``besides`` one, is in or holds open."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/task/*/ns/net"):
        with contextlib.suppress(OSError):
            found.add(entry.stat().st_ino)
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if entry.parts[2] != str(besides) and str(entry.readlink()).startswith("net:"):
                found.add(entry.stat().st_ino)
    return found


def holders(process: int, namespaces: set[int]) -> list[Path]:
    """A file of the process for each of its namespaces, by which it can be held open."""
    home = Path("/proc", str(process))
    found: dict[int, Path] = {}
    for entry in [*home.glob("task/*/ns/net"), *home.glob("fd/*")]:
        if str(entry.readlink()).startswith("net:"):
            found.setdefault(entry.stat().st_ino, entry)
    return [path for number, path in found.items() if number in namespaces]


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_namespaces_and_interfaces_vanish_with_the_process_whatever_kills_it(
    ending: signal.Signals,
) -> None:
    interfaces = set(os.listdir("/sys/class/net"))  # noqa: PTH208
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with child:
        assert child.stdout is not None
        made = {int(number) for number in child.stdout.readline().split()}
        assert len(made) == 3
        assert made <= namespaces_in_use()
        with contextlib.ExitStack() as pins:
            # A number is used again once its namespace is gone, which it is not while a pin holds it.
            held = [pins.enter_context(path.open("rb")) for path in holders(child.pid, made)]
            assert {os.fstat(each.fileno()).st_ino for each in held} == made
            child.send_signal(ending)
            child.wait(timeout=60)
            assert not made & namespaces_in_use(besides=os.getpid())
    assert set(os.listdir("/sys/class/net")) == interfaces  # noqa: PTH208
