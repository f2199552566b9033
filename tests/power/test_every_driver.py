"""What holds for every driver: whatever is at the other end, a call ends in time, with `PowerError`.

The other end is a real socket, or a real program, that is dead, silent, ends at once, answers garbage
or never stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.clock import WallClock
from hil.errors import PowerError
from hil.history import History
from hil.power.command import CommandConfig, CommandPower
from hil.power.driver import PowerDriver
from hil.power.http import HttpPower
from hil.power.http_client import HttpServer
from hil.power.http_dialects import SHELLY_GEN1, SHELLY_GEN2, TASMOTA, HttpDialect
from hil.power.labgrid import labgrid
from hil.power.outlet import Outlet, PowerPolicy
from hil.power.pdudaemon import pdudaemon
from hil.power.poe import PoeSwitch
from hil.power.relay_dialects import KMTRONIC_2, KMTRONIC_4, LCUS_STATUS, NUMATO
from hil.power.serial_relay import SerialRelay, SerialRelayConfig
from hil.power.snmp_agent import SnmpAgent
from hil.power.snmp_pdu import SnmpPdu
from hil.power.ssh import SshPower
from hil.power.ssh_dialects import APC_CLI, CISCO_IOS, SshDialect
from hil.power.ssh_session import SshLogin

SOON_S = 0.25
AMPLE_S = 5.0
# What a machine with much else to do may take beyond a deadline.
MARGIN_S = 5.0
KEY = "SHA256:" + "a" * 43


@dataclass
class Peer:
    """The other end, over TCP and UDP on one port; ``visits`` is how often somebody came."""

    port: int
    manner: str = "silent"
    says: bytes = b""
    deadline_s: float = SOON_S
    visits: int = 0
    directory: Path = Path()
    open: list[socket.socket] = field(default_factory=list)

    def visited(self, stream: socket.socket) -> None:
        self.visits += 1
        self.open.append(stream)
        with contextlib.suppress(OSError):
            if self.manner == "garbage":
                stream.sendall(self.says)
            if self.manner in ("garbage", "ends"):
                stream.shutdown(socket.SHUT_RDWR)
            if self.manner == "endless":
                stream.setblocking(False)
                threading.Thread(target=_pour, args=(stream,), daemon=True).start()

    def asked(self, datagrams: socket.socket) -> None:
        _, address = datagrams.recvfrom(65536)
        self.visits += 1
        if self.manner != "silent":
            for _ in range(50 if self.manner == "endless" else 1):
                datagrams.sendto(self.says or b"\0", address)

    def program(self) -> str:
        """The same manners as a program, for the drivers that run one."""
        does = {
            "silent": "sleep 60",
            "ends": "exit 1",
            "garbage": "head -c 300 /dev/urandom",
            "endless": "yes",
        }
        path = self.directory / "program"
        path.write_text(f"#!/bin/sh\n: > {self.directory}/visited\n{does[self.manner]}\n")
        path.chmod(0o755)
        return str(path)


def _pour(stream: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_WRITE)
        while selector.select(5):
            stream.send(b"\xaa" * 65536)


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    with (
        socket.create_server(("127.0.0.1", 0)) as streams,
        socket.socket(type=socket.SOCK_DGRAM) as datagrams,
        selectors.DefaultSelector() as selector,
    ):
        port = streams.getsockname()[1]
        datagrams.bind(("127.0.0.1", port))
        here, there = socket.socketpair()
        other = Peer(port, directory=tmp_path)
        for each in (streams, datagrams, here):
            selector.register(each, selectors.EVENT_READ)

        def serve() -> None:
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if here in ready:
                    return
                if streams in ready:
                    other.visited(streams.accept()[0])
                if datagrams in ready:
                    other.asked(datagrams)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield other
        there.send(b"x")
        thread.join(timeout=5)
        for each in (here, there, *other.open):
            each.close()


def _agent(peer: Peer) -> SnmpAgent:
    return SnmpAgent("127.0.0.1", peer.port, timeout_s=peer.deadline_s)


def _server(peer: Peer) -> HttpServer:
    return HttpServer(f"http://127.0.0.1:{peer.port}", "admin", "password")


def _http(peer: Peer, dialect: HttpDialect) -> HttpPower:
    return HttpPower(_server(peer), dialect, timeout_s=peer.deadline_s)


def _ssh(peer: Peer, dialect: SshDialect) -> SshPower:
    login = SshLogin("127.0.0.1", "lab", peer.port, host_key=KEY, password="password")
    return SshPower(login, dialect, timeout_s=peer.deadline_s)


def _labgrid(peer: Peer) -> CommandPower:
    return labgrid("lab", client=peer.program(), timeout_s=peer.deadline_s)


def _relay(peer: Peer, board: object) -> SerialRelay:
    url = f"socket://127.0.0.1:{peer.port}"
    return SerialRelay(SerialRelayConfig(url, board, timeout_s=peer.deadline_s))  # type: ignore[arg-type]


def _command(peer: Peer) -> CommandPower:
    run = (peer.program(), "{outlet}")
    return CommandPower(
        CommandConfig("program", run, run, run, "^on$", "^off$", timeout_s=peer.deadline_s)
    )


DRIVERS: dict[str, tuple[str, Callable[[Peer], PowerDriver]]] = {
    "snmp": ("3", lambda peer: SnmpPdu(_agent(peer))),
    "poe": ("1/7", lambda peer: PoeSwitch(_agent(peer))),
    "cisco-ios": ("Gi1/0/7", lambda peer: _ssh(peer, CISCO_IOS)),
    "apc-cli": ("3", lambda peer: _ssh(peer, APC_CLI)),
    "lcus-status": ("1", lambda peer: _relay(peer, LCUS_STATUS)),
    "numato": ("1", lambda peer: _relay(peer, NUMATO)),
    "kmtronic-2": ("1", lambda peer: _relay(peer, KMTRONIC_2)),
    "kmtronic-4": ("1", lambda peer: _relay(peer, KMTRONIC_4)),
    "shelly-gen1": ("0", lambda peer: _http(peer, SHELLY_GEN1)),
    "shelly-gen2": ("0", lambda peer: _http(peer, SHELLY_GEN2)),
    "tasmota": ("1", lambda peer: _http(peer, TASMOTA)),
    "pdudaemon": ("1", lambda peer: pdudaemon(_server(peer), "rack", timeout_s=peer.deadline_s)),
    "command": ("1", _command),
    "labgrid": ("desk", _labgrid),
}
TCP = [name for name in DRIVERS if name not in ("snmp", "poe", "command", "labgrid")]
every = pytest.mark.parametrize("kind", DRIVERS)


@every
@pytest.mark.parametrize("manner", ["silent", "ends", "garbage", "endless"])
def test_nothing_but_a_power_error_comes_of_it_and_in_time(
    wall_clock: WallClock, peer: Peer, kind: str, manner: str
):
    peer.manner, peer.says = manner, bytes(range(255, -1, -1)) * 40
    goes_on = manner in ("silent", "endless")
    peer.deadline_s = SOON_S if goes_on else AMPLE_S
    outlet, make = DRIVERS[kind]
    driver = make(peer)
    # A relay board that says nothing, and a program that ends well, have done what they were told.
    mute = kind in ("lcus-status", "kmtronic-2", "kmtronic-4") or (
        kind in ("command", "labgrid") and manner == "garbage"
    )
    for call in (driver.off, driver.state):
        begun = time.monotonic()
        trusting = mute and call != driver.state
        with contextlib.nullcontext() if trusting else pytest.raises(PowerError) as error:
            wall_clock.run(call(outlet), timeout=20.0)
        assert time.monotonic() - begun < peer.deadline_s + MARGIN_S
        assert trusting or "password" not in str(error.value.evidence)
    # A deadline that is soon over may be over before a busy machine has sent anything.
    assert goes_on or peer.visits or (peer.directory / "visited").exists()


@every
def test_a_device_that_is_not_there_is_a_power_error(
    wall_clock: WallClock, tmp_path: Path, kind: str
):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    outlet, make = DRIVERS[kind]
    driver = make(Peer(port, manner="ends", directory=tmp_path))
    (tmp_path / "program").unlink(missing_ok=True)
    for call in (driver.on, driver.state):
        with pytest.raises(PowerError) as error:
            wall_clock.run(call(outlet), timeout=AMPLE_S + MARGIN_S)
        assert error.value.concerns.startswith(driver.name)
        assert error.value.next_step


@every
@pytest.mark.parametrize("outlet", ["", "\0", "1\r\nreload", "９" * 3, "x" * 10_000])
def test_an_outlet_that_makes_no_sense_is_a_power_error(
    wall_clock: WallClock, peer: Peer, kind: str, outlet: str
):
    peer.manner = "ends"
    driver = DRIVERS[kind][1](peer)
    for call in (driver.on, driver.state):
        with pytest.raises(PowerError) as error:
            wall_clock.run(call(outlet))
        assert len(str(error.value)) < 1500


@every
def test_nobody_talks_to_a_device_whose_queue_another_holds(
    wall_clock: WallClock, peer: Peer, kind: str
):
    peer.manner, peer.deadline_s = "ends", AMPLE_S
    name, make = DRIVERS[kind]
    driver = make(peer)
    outlet = Outlet(driver, name, History(wall_clock), PowerPolicy(attempts=1, settle_s=0.0))

    async def contend() -> None:
        async with driver.queue:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(outlet.state(), 0.05)
            assert peer.visits == 0
            assert not (peer.directory / "visited").exists()
        with pytest.raises(PowerError):
            await outlet.state()

    wall_clock.run(contend())
    assert peer.visits or (peer.directory / "visited").exists() or kind == "pdudaemon"


@pytest.mark.parametrize("kind", TCP)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(says=st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=100).map(lambda data: b"SSH-2.0-x\r\n" + data),
    st.binary(max_size=100).map(lambda data: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + data),
    st.binary(max_size=100).map(lambda data: b"relay read 1\n\r" + data),
    st.sampled_from([
        b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"ison": "x"}',
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"\xff\", nonce=\"\xe9\"\r\n\r\n",
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic, , Digest,\r\nContent-Length: 0\r\n\r\n",
    ]),
))  # fmt: skip
def test_whatever_a_peer_says_is_a_state_or_a_power_error(
    wall_clock: WallClock, peer: Peer, kind: str, says: bytes
):
    peer.manner, peer.says = "garbage", says
    outlet, make = DRIVERS[kind]
    with contextlib.suppress(PowerError):
        wall_clock.run(make(peer).state(outlet), timeout=AMPLE_S + MARGIN_S)
