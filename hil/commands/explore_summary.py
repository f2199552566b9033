"""What `hil explore` says in the end: as text, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hil.explore.crew import Outcome
    from hil.explore.tally import Tally
    from hil.explore.worker import Reported


def summary(outcome: Outcome, seed: int, wall_s: float, left_out: tuple[str, ...]) -> None:
    """Print what was played, what of it counted, what was left out, and what was found."""
    tally = outcome.tally
    words = ", ".join(f"{count} {word}" for word, count in sorted(tally.results.items()))
    click.echo(f"seed {seed}: {tally.scenarios} scenarios ({words})")
    click.echo(f"{tally.lab_s / 3600:.1f} lab hours in {wall_s:.0f} s")
    click.echo(f"{len(tally.clauses)} clauses were checked, each in so many scenarios:")
    for line in _columns(tally):
        click.echo(f"  {line}")
    for name, count in sorted(tally.broken.items()):
        click.echo(f"{name} was seen broken in {count} scenario(s)")
    if "inconclusive" in tally.remarks:
        click.echo(f"inconclusive, for example: {tally.remarks['inconclusive'].splitlines()[-1]}")
    if left_out:
        click.echo("left out here:")
    for each in left_out:
        click.echo(f"  {each}")
    if outcome.interrupted:
        click.echo("interrupted: this is what there was so far")
    for found in outcome.found.values():
        click.echo(f"\n{found.evidence}")
        _tell_test(found)


def _tell_test(found: Reported) -> None:
    """Where the test of a finding is; if it could not be written, the test itself."""
    from hil.explore.search import Found

    flaky = f"; FLAKY, came again in {found.again} of {Found.AGAIN} runs" if found.flaky else ""
    about = f"({found.calls} calls{flaky})"
    if found.file:
        click.echo(f"  test: {found.file} {about}")
    elif found.unwritten:
        click.echo(f"  the test could not be written: {found.unwritten}; this is it {about}:\n")
        click.echo(found.module)
    else:
        click.echo(f"  no test was written yet, it was seen with seed {found.seed} {about}")


def _columns(tally: Tally) -> list[str]:
    return [f"{count:6} {name}" for name, count in tally.clauses.most_common()]


def as_json(
    outcome: Outcome,
    seed: int,
    handset: str,
    defects: tuple[str, ...],
    wall_s: float,
    left_out: tuple[str, ...],
) -> dict[str, object]:
    """The same as plain data."""
    tally = outcome.tally
    return {
        "seed": seed,
        "handset": handset,
        "defects": list(defects),
        "scenarios": tally.scenarios,
        "interrupted": outcome.interrupted,
        "left_out": list(left_out),
        **tally.as_json(),
        "found": [
            {
                "requirement": each.requirement,
                "what": each.what,
                "file": each.file,
                "seed": each.seed,
                "flaky": each.flaky,
                **({"unwritten": each.unwritten, "test": each.module} if each.unwritten else {}),
            }
            for each in outcome.found.values()
        ],
        "troubles": outcome.troubles,
        "wall_s": round(wall_s, 3),
    }
