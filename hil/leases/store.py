"""Leases as files, one a handset, named after its MAC address.

So two inventories that name the same phone mean the same lease. Every change is a decision under the
lock of that handset: look, decide, write. Therefore at any instant at most one process holds a handset,
and of two that want to clear away the same dead lease only one does; the other finds what the first
has put there.

A lease is reclaimable when its holder is known to be gone (`hil.leases.process`), or, where that
cannot be known, when its file was not renewed for as long as the lease allows itself. A holder that is
known to run keeps its lease however late its heartbeat is. A file that cannot be read is treated as a
holder unknown: it is respected until it is old, then set aside, so neither a damaged nor an invented
file can block a handset for ever or give it to two.

Reclaiming does not end the duty: the new lease takes over ``power_off_since`` from the dead one, so if
the reclaimer dies in turn the next one knows.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hil.errors import HandsetTaken, LeaseError, LeaseLost
from hil.leases import files
from hil.leases.process import Fate, ProcessId, fate, this_process
from hil.leases.record import (
    Lease,
    Quarantine,
    clock_time,
    decoded,
    encoded,
    lease_of,
    new_token,
    shown,
    user,
)

BROKEN_S = 120.0
"""How old, in seconds, a file must be that cannot be read, before it is set aside."""
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_FILE = re.compile(r"(?:[0-9a-f]{2}-){5}[0-9a-f]{2}\.json")


@dataclass(frozen=True)
class Claim:
    """A handset that was taken: the lease, and the dead one in whose place it is, if there was one."""

    lease: Lease
    instead_of: Lease | None = None
    notice: str = ""
    """What a person should know of how it was taken; empty if there is nothing."""


@dataclass(frozen=True)
class Standing:
    """How one handset stands. ``broken`` says why a file of its cannot be read."""

    mac: str
    lease: Lease | None = None
    reclaimable: str = ""
    """Why its lease holds no more; empty while it does."""
    age_s: float = 0.0
    """Seconds since the lease was renewed."""
    quarantine: Quarantine | None = None
    broken: str = ""

    @property
    def handset(self) -> str:
        """The handset's name, as far as anything says it."""
        known = self.lease or self.quarantine
        return shown(known.handset) if known else ""

    @property
    def free(self) -> bool:
        """Whether it may be taken."""
        held = self.lease is not None and not self.reclaimable
        return not held and self.quarantine is None and not self.broken

    @property
    def caretaker(self) -> ProcessId | None:
        """The watchdog that gives the handset back, or is about to, since its holder is gone."""
        lease = self.lease
        if lease is None or lease.watchdog is None or fate(lease.watchdog) is not Fate.RUNS:
            return None
        return lease.watchdog if self.reclaimable or lease.process == lease.watchdog else None

    @property
    def in_our_hands(self) -> bool:
        """Whether we may touch it by hand although it cannot be taken.

        It is ours as a person, or in quarantine: mending it is what a person is needed for.
        """
        if self.broken:
            return False
        if self.lease is None or self.reclaimable:
            return self.quarantine is not None
        return self.lease.process is None and self.lease.user == user()


