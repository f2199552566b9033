"""Tests that need what not every handset has, nor every place; a part of `hil.pytest_plugin`.

A test marked ``@needs("test_loads")`` is NOT_APPLICABLE to a handset whose inventory entry does not
declare that capability, unless its testbed has it by itself, as a virtual one has most. Some fixtures
need a capability as well, and decline by themselves.
"""

from __future__ import annotations

import pytest

from hil.marks import NotApplicable
from hil.testbed.bench import Bench, Site
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.opening import offer_of

FIXTURES = {"https": "https", "neighbours": "neighbour_frames", "screen": "screen_operator"}
"""What fixtures need, by name."""


def why_lacking(item: pytest.Item, testbed: Testbed, entry: HandsetEntry) -> str:
    """Why a test will not apply to a handset, before there is a bench of it; empty if it may."""
    fixtures = getattr(item, "fixturenames", ())
    if testbed.kind == "rack" and "screen" in fixtures:
        return "screen_operator: nobody is there"
    needed = [name for mark in item.iter_markers("needs") for name in mark.args]
    needed += [FIXTURES[name] for name in fixtures if name in FIXTURES]
    offer = offer_of(testbed, entry)
    return next(filter(None, (offer.lacks(testbed, entry, name) for name in needed)), "")


class CapabilityMarks:
    """The hooks; ``bench_key`` is where the plugin keeps the bench."""

    def __init__(self, bench_key: pytest.StashKey[Bench[Site]]) -> None:
        self._bench = bench_key

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> None:
        """Decline a test that needs what is not there."""
        bench = pyfuncitem.config.stash.get(self._bench, None)
        if bench is None:
            return
        for mark in pyfuncitem.iter_markers("needs"):
            for name in mark.args:
                if why := bench.lacks(name):
                    raise NotApplicable(why)
