"""A handset on an outlet of an SNMP PDU, leased by runs that are processes of their own."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from hil.leases.guard import Guard, guarded
from hil.leases.store import LeaseStore
from hil.testbed.inventory import Testbed, load

MAC = "00:0e:08:00:00:01"
SUPPORT = Path(__file__).parent
DEADLINE_S = 20.0

INVENTORY = """
name: lab
kind: rack
network: {{interface: lo, attach: plain, subnet: 192.0.2.0/24}}
pdus:
  - {{name: pdu1, driver: snmp, model: apc-rpdu, host: 127.0.0.1, port: {port}}}
handsets:
  - name: a01
    mac: "00:0e:08:00:00:01"
    serial: S1
    minimum_off_s: 0
    power: {{pdu: pdu1, outlet: 1}}
"""


@dataclass
class Pdu:
    """A process that outlives the runs; ``relays`` is the file in which it says what they do."""

    process: subprocess.Popen[bytes]
    relays: Path
    port: int

    def order(self, word: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n".encode())
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"done\n"


@dataclass
class Rack:
    """A handset on an outlet of the PDU, and the state directory of its leases."""

    pdu: Pdu
    inventory: Path
    store: LeaseStore

    @property
    def testbed(self) -> Testbed:
        return load(self.inventory)

    @property
    def on(self) -> bool:
        """Whether the relay is closed; it is at first."""
        relays = self.pdu.relays
        told = relays.read_text().splitlines() if relays.exists() else []
        return not told or told[-1] == "1 on"

    def run(
        self, cycles: int, budget_s: float = 10.0, farewell: str = "", *, waits: bool = False
    ) -> subprocess.Popen[str]:
        command = [sys.executable, str(SUPPORT / "a_run.py"), str(self.inventory)]
        return subprocess.Popen(
            [*command, str(self.store.state), "a01", str(cycles), str(budget_s), farewell],
            stdin=subprocess.PIPE if waits else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def settled(self) -> None:
        """Wait until no watchdog of this rack is left."""
        until = time.monotonic() + DEADLINE_S
        for pid in watchdogs(self):
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                wait_for_end(descriptor, until)
                os.close(descriptor)


def wait_for_end(descriptor: int, until: float) -> None:
    left = max(0.0, until - time.monotonic())
    assert select.select([descriptor], [], [], left)[0], "the watchdog did not end"


def watchdogs(rack: Rack) -> list[int]:
    """The processes that were started as watchdogs by the runs of this rack."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (each / "cmdline").read_bytes().split(b"\0")
            environ = (each / "environ").read_bytes()
            if b"hil.leases.watchdog" in arguments and str(rack.inventory).encode() in environ:
                found.append(int(each.name))
    return found


def lines(run: subprocess.Popen[str], last: str) -> None:
    """Read what a run says until it says this."""
    assert run.stdout is not None
    for line in run.stdout:
        if line.strip() == last:
            return
    pytest.fail(f"the run ended without {last!r}")


def kill(run: subprocess.Popen[str]) -> None:
    run.kill()
    run.communicate()


def die_unwatched(rack: Rack) -> None:
    """Kill a run within a power cycle, and its watchdog before it: its handset is left as it is."""
    run = rack.run(1000)
    lines(run, "off 0")
    (watchdog,) = watchdogs(rack)
    os.kill(run.pid, signal.SIGSTOP)
    os.kill(watchdog, signal.SIGKILL)
    kill(run)


def take(rack: Rack) -> Guard:
    return guarded(rack.store, rack.store.take("a01", MAC, "lab", ttl_s=60), rack.testbed)