class LeaseStore:
    """The leases and quarantines of a state directory; ``now`` reads the wall clock (s since 1970)."""

    def __init__(self, state: Path, now: Callable[[], float]) -> None:
        self.state = state
        self._now = now

    # -- taking and giving back ----------------------------------------------------------------------

    def take(
        self,
        handset: str,
        mac: str,
        testbed: str,
        *,
        ttl_s: float,
        by_person: bool = False,
        command: str = "",
    ) -> Claim:
        """Take a handset for this process, or ``by_person`` for as long as ``ttl_s`` seconds.

        Raises `HandsetTaken` where somebody has it or it is in quarantine, and `LeaseError` where
        the state directory cannot be used.
        """
        process = None if by_person else this_process()
        lease = lease_of(
            handset,
            mac,
            testbed,
            now=self._now(),
            ttl_s=ttl_s,
            process=process,
            command=command,
        )
        with self._deciding(mac) as lock:
            found = self._standing(mac, lock)
            _refuse(handset, found)
            notice = self._clear_broken(mac, found)
            owed = found.lease.power_off_since if found.lease else None
            lease = msgspec.structs.replace(lease, power_off_since=owed)
            files.write(self._lease_file(mac), encoded(lease))
        return Claim(lease, found.lease, notice)

    def renew(self, lease: Lease) -> Lease:
        """Note a heartbeat; `LeaseLost` if the lease is no longer there or somebody else's."""
        return self._change(lease, lambda kept: kept.beating(self._now()))

    def note_power(self, lease: Lease, *, off: bool) -> Lease:
        """Note that the handset may be without power from now on, or has it again."""
        since = self._now() if off else None
        return self._change(
            lease, lambda kept: msgspec.structs.replace(kept, power_off_since=since)
        )

    def watch_over(self, lease: Lease) -> Lease:
        """Note that this process cleans up if the lease's holder dies; `LeaseLost`."""
        watchdog = this_process()
        return self._change(lease, lambda kept: msgspec.structs.replace(kept, watchdog=watchdog))

    def hand_over(self, lease: Lease) -> Lease:
        """Make this process, its watchdog, the holder of a lease whose token it knows; `LeaseLost`.

        The token is another one then: whoever else knew the old one has lost the lease.
        """
        process, token = this_process(), new_token()

        def handed(kept: Lease) -> Lease:
            changed = msgspec.structs.replace(kept, process=process, watchdog=process, token=token)
            return changed.beating(self._now())

        return self._change(lease, handed)

    def owned(self, lease: Lease) -> Lease:
        """A lease as it stands now; `LeaseLost` if it is no longer there or somebody else's."""
        with self._deciding(lease.mac):
            return self._own(lease)

    def release(self, lease: Lease) -> None:
        """Give a handset back; `LeaseLost` if the lease is no longer there or somebody else's."""
        with self._deciding(lease.mac):
            self._own(lease)
            files.remove(self._lease_file(lease.mac))

    def force(self, mac: str) -> Lease | None:
        """Take a lease away from whoever has it; returns it, or None if there was none to read."""
        with self._deciding(mac) as lock:
            found = self._standing(mac, lock)
            if found.broken:
                files.set_aside(self._lease_file(mac), files.made(self.state, "broken"))
            else:
                files.remove(self._lease_file(mac))
            return found.lease

    # -- quarantine ----------------------------------------------------------------------------------

    def quarantine(self, record: Quarantine) -> None:
        """Let nobody take a handset until `end_quarantine`; a reason that is there already stays."""
        with self._deciding(record.mac) as lock:
            if self._standing(record.mac, lock).quarantine is None:
                files.write(self._quarantine_file(record.mac), encoded(record))

    def end_quarantine(self, mac: str) -> bool:
        """Let a handset be taken again; whether it was in quarantine."""
        with self._deciding(mac):
            there = self._quarantine_file(mac).exists()
            files.remove(self._quarantine_file(mac))
            return there

    # -- looking -------------------------------------------------------------------------------------

    def standing(self, mac: str) -> Standing:
        """How one handset stands at the moment."""
        with self._deciding(mac) as lock:
            return self._standing(mac, lock)

    def refuse_if_taken(self, handset: str, mac: str) -> None:
        """Raise `HandsetTaken` where somebody else has the handset; take nothing."""
        standing = self.standing(mac)
        if not standing.free and not standing.in_our_hands:
            _refuse(handset, standing)

    def all(self) -> tuple[Standing, ...]:
        """How every handset stands of which the directory knows something, by MAC address."""
        if not self.state.is_dir():
            return ()
        names = {
            each.name
            for folder in ("leases", "quarantine")
            for each in files.listed(self.state / folder)
            if _FILE.fullmatch(each.name)
        }
        return tuple(self.standing(name[:17].replace("-", ":")) for name in sorted(names))

    @property
    def watched(self) -> Path:
        """The directory in which something changes when a handset becomes free."""
        return files.made(self.state, "leases")

    # -- inside --------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _deciding(self, mac: str) -> Iterator[int]:
        if not _MAC.fullmatch(mac):
            raise LeaseError("no MAC address to keep a lease by", evidence=repr(mac)[:64])
        with files.locked(self._lease_file(mac).with_suffix(".lock")) as descriptor:
            yield descriptor

    def _standing(self, mac: str, lock: int) -> Standing:
        path = self._lease_file(mac)
        quarantine, broken = None, ""
        try:
            content = files.read(self._quarantine_file(mac))
            if content is not None:
                quarantine = decoded(content, Quarantine)
        except LeaseError as error:
            # Whoever wrote that wanted to say that the handset is not to be used.
            quarantine = Quarantine(
                handset="", mac=mac, testbed="", reason=f"{error}", since=0.0, by=""
            )
        age = files.age(path, lock)
        if age is None:
            return Standing(mac, quarantine=quarantine)
        try:
            content = files.read(path)
            lease = decoded(content, Lease) if content is not None else None
            if lease is not None and lease.mac != mac:
                raise LeaseError("the lease of another handset", evidence=shown(lease.mac))
        except LeaseError as error:
            lease, broken = None, str(error)
        if lease is None:
            over = "it cannot be read, and is old" if broken and abs(age) > BROKEN_S else ""
            return Standing(mac, None, over, age, quarantine, "" if over else broken)
        return Standing(mac, lease, _why_reclaimable(lease, age), age, quarantine)

    def _clear_broken(self, mac: str, found: Standing) -> str:
        if found.lease is not None or not found.reclaimable:
            return ""
        aside = files.set_aside(self._lease_file(mac), files.made(self.state, "broken"))
        return f"a lease that could not be read was set aside: {aside}"

    def _change(self, lease: Lease, change: Callable[[Lease], Lease]) -> Lease:
        with self._deciding(lease.mac):
            changed = change(self._own(lease))
            files.write(self._lease_file(lease.mac), encoded(changed))
            return changed

    def _own(self, lease: Lease) -> Lease:
        """The lease as it lies there; `LeaseLost` unless it is the one with this token."""
        content = files.read(self._lease_file(lease.mac))
        kept = decoded(content, Lease) if content is not None else None
        if kept is not None and kept.token == lease.token:
            return kept
        raise LeaseLost(
            "the lease is lost",
            evidence=f"now {shown(kept.holder)} has it" if kept else "somebody took it away",
            next_step="see `hil leases list`; nothing must be done to the handset any more",
            concerns=lease.handset,
        )

    def _lease_file(self, mac: str) -> Path:
        return files.made(self.state, "leases") / f"{mac.replace(':', '-')}.json"

    def _quarantine_file(self, mac: str) -> Path:
        return files.made(self.state, "quarantine") / f"{mac.replace(':', '-')}.json"


