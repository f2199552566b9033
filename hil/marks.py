"""The marks of certification tests: the requirements that one checks, and that it is quick."""

from __future__ import annotations

import pytest

from hil.reference.requirements import requirement as known


def requirement(*names: str) -> pytest.MarkDecorator:
    """Declare what a test checks; UsageError at import for an id that the catalogue does not have."""
    for name in names:
        known(name)
    return pytest.mark.requirement(*names)


quick = pytest.mark.quick
"""A test whose timer values are so small that it can wait for them in wall time.

On the testbed ``quick.yaml`` it may take at most `hil.pytest_plugin.QUICK_LAB_S` seconds of lab time;
a run of the quick tests in virtual time holds it to that.
"""
