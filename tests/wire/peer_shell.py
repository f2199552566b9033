"""UDP sockets around the machines of hil.wire, for tests against programs that others wrote.

Run as a program in a network namespace of its own; takes its orders as one JSON object and prints
one. ``tftp`` serves a directory on the loopback and runs a client against it, ``dhcp`` leads udhcpc
at the far end of a veth pair through the life of a lease. ``read`` and ``lease`` are the other way
round: our client machines against a server.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from hil.wire import dhcp, tftp
from hil.wire import dhcp_options as opt
from hil.wire.dhcp_client import Bound, ClientConfig, DhcpClient
from hil.wire.dhcp_client import Send as DhcpSend
from hil.wire.dhcp_server import DhcpServer, ServerConfig, destination, reply_limit
from hil.wire.tftp_client import Patience, ReadTransfer
from hil.wire.tftp_server import Limits, ReadSession, refuse_write
from hil.wire.tftp_terms import Complete, Send

LIMIT = 15.0
"""Seconds after which a peer is given up."""
SERVER, FIRST, OTHER = (IPv4Address(f"10.77.0.{host}") for host in (1, 50, 60))
MAC = bytes.fromhex("020e08aabbcc")
NEAR, FAR = "lab0", "phone0"
RTMGRP_LINK, RTM_NEWLINK, IFF_RUNNING = 1, 16, 0x40


def run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=LIMIT)


def raise_loopback() -> None:
    """Bring lo up, with an address beside 127.0.0.1, without which in.tftpd resolves nothing."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", f"{SERVER}/32", "dev", "lo")


def udp(address: str, port: int, device: str | None = None) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if device is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    sock.bind((address, port))
    sock.setblocking(False)
    return sock


