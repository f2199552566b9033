"""Values for timers: as asked for, never below what is allowed, never too close to be told apart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import UsageError
from hil.judge.timing import Timing
from hil.pace.timers import Pace, longer_s

EXACT = Timing(early=0.01, late=0.2)
RETRY = "Resync_Error_Retry_Delay"


def test_a_timer_has_its_usual_value_unless_quick_ones_are_wanted() -> None:
    assert Pace(False, EXACT).timer("Resync_Periodic", 3600, quick=2) == 3600
    assert Pace(True, EXACT).timer("Resync_Periodic", 3600, quick=2) == 2


def test_a_usual_value_is_taken_where_no_quick_one_is_given() -> None:
    assert Pace(True, EXACT).timer("Resync_Periodic", 7) == 7


@pytest.mark.parametrize(
    ("minimum_s", "given_s"), [(None, 2), (0, 2), (2, 2), (29.5, 30), (60, 60)]
)
def test_no_value_is_below_what_the_phone_allows(minimum_s: float | None, given_s: int) -> None:
    pace = Pace(True, EXACT, minimum_s)
    assert pace.timer("Resync_Periodic", 3600, quick=2) == given_s
    assert bool(pace.slowed) == (given_s > 2)


def test_no_value_is_below_what_its_parameter_allows() -> None:
    assert Pace(True, EXACT).timer("Resync_At_Random_Delay", 900, quick=2) == 600


def test_a_list_stays_a_list_of_different_values_in_the_same_order_of_size() -> None:
    assert Pace(True, EXACT).timers(RETRY, (600, 1200, 300), quick=(4, 8, 2)) == (4, 8, 2)
    assert Pace(True, EXACT, 60).timers(RETRY, (600, 1200, 300), quick=(4, 8, 2)) == (61, 62, 60)
    late = Pace(True, Timing(early=0.2, late=6.0))
    assert late.timers(RETRY, (300, 900, 300), quick=(1, 3, 1)) == (1, 8, 1)


@given(
    st.lists(st.integers(1, 100), min_size=1, max_size=8).map(tuple),
    st.floats(0, 20),
    st.floats(0, 5),
    st.floats(0, 500),
)
def test_what_is_different_can_be_told_apart_whatever_the_tolerances(
    wanted: tuple[int, ...], late: float, early: float, minimum_s: float
) -> None:
    given = Pace(True, Timing(early=early, late=late), minimum_s).timers(RETRY, wanted)
    assert all(value >= max(asked, minimum_s) for asked, value in zip(wanted, given, strict=True))
    pairs = sorted(set(zip(wanted, given, strict=True)))
    for (small, first), (large, second) in pairwise(pairs):
        assert small < large
        assert second - early > first + late
    # The first one is not confused with what begins at once.
    assert min(given) > early


def test_what_a_parameter_cannot_hold_is_the_inventorys_mistake() -> None:
    with pytest.raises(UsageError, match="65535 is the most"):
        Pace(True, EXACT, 70_000).timer("Forced_Resync_Delay", 600, quick=2)


@pytest.mark.parametrize(
    ("usual", "quick"), [((), None), ((0,), None), ((5,), (-1,)), ((5, 6), (1,))]
)
def test_what_is_no_timer_is_a_mistake_of_the_test(
    usual: tuple[int, ...], quick: tuple[int, ...] | None
) -> None:
    with pytest.raises(UsageError):
        Pace(True, EXACT).timers(RETRY, usual, quick=quick)


def test_what_was_asked_for_is_known_afterwards() -> None:
    pace = Pace(True, EXACT)
    pace.timers(RETRY, (60, 120), quick=(1, 3))
    pace.timer("Resync_Periodic", 3600, quick=2)
    pace.timer(RETRY, 60, quick=5)
    assert pace.asked == {RETRY: (1, 3, 5), "Resync_Periodic": (2,)}


def test_by_how_much_the_timers_of_a_phone_with_a_minimum_are_longer() -> None:
    asked = {RETRY: (1, 3)}
    assert longer_s(Pace(True, EXACT), asked) == 0
    assert longer_s(Pace(True, EXACT, 60), asked) == 60 + 61 - 4
    assert longer_s(Pace(True, EXACT, 60), {}) == 0
    assert longer_s(Pace(True, EXACT, 70_000), {"Forced_Resync_Delay": (2,)}) == 0
