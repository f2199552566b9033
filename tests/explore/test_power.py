"""The generator is worth something: left to itself it finds a good share of what can be wrong."""

from __future__ import annotations

import pytest

from hil.explore.search import explore_round
from hil.explore.tally import Tally
from hil.suite_location import suite_root
from hil.testbed.inventory import load
from hil.testbed.virtual_bench import virtual_bench
from hil.virtual.defects import DEFECTS, firmware_with


def finds(defect: str, rounds: int) -> bool:
    """Whether so many rounds find anything wrong with a phone that has this defect."""
    testbed = load(suite_root() / "testbeds" / "virtual.yaml")
    bench = virtual_bench(testbed, testbed.handset(), firmware=firmware_with([defect]))
    try:
        return any(
            explore_round(bench, f"power/{number}", tally=Tally(), shrink_s=0.0)
            for number in range(rounds)
        )
    finally:
        bench.close()


def test_a_hundred_scenarios_find_a_resync_that_is_forbidden() -> None:
    assert finds("ignores-provision-enable", 1)


@pytest.mark.soak
def test_most_defects_of_all_fields_are_found_without_being_told_where_to_look() -> None:
    fields: dict[str, list[str]] = {}
    for each in DEFECTS.values():
        fields.setdefault(each.requirement, []).append(each.name)
    chosen = [names[0] for names in fields.values()][:30]
    missed = [name for name in chosen if not finds(name, 3)]
    assert len(missed) <= 12, missed
