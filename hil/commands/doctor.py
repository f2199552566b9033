"""``hil doctor``: whether the laboratory is fit to judge a phone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.commands.common_options import testbed_option
from hil.commands.phone_options import json_option, print_json, printable
from hil.errors import InventoryError, NamespaceError
from hil.suite_location import suite_root

if TYPE_CHECKING:
    from hil.doctor.findings import Finding
    from hil.testbed.inventory import HandsetEntry, Testbed

_TROUBLE = 3
_INDENT = " " * 9


_out_option = click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("hil-out"),
    show_default=True,
    help="Where runs are to leave their evidence.",
)


@click.command(name="doctor")
@testbed_option
@click.option(
    "--handset",
    "names",
    metavar="NAME",
    multiple=True,
    help="Look at this handset alone; may be repeated. All by default.",
)
@click.option(
    "--walk",
    is_flag=True,
    help="Drop each outlet in turn: exactly the handset of the inventory must vanish.",
)
@_out_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    testbed: Path | None,
    names: tuple[str, ...],
    walk: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Check whether the laboratory is fit to judge a phone.

    Inventory, rights, libraries, date and disk of this machine; of a rack the wires with their links,
    foreign DHCP servers and captures, the power devices with their credentials, the consoles, the
    leases, and for how long the authority of its HTTPS servers lasts. Nothing is switched, unless
    --walk says so: then every handset is leased, each outlet is dropped in turn, and its handset alone
    must vanish from link, wire and console and come back. That finds plugs and cables that are not
    where the inventory says. A handset that somebody else has is left out.

    The walk first says how long it takes at most, and why; each outlet and phase is a line on standard
    error. Where a phone goes on asking for a lease an outlet stays off for up to a minute, so that such
    a phone is not taken for one that boots.

    Exit status: 0 all is well (what was skipped says why), 2 usage, 3 something is wrong or unknown.

    \b
    hil doctor
    hil doctor --testbed rack.yaml
    hil doctor --testbed rack.yaml --handset a01 --handset a02 --walk
    hil doctor --testbed rack.yaml --json
    """
    file = testbed or suite_root() / "testbeds" / "virtual.yaml"
    kind, findings = _examined(file, names, walk, out)
    healthy = _healthy(findings)
    if as_json:
        _print_json(file, kind, findings, healthy=healthy)
    else:
        _print(findings)
    ctx.exit(0 if healthy else _TROUBLE)


def _examined(file: Path, names: Sequence[str], walk: bool, out: Path) -> tuple[str, list[Finding]]:
    """The kind of the testbed, empty if its inventory cannot be read, and what was found."""
    from hil.doctor.findings import ok, trouble
    from hil.testbed.inventory import load

    try:
        inventory = load(file)
    except InventoryError as error:
        return "", [trouble("inventory", str(file), each) for each in error.problems]
    named = [inventory.handset(name) for name in dict.fromkeys(names)]
    what = f"{inventory.kind} testbed {inventory.name} with {len(inventory.handsets)} handset(s)"
    read = ok("inventory", str(file), what)
    if inventory.kind == "virtual":
        return inventory.kind, [read, *_virtual(inventory, walk, out)]
    handsets = named or list(inventory.handsets)
    return inventory.kind, [read, *_rack(inventory, handsets, walk, out)]


def _healthy(findings: Sequence[Finding]) -> bool:
    from hil.doctor.findings import State

    return not any(each.state in (State.TROUBLE, State.UNKNOWN) for each in findings)


def _virtual(inventory: Testbed, walk: bool, out: Path) -> list[Finding]:
    from hil.doctor import machine, virtual_lab
    from hil.doctor.examination import examine
    from hil.doctor.findings import skipped, trouble
    from hil.net.namespace import enter

    try:
        enter()
    except NamespaceError as error:
        return [trouble("namespaces", "this machine", error)]
    checks = [*machine.checks(out, dated=False), *virtual_lab.checks(inventory)]
    findings = list(examine(checks, _Progress(len(checks)).report))
    if walk:
        why = "a virtual phone hangs on the outlet of its entry, there is no plug to be wrong"
        findings.append(skipped("outlet", inventory.name, why))
    return findings


def _rack(
    inventory: Testbed, handsets: Sequence[HandsetEntry], walk: bool, out: Path
) -> list[Finding]:
    from hil.clock import WallClock
    from hil.doctor import machine, rack
    from hil.doctor.examination import examine
    from hil.doctor.findings import trouble
    from hil.doctor.round import walk_rack
    from hil.errors import LabError
    from hil.leases.files import state_directory
    from hil.leases.store import LeaseStore

    chosen = str(inventory.state) if inventory.state else None
    try:
        store = LeaseStore(state_directory(chosen), time.time)
    except LabError as error:
        return [trouble("state directory", inventory.name, error)]
    clock = WallClock()
    try:
        checks = [
            *machine.checks(out, dated=True),
            *rack.checks(inventory, handsets, store, clock),
        ]
        findings = list(examine(checks, _Progress(len(checks)).report))
        if walk:
            drop = {each.name for each in handsets}
            findings += walk_rack(inventory, drop, store, clock, progress=_say)
    finally:
        clock.close()
    return findings


class _Progress:
    """Counts checks on stderr as they end."""

    def __init__(self, planned: int) -> None:
        self._planned = planned
        self._done = 0

    def report(self, finding: Finding) -> None:
        self._done += 1
        what = f"{finding.check} {finding.concerns}: {finding.state.value}"
        _say(f"{self._done}/{self._planned} {what}")


def _say(text: str) -> None:
    click.echo(printable(text), err=True)


def _print_json(file: Path, kind: str, findings: Sequence[Finding], *, healthy: bool) -> None:
    told = [each.plain() for each in findings]
    print_json({"testbed": str(file), "kind": kind, "ok": healthy, "findings": told})


def _print(findings: Sequence[Finding]) -> None:
    for each in findings:
        head = f"{each.state.value:<8} {each.check} ({each.concerns}): {each.what}"
        click.echo(printable(head))
        for word, text in (("seen", each.evidence), ("next", each.next_step)):
            if text:
                click.echo(f"{_INDENT}{word}: {printable(text)}")
    states = [each.state.value for each in findings]
    counted = [
        f"{states.count(state)} {state}"
        for state in ("ok", "trouble", "skipped", "unknown")
        if state != "unknown" or state in states
    ]
    click.echo(", ".join(counted))
