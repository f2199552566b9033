"""Taking a handset of a rack, and what whoever has it can do with it.

A handset of a rack is leased, guarded by a watchdog, and left with power. A virtual one needs none of
that: it is a program of the run's own, nobody can take it away, and nothing of it is left behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from hil.errors import LeaseError
from hil.leases.files import state_directory
from hil.leases.guard import TTL_S, Guard, Lent, guarded
from hil.leases.record import Lease
from hil.leases.store import LeaseStore
from hil.leases.waiting import Candidate, take_one
from hil.power.driver import PowerDriver
from hil.testbed.inventory import HandsetEntry, Testbed


def unleased(driver: PowerDriver) -> PowerDriver:
    """The driver as it is: of a handset that nobody else can have."""
    return driver


class Hold(Protocol):
    """A handset that this process has, until `close`."""

    @property
    def entry(self) -> HandsetEntry:
        """Which handset it is."""

    def leased(self, driver: PowerDriver) -> PowerDriver:
        """The handset's power driver, which takes its turn among all runs and notes what is off."""

    def trouble(self) -> str:
        """Why the handset must not be touched any more; empty while all is well."""

    def quarantine(self, reason: str, evidence: str = "") -> None:
        """Let nobody take the handset until a person has looked at it; `LeaseError`."""

    def close(self) -> None:
        """Give it back, with its power on; `LabError` if that went wrong."""


def store_of(testbed: Testbed) -> LeaseStore:
    """The leases of a testbed's state directory, the environment's where it names none."""
    chosen = str(testbed.state) if testbed.state is not None else None
    return LeaseStore(state_directory(chosen), time.time)


def taken_by_mac(testbed: Testbed) -> Callable[[str], bool]:
    """What tells of a MAC address whether somebody has that handset, or whether nobody can say."""

    def taken(mac: str) -> bool:
        try:
            standing = store_of(testbed).standing(mac)
        except LeaseError:
            return True
        return bool(standing.broken) or (standing.lease is not None and not standing.reclaimable)

    return taken


def hold(
    testbed: Testbed,
    handsets: Sequence[str],
    *,
    within_s: float = 0.0,
    evidence: str = "",
    farewell: tuple[str, ...] = (),
) -> Guard:
    """Take the first of these handsets of a rack that is free; wait up to ``within_s`` seconds.

    ``evidence`` and ``farewell`` are as for `hil.leases.guard.guarded`. Call it before the process
    enters another network. Raises `LeaseError` where there is none to
    have, and `LabError` where it has no power and does not get it.
    """
    store = store_of(testbed)
    candidates = [Candidate(name, testbed.handset(name).mac) for name in handsets]
    if not candidates:
        raise LeaseError("no handset to take")
    claim = take_one(store, candidates, testbed.name, ttl_s=TTL_S, within_s=within_s)
    return guarded(store, claim, testbed, evidence=evidence, farewell=farewell)


def lend(guard: Guard) -> dict[str, str]:
    """What another process of this run needs to use the handset, to be given to `borrow`."""
    lease = msgspec.json.encode(guard.lease).decode()
    return {"handset": guard.entry.name, "state": str(guard.state), "lease": lease}


def borrow(testbed: Testbed, lent: dict[str, str]) -> Lent:
    """The handset that another process holds for this one."""
    store = LeaseStore(Path(lent["state"]), time.time)
    lease = msgspec.json.decode(lent["lease"], type=Lease)
    return Lent(store, lease, testbed, testbed.handset(lent["handset"]))
