"""Which tests are likely to find a defect, from a run before: an order of trying and nothing else.

The file that comes with hil has for each defect some of the tests that found it when `make kills` was
run last: as few as find every defect by its clause and give every test a defect of the clause that it
names first. A thin matrix tries these first. It believes none of it: what the file says wrongly, or
does not say, costs runs of tests and changes no verdict, and so does a file that is missing or broken.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from hil.adequacy.report import short
from hil.errors import UsageError

FILE = Path(__file__).with_name("kills.json")

Hints = Mapping[str, Collection[str]]
"""By the name of a defect, tests that may find it, by node id without the folder of the suite."""


def shipped(file: Path = FILE) -> Hints:
    """The hints that come with hil; none at all where they cannot be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, frozenset[str]])
    except (OSError, msgspec.DecodeError):
        return {}


class _Kill(msgspec.Struct):
    test: str


class _Defect(msgspec.Struct):
    name: str
    requirement: str
    kills: list[_Kill]


class _Test(msgspec.Struct):
    id: str
    requirement: str
    finds: list[str]


class _Document(msgspec.Struct):
    defects: list[_Defect]
    tests: list[_Test]


def derived(document: bytes) -> str:
    """The text of the file, from the JSON of `hil adequacy`: a line a defect, sorted.

    `UsageError` for what is no such document.
    """
    try:
        found = msgspec.json.decode(document, type=_Document)
    except msgspec.DecodeError as error:
        raise UsageError(f"no results of hil adequacy: {error}") from error
    killers = {each.name: {kill.test for kill in each.kills} for each in found.defects}
    finds = {test.id: test.finds for test in found.tests}
    chosen = _cover(killers, finds)
    lines = (
        f" {json.dumps(name)}: {json.dumps(sorted(short(test) for test in chosen[name]))}"
        for name in sorted(chosen)
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _cover(
    killers: Mapping[str, set[str]], finds: Mapping[str, Sequence[str]]
) -> dict[str, set[str]]:
    """As few pairs as have every defect that was killed, and every test that found one.

    A pair that does for both a defect and a test saves a run, so there are as many of these as can be:
    a matching of the largest size. What it leaves over has a pair of its own each.
    """
    both = {
        name: sorted(test for test in tests if name in finds.get(test, ()))
        for name, tests in sorted(killers.items())
    }
    chosen: dict[str, set[str]] = defaultdict(set)
    matched = _matching(both)
    for test, name in matched.items():
        chosen[name].add(test)
    for test in sorted(set(finds) - set(matched)):
        if finds[test]:
            chosen[min(finds[test])].add(test)
    for name, tests in killers.items():
        if tests and not tests & chosen[name]:
            chosen[name].add(min(tests))
    return {name: tests for name, tests in chosen.items() if tests}


def _matching(likes: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The defect of each test, as many as can be with one test for each defect: Kuhn's algorithm."""
    taken: dict[str, str] = {}

    def placed(name: str, asked: set[str]) -> bool:
        for test in likes[name]:
            if test in asked:
                continue
            asked.add(test)
            if test not in taken or placed(taken[test], asked):
                taken[test] = name
                return True
        return False

    for name in likes:
        placed(name, set())
    return taken
