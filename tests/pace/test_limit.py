"""A budget that is a limit: in wall time no test is begun that would end after it, and it is told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hil.judge.timing import Timing
from hil.pace.durations import Durations, Figure
from hil.pace.estimate import Estimator, Speed
from hil.pace.limit import Limit
from hil.pace.measured import Measured
from hil.pace.plan import Crew, planned
from hil.pace.report import Outlook
from hil.pace.tiers import Candidate, Tier
from hil.pace.timers import Pace
from hil.suite_location import suite_root

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
MODULE = "test_quick_timers.py"
PERIODIC = "test_a_periodic_resync_begins_two_seconds_after_the_last"
UPGRADE = "test_a_failed_upgrade_is_tried_again_after_two_seconds"
BUDGET_S = 18.0
"""Room for both tests, and not for one of them that fails."""


# -- by a clock that is told -------------------------------------------------------------------------


class Told:
    """A clock, in seconds."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def estimator(name: str = "a01", **tests: float) -> Estimator:
    durations = Durations(8.0, {test: Figure(each, 0, 0) for test, each in tests.items()}, {})
    speed = Speed(10.0, 0.0, Pace(True, Timing()))
    return Estimator(name, speed, durations, Measured(baselines=[5.0]), quick=True)


def limit(clock: Told, budget_s: float = 100.0, **tests: float) -> Limit:
    return Limit(budget_s, {"a01": estimator(**tests)}, clock)


def test_a_test_has_to_end_within_the_budget_with_the_exchange_after_it() -> None:
    clock = Told()
    held = limit(clock, a=20)
    held.begin()
    clock.seconds += 75
    assert held.refuses("a01", "a") == ""
    clock.seconds += 0.5
    why = held.refuses("a01", "a")
    assert re.fullmatch(
        r"the budget of 100 s was spent by \d\d:\d\d but for 24 s; it takes about 20 s and 5 s for"
        r" the baseline exchange after it",
        why,
    )


def test_the_first_exchange_counts_where_it_was_not_held_yet() -> None:
    clock = Told()
    held = limit(clock, a=20)
    held.begin()
    clock.seconds += 75
    assert held.refuses("a01", "a", exchanges=2)


def test_a_budget_that_is_over_says_when_that_was() -> None:
    clock = Told()
    held = limit(clock, a=20)
    held.begin()
    clock.seconds += 130
    assert re.fullmatch(r"the budget of 100 s was spent by \d\d:\d\d", held.refuses("a01", "a"))


def test_time_runs_from_when_the_handset_is_taken() -> None:
    clock = Told()
    held = limit(clock, a=20)
    clock.seconds += 1000
    assert held.refuses("", "a") == ""
    held.begin()
    assert held.spent_s == 0


def test_a_group_has_time_as_long_as_one_of_its_tests_has() -> None:
    clock = Told()
    held = limit(clock, a=50, b=20)
    held.begin()
    clock.seconds += 70
    assert held.refuses("a01", "a")
    assert held.refuses_all("a01", ["a", "b"]) == ""
    assert held.refuses_all("a01", ["a"])


def test_what_overran_most_comes_first() -> None:
    held = limit(Told(), a=20, b=20, c=20)
    took = [("", "a", 30.0, False), ("", "b", 160.0, False), ("", "c", 20.0, False)]
    came = held.overran([*took, ("", "x::baseline (last)", 9.0, True)])
    assert [each.id for each in came] == ["b", "a", "x::baseline (last)"]
    assert str(came[0]) == "b took 2.7 min instead of 20 s"


def test_a_twentieth_of_a_limit_is_kept_free_by_the_plan() -> None:
    every = [Candidate("a", ("r",)), Candidate("b", ("s",))]
    crew = Crew((estimator(a=45, b=45),), together=True)
    tier = Tier("nightly", 100.0)
    assert planned(every, crew, tier).chosen == ("a", "b")
    assert planned(every, crew, tier, reserve=0.05).chosen == ("a",)


