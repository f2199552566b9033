"""The mutants of ``hil adequacy``: which are meant, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.adequacy.campaign import Campaign
    from hil.adequacy.mutants.score import Score
    from hil.adequacy.mutants.sites import Mutant, Sites

USUAL = "360"
"""How many mutants are run unless a number is given."""


@dataclass(frozen=True)
class ChosenMutants:
    """Which mutants are run: ``count`` (None: all) of ``only`` these, or of all there are."""

    sites: Sites
    count: int | None
    only: tuple[Mutant, ...]
    seed: int


def choose(
    number: str | None, modules: Sequence[str], names: Sequence[str], seed: int
) -> ChosenMutants | None:
    """What the options ask for; None if for no mutants. UsageError for names that nobody knows."""
    if number is None and not modules and not names:
        return None
    from hil.adequacy.mutants.sites import enumerate_sites

    if number not in (None, "all") and not (str(number).isascii() and str(number).isdigit()):
        raise UsageError(f"{number!r} is no number of mutants", remedy="a number, or all")
    sites = enumerate_sites()
    only = [sites.mutant(name) for name in names]
    only += [mutant for module in modules for mutant in sites.of_module(module)]
    count = None if number in (None, "all") else int(str(number))
    return ChosenMutants(sites, count, tuple(dict.fromkeys(only)), seed)


def run(campaign: Campaign, chosen: ChosenMutants, among: str | None = None) -> Score:
    """Run the sound phone with every slip watched, then the mutants.

    ``among`` is text in the names of the only tests to run, for whoever writes these. UsageError if
    there are none.
    """
    from hil.adequacy.mutants import campaign as mutants
    from hil.adequacy.mutants.watched import watching

    every = chosen.sites.mutants
    tests = tuple(name for name in campaign.suite.tests if among is None or among in name)
    if not tests:
        raise UsageError(f"no test has {among!r} in its name", remedy="see `hil spec coverage`")
    seen = campaign.sound(tests, watching(every))
    return mutants.run(
        campaign,
        chosen.sites,
        mutants.difference(every, seen),
        count=chosen.count,
        seed=chosen.seed,
        only=chosen.only,
    )


def show(score: Score, *, err: bool) -> None:
    """Print the score by module and operator, and every survivor; of a few mutants, each."""
    few = len(score.results) <= 3
    for result in score.results if few else ():
        click.echo(f"{result.end.value}  {result.mutant.id}  ({result.mutant.place})", err=err)
        click.echo(f"  {result.mutant.change}", err=err)
        click.echo(f"  {result.test + ': ' if result.test else ''}{result.why}", err=err)
    for line in score.refutations() if few else score.lines():
        click.echo(line, err=err)
