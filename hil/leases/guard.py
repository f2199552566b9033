"""A run's hold on a handset of a rack: the lease, the watchdog beside it, and the power it owes.

The handset is leased before anything of it is touched. If the run before it died without power having
been restored, power is restored first. While the run lasts `Guard.trouble` says whether the hold still
holds: without a watchdog nobody would clean up, and with the lease lost the handset is another's.
Giving it back means power on, then the lease released, then the watchdog sent away, in this order, so
that a run that is killed in between still leaves somebody in charge. Where it does not come to its end,
the watchdog is not sent away: it gives the handset back as if the run had died.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import msgspec

import hil
from hil.errors import HilError, LabError, LeaseError, LeaseLost, PowerDeviceError
from hil.interrupts import held_back
from hil.leases import files
from hil.leases.device import LeasedDriver
from hil.leases.record import Lease, Quarantine
from hil.leases.restoring import BUDGET_S, restore_power
from hil.leases.store import Claim, LeaseStore
from hil.leases.watchdog import DONE, READY, Orders
from hil.power.driver import PowerDriver
from hil.testbed.inventory import HandsetEntry, Testbed

TTL_S = 120.0
"""How long a lease of another machine is respected without a heartbeat, in seconds."""
HEARTBEAT_S = 20.0
_START_S = 20.0
_END_S = 10.0
_MARGIN_S = 30.0


class Lent:
    """A handset that the process which started this one holds, and lends to it by the lease's token."""

    def __init__(
        self, store: LeaseStore, lease: Lease, testbed: Testbed, entry: HandsetEntry
    ) -> None:
        self._store = store
        self._lease = lease
        self._testbed = testbed
        self.entry = entry
        self._devices = files.made(store.state, "devices")

    def leased(self, driver: PowerDriver) -> PowerDriver:
        """The handset's power driver, which takes its turn among all runs and notes what is off."""
        return LeasedDriver(driver, self._devices, self._note)

    def trouble(self) -> str:
        """Why the handset must not be touched any more; empty while all is well."""
        try:
            self._store.owned(self._lease)
        except LeaseError as error:
            return str(error)
        return ""

    def quarantine(self, reason: str, evidence: str = "") -> None:
        """Let nobody take the handset until a person has looked at it; `LeaseError`.

        `LeaseLost` where it is another's by now, who would lose it that way.
        """
        self._store.owned(self._lease)
        self._store.quarantine(
            Quarantine(
                handset=self.entry.name,
                mac=self.entry.mac,
                testbed=self._testbed.name,
                reason=reason,
                since=time.time(),
                by=self._lease.holder,
                evidence=evidence,
            )
        )

    def close(self) -> None:
        """Nothing: whoever lent it gives it back."""

    def _note(self, off: bool) -> None:
        self._lease = self._store.note_power(self._lease, off=off)


