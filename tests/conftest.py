"""What holds for all tests of hil itself."""

from __future__ import annotations

import gc
import os
import signal
from collections import defaultdict
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is. What takes too long is for `benchmarks/`.
settings.register_profile("hil", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hil")

# Whoever runs the tests in the background may have them, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# An ordinary user has Debian's servers, but not always their directories in the path.
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

_SLOW = {
    "tests/adequacy/test_kill_matrix.py": 60,
    "tests/rack/test_https.py": 140,
    "tests/commands/test_phone_peers.py": 120,
    "tests/recovery/test_on_a_rack.py": 100,
    "tests/rack/test_foreign_dhcp.py": 130,
    "tests/commands/test_two_clocks.py": 85,
    "tests/leases/test_kill.py": 80,
    "tests/rack/test_interrupts.py": 80,
    "tests/pace/test_runs.py": 90,
    "tests/doctor/test_rack.py": 80,
    "tests/doctor/test_walk.py": 45,
    "tests/parallel/test_certify.py": 55,
    "tests/power/test_every_driver.py": 85,
    "tests/rack/test_explore.py": 60,
    "tests/test_readme.py": 55,
    "tests/rack/test_certify.py": 50,
    "tests/pace/test_minimum.py": 15,
    "tests/judge/test_accusations.py": 30,
    "tests/leases/test_giving_back.py": 20,
    "tests/rack/test_long_waits.py": 25,
}
"""Seconds that modules roughly take; of one whose tests need nothing in common, each of its tests."""
_APART = "tests/adequacy/test_kill_matrix.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the slow modules to the workers, so that each begins with its part of them.

    pytest-xdist gives each worker as many tests as the others, in this order; whoever is through
    with his takes from the end of another's. So what is slow and comes late is waited for.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow: dict[str, list[pytest.Item]] = defaultdict(list)
    quick = []
    for item in items:
        module = item.nodeid.partition("::")[0]
        if module in _SLOW:
            slow[item.nodeid if module == _APART else module].append(item)
        else:
            quick.append(item)
    items[:] = _dealt(slow, quick, workers)


def _dealt(
    slow: dict[str, list[pytest.Item]], quick: list[pytest.Item], workers: int
) -> Iterable[pytest.Item]:
    hands: list[list[pytest.Item]] = [[] for _ in range(workers)]
    loads = [0] * workers
    for name in sorted(slow, key=lambda name: -_SLOW[name.partition("::")[0]]):
        least = loads.index(min(loads))
        hands[least] += slow[name]
        loads[least] += _SLOW[name.partition("::")[0]]
    total = len(quick) + sum(map(len, hands))
    dealt: list[pytest.Item] = []
    for number, hand in enumerate(hands, start=1):
        dealt += hand
        upto = max(0, total * number // workers - len(dealt))
        dealt += quick[:upto]
        quick = quick[upto:]
    return dealt


def pytest_collection_finish() -> None:
    """Whatever was collected stays; the garbage collector need not look at 12,000 tests each time."""
    gc.collect()
    gc.freeze()
