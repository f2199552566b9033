"""The mark by which a test names the requirements that it checks."""

from __future__ import annotations

import pytest

from hil.reference.requirements import requirement as known


def requirement(*names: str) -> pytest.MarkDecorator:
    """Declare what a test checks; UsageError at import for an id that the catalogue does not have."""
    for name in names:
        known(name)
    return pytest.mark.requirement(*names)
