"""``hil doctor``: whether the laboratory is fit to judge a phone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.commands.phone_options import json_option, print_json, printable
from hil.errors import InventoryError, NamespaceError

if TYPE_CHECKING:
    from hil.doctor.findings import Finding
    from hil.testbed.inventory import HandsetEntry, Testbed

_TROUBLE = 3
_INDENT = " " * 9


@click.command(name="doctor")
@click.option("--testbed", metavar="FILE", type=click.Path(path_type=Path), help="Inventory file.")
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
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("hil-out"),
    show_default=True,
    help="Where runs are to leave their evidence.",
)
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

    A phone whose link nobody sees shows by DHCP alone that it boots, and stays without power for a
    minute, so that one which only goes on asking for a lease is not taken for it.

    Exit status: 0 all is well (what was skipped says why), 2 usage, 3 something is wrong or unknown.

    \b
    hil doctor
    hil doctor --testbed rack.yaml
    hil doctor --testbed rack.yaml --handset a01 --handset a02 --walk
    hil doctor --testbed rack.yaml --json
    """
    from hil.doctor.findings import State, ok, trouble
    from hil.suite_location import suite_root
    from hil.testbed.inventory import load

    file = testbed or suite_root() / "testbeds" / "virtual.yaml"
    findings: list[Finding] = []
    kind = ""
    try:
        inventory = load(file)
    except InventoryError as error:
        findings += [trouble("inventory", str(file), each) for each in error.problems]
    else:
        kind = inventory.kind
        handsets = [inventory.handset(name) for name in dict.fromkeys(names)] or list(
            inventory.handsets
        )
        what = f"{kind} testbed {inventory.name} with {len(inventory.handsets)} handset(s)"
        findings.append(ok("inventory", str(file), what))
        findings += _examined(inventory, handsets, walk, out)
    healthy = not any(each.state in (State.TROUBLE, State.UNKNOWN) for each in findings)
    if as_json:
        print_json(
            {
                "testbed": str(file),
                "kind": kind,
                "ok": healthy,
                "findings": [each.plain() for each in findings],
            }
        )
    else:
        _print(findings)
    ctx.exit(0 if healthy else _TROUBLE)


def _examined(
    inventory: Testbed, handsets: Sequence[HandsetEntry], walk: bool, out: Path
) -> list[Finding]:
    if inventory.kind == "virtual":
        return _virtual(inventory, walk, out)
    return _rack(inventory, handsets, walk, out)


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
