"""The jobs of the defect catalogue: the sound handset, each defect, and pairs of them.

A defect is run against every test that names the requirement which it breaks, and killed only by a
finding of that requirement. A pair is run against the tests of both, and killed by either: a defect
whose clause says nothing beside the other one is masked.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

import pytest

from hil.adequacy.job import DEADLINE_S, Job, Kind, Prepare, as_it_is, breaks
from hil.adequacy.suite import Suite
from hil.errors import UsageError
from hil.virtual.defect import Defect

_SOUND_TEST_S = 4.0
"""Wall time that a test of a long sound run may take, on average; some hundredths are usual."""

EQUIVALENT: Mapping[str, str] = MappingProxyType({})
"""Defects that no test can find, since no phone shows them, each with the reason."""


def with_defects(*names: str) -> Prepare:
    """Give the handset these defects, in this order."""

    def prepare(config: pytest.Config) -> None:
        config.option.hil_defect = list(names)

    return prepare


def defect_job(suite: Suite, defect: Defect) -> Job:
    """A defect against all tests that name its requirement."""
    return Job(
        Kind.DEFECT,
        defect.name,
        suite.naming(defect.requirement),
        with_defects(defect.name),
        breaks(defect.requirement),
    )


def pair_name(one: Defect, other: Defect) -> str:
    """The name of a pair's job."""
    return f"{one.name},{other.name}"


def pair_job(suite: Suite, one: Defect, other: Defect) -> Job:
    """Two defects in one handset, against the tests of both."""
    requirements = (one.requirement, other.requirement)
    return Job(
        Kind.PAIR,
        pair_name(one, other),
        suite.naming(*requirements),
        with_defects(one.name, other.name),
        breaks(*requirements),
    )


def random_pairs(
    defects: Sequence[Defect], count: int, seed: int
) -> tuple[tuple[Defect, Defect], ...]:
    """Draw ``count`` different pairs of different defects; the same ones for the same seed.

    UsageError if there are not so many.
    """
    possible = len(defects) * (len(defects) - 1) // 2
    if count > possible:
        raise UsageError(
            f"{len(defects)} defects make {possible} pairs, not {count}",
            remedy="fewer pairs, or more defects",
        )
    chance = random.Random(seed)  # noqa: S311
    drawn: dict[frozenset[str], tuple[Defect, Defect]] = {}
    while len(drawn) < count:
        one, other = chance.sample(defects, 2)
        drawn.setdefault(frozenset({one.name, other.name}), (one, other))
    return tuple(drawn.values())


def sound_jobs(
    suite: Suite, tests: Sequence[str], shares: int, prepare: Prepare = as_it_is
) -> list[Job]:
    """The reference handset against ``tests``, in about so many jobs of whole modules each.

    ``prepare`` may put an observer in; the handset has to stay the reference.
    """
    order = {name: place for place, name in enumerate(suite.tests)}
    ordered = sorted(tests, key=order.__getitem__)
    modules = [tuple(group) for _, group in groupby(ordered, lambda name: name.partition("::")[0])]
    fill = max(1, -(-len(ordered) // shares))
    bins: list[list[str]] = [[]]
    for module in modules:
        if len(bins[-1]) >= fill:
            bins.append([])
        bins[-1] += module
    return [
        Job(
            Kind.SOUND,
            f"the reference, part {number}",
            tuple(each),
            prepare,
            deadline_s=max(DEADLINE_S, _SOUND_TEST_S * len(each)),
        )
        for number, each in enumerate(bins, 1)
        if each
    ]
