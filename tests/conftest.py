"""What holds for all tests of hil itself."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is. What takes too long is for `benchmarks/`.
settings.register_profile("hil", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hil")

_IN_WALL_TIME = (
    "tests/rack/",
    "tests/recovery/test_on_a_rack.py",
    "tests/leases/test_kill.py",
    "tests/leases/test_giving_back.py",
    "tests/commands/test_two_clocks.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what mostly waits, so that one worker waits while the others work."""
    items.sort(key=lambda item: not item.nodeid.startswith(_IN_WALL_TIME))
