"""The walk over a rack: who is leased, what shows each handset's power, and the end of it all.

Every handset of the inventory is leased, since each may lose its power if a plug is in a wrong outlet;
one that somebody else has is neither dropped nor watched. At the end a handset that may be without
power gets it back, then its lease is released.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field

from hil.clock import Clock
from hil.console import Console
from hil.doctor.bounds import Pace
from hil.doctor.findings import Finding, skipped, trouble
from hil.doctor.observed import CHECK, Observed, conclude
from hil.doctor.signs import Consoles, Ear, InterfaceLink, Link, Subject
from hil.doctor.walk import Progress, walk
from hil.errors import HandsetTaken, LabError
from hil.history import History
from hil.leases.guard import TTL_S, Guard, guarded
from hil.leases.store import LeaseStore
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.power.driver import PowerDriver
from hil.power.outlet import Outlet
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.outlets import pdu_of, power_policy
from hil.testbed.pdus import PoeEntry

_CLOSING_S = 150.0
_OPENING_S = 60.0
_LONGEST_VISIT_S = 600.0


@dataclass
class _Round:
    """What is open while the walk lasts."""

    guards: dict[str, Guard] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    consoles: list[Console] = field(default_factory=list)
    ear: Ear | None = None
    walking: asyncio.Task[tuple[Observed, ...]] | None = None


def walk_rack(
    testbed: Testbed,
    drop: Collection[str],
    store: LeaseStore,
    clock: Clock,
    *,
    host: Namespace | None = None,
    pace: Pace | None = None,
    progress: Progress = lambda _: None,
) -> tuple[Finding, ...]:
    """Drop the outlets of these handsets in turn; a finding for each, and for what hindered it.

    ``host`` is where the machine's interface is, by default the namespace of the process.
    """
    history = History(clock)
    opened = _Round()
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(_give_back, opened)
        for entry in testbed.handsets:
            _lease(testbed, entry, store, opened)
        cleanup.callback(lambda: clock.run(_close(opened), timeout=_CLOSING_S))
        interface = _interface(testbed, host or Namespace.host(), opened, cleanup)

        async def go() -> tuple[Observed, ...]:
            async with asyncio.timeout(_OPENING_S):
                subjects = await _subjects(testbed, history, clock, interface, opened)
            chosen = [each.name for each in subjects if each.name in drop]
            opened.walking = asyncio.ensure_future(
                walk(subjects, drop=chosen, pace=pace, progress=progress)
            )
            return await opened.walking

        seen = clock.run(go(), timeout=_LONGEST_VISIT_S * (len(testbed.handsets) + 1))
    return (*opened.findings, *conclude(seen))


def _lease(testbed: Testbed, entry: HandsetEntry, store: LeaseStore, opened: _Round) -> None:
    try:
        claim = store.take(
            entry.name, entry.mac, testbed.name, ttl_s=TTL_S, command="hil doctor --walk"
        )
        opened.guards[entry.name] = guarded(store, claim, testbed)
    except HandsetTaken as taken:
        why = f"neither dropped nor watched: {taken.what} ({taken.evidence})"
        opened.findings.append(skipped(CHECK, entry.name, why))
    except LabError as error:
        opened.findings.append(trouble(CHECK, entry.name, error))


def _interface(
    testbed: Testbed, host: Namespace, opened: _Round, cleanup: contextlib.ExitStack
) -> Interface | None:
    """The machine's interface to the phones; None, and why, where nothing can be heard on it."""
    name = testbed.network.interface or ""
    try:
        interface = Interface(host, name)
        cleanup.callback(interface.close)
        if interface.enabled or testbed.network.direct:
            return interface
        why = f"{name} is down, so nobody hears which phone boots"
    except LabError as error:
        why = f"nobody hears which phone boots: {error.what}"
    opened.findings.append(skipped("wire", name, why))
    return None


async def _subjects(
    testbed: Testbed,
    history: History,
    clock: Clock,
    interface: Interface | None,
    opened: _Round,
) -> list[Subject]:
    """The handsets that are ours, each with all that shows its power."""
    entries = [each for each in testbed.handsets if each.name in opened.guards]
    if interface is not None and interface.enabled:
        try:
            opened.ear = Ear(interface, [each.mac for each in entries])
        except LabError as error:
            opened.findings.append(skipped("wire", interface.name, str(error)))
    consoles = Consoles(history)
    opening = [_console(entry, clock, history, opened) for entry in entries]
    drivers: dict[str, PowerDriver] = {}
    subjects = []
    for entry, console in zip(entries, await asyncio.gather(*opening), strict=True):
        subjects.append(
            Subject(
                entry.name,
                _outlet(testbed, entry, drivers, history, opened.guards[entry.name]),
                entry.judge_timing().boot,
                _link(testbed, entry, interface),
                opened.ear.of(entry.mac) if opened.ear is not None else None,
                consoles.of(console, entry.name) if console is not None else None,
            )
        )
    return subjects


async def _console(
    entry: HandsetEntry, clock: Clock, history: History, opened: _Round
) -> Console | None:
    if entry.console is None:
        return None
    console = entry.console.make(clock, history, handset=entry.name)
    opened.consoles.append(console)
    await console.start()
    if console.trouble is not None:
        opened.findings.append(skipped("console", entry.name, str(console.trouble)))
        return None
    return console


def _outlet(
    testbed: Testbed,
    entry: HandsetEntry,
    drivers: dict[str, PowerDriver],
    history: History,
    guard: Guard,
) -> Outlet:
    pdu = pdu_of(testbed, entry)
    if pdu.name not in drivers:
        drivers[pdu.name] = pdu.make_driver()
    driver = guard.leased(drivers[pdu.name])
    return Outlet(driver, str(entry.power.outlet), history, power_policy(pdu, entry))


def _link(testbed: Testbed, entry: HandsetEntry, interface: Interface | None) -> Link | None:
    pdu = pdu_of(testbed, entry)
    if isinstance(pdu, PoeEntry):
        return pdu.make_link(str(entry.power.outlet))
    if testbed.network.direct and interface is not None:
        return InterfaceLink(interface)
    return None


async def _close(opened: _Round) -> None:
    """End the walk, which gives back the power that it took, and let go of what it listened to."""
    if opened.walking is not None and not opened.walking.done():
        opened.walking.cancel()
        await asyncio.wait([opened.walking])
    for console in opened.consoles:
        await console.close()
    if opened.ear is not None:
        opened.ear.close()


def _give_back(opened: _Round) -> None:
    """Release every handset, those too that come after one that could not be."""
    failed: list[LabError] = []
    for guard in opened.guards.values():
        try:
            guard.close()
        except LabError as error:
            failed.append(error)
    if failed:
        raise failed[0]
