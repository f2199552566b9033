"""A job: one wrong handset, the tests that are to find it, and what counts as having found it.

`prepare` runs in the forked child, before the bench is built: it may change the configuration of
pytest, patch modules or load others, and nobody else sees it. If it returns an `Observer`, that is
told of each test and its bytes come back with the test's result. Jobs are pure data otherwise, so the
parent can order them as it likes.

Tests run in the order given, with one baseline exchange before them and one after them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import pytest

from hil.judge.findings import Finding

DEADLINE_S = 120.0
"""Wall time after which a child is taken for hung, unless its job says otherwise."""


class Stop(StrEnum):
    """When a job is through: at the first test that kills, or after all tests."""

    FIRST_KILL = "first-kill"
    ALL = "all"


class Kind(StrEnum):
    """What a job is about."""

    SOUND = "sound"
    DEFECT = "defect"
    PAIR = "pair"
    MUTANT = "mutant"


class Observer(Protocol):
    """Looks at each test of a job from inside the child."""

    def before(self, test: str) -> None:
        """A test, by its node id, is about to be set up."""
        ...

    def after(self, test: str) -> bytes:
        """The test is through, with its fixtures torn down; what to send with its result."""
        ...


Prepare = Callable[[pytest.Config], Observer | None]


def as_it_is(config: pytest.Config) -> None:
    """Prepare nothing: the reference handset."""
    del config


def nothing_counts(finding: Finding) -> bool:
    """Count no finding as a kill."""
    del finding
    return False


@dataclass(frozen=True)
class Job:
    """One run of some tests against one handset.

    ``tests`` are node ids of the collected suite. ``counts`` says whether a finding kills, given that
    the test's verdict is FAIL (device). ``deadline_s`` is wall time for the whole job.
    """

    kind: Kind
    name: str
    tests: tuple[str, ...]
    prepare: Prepare = as_it_is
    counts: Callable[[Finding], bool] = nothing_counts
    stop: Stop = Stop.ALL
    deadline_s: float = DEADLINE_S


def breaks(*requirements: str) -> Callable[[Finding], bool]:
    """Count the findings of these requirements, whether a test's check or the monitor made them."""
    return lambda finding: finding.requirement in requirements
