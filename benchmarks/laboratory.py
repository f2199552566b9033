"""Where our servers and their peers stand alike: a process each, in the lab's namespace.

Clients run in the handset's namespace on the other side of a bridge. Servers and clients share one
CPU, because waking a process on another CPU takes longer than any of them needs for a packet, and
would be all that is measured. What ends the benchmark ends the servers.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hil.net.namespace import Namespace
from hil.net.virtual import LAB_ADDRESS, VirtualNetwork, VirtualPort

HANDSET_MAC = "00:0e:08:aa:bb:cc"
SERVER = str(LAB_ADDRESS)
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"
_READY_S = 10.0
_ENDING_S = 5.0
_REPLY_S = 0.02


class PeerMissing(Exception):
    """A program that others wrote is not there or does not serve; the text says what to do."""


def program(name: str, package: str) -> str:
    """Where a program is; `PeerMissing` names the Debian package that has it."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise PeerMissing(f"{name} is missing: apt-get install {package}")
    return found


class Laboratory:
    """A virtual network with one handset's port, whose address is configured."""

    def __init__(self) -> None:
        self._network = VirtualNetwork()
        self.handset: VirtualPort = self._network.add_handset(HANDSET_MAC)
        self.handset.far.up()
        self.handset.far.configure(self.handset.address, self._network.netmask)
        # The bridge forwards a moment after the link came up; the barrier waits for that.
        self._network.flush()

    def close(self) -> None:
        """Let go of the network."""
        self._network.close()

    @contextlib.contextmanager
    def server(
        self, command: Sequence[str], ready: Callable[[], bool]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a server while the block lasts, which begins when ``ready`` says that it answers.

        `PeerMissing`, with the end of what it printed, if it ends before it answers or never does.
        """
        with _started(command, self._network.namespace) as process:
            deadline = time.monotonic() + _READY_S
            while not ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    said = process.communicate()[0].decode(errors="replace").strip()
                    name = Path(command[0]).name
                    raise PeerMissing(f"{name} does not serve: {said[-300:] or 'no word of why'}")
            yield process

    def ours(self, name: str, directory: Path) -> list[str]:
        """The command of our own endpoint ``name``, serving the files of a directory."""
        return [sys.executable, "-m", "benchmarks.serve", name, str(directory)]

    def run(self, *command: str, timeout: float = 60.0) -> str:
        """Run a client as the handset; its output. CalledProcessError if it fails."""
        with _started(command, self.handset.far.namespace) as process:
            output = process.communicate(timeout=timeout)[0].decode()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, output)
        return output

    def answers_udp(self, port: int, question: bytes) -> bool:
        """Whether a datagram from the handset to this port of the lab is answered at once."""
        namespace = self.handset.far.namespace
        with namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.sendto(question, (SERVER, port))
            return bool(select.select([asking], [], [], _REPLY_S)[0])

    def accepts_tcp(self, port: int) -> bool:
        """Whether a connection from the handset to this port of the lab is accepted."""
        with self.handset.far.namespace.socket(socket.AF_INET, socket.SOCK_STREAM) as asking:
            asking.settimeout(_REPLY_S)
            return asking.connect_ex((SERVER, port)) == 0


@contextlib.contextmanager
def one_cpu() -> Iterator[None]:
    """Keep this thread, and what it starts, on the last of its CPUs."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _started(command: Sequence[str], namespace: Namespace) -> Iterator[subprocess.Popen[bytes]]:
    with one_cpu(), namespace.entered():
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
