"""In which tests a slip makes a difference, and which of them are the most likely to tell.

Two tests in which the same slips of a module make a difference have the module do the same, as far as
that is known; one of them will do at first. And what makes a difference in few tests is what those
tests are about. So the first test is the one with the most, and the rarest, differences in the
mutant's module, and each further one adds what those before did not have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from hil.adequacy.mutants.sites import Mutant


class Difference:
    """What the watched run told; mutants by their places in ``mutants``.

    ``reached`` are those that some test reaches, ``differs`` tells for each test, by its node id, in
    which mutants the slip makes a difference there.
    """

    def __init__(
        self,
        mutants: Sequence[Mutant],
        reached: frozenset[int],
        differs: Mapping[str, frozenset[int]],
    ) -> None:
        self._place = {mutant.id: place for place, mutant in enumerate(mutants)}
        self._reached = reached
        self._differs = differs
        self._module = [mutant.module for mutant in mutants]

    def is_reached(self, mutant: Mutant) -> bool:
        """Whether any test reaches the slip."""
        return self._place[mutant.id] in self._reached

    def able(self, mutant: Mutant) -> int:
        """In how many tests it makes a difference."""
        return self._tests[self._place[mutant.id]]

    def telling(self, mutant: Mutant, most: int) -> tuple[str, ...]:
        """Up to so many tests in which it makes a difference, the most telling first."""
        place = self._place[mutant.id]
        alike: dict[frozenset[int], list[str]] = {}
        for test, differ in self._in_module(mutant.module).items():
            if place in differ:
                alike.setdefault(differ, []).append(test)
        chosen: list[str] = []
        while alike and len(chosen) < most:
            chosen += self._round(alike, most - len(chosen))
            alike = {differ: tests[1:] for differ, tests in alike.items() if tests[1:]}
        return tuple(chosen)

    def _round(self, alike: Mapping[frozenset[int], Sequence[str]], most: int) -> list[str]:
        """One test of each kind, each next one with the most that those before did not have."""
        left, new = dict(alike), set().union(*alike)
        order: list[str] = []
        while left and len(order) < most:
            gains = {differ: self._weight(differ & new) for differ in left}
            best = max(left, key=lambda each: (gains[each], -len(each), left[each][0]))
            new -= best
            order.append(left.pop(best)[0])
        return order

    def _weight(self, places: frozenset[int]) -> float:
        return sum(1 / self._tests[place] for place in places)

    @cached_property
    def _tests(self) -> Counter[int]:
        return Counter(place for places in self._differs.values() for place in places)

    @cached_property
    def _by_module(self) -> dict[str, dict[str, frozenset[int]]]:
        return {}

    def _in_module(self, module: str) -> Mapping[str, frozenset[int]]:
        if module not in self._by_module:
            self._by_module[module] = {
                test: frozenset(place for place in places if self._module[place] == module)
                for test, places in self._differs.items()
            }
        return self._by_module[module]