def test_without_anything_left_there_is_nothing_to_say(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    plan = planned([Candidate("a", ("r",))], Crew((estimator(a=45),)), Tier("nightly", 100.0))
    assert Outlook(plan, ("a01",), True, datetime.now(UTC)).untold() == []


# -- by runs in wall time ----------------------------------------------------------------------------


@dataclass
class Ran:
    code: int
    said: str
    errors: str
    told: dict[str, Any]

    @property
    def pace(self) -> dict[str, Any]:
        return dict(self.told["run"]["pace"])

    def tests(self, *, begun: bool) -> list[dict[str, Any]]:
        return [test for test in self.told["tests"] if test.get("begun", True) is begun]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("limits")


@pytest.fixture(scope="module")
def runs(place: Path) -> dict[str, Ran]:
    """A sound phone, a broken one, and two broken ones that share, all at the same time."""
    quick = (suite_root() / "testbeds" / "quick.yaml").read_text()
    file = place / "two.yaml"
    second = quick[quick.index("  - name: v1") :].replace("name: v1", "name: v2")
    for one, other in (("aa:bb:cc", "aa:bb:cd"), ("BA01234", "BA01235"), ("let: 1", "let: 2")):
        second = second.replace(one, other)
    file.write_text(quick.rstrip() + "\n" + second)
    broken = ("--defect", "periodic-never")
    asked = {
        "sound": ("--handset", "v1"),
        "broken": ("--handset", "v1", *broken, "--out", str(place / "out")),
        "shared": ("--handset", "all", *broken, "test_resync_on_reset.py"),
        "each": ("--handset", "all", "--each", *broken),
    }
    chosen = "a_periodic_resync_begins or a_failed_upgrade_is_tried or reboot_triggers"
    common = (
        "--tier",
        "nightly",
        "--wall-clock",
        "--testbed",
        str(file),
        "-k",
        chosen,
        MODULE,
        "--budget",
        str(BUDGET_S / 60),
    )

    def run(name: str) -> Ran:
        document = place / f"{name}.json"
        done = subprocess.run(
            [*HIL, "certify", "--json", str(document), *common, *asked[name]],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=os.environ | {"HIL_STATE_DIR": str(place / name)},
        )
        assert document.exists(), done.stderr
        return Ran(done.returncode, done.stdout, done.stderr, json.loads(document.read_text()))

    with ThreadPoolExecutor(len(asked)) as pool:
        return dict(zip(asked, pool.map(run, asked), strict=True))


def test_a_sound_run_is_untouched_by_its_limit(runs: dict[str, Ran]) -> None:
    ran = runs["sound"]
    assert (ran.code, ran.tests(begun=False)) == (0, []), ran.said
    assert ran.pace["estimate_s"] <= 0.95 * BUDGET_S
    assert ran.pace["not_begun"] == []
    assert "not begun" not in ran.said + ran.errors


def test_a_budget_that_failing_tests_spent_is_told_everywhere(
    runs: dict[str, Ran], place: Path
) -> None:
    ran = runs["broken"]
    assert ran.code == 1, ran.said
    (failed,), (missed,) = ran.tests(begun=True), ran.tests(begun=False)
    assert (failed["verdict"], missed["verdict"]) == ("FAIL", "INCONCLUSIVE")
    (why,) = missed["remarks"]
    assert why.startswith(f"not begun: the budget of {BUDGET_S:g} s was spent by ")
    # What is under way is not cut: no more than that and the last baseline exchange come after.
    assert ran.pace["took_s"] <= BUDGET_S + failed["wall_s"]
    assert ran.told["run"]["planned"] == ran.told["run"]["concluded"] == 2
    assert ran.pace["not_begun"] == [missed["id"]]
    assert ran.pace["overran"][0]["id"] == failed["id"]
    assert ran.pace["overran"][0]["took_s"] > ran.pace["overran"][0]["estimate_s"]
    assert "1 test not begun: the budget of 18 s was spent" in ran.said
    assert f"{PERIODIC} took " in ran.said
    assert "has room for all of it" in ran.said
    (case,) = [
        each
        for each in ET.parse(place / "out" / "junit.xml").iter("testcase")  # noqa: S314
        if each.get("name") == UPGRADE
    ]
    assert why in "".join(case.itertext()) + str([each.attrib for each in case])
    allure = [each.read_text() for each in (place / "out" / "allure").glob("*-result.json")]
    assert sum(why in each for each in allure) == 1


def test_each_of_several_handsets_has_its_own_time(runs: dict[str, Ran]) -> None:
    ran = runs["each"]
    assert ran.code == 1, ran.said
    assert {test["handset"] for test in ran.tests(begun=False)} == {"v1", "v2"}
    assert ran.told["run"]["planned"] == ran.told["run"]["concluded"] == 4
    assert len(ran.pace["not_begun"]) == 2


def test_a_handset_without_time_leaves_what_waits_to_others(runs: dict[str, Ran]) -> None:
    ran = runs["shared"]
    assert ran.code == 1, ran.said
    (missed,) = ran.tests(begun=False)
    assert missed["id"].endswith(UPGRADE)
    # The other module was tested, by the handset that had time.
    assert sum("test_resync_on_reset" in test["id"] for test in ran.tests(begun=True)) >= 1
