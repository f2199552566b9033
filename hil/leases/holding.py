"""Taking a handset of an inventory as its kind of testbed needs it, and what a run then holds.

A handset of a rack is leased, guarded by a watchdog, and left with power. A virtual one is a program of
the run's own: nobody can take it away, nothing is left behind, and a lease only tells the workers of
one run apart.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.errors import LeaseError
from hil.leases.files import state_directory
from hil.leases.guard import TTL_S, Guard, guarded
from hil.leases.store import Claim, LeaseStore
from hil.leases.waiting import Candidate, take_one
from hil.power.driver import PowerDriver
from hil.testbed.inventory import HandsetEntry, Testbed


def unleased(driver: PowerDriver) -> PowerDriver:
    """The driver as it is: of a handset that nobody else can have."""
    return driver


@dataclass
class Held:
    """A handset that this process has, until `close`."""

    entry: HandsetEntry
    store: LeaseStore
    claim: Claim
    guard: Guard | None = None

    def leased(self, driver: PowerDriver) -> PowerDriver:
        """The handset's power driver as the lease wants it to be used."""
        return self.guard.leased(driver) if self.guard is not None else unleased(driver)

    def trouble(self) -> str:
        """Why the handset must not be touched any more; empty while all is well."""
        return self.guard.trouble() if self.guard is not None else ""

    def quarantine(self, reason: str, evidence: str = "") -> None:
        """Let nobody take the handset any more until a person has looked at it; of a rack alone."""
        if self.guard is not None:
            self.guard.quarantine(reason, evidence)

    def close(self) -> None:
        """Give it back, with its power on; `LabError` if that went wrong."""
        if self.guard is not None:
            self.guard.close()
        else:
            self.store.release(self.claim.lease)


def hold(
    testbed: Testbed,
    handsets: Sequence[str],
    *,
    state: Path | None = None,
    within_s: float = 0.0,
    evidence: str = "",
) -> Held:
    """Take the first of these handsets that is free, and wait for one up to ``within_s`` seconds.

    ``state`` is the state directory, the inventory's or the environment's where it is not given.
    Call it before the process enters another network. Raises `LeaseError` where there is none to
    have, and `LabError` where it has no power and does not get it.
    """
    if state is None:
        state = state_directory(str(testbed.state) if testbed.state is not None else None)
    store = LeaseStore(state, time.time)
    entries = {name: testbed.handset(name) for name in handsets}
    candidates = [Candidate(name, entry.mac) for name, entry in entries.items()]
    if not candidates:
        raise LeaseError("no handset to take")
    claim = take_one(store, candidates, testbed.name, ttl_s=TTL_S, within_s=within_s)
    held = Held(entries[claim.lease.handset], store, claim)
    if testbed.kind == "rack":
        held.guard = guarded(store, claim, testbed, evidence=evidence)
    return held
