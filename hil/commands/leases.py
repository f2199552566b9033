"""``hil leases``: who has which handset, and putting that right."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.commands.phone_options import json_option, print_json
from hil.errors import HandsetTaken, LabError, UsageError

if TYPE_CHECKING:
    from hil.leases.record import Lease
    from hil.leases.store import LeaseStore, Standing
    from hil.testbed.inventory import Testbed

_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)")
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_FAILED = 3
_REASON = 160
"""Characters of a reason that are listed."""


def _where(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say which leases are meant."""
    testbed = click.option(
        "--testbed",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Inventory file: its handsets, and its state directory.",
    )
    state = click.option(
        "--state",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="State directory, if it is not the inventory's or the environment's.",
    )
    return testbed(state(function))


@click.group(name="leases")
def command() -> None:
    """Show who has which handset, and put that right.

    Whoever works on a handset of a rack has a lease of it: a run for as long as it lives, a person
    until it expires. The lease of a run that died is reclaimed by the next who wants the handset; a
    handset that misbehaved is in quarantine, and is not taken until a person ends that.

    The leases are in the directory that the inventory names (state), else $HIL_STATE_DIR, else
    $XDG_STATE_HOME/hil, else ~/.local/state/hil.

    \b
    hil leases list --testbed rack.yaml
    hil leases take a03 --testbed rack.yaml --for 2h     work on it by hand
    hil leases release a03 --testbed rack.yaml
    hil leases release --quarantine a07                  it is mended
    hil leases reap --testbed rack.yaml                  clean up after runs that died
    """


