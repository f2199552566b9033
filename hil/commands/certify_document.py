"""The document that `hil certify --json` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hil.commands.output import write_results

if TYPE_CHECKING:
    from hil.evidence.results import RunResults
    from hil.testbed.inventory import HandsetEntry, Testbed


def about(entry: HandsetEntry) -> dict[str, object]:
    """A handset as the document names it."""
    from hil.judge.readings import differing

    identity = entry.identity()
    return {
        "name": entry.name,
        "model": entry.model,
        "mac": identity.mac,
        "serial": identity.serial,
        "firmware": identity.swver,
        "interpretations": [each.as_json() for each in differing(entry.chosen_interpretations())],
    }


def about_several(
    entries: Sequence[HandsetEntry],
    done: Mapping[str, Sequence[str]],
    lost: Mapping[str, str],
) -> list[dict[str, object]]:
    """Several handsets, with the groups that each concluded and why it left the run, if it did."""
    return [
        {**about(each), "groups": list(done.get(each.name, ())), "left": lost.get(each.name, "")}
        for each in entries
    ]


def write_json(
    target: str,
    results: RunResults,
    inventory: Testbed,
    handset: dict[str, object] | list[dict[str, object]],
    defects: tuple[str, ...],
    wall_s: float,
) -> None:
    """Write the results to a file, or with ``-`` to standard output."""
    from hil import __version__

    run: dict[str, object] = {
        "hil": __version__,
        "testbed": inventory.name,
        "defects": list(defects),
        "wall_s": round(wall_s, 3),
    }
    write_results(target, results.as_json(run, handset))
