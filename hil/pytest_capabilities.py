"""Tests that need what not every handset has, nor every place; a part of `hil.pytest_plugin`.

A test marked ``@needs("test_loads")`` is NOT_APPLICABLE to a handset whose inventory entry does not
declare that capability, unless its testbed has it by itself, as a virtual one has most.
"""

from __future__ import annotations

import pytest

from hil.marks import NotApplicable
from hil.testbed.bench import Bench, Site


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