@command.command(name="list")
@_where
@json_option
def list_command(testbed: Path | None, state: Path | None, as_json: bool) -> None:
    """List handsets: free, held, reclaimable, unreadable or in quarantine.

    With --testbed all of the inventory's handsets, else all that the state directory knows of.

    \b
    hil leases list --testbed rack.yaml
    hil leases list --json
    """
    inventory, store = _opened(testbed, state)
    rows = [_row(name, standing) for name, standing in _standings(inventory, store)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        about = _about(row)
        dark = "  without power" if row["power_off_since"] else ""
        click.echo(f"{row['handset'] or '?':<12} {row['mac']}  {row['state']:<11} {about}{dark}")
    if not rows:
        click.echo(f"no handset is leased in {store.state}")


@command.command()
@_where
@click.argument("handset")
@click.option(
    "--for", "duration", metavar="TIME", default="1h", help="90s, 30m, 2h (default 1h), 1d."
)
def take(testbed: Path | None, state: Path | None, handset: str, duration: str) -> None:
    """Take a handset for yourself, for as long as you say.

    Exit status: 0 it is yours, 3 somebody else has it or it is in quarantine.

    \b
    hil leases take a03 --testbed rack.yaml --for 2h
    """
    if testbed is None:
        raise UsageError("which handsets there are is not known", remedy="give --testbed FILE")
    inventory, store = _opened(testbed, state)
    if inventory is None:
        raise UsageError("no inventory", file=str(testbed))
    entry = inventory.handset(handset)
    claim = store.take(
        entry.name,
        entry.mac,
        inventory.name,
        ttl_s=_seconds(duration),
        by_person=True,
        command="by hand",
    )
    if claim.lease.power_off_since is not None:
        click.echo(f"{entry.name} may be without power: `hil power on {entry.name}`", err=True)
    click.echo(f"{entry.name} is yours for {duration}")


@command.command()
@_where
@click.argument("handset")
@click.option("--quarantine", is_flag=True, help="End the handset's quarantine.")
@click.option("--force", is_flag=True, help="Also what a run that lives, or another person, holds.")
def release(
    testbed: Path | None, state: Path | None, handset: str, quarantine: bool, force: bool
) -> None:
    """Give a handset back that you took, or end its quarantine.

    HANDSET is a name, or a MAC address. A run that loses its handset by --force stops touching it,
    and its verdicts from then on are ERROR (lab).

    \b
    hil leases release a03
    hil leases release --quarantine a07
    hil leases release --force 00:0e:08:00:00:03
    """
    inventory, store = _opened(testbed, state)
    mac = _mac_of(handset, inventory, store)
    if quarantine:
        ended = store.end_quarantine(mac)
        click.echo(f"{handset} is {'out of' if ended else 'not in'} quarantine")
        return
    standing = store.standing(mac)
    if standing.lease is None and not standing.broken:
        click.echo(f"nobody has {handset}")
        return
    if not force:
        _may_release(handset, standing)
    taken = store.force(mac)
    click.echo(f"{handset} is released")
    if taken is not None and taken.power_off_since is not None:
        click.echo(f"{handset} may be without power: `hil power on {handset}`", err=True)


@command.command()
@_where
@json_option
@click.pass_context
def reap(ctx: click.Context, testbed: Path | None, state: Path | None, as_json: bool) -> None:
    """Reclaim the leases of runs that died, and give their handsets the power that they are owed.

    Power is switched as the inventory of --testbed says and no other, whatever a lease claims: without
    it a handset that may be without power is left as it is.

    Exit status: 0 all was reclaimed, 3 something is left.

    \b
    hil leases reap --testbed rack.yaml
    """
    inventory, store = _opened(testbed, state)
    rows = []
    for name, standing in _standings(inventory, store):
        if not standing.reclaimable:
            continue
        why = _reaped(name, standing, inventory, store)
        rows.append({"handset": name, "mac": standing.mac, "reaped": not why, "left": why})
    if as_json:
        print_json(rows)
    for row in [] if as_json else rows:
        click.echo(f"{row['handset']}: {'left: ' if row['left'] else 'reclaimed'}{row['left']}")
    ctx.exit(_FAILED if any(row["left"] for row in rows) else 0)


def _reaped(name: str, standing: Standing, inventory: Testbed | None, store: LeaseStore) -> str:
    """Reclaim one lease; why it is left, or nothing."""
    from hil.leases.guard import TTL_S
    from hil.leases.returning import reclaim

    entries = inventory.handsets if inventory is not None else ()
    entry = next((each for each in entries if each.mac == standing.mac), None)
    owed = standing.lease is not None and standing.lease.power_off_since is not None
    if entry is None and owed:
        return "it may be without power, and no inventory says how to switch it: give --testbed"
    if inventory is not None and entry is not None and inventory.kind == "rack":
        return reclaim(store, inventory, entry)
    try:
        store.release(store.take(name, standing.mac, "reap", ttl_s=TTL_S).lease)
    except HandsetTaken as error:
        # In quarantine it is not to be touched; by somebody else it is in good hands.
        return error.what if standing.quarantine else ""
    except LabError as error:
        return error.what
    return ""


def _may_release(handset: str, standing: Standing) -> None:
    from hil.leases.record import user

    lease = standing.lease
    if standing.reclaimable or (lease and lease.process is None and lease.user == user()):
        return
    raise HandsetTaken(
        "it is not yours to release",
        evidence=_holder(lease) or standing.broken,
        next_step="end that run, ask that person, or give --force",
        concerns=handset,
    )


def _opened(testbed: Path | None, state: Path | None) -> tuple[Testbed | None, LeaseStore]:
    from hil.leases.files import state_directory
    from hil.leases.store import LeaseStore
    from hil.testbed.inventory import load

    inventory = load(testbed, authority=False) if testbed is not None else None
    of_inventory = inventory.state if inventory is not None else None
    chosen = state or of_inventory
    return inventory, LeaseStore(state_directory(str(chosen) if chosen else None), time.time)


def _standings(inventory: Testbed | None, store: LeaseStore) -> list[tuple[str, Standing]]:
    if inventory is None:
        return [(each.handset, each) for each in store.all()]
    return [(each.name, store.standing(each.mac)) for each in inventory.handsets]


def _mac_of(handset: str, inventory: Testbed | None, store: LeaseStore) -> str:
    if inventory is not None:
        return inventory.handset(handset).mac
    if _MAC.fullmatch(handset.lower()):
        return handset.lower()
    found = {each.mac for each in store.all() if each.handset == handset}
    if len(found) == 1:
        return found.pop()
    raise UsageError(
        f"{'several handsets are' if found else 'no handset is'} called {handset!r}"
        f" in {store.state}",
        remedy="give --testbed FILE, or the MAC address",
    )


def _row(name: str, standing: Standing) -> dict[str, Any]:
    lease, kept = standing.lease, standing.quarantine
    if kept is not None:
        word, reason, since = "quarantine", kept.reason, kept.since
    elif standing.broken:
        word, reason, since = "unreadable", standing.broken, 0.0
    elif standing.reclaimable:
        word, reason, since = "reclaimable", standing.reclaimable, lease.taken if lease else 0.0
    elif lease is not None:
        word, reason, since = "held", "", lease.taken
    else:
        word, reason, since = "free", "", 0.0
    return {
        "handset": name,
        "mac": standing.mac,
        "state": word,
        "holder": _holder(lease),
        "reason": reason,
        "since": since,
        "expires": lease.expires if lease else None,
        "heartbeat_age_s": round(standing.age_s, 1) if lease else None,
        "power_off_since": lease.power_off_since if lease else None,
        "evidence": kept.evidence if kept else "",
    }


def _about(row: dict[str, Any]) -> str:
    """Who has the handset, or in one line why nobody may; the whole reason is in the JSON."""
    if row["holder"]:
        return str(row["holder"])
    words = " ".join(row["reason"].split())
    reason = words if len(words) <= _REASON else f"{words[: _REASON - 1]}\N{HORIZONTAL ELLIPSIS}"
    evidence = f"; evidence: {row['evidence']}" if row["evidence"] else ""
    return "".join(each if each.isprintable() else "?" for each in reason + evidence)


def _holder(lease: Lease | None) -> str:
    return _shown(lease.holder) if lease else ""


def _shown(text: str) -> str:
    from hil.leases.record import shown

    return shown(text)


def _seconds(duration: str) -> float:
    from hil.leases.record import LONGEST_S

    found = _DURATION.fullmatch(duration)
    seconds = float(found[1]) * _UNIT_S[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST_S:
        raise UsageError(
            f"{duration!r} is no time to hold a handset for", remedy="such as 30m or 2h"
        )
    return seconds
