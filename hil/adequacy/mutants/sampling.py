"""Which mutants are run: some of each module, as many as it has code, drawn by a seed.

Every module is drawn from in an order of its own. A mutant that turns out stillborn is replaced by the
next of its module, so the number of those that count stays what was asked for.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from hil.adequacy.mutants.sites import Mutant, by_module

LEAST = 3
"""As many of each module, where it has so many."""


class Draw:
    """What is left to draw of each module."""

    def __init__(self, mutants: Sequence[Mutant], seed: int) -> None:
        self._left: dict[str, list[Mutant]] = {}
        for module, found in by_module(mutants).items():
            order = sorted(found, key=lambda each: each.id)
            random.Random(f"{seed}/{module}").shuffle(order)  # noqa: S311
            self._left[module] = order

    def take(self, module: str, count: int) -> list[Mutant]:
        """The next ones of a module; fewer if it has no more."""
        left = self._left.get(module, [])
        taken, self._left[module] = left[:count], left[count:]
        return taken


def sampled(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of them, drawn by the seed; all if there are no more."""
    order = sorted(mutants, key=lambda each: each.id)
    random.Random(f"{seed}/declared").shuffle(order)  # noqa: S311
    return order[:count]


def quotas(mutants: Sequence[Mutant], count: int) -> dict[str, int]:
    """How many of each module make ``count``, in proportion to its mutants and at least `LEAST`."""
    sizes = {module: len(found) for module, found in by_module(mutants).items()}
    whole = sum(sizes.values())
    if count >= whole:
        return sizes
    shares = {module: count * size / whole for module, size in sizes.items()}
    chosen = {m: min(sizes[m], max(LEAST, int(share))) for m, share in shares.items()}
    # The largest remainders first, the name where they are equal.
    order = sorted(sizes, key=lambda module: (int(shares[module]) - shares[module], module))
    for module in order:
        if sum(chosen.values()) >= count:
            break
        if chosen[module] < sizes[module]:
            chosen[module] += 1
    return chosen
