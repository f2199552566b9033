"""The watchdog: a process that outlives a run that dies, and gives the handset its power back.

A run on a rack starts one for each handset that it takes (``python -m hil.leases.watchdog``), in a
session of its own, so nothing that ends the run's process group ends it, and signals that ask for an
end do nothing. It renews the lease for as long as the run lives. It knows of the run's end by a pipe
that the run keeps open and by a pidfd, whichever comes first; a run that ends well says so through the
pipe, and the watchdog ends without touching anything.

If the run died, the watchdog first makes itself the holder of the lease, so nobody takes the handset
meanwhile; if somebody did already, the handset is theirs, power and all, and it ends. Then it switches
the handset on, within a budget, and releases the lease. Where the device refuses, the handset goes into
quarantine with the reason, and the lease is left, for the next who reclaims it to try again. A run that
lives and could not give the handset back itself closes the pipe without a word, which is the same.

Orders are one line of JSON on stdin, from the process that started it. It answers ``ready``, once
the inventory is read, and speaks no more; the end of its standard output is the end of the watchdog.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from hil.errors import (
    HilError,
    LabError,
    LeaseError,
    LeaseLost,
    PowerDeviceError,
    UsageError,
)
from hil.leases import files
from hil.leases.device import LeasedDriver
from hil.leases.record import Lease, Quarantine
from hil.leases.restoring import restore_power
from hil.leases.store import LeaseStore
from hil.testbed.inventory import HandsetEntry, Testbed, load

READY = b"ready\n"
DONE = b"done\n"
_UNHEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)
_LONGEST_ORDERS = 1 << 16
_FAREWELL_S = 30.0


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What a watchdog is told: the lease, where it and the handset's inventory are, and times (s)."""

    state: str
    lease: Lease
    inventory: str
    handset: str
    heartbeat_s: float
    budget_s: float
    evidence: str = ""
    farewell: tuple[str, ...] = ()
    """A command that tells others, labgrid's coordinator for one, that the handset is free."""


def main() -> None:
    """Watch over the run that started this process."""
    for number in _UNHEARD:
        # Not SIG_IGN, which the programs of a power driver would inherit.
        signal.signal(number, lambda *_: None)
    orders = msgspec.json.decode(_line(), type=Orders)
    testbed = load(Path(orders.inventory), authority=False)
    entry = testbed.handset(orders.handset)
    store = LeaseStore(Path(orders.state), time.time)
    with contextlib.ExitStack() as opened:
        poll = select.poll()
        poll.register(0, select.POLLIN)
        if (run := _pidfd(orders)) is not None:
            opened.callback(os.close, run)
            poll.register(run, select.POLLIN)
        store.watch_over(orders.lease)
        os.write(1, READY)
        if _ended_well(store, orders, poll):
            return
    if _clean_up(store, orders, testbed, entry) and orders.farewell:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(  # noqa: S603 - a command of the run that started this process
                orders.farewell,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_FAREWELL_S,
                check=False,
            )


def _line() -> bytes:
    """The orders; whoever cannot give them any more has not touched a handset yet."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, _LONGEST_ORDERS)
        if not part or len(line) > _LONGEST_ORDERS:
            sys.exit(0)
        line += part
    return line


def _pidfd(orders: Orders) -> int | None:
    """A descriptor that is readable when the run is no more, even where a child of it has the pipe."""
    process = orders.lease.process
    try:
        return os.pidfd_open(process.pid) if process is not None else None
    except OSError:
        # Gone already, or a kernel without: the pipe says the same.
        return None


def _ended_well(store: LeaseStore, orders: Orders, poll: select.poll) -> bool:
    """Renew the lease until the run ends; whether it said that it ended well, or lost the handset."""
    while True:
        ready = dict(poll.poll(round(orders.heartbeat_s * 1000)))
        if 0 in ready:
            return os.read(0, len(DONE)) == DONE
        if ready:
            # Dead for sure; what it wrote before may still be in the pipe.
            os.set_blocking(0, False)
            with contextlib.suppress(BlockingIOError):
                return os.read(0, len(DONE)) == DONE
            return False
        try:
            store.renew(orders.lease)
        except LeaseLost:
            return True
        except LeaseError:
            # A disk that fails for a moment; the run is held to be alive by its process meanwhile.
            continue


def _clean_up(store: LeaseStore, orders: Orders, testbed: Testbed, entry: HandsetEntry) -> bool:
    """Restore power and release the lease; whether the handset was still the run's."""
    try:
        lease = store.hand_over(orders.lease)
    except LeaseLost:
        return False
    except LeaseError:
        # A disk that is full, perhaps: that is no reason to leave a handset in the dark.
        lease = orders.lease
    devices = files.made(store.state, "devices")
    try:
        restore_power(
            testbed,
            entry,
            leased=lambda driver: LeasedDriver(
                driver, devices, lambda off: store.note_power(lease, off=off)
            ),
            budget_s=orders.budget_s,
        )
    except PowerDeviceError:
        # Not the handset's place: the lease says what is owed to it, and whoever is next restores it.
        return True
    except (LabError, UsageError) as error:
        store.quarantine(
            Quarantine(
                handset=entry.name,
                mac=entry.mac,
                testbed=testbed.name,
                reason=f"a run died and the handset's power could not be restored: {error}",
                since=time.time(),
                by=f"the watchdog of {lease.holder}",
                evidence=orders.evidence,
            )
        )
        return True
    store.release(lease)
    return True


if __name__ == "__main__":
    try:
        main()
    except HilError as failed:
        sys.stderr.write(f"{failed}\n")
        sys.exit(3)
