"""``hil recover``: bring back a handset of a rack that does not do what it has to."""

from __future__ import annotations

import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.commands.common_options import required_testbed_option, together
from hil.commands.phone_options import json_option, print_json, printable
from hil.errors import LabError, UsageError

if TYPE_CHECKING:
    from hil.history import events as ev
    from hil.testbed.inventory import HandsetEntry, Testbed

_FAILED = 3


_ladder_options = together(
    click.option(
        "--from",
        "first",
        metavar="RUNG",
        default="",
        help="Begin there and not at the bottom: web-reboot, poe, pdu or factory-reset.",
    ),
    click.option(
        "--dry-run", is_flag=True, help="Only say which rungs there are for this handset."
    ),
    click.option(
        "--quarantined", is_flag=True, help="Also if it is in quarantine, which ends then."
    ),
    click.option(
        "--budget",
        metavar="SECONDS",
        type=click.FloatRange(min=1),
        default=3600.0,
        show_default=True,
        help="The longest that all rungs may take together.",
    ),
)


@click.command(name="recover")
@click.argument("handset")
@required_testbed_option
@_ladder_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    handset: str,
    testbed: Path,
    first: str,
    dry_run: bool,
    quarantined: bool,
    budget: float,
    as_json: bool,
) -> None:
    """Bring back a handset of a rack.

    Its ladder is climbed from the bottom: reboot by SIP, reboot by web, power of its PoE port or PDU
    outlet, factory reset as its inventory entry says how (capabilities: factory_reset). A rung whose
    way is not open is skipped. The handset is back when it boots, takes its lease, answers an echo and
    takes a profile to its end; that profile sets the parameters of its entry, and defaults besides.

    The handset is leased meanwhile. Where the ladder ends without success it is left in quarantine,
    with its power on. What only a person can do is asked for on a terminal, and skipped without one.

    Exit status: 0 it is back, 2 usage, 3 it is not, or something of the lab failed.

    \b
    hil recover a01 --testbed rack.yaml
    hil recover a01 --testbed rack.yaml --from factory-reset
    hil recover a01 --testbed rack.yaml --dry-run --json
        [{"rung": "sip-reboot", "applies": true, "why_not": "", "budget_s": 610.0}, ...]
    hil recover a07 --testbed rack.yaml --quarantined
    """
    from hil.testbed.inventory import load

    inventory = load(testbed, authority=False)
    entry = inventory.handset(handset)
    if inventory.kind != "rack":
        raise UsageError(
            "a virtual handset begins each test as from the factory",
            file=str(testbed),
            remedy="an inventory of kind: rack",
        )
    _require_a_rung(inventory, entry, first)
    if dry_run:
        _show(inventory, entry, first, as_json=as_json)
        return
    outcome = _recovered(inventory, entry, first, budget, quarantined=quarantined)
    _tell_outcome(outcome, as_json=as_json)
    ctx.exit(0 if outcome["recovered"] else _FAILED)


def _require_a_rung(inventory: Testbed, entry: HandsetEntry, first: str) -> None:
    from hil.recovery.ladder import facts_of, from_rung

    facts = facts_of(inventory, entry)
    lacking = [rung.lacks(facts) for rung in from_rung(first)]
    if all(lacking):
        raise UsageError(f"there is no rung for {entry.name} from {first} on", remedy=lacking[-1])


def _show(inventory: Testbed, entry: HandsetEntry, first: str, *, as_json: bool) -> None:
    """What there is for this handset, by its inventory alone."""
    from hil.recovery.ladder import facts_of, from_rung

    facts, timing = facts_of(inventory, entry), entry.judge_timing()
    rows = [
        {
            "rung": rung.name,
            "applies": not (why := rung.lacks(facts)),
            "why_not": why,
            "budget_s": rung.budget_s(timing),
        }
        for rung in from_rung(first)
    ]
    if as_json:
        print_json(rows)
        return
    for rung, row in zip(from_rung(first), rows, strict=True):
        what = row["why_not"] or f"{rung.does}, up to {row['budget_s']:g} s"
        click.echo(f"{rung.name:<14} {'yes' if row['applies'] else 'no':<4} {what}")


def _recovered(
    inventory: Testbed, entry: HandsetEntry, first: str, budget: float, *, quarantined: bool
) -> dict[str, Any]:
    """Take the handset, climb, and give it back."""
    from hil.history import events as ev
    from hil.leases.holding import hold, store_of, taken_by_mac
    from hil.net.namespace import enter
    from hil.recovery.rack import rack_ladder
    from hil.testbed.opening import open_bench
    from hil.testbed.other_phone import Others

    store = store_of(inventory)
    before = store.standing(entry.mac).quarantine if quarantined else None
    if before is not None:
        store.end_quarantine(entry.mac)
    try:
        guard = hold(inventory, [entry.name])
    finally:
        # It is in quarantine until it is back.
        if before is not None:
            store.quarantine(before)
    trouble = ""
    try:
        enter()
        ladder = rack_ladder(guard.quarantine, first=first, person=_person(), total_s=budget)
        others = Others(taken_by_mac(inventory))
        bench = open_bench(inventory, entry, leased=guard.leased, ladder=ladder, others=others)
        try:
            bench.history.follow(_tell)
            bench.witnesses.survey()
            bench.handset.recover(LabError("somebody wants it to be brought back"))
            store.end_quarantine(entry.mac)
        except LabError as error:
            trouble = str(error)
        finally:
            bench.close()
    finally:
        guard.close()
    return _outcome(entry.name, bench.history.all(ev.RecoveryStep), trouble)


def _tell_outcome(outcome: dict[str, Any], *, as_json: bool) -> None:
    """Whether it is back, and else why not."""
    if as_json:
        print_json(outcome)
    elif outcome["recovered"]:
        click.echo(f"{outcome['handset']} is back: {outcome['rung']}")
    if not outcome["recovered"]:
        lines = [printable(line) for line in outcome["trouble"].splitlines()]
        click.echo("Error: " + "\n".join(lines), err=True)


def _outcome(handset: str, steps: tuple[ev.RecoveryStep, ...], trouble: str) -> dict[str, Any]:
    return {
        "handset": handset,
        "recovered": not trouble,
        "rung": steps[-1].rung if steps and not trouble else "",
        "steps": [
            {"rung": each.rung, "phase": each.phase, "reason": each.reason, "took_s": each.took}
            for each in steps
        ],
        "trouble": trouble,
    }


def _tell(event: ev.Event) -> None:
    """A step, as it happens."""
    from hil.history import events as ev
    from hil.testbed.long_waits import step_in_words

    match event:
        case ev.RecoveryStep():
            text = step_in_words(event)
        case ev.LabFault():
            text = f"{event.what} ({event.evidence})"
        case _:
            return
    click.echo(printable(text), err=True)


class _AtTheTerminal:
    """Whoever started the command, asked on stderr and heard on stdin."""

    def does(self, what: str, within: float) -> bool:
        """Wait for a line; one that begins with s says that it was not done."""
        click.echo(f"Please {what}.", err=True)
        click.echo("Enter when it is done, s to skip:", err=True, nl=False)
        ready, _, _ = select.select([sys.stdin], [], [], within)
        line = sys.stdin.readline() if ready else ""
        return bool(line) and not line.strip().lower().startswith("s")


def _person() -> _AtTheTerminal | None:
    there = sys.stdin.isatty() and sys.stderr.isatty()
    return _AtTheTerminal() if there else None
