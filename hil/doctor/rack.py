"""The checks of a rack: wires, what switches power, consoles, leases, the authority of its servers."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hil.clock import Clock
from hil.doctor.findings import Check, NotApplicable
from hil.doctor.wires import WireChecks
from hil.endpoints.kept_authority import About
from hil.errors import ConsoleError, LabError, LeaseError
from hil.history import History
from hil.history.events import PowerAction
from hil.leases import files
from hil.leases.device import LeasedDriver
from hil.leases.store import LeaseStore
from hil.net.namespace import Namespace
from hil.power.driver import PowerDriver
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.networks import Wired, wiring
from hil.testbed.outlets import pdu_of
from hil.testbed.pdus import PoeEntry

CALL_S = 20.0
"""The longest that one call of a power driver may take, in seconds."""

AUTHORITY_DAYS = 30
"""How long before its end an authority has to be replaced: somebody gives each phone another one."""

_CONSOLE_S = 30.0
_MARGIN_S = 5.0


def checks(
    testbed: Testbed,
    handsets: Sequence[HandsetEntry],
    store: LeaseStore,
    clock: Clock,
    *,
    host: Namespace | None = None,
) -> list[Check]:
    """The checks of these handsets of a rack; each power device is asked one thing at a time.

    ``host`` is where the machine's interface is, by default the namespace of the process.
    """
    with contextlib.suppress(LeaseError):
        # Where that is impossible, the checks that need the directory say so.
        files.made(store.state, "devices")
    found = [Check("state directory", str(store.state), partial(_state, store.state), "state")]
    if (kept := testbed.kept_authority) is not None:
        look = partial(_authority, kept.about(), datetime.now(UTC))
        found.append(Check("authority", kept.certificate, look, "authority"))
    drivers: dict[str, PowerDriver] = {}
    wires: set[str] = set()
    for entry in handsets:
        found.append(Check("lease", entry.name, partial(_lease, store, entry), "state"))
        wire = _wire_of(testbed, entry)
        if wire not in wires:
            wires.add(wire)
            found += _wire_checks(testbed, entry, clock, wire, host)
        found += _power_checks(testbed, entry, drivers, clock, store.state)
        look = partial(_console, store, entry, clock)
        found.append(Check("console", entry.name, look, f"console {entry.name}", _CONSOLE_S))
    return found


# -- certificates ----------------------------------------------------------------------------------


def _authority(about: About, now: datetime) -> str:
    """What signs the servers lasts; that it is fit to sign is a matter of the inventory."""
    days = (about.not_after - now).days
    if days < AUTHORITY_DAYS:
        raise LabError(
            "the authority that the phones trust ends soon",
            evidence=f"{about}, which is in {days} days",
            next_step="make another by `hil testbed authority`, give it to every phone, and then name "
            "it in the inventory",
        )
    return f"{about}, in {days} days; SHA-256 {about.sha256}"


# -- leases ----------------------------------------------------------------------------------------


def _state(directory: Path) -> str:
    """Leases can be written where they are kept."""
    trial = files.made(directory, "leases") / f".doctor-{secrets.token_hex(6)}"
    try:
        files.write(trial, b"")
    finally:
        files.remove(trial)
    return "leases can be kept there"


def _lease(store: LeaseStore, entry: HandsetEntry) -> str:
    """Nobody died with the handset, and it is not in quarantine."""
    standing = store.standing(entry.mac)
    lease = standing.lease
    if standing.quarantine is not None:
        raise LabError(
            "the handset is in quarantine",
            evidence=standing.quarantine.reason,
            next_step=f"mend it, then `hil leases release --quarantine {entry.name}`",
        )
    if standing.broken:
        raise LabError("its lease cannot be read", evidence=standing.broken)
    if lease is None:
        return "free"
    if standing.reclaimable and lease.power_off_since is not None:
        raise LabError(
            "it may be without power since a run died",
            evidence=f"{lease.holder}: {standing.reclaimable}",
            next_step="`hil leases reap` gives it its power back",
        )
    return (
        f"reclaimable: {standing.reclaimable}"
        if standing.reclaimable
        else f"held by {lease.holder}"
    )


# -- wires -----------------------------------------------------------------------------------------


def _wire_of(testbed: Testbed, entry: HandsetEntry) -> str:
    """What is the same for handsets on the same wire."""
    network = testbed.network
    suffix = f" VLAN {entry.vlan}" if network.attach == "vlan" else ""
    return f"wire {network.interface}{suffix}"


def _wire_checks(
    testbed: Testbed, entry: HandsetEntry, clock: Clock, group: str, host: Namespace | None
) -> list[Check]:
    wired = [Wired(each.vlan, each.address) for each in testbed.handsets]
    place = testbed.handsets.index(entry)
    return WireChecks(
        wiring(testbed.network, wired, place),
        entry.name,
        entry.mac,
        clock,
        own=[each.mac for each in testbed.handsets],
        known_servers=testbed.network.known_dhcp_servers,
        host=host,
    ).checks(group)


# -- power and consoles ----------------------------------------------------------------------------


def _power_checks(
    testbed: Testbed,
    entry: HandsetEntry,
    drivers: dict[str, PowerDriver],
    clock: Clock,
    state: Path,
) -> list[Check]:
    pdu = pdu_of(testbed, entry)
    if pdu.name not in drivers:
        # Other runs use the device as well: this one takes its turn among them.
        drivers[pdu.name] = LeasedDriver(pdu.make_driver(), state / "devices", _switches_nothing)
    driver = drivers[pdu.name]
    outlet = str(entry.power.outlet)
    group = f"power {pdu.name}"
    look = partial(_power, driver, outlet, clock)
    found = [
        Check("power", f"{pdu.name}/{outlet} ({entry.name})", look, group, CALL_S + 2 * _MARGIN_S)
    ]
    if isinstance(pdu, PoeEntry):
        concerns = f"{pdu.name}/{outlet} ({entry.name})"
        watch = partial(_link, pdu, outlet, driver, clock)
        found.append(Check("link", concerns, watch, group, 2 * (CALL_S + _MARGIN_S) + _MARGIN_S))
    return found


def _switches_nothing(_off: bool) -> None:
    """No lease has to take note of what a check does to the power."""


def _power(driver: PowerDriver, outlet: str, clock: Clock) -> str:
    """The device answers, takes our credentials, and knows the outlet."""
    return f"{driver.name} says it is {_state_of(driver, outlet, clock).value}"


def _state_of(driver: PowerDriver, outlet: str, clock: Clock) -> PowerAction:
    async def ask() -> PowerAction:
        try:
            async with asyncio.timeout(CALL_S), driver.queue:
                return await driver.state(outlet)
        except TimeoutError:
            raise LabError(
                "the device cannot be asked",
                evidence=f"it did not come back within {CALL_S:g} s, nor did whoever has it",
                next_step="see whether it is reachable, and `hil leases list` for who uses it",
                concerns=driver.name,
            ) from None

    return clock.run(ask(), timeout=CALL_S + _MARGIN_S)


def _link(pdu: PoeEntry, port: str, driver: PowerDriver, clock: Clock) -> str:
    """The switch tells the link of the port, and a phone that has power has one."""
    link = pdu.make_link(port)
    up = clock.run(link.up(), timeout=CALL_S)
    if not up and _state_of(driver, port, clock) is PowerAction.ON:
        raise LabError(
            "the port gives power and has no link",
            evidence=f"{link.name}: ifOperStatus is not up",
            next_step="look whether a phone is plugged into this port, and at its cable",
        )
    return "up" if up else "down, and so is its power"


def _console(store: LeaseStore, entry: HandsetEntry, clock: Clock) -> str:
    """The console can be opened; one that its holder reads just now is left to him."""
    if entry.console is None:
        raise NotApplicable("the inventory names no console")
    made = entry.console

    async def look() -> None:
        console = made.make(clock, History(clock), handset=entry.name)
        try:
            await console.start()
            if console.trouble is not None:
                raise console.trouble
        finally:
            await console.close()

    try:
        clock.run(look(), timeout=_CONSOLE_S - _MARGIN_S)
    except ConsoleError as error:
        standing = store.standing(entry.mac)
        if standing.lease is not None and not standing.reclaimable:
            why = f"{standing.lease.holder} has the handset: {error.evidence}"
            raise NotApplicable(why) from error
        raise
    return f"{made.url} can be read"
