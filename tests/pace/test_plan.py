"""Plans: the order of a tier, what fits a budget, how long several handsets take together."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

import msgspec
import pytest

from hil.errors import UsageError
from hil.judge.timing import Timing
from hil.pace.durations import Durations, Figure, derived, shipped
from hil.pace.estimate import DECLINED_S, STANDARD, Basis, Estimator, Speed, speed_of
from hil.pace.measured import Measured
from hil.pace.plan import Crew, planned
from hil.pace.tiers import TIERS, Candidate, Tier, in_order
from hil.pace.timers import Pace
from hil.testbed.inventory import load
from hil.testbed.models import HandsetEntry

COLLECT = """
import json
from hil.adequacy.suite import with_suite
print(json.dumps(with_suite(lambda of: dict(of.tests))))
"""

RACK = """
name: rack
kind: rack
network: {interface: eth1, attach: macvlan, subnet: 192.0.2.0/24}
pdus: [{name: p, driver: snmp, model: apc-rpdu, host: 192.0.2.9, version: v2c, outlets: 8}]
handsets:
  - name: a01
    mac: "00:0e:08:00:00:01"
    serial: X1
    power: {pdu: p, outlet: 1}
    timing: {boot: 60}
"""


def durations(**rest: float) -> Durations:
    return Durations(8.0, {name: Figure(each, 1, 1) for name, each in rest.items()}, {})


def phone(
    figures: Durations,
    name: str = "a01",
    boot_s: float = 10.0,
    known: Measured | None = None,
    declined: Collection[str] = (),
) -> Estimator:
    speed = Speed(boot_s, 0.0, Pace(True, Timing(early=0.01, late=0.2)))
    return Estimator(name, speed, figures, known or Measured(baselines=[5.0]), True, declined)


def named(**requirements: str) -> list[Candidate]:
    return [Candidate(name, tuple(each.split())) for name, each in requirements.items()]


def tier(seconds: float | None) -> Tier:
    return Tier("nightly", seconds)


@cache
def suite() -> tuple[Candidate, ...]:
    """The suite as a run collects it: in a process that has not collected it already.

    pytest makes other ids of the same parameters when it collects a module for the second time.
    """
    done = subprocess.run(
        [sys.executable, "-c", COLLECT], capture_output=True, text=True, timeout=120, check=True
    )
    collected: Mapping[str, tuple[str, ...]] = json.loads(done.stdout.splitlines()[-1])
    return tuple(
        Candidate(name, tuple(of), name.removeprefix("tests/certification/") in SMOKE)
        for name, of in collected.items()
    )


SMOKE = (
    "test_tours.py::test_a_phone_that_finds_nothing_tries_again_and_is_led_to_another_server",
    "test_tours.py::test_a_phone_with_a_line_obeys_notify_and_its_web_page",
    "test_resync_on_reset.py::test_every_reboot_triggers_a_resync",
)


# -- the figures that come with hil ------------------------------------------------------------------


def test_every_test_of_the_suite_has_its_figures() -> None:
    missing = [each.id for each in suite() if shipped().of(each.id, quick=True) is None]
    assert missing == [], "run `make durations`"


def test_figures_are_of_tests_that_there_are() -> None:
    known = {each.id.removeprefix("tests/certification/") for each in suite()}
    assert set(shipped().usual) | set(shipped().quick) <= known, "run `make durations`"


def test_figures_are_made_of_three_runs() -> None:
    usual = b"""{"tests": [
        {"id": "tests/certification/test_a.py::test_b", "lab_s": 3630.0, "boots": 2, "restores": 1,
         "boot_s": [10.0], "timers": {"Resync_Periodic": [3600]}},
        {"id": "tests/certification/test_a.py::test_c", "lab_s": 17.0, "boots": 1, "restores": 1,
         "boot_s": [10.0]}]}"""
    quick = usual.replace(b"3630.0", b"32.0").replace(b"[3600]", b"[2]")
    # Its timer runs out three times, beside a second of something else.
    slow = usual.replace(b"3630.0", b"206.0").replace(b"[3600]", b"[60]")
    text = derived(usual, quick, slow)
    assert derived(usual, quick, slow) == text
    made = msgspec.json.decode(text, type=Durations)
    # A reboot of the phone's own is not timed, and has no rest without power before it.
    assert made.usual["test_a.py::test_b"] == Figure(3605.0, 2, 1, {"Resync_Periodic": (3600,)}, 3)
    assert made.quick == {"test_a.py::test_b": Figure(7.0, 2, 1, {"Resync_Periodic": (2,)}, 3)}
    assert made.of("tests/certification/test_a.py::test_c", quick=True) == Figure(2.0, 1, 1)


@pytest.mark.parametrize("broken", [b"", b"{}", b'{"tests": [{}]}', b"[1]"])
def test_what_is_no_result_of_a_run_makes_no_figures(broken: bytes) -> None:
    with pytest.raises(UsageError, match="no results"):
        derived(broken, broken, broken)


# -- estimates ---------------------------------------------------------------------------------------


def test_a_test_takes_what_it_took_on_this_phone() -> None:
    known = Measured(quick={"a": [30.0, 31.0, 90.0]})
    estimate = phone(durations(a=5), known=known).of("a")
    assert (estimate.seconds, estimate.basis) == (31.0, Basis.MEASURED)


def test_an_unmeasured_test_takes_its_time_and_its_boots() -> None:
    estimate = phone(durations(a=5)).of("a")
    assert (estimate.seconds, estimate.basis) == (15.0, Basis.SHIPPED)


def test_of_an_unknown_test_the_estimate_is_a_guess() -> None:
    assert phone(durations(a=5)).of("elsewhere.py::test").basis is Basis.GUESSED


def test_a_phone_that_allows_no_small_timers_takes_longer_and_says_so() -> None:
    figures = Durations(8.0, {}, {"a": Figure(6.0, 1, 1, {"Resync_Periodic": (2,)}, 2)})
    pace = Pace(True, Timing(early=0.01, late=0.2), 60)
    estimate = Estimator("a01", Speed(10, 0, pace), figures, Measured(), True).of("a")
    assert (estimate.seconds, estimate.slowed) == (10 + 6 + 2 * 58, True)


def test_a_test_that_does_not_apply_takes_no_boot_whatever_it_took_elsewhere() -> None:
    known = Measured(quick={"a": [500.0]})
    estimate = phone(durations(a=400), known=known, declined={"a"}).of("a")
    assert (estimate.seconds, estimate.basis) == (DECLINED_S, Basis.DECLINED)


def rack(tmp_path: Path) -> HandsetEntry:
    file = tmp_path / "rack.yaml"
    file.write_text(RACK)
    return load(file).handset("a01")


def test_a_phone_boots_as_its_entry_allows_until_it_was_measured(tmp_path: Path) -> None:
    entry, figures = rack(tmp_path), durations()
    fresh = speed_of(entry, figures, real=True, quick=True, known=Measured())
    assert fresh.boot_s == 60 + entry.minimum_off_s
    assert 60 < fresh.restore_s < 90
    known = Measured(boots=[40.0, 42.0, 41.0], restores=[55.0])
    measured = speed_of(entry, figures, real=True, quick=True, known=known)
    assert (measured.boot_s, measured.restore_s) == (41.0 + entry.minimum_off_s, 55.0)


# -- order -------------------------------------------------------------------------------------------


def test_smoke_comes_first_then_each_requirement_cheaply_then_the_rest() -> None:
    figures = durations(slow=500, smoke=300, both=20, first=10, second=11, again=1)
    candidates = [
        Candidate("slow", ("r.three",)),
        Candidate("again", ("r.smoke",)),
        Candidate("first", ("r.one",)),
        Candidate("second", ("r.two",)),
        Candidate("both", ("r.one", "r.two")),
        Candidate("smoke", ("r.smoke",), smoke=True),
    ]
    ids = [each.id for each in in_order(candidates, figures)]
    # `both` checks two requirements in less time than `first` and `second` would.
    assert ids == ["smoke", "both", "slow", "again", "first", "second"]


def test_the_order_is_the_same_however_the_suite_is_collected() -> None:
    order = [each.id for each in in_order(suite(), shipped())]
    shuffled = list(suite())
    random.Random(7).shuffle(shuffled)  # noqa: S311
    assert [each.id for each in in_order(shuffled, shipped())] == order
    assert sorted(order) == sorted(each.id for each in suite())


def test_the_suites_order_begins_with_smoke_and_covers_everything_before_it_repeats() -> None:
    order = in_order(suite(), shipped())
    smoke = sum(each.smoke for each in suite())
    assert all(each.smoke for each in order[:smoke])
    every = {name for each in suite() for name in each.requirements}
    seen: set[str] = set()
    for each in order[smoke:]:
        if not set(each.requirements) - seen - {n for s in order[:smoke] for n in s.requirements}:
            break
        seen |= set(each.requirements)
    assert seen | {n for s in order[:smoke] for n in s.requirements} == every


def test_what_applies_to_no_phone_comes_last_and_covers_nothing() -> None:
    candidates = [
        Candidate("declined", ("r.one", "r.two"), smoke=True, applies=False),
        Candidate("other", ("r.one",)),
        Candidate("smoke", ("r.three",), smoke=True),
    ]
    figures = durations(declined=1, other=100, smoke=20)
    assert [each.id for each in in_order(candidates, figures)] == ["smoke", "other", "declined"]
    plan = planned(candidates, Crew((phone(figures, declined={"declined"}),)), tier(45))
    assert (plan.chosen, plan.left_out) == (("smoke",), ("declined", "other"))
    # r.two is left out by nobody: there is no test of it here.
    assert plan.uncovered == ("r.one",)
    with pytest.raises(UsageError, match="--budget 1 is enough"):
        planned(candidates, Crew((phone(figures, declined={"declined"}),)), tier(5))


# -- budgets -----------------------------------------------------------------------------------------


def test_what_does_not_fit_is_left_out_and_the_next_one_tried() -> None:
    figures = durations(a=10, b=500, c=20)
    crew = Crew((phone(figures),), together=True)
    plan = planned(named(a="r.one", b="r.two", c="r.three"), crew, tier(100))
    assert (plan.chosen, plan.left_out, plan.uncovered) == (("a", "c"), ("b",), ("r.two",))
    # Two tests with a boot each, and a baseline exchange before and after.
    assert plan.seconds == (10 + 10) + (20 + 10) + 2 * 5


def test_every_exchange_between_modules_is_in_the_budget() -> None:
    figures = durations(**{"x.py::a": 10, "y.py::b": 10})
    every = [Candidate("x.py::a", ("r.one",)), Candidate("y.py::b", ("r.two",))]
    one = phone(figures)
    assert planned(every, Crew((one,)), tier(1000)).seconds == 40 + 4 * 5
    assert planned(every, Crew((one,), adjoining=True), tier(1000)).seconds == 40 + 3 * 5
    assert planned(every, Crew((one,), together=True), tier(1000)).seconds == 40 + 2 * 5


def test_a_budget_in_which_nothing_fits_is_a_mistake_that_names_one_which_would() -> None:
    crew = Crew((phone(durations(a=300)),), together=True)
    with pytest.raises(UsageError, match="--budget 6"):
        planned(named(a="r.one"), crew, tier(120))
    assert planned(named(a="r.one"), crew, tier(360)).chosen == ("a",)


def test_a_tier_of_nothing_is_a_mistake() -> None:
    crew = Crew((phone(durations(a=1)),))
    with pytest.raises(UsageError, match="smoke"):
        planned(named(a="r.one"), crew, TIERS["smoke"])


def test_without_a_budget_all_are_taken_in_the_suites_order() -> None:
    crew = Crew((phone(durations(b=9000, a=1)),))
    plan = planned(named(b="r.one", a="r.two"), crew, TIERS["full"])
    assert (plan.chosen, plan.left_out) == (("b", "a"), ())


def test_a_faster_phone_takes_the_same_tests_and_more() -> None:
    """The order has nothing of the phone in it."""
    chosen = [
        set(planned(suite(), Crew((phone(shipped(), boot_s=boot_s),)), TIERS["nightly"]).chosen)
        for boot_s in (60.0, 20.0)
    ]
    assert len(chosen[0]) < len(chosen[1])
    assert len(chosen[0] - chosen[1]) < len(chosen[0]) / 20


def test_a_phone_that_boots_in_a_minute_has_both_tours_in_ten(tmp_path: Path) -> None:
    speed = speed_of(rack(tmp_path), shipped(), real=True, quick=True, known=Measured())
    crew = Crew((Estimator("a01", speed, shipped(), Measured(), True),), together=True)
    plan = planned(suite(), crew, TIERS["smoke"])
    assert {f"tests/certification/{name}" for name in SMOKE[:2]} <= set(plan.chosen)
    assert plan.seconds < 600
    assert plan.left_out
    assert STANDARD.boot_s == speed.boot_s


# -- several handsets --------------------------------------------------------------------------------


def test_handsets_that_share_take_groups_as_they_are_free() -> None:
    figures = durations(**{"x.py::a": 90, "x.py::b": 90, "y.py::a": 40, "z.py::a": 40})
    every = [Candidate(name, ("r",)) for name in figures.usual]
    two = (phone(figures, "a01"), phone(figures, "a02"))
    plan = planned(every, Crew(two), None)
    # One takes x.py, the other y.py and z.py; each module has two exchanges.
    assert plan.seconds == 2 * 100 + 10
    assert planned(every, Crew(two, at_once=1), None).seconds == 2 * 100 + 2 * 50 + 3 * 10


def test_handsets_that_take_all_are_as_slow_as_the_slowest() -> None:
    figures = durations(a=10)
    crew = Crew((phone(figures, "a01"), phone(figures, "a02", 50)), each=True, together=True)
    assert planned(named(a="r"), crew, None).seconds == 60 + 10


def test_handsets_that_take_turns_take_longer_together_but_no_more_a_phone() -> None:
    figures = durations(a=10, b=10)
    phones = tuple(phone(figures, f"a{n}") for n in range(5))
    crew = Crew(phones, each=True, at_once=2, together=True)
    plan = planned(named(a="r", b="r"), crew, tier(50))
    assert plan.chosen == ("a", "b")
    assert plan.seconds == 3 * 50


def test_the_budget_is_each_phones_so_several_get_through_more() -> None:
    figures = durations(**{f"{module}.py::t": 40 for module in "stuvwxyz"})
    every = [Candidate(name, ("r",)) for name in figures.usual]
    alone = planned(every, Crew((phone(figures),)), tier(130))
    four = planned(every, Crew(tuple(phone(figures, f"a{n}") for n in range(4))), tier(130))
    assert (len(alone.chosen), len(four.chosen)) == (2, 8)
    assert four.seconds <= 130


def test_what_applies_to_one_phone_alone_is_estimated_by_that() -> None:
    figures = durations(a=10)
    crew = Crew((phone(figures, declined={"a"}), phone(figures, "a02")), each=True, together=True)
    plan = planned(named(a="r"), crew, None)
    assert plan.seconds == 20 + 10
    assert plan.bases == {Basis.SHIPPED: 1}


def test_measured_counts_only_what_was_measured_on_every_phone() -> None:
    figures = durations(a=10)
    known = phone(figures, "a01", known=Measured(quick={"a": [9.0]}))
    plan = planned(named(a="r"), Crew((known, phone(figures, "a02")), each=True), None)
    assert plan.measured == 0
