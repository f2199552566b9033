"""The marks of certification tests: what one checks and needs, that it is quick, or smoke."""

from __future__ import annotations

import pytest

from hil.errors import UsageError
from hil.reference.interpretations import CATALOGUE
from hil.reference.requirements import requirement as known
from hil.testbed.capabilities import Capabilities


def requirement(*names: str) -> pytest.MarkDecorator:
    """Declare what a test checks; UsageError at import for an id that the catalogue does not have."""
    for name in names:
        known(name)
    return pytest.mark.requirement(*names)


quick = pytest.mark.quick
"""A test whose timer values are so small that it can wait for them in wall time.

On the testbed ``quick.yaml`` it may take at most `hil.pytest_tiers.QUICK_LAB_S` seconds of lab time;
a run of the quick tests in virtual time holds it to that.
"""


smoke = pytest.mark.smoke
"""A test of the tier `smoke`: central, short, and with as few boots as can be; see `hil.pace.tiers`."""


def needs(*capabilities: str) -> pytest.MarkDecorator:
    """Declare that a test applies only to a handset, and a place, that have these capabilities.

    Elsewhere it is NOT_APPLICABLE, and says which one is missing. UsageError at import for what is no
    yes or no of `hil.testbed.capabilities.Capabilities`.
    """
    fields = Capabilities.model_fields
    flags = sorted(name for name in fields if isinstance(fields[name].default, bool))
    if unknown := set(capabilities) - set(flags):
        raise UsageError(
            f"no capability is called {', '.join(sorted(unknown))}", remedy=", ".join(flags)
        )
    return pytest.mark.needs(*capabilities)


class NotApplicable(Exception):
    """A test does not apply to the handset, for the reason that it says; it is no trouble of anyone."""


def reading(**wanted: str | int | tuple[str | int, ...]) -> pytest.MarkDecorator:
    """Declare that a test's own expectations hold for certain readings of open questions only.

    Each question is given its reading, or a tuple of several. Where the testbed has chosen another one
    for the handset the test is NOT_APPLICABLE. UsageError at import for what is no question or reading.
    """
    candidates = {entry.name: tuple(map(str, entry.candidates)) for entry in CATALOGUE}
    allowed = {}
    for name, value in wanted.items():
        chosen = tuple(map(str, value if isinstance(value, tuple) else (value,)))
        if unknown := set(chosen) - set(candidates.get(name, ())):
            raise UsageError(
                f"{name} cannot be read as {', '.join(sorted(unknown))}",
                remedy=f"see `hil interpretations show {name}`",
            )
        allowed[name] = chosen
    return pytest.mark.reading(**allowed)
