"""Checks run side by side, in their groups' order, and none of them can hold up the others."""

from __future__ import annotations

import threading

from hil.doctor.examination import examine
from hil.doctor.findings import Check, Finding, NotApplicable, State
from hil.errors import LabError, UsageError


def check(name: str, look: object, group: str = "", deadline_s: float = 5.0) -> Check:
    return Check(name, "x", look, group or name, deadline_s)  # type: ignore[arg-type]


def fails(error: Exception) -> object:
    def look() -> str:
        raise error

    return look


def test_what_came_of_a_check_is_one_of_three() -> None:
    broken = LabError("it is broken", evidence="smoke", next_step="mend it")
    good, bad, unfit, crashed, misuse = examine(
        [
            check("good", lambda: "fine"),
            check("bad", fails(broken)),
            check("unfit", fails(NotApplicable("there is none"))),
            check("crashed", fails(ZeroDivisionError("oops"))),
            check("misuse", fails(UsageError("wrong", file="a.yaml", line=3))),
        ]
    )
    assert (good.state, good.what) == (State.OK, "fine")
    assert (bad.state, bad.what, bad.evidence, bad.next_step) == (
        State.TROUBLE,
        "it is broken",
        "smoke",
        "mend it",
    )
    assert (unfit.state, unfit.what) == (State.SKIPPED, "there is none")
    assert crashed.state is State.TROUBLE
    assert "ZeroDivisionError" in crashed.evidence
    assert "a.yaml:3" in misuse.what


def test_groups_run_side_by_side_and_a_group_in_order() -> None:
    met = threading.Barrier(2, timeout=5)
    order: list[str] = []

    def meet() -> str:
        met.wait()
        return ""

    def first() -> str:
        order.append("first")
        return meet()

    def second() -> str:
        order.append("second")
        return ""

    findings = examine([check("a", first, "g"), check("b", meet), check("c", second, "g")])
    assert {each.state for each in findings} == {State.OK}
    assert order == ["first", "second"]


def test_a_check_that_hangs_is_trouble_and_takes_only_its_group_with_it() -> None:
    release = threading.Event()

    def hang() -> str:
        release.wait(30)
        return "too late"

    told: list[Finding] = []
    try:
        hung, after, other = examine(
            [
                check("hung", hang, "dead", 0.1),
                check("after", lambda: "never", "dead"),
                check("other", lambda: "fine"),
            ],
            told.append,
        )
    finally:
        release.set()
    assert (hung.state, after.state, other.state) == (State.TROUBLE, State.SKIPPED, State.OK)
    assert "0.1 s" in hung.what
    assert "hung did not come back" in after.what
    assert len(told) == 3
