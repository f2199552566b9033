"""Benches whose handset runs the reference, or has a defect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scenario import make_bench

from hil.net import namespace
from hil.suite_location import suite_root
from hil.testbed.inventory import load
from hil.testbed.virtual_bench import VirtualBench, virtual_bench
from hil.virtual.defects import firmware_with

namespace.enter()


@pytest.fixture(scope="module")
def bench() -> Iterator[VirtualBench]:
    made = make_bench(0)
    yield made
    made.close()


@pytest.fixture(scope="module")
def defective() -> Iterator[VirtualBench]:
    """A handset that never tries again after a failed resync."""
    testbed = load(suite_root() / "testbeds" / "virtual.yaml")
    made = virtual_bench(testbed, testbed.handset(), firmware=firmware_with(["retry-never"]))
    yield made
    made.close()
