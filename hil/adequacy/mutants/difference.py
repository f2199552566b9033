"""In which tests a slip makes a difference, and which of them are the most likely to tell.

Two tests in which the same slips of a module make a difference have the module do the same, as far as
that is known; one of them will do at first. And what makes a difference in few tests is what those
tests are about, so a slip weighs the more the rarer it is. Three orders take turns: by what a test adds
in the mutant's module to those before it, by how much of what the test is about lies in the mutant's
function, and by how many words the test's name has in common with the slip's line and function.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice, zip_longest

from hil.adequacy.mutants.sites import Mutant

FEW = 20
"""So many tests are run in which a slip changes a value, and not what its function returns."""


class Difference:
    """What the watched run told; mutants by their places in ``mutants``.

    ``reached`` are those that some test reaches, ``differs`` tells for each test, by its node id, in
    which mutants the slip makes a difference there, ``returns`` in which of them to what the function
    returns, as far as that is known.
    """

    def __init__(
        self,
        mutants: Sequence[Mutant],
        reached: frozenset[int],
        differs: Mapping[str, frozenset[int]],
        returns: Mapping[str, frozenset[int]],
    ) -> None:
        self._place = {mutant.id: place for place, mutant in enumerate(mutants)}
        self._reached = reached
        self._able = Counter(place for places in differs.values() for place in places)
        self._vaguely = differs
        self._differs = returns
        self._module = [mutant.module for mutant in mutants]
        self._functions: dict[tuple[str, str], list[int]] = {}
        for place, mutant in enumerate(mutants):
            function = mutant.module, mutant.function.name
            self._functions.setdefault(function, []).append(place)

    def is_reached(self, mutant: Mutant) -> bool:
        """Whether any test reaches the slip."""
        return self._place[mutant.id] in self._reached

    def able(self, mutant: Mutant) -> int:
        """In how many tests it makes a difference."""
        return self._able[self._place[mutant.id]]

    def telling(self, mutant: Mutant, most: int) -> tuple[str, ...]:
        """Up to so many tests in which it makes a difference, the most telling first.

        Those in which the function returns what it should for all that is known come last, and few.
        """
        orders = (self._adding(mutant, most), self._about(mutant), self._named_like(mutant))
        turns = (test for each in zip_longest(*orders) for test in each if test is not None)
        place = self._place[mutant.id]
        vague = (test for test, places in self._vaguely.items() if place in places)
        first = tuple(islice(dict.fromkeys(turns), most))
        others = islice((test for test in vague if test not in first), FEW)
        return (*first, *others)[:most]

    def _named_like(self, mutant: Mutant) -> list[str]:
        """Those that have words of the slip's line in theirs, the rarest words first."""
        place = self._place[mutant.id]
        wanted = _words(f"{mutant.module} {mutant.function.name} {mutant.line}")
        alike = [
            (sum(1 / self._word_counts[word] for word in wanted & words), test)
            for test, words in self._words.items()
            if place in self._differs[test] and wanted & words
        ]
        return [test for _, test in sorted(alike, key=lambda each: (-each[0], each[1]))]

    def _about(self, mutant: Mutant) -> list[str]:
        """Those that are the most about the mutant's function first."""
        place = self._place[mutant.id]
        own = frozenset(self._functions[mutant.module, mutant.function.name])
        able = [test for test, differ in self._differs.items() if place in differ]

        def share(test: str) -> float:
            return self._weight(self._differs[test] & own) / self._weights[test]

        return sorted(able, key=lambda test: (-share(test), test))

    def _adding(self, mutant: Mutant, most: int) -> list[str]:
        """Those that add the most to what the ones before them do in the module."""
        place = self._place[mutant.id]
        alike: dict[frozenset[int], list[str]] = {}
        for test, differ in self._in_module(mutant.module).items():
            if place in differ:
                alike.setdefault(differ, []).append(test)
        chosen: list[str] = []
        while alike and len(chosen) < most:
            chosen += self._round(alike, most - len(chosen))
            alike = {differ: tests[1:] for differ, tests in alike.items() if tests[1:]}
        return chosen

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

    def _weight(self, places: Iterable[int]) -> float:
        return sum(1 / self._tests[place] for place in places)

    @cached_property
    def _words(self) -> dict[str, frozenset[str]]:
        return {test: _words(test) for test in self._differs}

    @cached_property
    def _word_counts(self) -> Counter[str]:
        return Counter(word for words in self._words.values() for word in words)

    @cached_property
    def _weights(self) -> dict[str, float]:
        return {test: self._weight(differ) for test, differ in self._differs.items()}

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


def _words(name: str) -> frozenset[str]:
    """The longer words of a name, each by its beginning: ``reports`` and ``reporting`` are one."""
    return frozenset(word.lower()[:5] for word in re.findall(r"[A-Za-z]{4,}", name))