@contextmanager
def peer(*argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with its output on a pipe; kill it at the end, if it still runs."""
    how: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(argv, stderr=subprocess.STDOUT, bufsize=0, **how) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@contextmanager
def far_peer(prepare: str, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a further namespace, at the far end of a new veth pair."""
    run("ip", "link", "add", NEAR, "type", "veth", "peer", "name", FAR, "address", MAC.hex(":"))
    script = f'echo ready; read go; {prepare}; exec "$@"'
    with peer("unshare", "--net", "sh", "-c", script, "sh", *argv) as process:
        next(lines(process))
        run("ip", "link", "set", FAR, "netns", str(process.pid))
        assert process.stdin is not None
        with running(NEAR):
            run("ip", "link", "set", NEAR, "up")
            process.stdin.write(b"\n")
        yield process


@contextmanager
def running(device: str) -> Iterator[None]:
    """At the end, wait until the kernel says that ``device`` passes frames; before, it drops them."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as link:
        link.bind((0, RTMGRP_LINK))
        link.settimeout(LIMIT)
        index = socket.if_nametoindex(device)
        yield
        while True:
            news = link.recv(65536)
            kind, *_, changed, flags = struct.unpack_from("=4xH2xII4xiI", news)
            if kind == RTM_NEWLINK and changed == index and flags & IFF_RUNNING:
                return


def lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Read a program's output line by line, each within the limit."""
    assert process.stdout is not None
    selector, buffered = selectors.DefaultSelector(), b""
    selector.register(process.stdout, selectors.EVENT_READ)
    while True:
        while b"\n" in buffered:
            line, _, buffered = buffered.partition(b"\n")
            yield line.decode(errors="replace")
        if not selector.select(LIMIT):
            raise TimeoutError(f"{process.args!r} fell silent")
        received = os.read(process.stdout.fileno(), 65536)
        if not received:
            return
        buffered += received


def wait(selector: selectors.BaseSelector, until: float, *deadlines: int | None) -> list[Any]:
    """Give the data of what is ready; empty if the first deadline (ns) has come."""
    now = time.monotonic()
    if now > until:
        raise TimeoutError(f"not done after {LIMIT} s")
    first = min([until, *(at / 1e9 for at in deadlines if at is not None)])
    return [key.data for key, _ in selector.select(max(0.0, first - now))]


class TftpShell:
    """A TFTP server on the loopback; does not send each ``lose_each``-th datagram (0: sends all)."""

    def __init__(self, root: Path, lose_each: int) -> None:
        self.root, self.lose_each, self.sent = root, lose_each, 0
        self.selector = selectors.DefaultSelector()
        self.listening = udp("127.0.0.1", tftp.SERVER_PORT)
        self.selector.register(self.listening, selectors.EVENT_READ, self.listening)
        self.sessions: dict[socket.socket, ReadSession] = {}
        self.requests: list[str] = []
        self.ends: list[str] = []

    def perform(self, sock: socket.socket, events: list[Any]) -> None:
        for event in events:
            if not isinstance(event, Send):
                self.ends.append(repr(event))
                continue
            self.sent += 1
            if not self.lose_each or self.sent % self.lose_each:
                sock.send(event.data)

    def ask(self, data: bytes, client: Any) -> None:
        request = tftp.decode(data)
        if not isinstance(request, tftp.Request):
            return
        self.requests.append(repr(request))
        path = self.root / request.filename.lstrip("/")
        sock = udp("127.0.0.1", 0)
        sock.connect(client)
        if request.write:
            sock.send(refuse_write())
        elif not path.is_file():
            sock.send(tftp.encode(tftp.Error(1, "File not found")))
        else:
            session = ReadSession(request, path.read_bytes(), Limits(timeout=50_000_000))
            self.selector.register(sock, selectors.EVENT_READ, sock)
            self.sessions[sock] = session
            self.perform(sock, session.start(time.monotonic_ns()))

    def serve(self, client: subprocess.Popen[bytes]) -> None:
        """Serve until the client has ended and each session too."""
        ended = os.pidfd_open(client.pid)
        self.selector.register(ended, selectors.EVENT_READ, client)
        until = time.monotonic() + LIMIT
        while client.poll() is None or not all(s.finished for s in self.sessions.values()):
            deadlines = [session.next_deadline() for session in self.sessions.values()]
            for sock in wait(self.selector, until, *deadlines):
                if sock is client:
                    self.selector.unregister(ended)
                    client.wait(LIMIT)
                elif sock is self.listening:
                    self.ask(*sock.recvfrom(65536))
                else:
                    self.receive(sock)
            for sock, session in self.sessions.items():
                self.perform(sock, session.timeout(time.monotonic_ns()))

    def receive(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(65536)
        except ConnectionRefusedError:  # the client has ended and closed its port
            del self.sessions[sock]
            self.selector.unregister(sock)
            return
        self.perform(sock, self.sessions[sock].receive(data, time.monotonic_ns()))


def serve_tftp(root: str, argv: list[str], lose_each: int = 0) -> dict[str, Any]:
    raise_loopback()
    shell = TftpShell(Path(root), lose_each)
    with peer(*argv) as client:
        shell.serve(client)
        output = client.stdout.read().decode() if client.stdout else ""
    return {
        "status": client.returncode,
        "output": output,
        "requests": shell.requests,
        "ends": shell.ends,
    }


def read_tftp(argv: list[str], filename: str, options: list[list[str]]) -> dict[str, Any]:
    """Read a file with our client from the server ``argv`` on the loopback."""
    raise_loopback()
    patience = Patience(timeout=100_000_000, retries=100, total=10_000_000_000)
    client = ReadTransfer(
        filename, options=tuple((name, value) for name, value in options), patience=patience
    )
    sock, server = udp("127.0.0.1", 0), ("127.0.0.1", tftp.SERVER_PORT)
    selector, until = selectors.DefaultSelector(), time.monotonic() + LIMIT
    selector.register(sock, selectors.EVENT_READ, sock)
    with peer(*argv):
        events = client.start(time.monotonic_ns())
        while not client.finished:
            for event in events:
                if isinstance(event, Send):
                    sock.sendto(event.data, server)
            if wait(selector, until, client.next_deadline()):
                data, source = sock.recvfrom(65536)
                server = source
                events = client.receive(data, time.monotonic_ns())
            else:
                events = client.timeout(time.monotonic_ns())
        end = events[-1]
        if isinstance(events[0], Send):
            sock.sendto(events[0].data, server)
    terms = [client.terms.blksize, client.terms.tsize]
    return {"data": end.data.hex(), "terms": terms} if isinstance(end, Complete) else {
        "failed": repr(end)
    }  # fmt: skip


def serve_dhcp(script: str) -> dict[str, Any]:
    """Lead udhcpc through lease, renewal, refusal of the renewed address, new lease and release."""
    config = ServerConfig(
        server=SERVER, pool=(FIRST,), netmask=IPv4Address("255.255.255.0"), router=(SERVER,),
        dns=(SERVER,), lease_time=600,
        extra=dict([
            opt.TFTP_SERVER_NAME.pack("10.77.0.1"), opt.DOMAIN_NAME.pack("lab.example"),
            opt.PROVISIONING_URL.pack("http://10.77.0.1/$PSN.xml"),
            opt.TFTP_SERVER_ADDRESSES.pack([SERVER, OTHER]), (161, bytes(120)), (162, bytes(120)),
        ]),
    )  # fmt: skip
    server = DhcpServer(config)
    argv = ["udhcpc", "-f", "-i", FAR, "-s", script, "-V", "CP-7832-3PCC", "-T", "1"]
    for code in (66, 150, 160, 161, 162):
        argv += ["-O", str(code)]
    asked: list[list[Any]] = []
    told: list[str] = []
    heard = b""
    with far_peer("true", *argv) as client:
        run("ip", "addr", "add", f"{SERVER}/24", "dev", NEAR)
        sock = udp("0.0.0.0", dhcp.SERVER_PORT, NEAR)
        selector, until = selectors.DefaultSelector(), time.monotonic() + LIMIT
        selector.register(sock, selectors.EVENT_READ, sock)
        assert client.stdout is not None
        selector.register(client.stdout, selectors.EVENT_READ, client)
        while not asked or asked[-1][0] != "RELEASE":
            for ready in wait(selector, until):
                if ready is sock:
                    asked.append(answer_dhcp(sock, server))
                    continue
                *complete, heard = (heard + os.read(client.stdout.fileno(), 65536)).split(b"\n")
                for line in (line.decode() for line in complete if line.startswith(b"EVENT ")):
                    told.append(line)
                    lead(line, client.pid, server, config)
    return {"asked": asked, "told": told}


def answer_dhcp(sock: socket.socket, server: DhcpServer) -> list[Any]:
    data, _ = sock.recvfrom(65536)
    message = dhcp.decode(data)
    answers = server.receive(message, time.monotonic_ns())
    for reply in answers:
        where = destination(message, reply)
        # Linux does not let a UDP socket name the hardware address: broadcast instead.
        address = "255.255.255.255" if where.hardware else str(where.address)
        sock.sendto(dhcp.encode(reply, reply_limit(message)), (address, where.port))
    kinds = [reply.kind.name for reply in answers if reply.kind]
    vendor = opt.VENDOR_CLASS.read(message)
    kind = message.kind.name if message.kind else None
    return [kind, str(message.ciaddr), vendor, kinds]


def lead(line: str, pid: int, server: DhcpServer, config: ServerConfig) -> None:
    """Give udhcpc the signal for the next chapter."""
    match line.split()[1:3]:
        case ["bound", address] if address == str(FIRST):
            os.kill(pid, signal.SIGUSR1)
        case ["renew", _]:
            server.config = replace(config, pool=(OTHER,))
            os.kill(pid, signal.SIGUSR1)
        case ["bound", _]:
            os.kill(pid, signal.SIGUSR2)


def take_lease(argv: list[str]) -> dict[str, Any]:
    """Take a lease from the server ``argv`` at the far end, renew it at T1 and release it.

    The machine is told a time that jumps: half a lease passes at once.
    """
    xids = iter(range(0x1000, 0x2000))
    client = DhcpClient(
        ClientConfig(chaddr=MAC[::-1], broadcast=True, parameters=(1, 3, 66, 160)),
        new_xid=lambda: next(xids),
        jitter=lambda: 0.0,
    )
    told: list[list[Any]] = []
    prepare = f"ip addr add {SERVER}/24 dev {FAR}; ip link set {FAR} up"
    with far_peer(prepare, *argv) as server:
        next(line for line in lines(server) if "IP range" in line)
        run("ip", "link", "set", NEAR, "address", MAC[::-1].hex(":"))
        sock = udp("0.0.0.0", dhcp.CLIENT_PORT, NEAR)
        selector, until = selectors.DefaultSelector(), time.monotonic() + LIMIT
        selector.register(sock, selectors.EVENT_READ, sock)
        skipped = 0
        events = client.start(time.monotonic_ns())
        while True:
            for event in events:
                if isinstance(event, DhcpSend):
                    target = (str(event.address), dhcp.SERVER_PORT)
                    sock.sendto(dhcp.encode(event.message), target)
                    continue
                told.append([type(event).__name__, *describe(event)])
                if isinstance(event, Bound) and event.lease.term is not None:
                    run("ip", "addr", "add", f"{event.lease.address}/24", "dev", NEAR)
                    skipped = event.lease.term.renew_at - time.monotonic_ns()
            if len(told) == 2:
                break
            deadline = client.next_deadline()
            ready = wait(selector, until, None if deadline is None else deadline - skipped)
            now = time.monotonic_ns() + skipped
            events = client.receive(sock.recv(65536), now) if ready else client.timeout(now)
        for event in client.release(time.monotonic_ns() + skipped):
            if isinstance(event, DhcpSend):
                sock.sendto(dhcp.encode(event.message), (str(event.address), dhcp.SERVER_PORT))
        released = next(line for line in lines(server) if "DHCPRELEASE" in line)
    return {"told": told, "released": released}


def describe(event: Any) -> list[Any]:
    message = event.lease.message
    return [
        str(event.lease.address),
        str(event.lease.server),
        opt.LEASE_TIME.read(message),
        opt.TFTP_SERVER_NAME.read(message),
        opt.PROVISIONING_URL.read(message),
    ]


COMMANDS = {"tftp": serve_tftp, "read": read_tftp, "dhcp": serve_dhcp, "lease": take_lease}

if __name__ == "__main__":
    json.dump(COMMANDS[sys.argv[1]](**json.loads(sys.argv[2])), sys.stdout)