def _refuse(handset: str, found: Standing) -> None:
    if found.quarantine is not None:
        kept = found.quarantine
        raise HandsetTaken(
            "the handset is in quarantine",
            evidence=f"{shown(kept.reason)} (since {clock_time(kept.since)}) {shown(kept.evidence)}",
            next_step=f"mend it, then `hil leases release --quarantine {handset}`",
            concerns=handset,
        )
    if found.broken:
        raise HandsetTaken(
            "the handset's lease cannot be read",
            evidence=found.broken,
            next_step=f"it is set aside once it was not renewed for {BROKEN_S:g} s",
            concerns=handset,
        )
    if found.lease is not None and not found.reclaimable:
        kept_lease = found.lease
        raise HandsetTaken(
            "somebody else has the handset",
            evidence=f"{shown(kept_lease.holder)} since {clock_time(kept_lease.taken)}",
            next_step="wait for them, ask them, or take another handset",
            concerns=handset,
        )


def _why_reclaimable(lease: Lease, age: float) -> str:
    what = fate(lease.process) if lease.process is not None else Fate.UNKNOWN
    if what is Fate.GONE:
        return "its process is gone"
    # A file from the future is one that a clock was set back behind; nobody renews it either.
    if what is Fate.UNKNOWN and abs(age) > lease.ttl_s:
        return "it expired"
    return ""