class Guard:
    """Holds a handset of a rack for this process; made by `guarded`."""

    def __init__(
        self,
        store: LeaseStore,
        claim: Claim,
        testbed: Testbed,
        entry: HandsetEntry,
        watchdog: subprocess.Popen[bytes],
        budget_s: float,
    ) -> None:
        self.entry = entry
        self._store = store
        self._testbed = testbed
        self._watchdog = watchdog
        self._budget_s = budget_s
        self._lease = claim.lease
        self._dark = False
        self._lent = Lent(store, claim.lease, testbed, entry)

    @property
    def lease(self) -> Lease:
        """The lease as it was taken."""
        return self._lease

    @property
    def state(self) -> Path:
        """The state directory of the lease."""
        return self._store.state

    def leased(self, driver: PowerDriver) -> PowerDriver:
        """The handset's power driver, which takes its turn among all runs and notes what is off."""
        return self._lent.leased(driver)

    def trouble(self) -> str:
        """Why the handset must not be touched any more; empty while all is well."""
        if self._watchdog.poll() is not None:
            return f"the watchdog of {self.entry.name} has ended: nobody would restore its power"
        return self._lent.trouble()

    def restore(self) -> None:
        """Switch the handset on if it may be without power.

        Raises `LabError` if it stays dark, and leaves it in quarantine; where its power device fails as
        a whole the lease alone says what is owed to the handset, for whoever takes it next.
        """
        if self._store.owned(self._lease).power_off_since is None:
            return
        try:
            restore_power(self._testbed, self.entry, leased=self.leased, budget_s=self._budget_s)
        except LabError as error:
            if not isinstance(error, PowerDeviceError):
                self._lent.quarantine(f"the handset could not be given its power: {error}")
            self._dark = True
            raise
        self._store.note_power(self._lease, off=False)

    def quarantine(self, reason: str, evidence: str = "") -> None:
        """Let nobody take the handset until a person has looked at it; `LeaseError`."""
        self._lent.quarantine(reason, evidence)

    def close(self) -> None:
        """Give the handset back, with its power on; a signal to end is heard after that.

        Raises `LabError` if it cannot be switched on: it is in quarantine then, and its lease is
        left to be reclaimed; or if the lease was lost. What else goes wrong, such as a full disk or
        a second signal, is raised as well, and giving the handset back is the watchdog's.
        """
        with held_back():
            try:
                self.restore()
                self._store.release(self._lease)
            except BaseException as error:
                self.let_go(error)
                raise
            self._send_away()

    def let_go(self, error: BaseException) -> None:
        """End the hold without having given the handset back, because of ``error``.

        The watchdog does it where there is anything to be done, and is waited for unless somebody
        wants this process to end.
        """
        if self._dark or isinstance(error, LeaseLost):
            self._send_away()
            return
        longest = self._budget_s + _MARGIN_S if isinstance(error, HilError) else 0.0
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._watchdog.communicate(timeout=longest)

    # -- inside ------------------------------------------------------------------------------------

    def _send_away(self) -> None:
        with contextlib.suppress(BrokenPipeError, subprocess.TimeoutExpired):
            self._watchdog.communicate(DONE, timeout=_END_S)
        if self._watchdog.poll() is None:
            self._watchdog.kill()
            self._watchdog.wait()


def guarded(
    store: LeaseStore,
    claim: Claim,
    testbed: Testbed,
    *,
    evidence: str = "",
    budget_s: float = BUDGET_S,
    farewell: tuple[str, ...] = (),
) -> Guard:
    """Put a watchdog beside a claim of this process, and give the handset power that it is owed.

    ``evidence`` is where the run leaves what a person will want to see of it; ``budget_s`` is the
    longest that restoring power may take. ``farewell`` is a command for the watchdog to run last, if
    the run dies.

    Call it before the process enters another network. Raises `LabError` if the watchdog cannot be
    started, with the lease released unless the handset is owed its power, which the lease says then;
    and with the handset in quarantine if it stays dark and its power device as a whole is not to
    blame.
    """
    entry = testbed.handset(claim.lease.handset)
    orders = Orders(
        state=str(store.state.absolute()),
        lease=claim.lease,
        inventory=str(testbed.file.absolute()),
        handset=claim.lease.handset,
        heartbeat_s=HEARTBEAT_S,
        budget_s=budget_s,
        evidence=evidence,
        farewell=farewell,
    )
    try:
        watchdog = _started(orders)
    except BaseException:
        if claim.lease.power_off_since is None:
            store.release(claim.lease)
        raise
    guard = Guard(store, claim, testbed, entry, watchdog, budget_s)
    try:
        guard.restore()
    except BaseException as error:
        guard.let_go(error)
        raise
    return guard


def _started(orders: Orders) -> subprocess.Popen[bytes]:
    words = os.memfd_create("watchdog")
    try:
        process = subprocess.Popen(  # noqa: S603 - this interpreter and our own module
            [sys.executable, "-m", "hil.leases.watchdog", orders.handset],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            cwd="/",
            env=os.environ | {"PYTHONPATH": str(Path(hil.__file__).parents[1])},
            start_new_session=True,
            bufsize=0,
        )
        try:
            _instruct(process, orders)
        except BaseException as error:
            process.kill()
            process.communicate()
            if not isinstance(error, LabError | OSError):
                raise
            last = os.pread(words, 4000, 0).decode(errors="replace").strip()
            raise LeaseError(
                "the watchdog of the handset cannot be started",
                evidence=last or str(error),
                concerns=orders.handset,
            ) from error
        return process
    finally:
        os.close(words)


def _instruct(process: subprocess.Popen[bytes], orders: Orders) -> None:
    if process.stdin is None or process.stdout is None:
        raise LeaseError("a process without pipes")
    process.stdin.write(msgspec.json.encode(orders) + b"\n")
    if not select.select([process.stdout], [], [], _START_S)[0]:
        raise LeaseError(f"it was not ready within {_START_S:g} s")
    if process.stdout.read(len(READY)) != READY:
        raise LeaseError("it ended at once")
