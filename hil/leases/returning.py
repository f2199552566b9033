"""Seeing to it that the handsets of processes that died are given back: with power, and free.

The watchdog of a dead process does that by itself, in its own time. Whoever started the process, and
is about to say that all is over, waits for the watchdog here. Where that is gone as well, or never
came about, the handset is reclaimed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hil.errors import HandsetTaken, LabError, LeaseError
from hil.leases.guard import TTL_S, guarded
from hil.leases.record import shown
from hil.leases.restoring import BUDGET_S
from hil.leases.store import LeaseStore
from hil.leases.waiting import ELSEWHERE_S, changes, wait
from hil.testbed.inventory import HandsetEntry, Testbed

WITHIN_S = BUDGET_S + 30.0
"""How long, in seconds, a watchdog may take, whatever becomes of its device."""


def see_home(
    store: LeaseStore,
    testbed: Testbed,
    handsets: Sequence[str],
    *,
    within_s: float = WITHIN_S,
    waits: Callable[[Sequence[str]], None] = lambda handsets: None,
) -> dict[str, str]:
    """Return when no dead process has any of these handsets, and each has the power it is owed.

    Returns the handsets for which that does not come about, each with the reason. ``waits`` is told
    which have to be waited for, if any. A handset that somebody else has by now is theirs.
    """
    until = time.monotonic() + within_s
    away = [testbed.handset(name) for name in handsets]
    left: dict[str, str] = {}
    asked_to_wait = False
    with changes(store.watched) as changed:
        while True:
            found = [(entry, _caretaker(store, testbed, entry, left)) for entry in away]
            busy = {entry.name: pid for entry, pid in found if pid is not None}
            away = [entry for entry in away if entry.name in busy]
            remaining = until - time.monotonic()
            if not busy or remaining <= 0:
                late = f"its watchdog (pid {{}}) was not through with it within {within_s:g} s"
                return left | {name: late.format(pid) for name, pid in busy.items()}
            if not asked_to_wait:
                asked_to_wait = True
                waits(list(busy))
            wait(changed, busy.values(), min(remaining, ELSEWHERE_S))


def reclaim(store: LeaseStore, testbed: Testbed, entry: HandsetEntry) -> str:
    """Take over the lease of a dead process, and give the handset back; why it is left, or nothing."""
    try:
        claim = store.take(entry.name, entry.mac, testbed.name, ttl_s=TTL_S)
        guarded(store, claim, testbed).close()
    except HandsetTaken as error:
        # In quarantine it is not to be touched; by somebody else it is in good hands.
        kept = store.standing(entry.mac).quarantine
        return f"{error.what}: {shown(kept.reason)}" if kept is not None else ""
    except LabError as error:
        return error.what
    return ""


def _caretaker(
    store: LeaseStore, testbed: Testbed, entry: HandsetEntry, left: dict[str, str]
) -> int | None:
    """The watchdog to wait for; None if there is none, with a reason in ``left`` if it should be."""
    try:
        standing = store.standing(entry.mac)
        if standing.caretaker is not None:
            return standing.caretaker.pid
        why = reclaim(store, testbed, entry) if standing.reclaimable else ""
    except LeaseError as error:
        why = str(error)
    if why:
        left[entry.name] = why
    return None
