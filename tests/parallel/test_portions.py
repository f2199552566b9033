"""Who tests what: nothing is tested twice, nothing is forgotten, whoever fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.commands.certify_several import without_verdict
from hil.errors import UsageError
from hil.parallel.portions import MOST_LOSSES, Group, Portions


def groups(*sizes: int) -> list[Group]:
    return [Group(f"g{n}", tuple(f"g{n}::t{k}" for k in range(s))) for n, s in enumerate(sizes)]


def test_the_longest_group_is_given_first_and_each_once() -> None:
    portions = Portions(groups(1, 3, 2), ["a", "b"])
    assert (portions.next_for("a"), portions.next_for("b")) == (1, 2)
    portions.concluded("a")
    assert portions.next_for("a") == 0
    portions.concluded("b")
    assert portions.next_for("b") is None
    assert not portions.over
    portions.concluded("a")
    assert portions.over
    assert portions.planned == 6
    assert portions.done_by() == {"a": ("g1", "g0"), "b": ("g2",)}


def test_with_each_every_handset_takes_every_group() -> None:
    portions = Portions(groups(1, 2), ["a", "b"], each=True)
    for name in "ab":
        for due in (1, 0):
            assert portions.next_for(name) == due
            portions.concluded(name)
    assert portions.over
    assert portions.planned == 6
    assert portions.done_by()["a"] == portions.done_by()["b"] == ("g1", "g0")


def test_an_unfinished_group_goes_to_another_handset() -> None:
    portions = Portions(groups(2, 1), ["a", "b"])
    assert (portions.next_for("a"), portions.next_for("b")) == (0, 1)
    portions.concluded("b")
    assert portions.lose("a", "no link") == 0
    assert portions.next_for("b") == 0
    portions.concluded("b")
    assert portions.over
    assert portions.untested() == []
    assert portions.lost() == {"a": "no link"}


def test_a_group_in_which_two_handsets_are_lost_is_given_to_nobody_again() -> None:
    portions = Portions(groups(2), ["a", "b", "c"])
    for name in ("a", "b"):
        assert portions.next_for(name) == 0
        portions.lose(name, "it died")
    assert MOST_LOSSES == 2
    assert portions.next_for("c") is None
    assert portions.over
    assert portions.untested() == [("", 0, "2 handsets were lost in it")]


def test_what_nobody_is_left_for_is_untested_with_the_reasons() -> None:
    portions = Portions(groups(1, 1, 1), ["a"])
    portions.next_for("a")
    portions.lose("a", "no power")
    assert portions.over
    told = portions.untested()
    assert sorted(index for _, index, _ in told) == [0, 1, 2]
    assert all("a: no power" in why for _, _, why in told)


def test_with_each_what_a_handset_leaves_is_its_own() -> None:
    portions = Portions(groups(1, 1), ["a", "b"], each=True)
    portions.next_for("a")
    portions.lose("a", "no power")
    assert [(name, why) for name, _, why in portions.untested()] == [("a", "no power")] * 2
    assert not portions.over


def test_a_handset_has_one_group_at_a_time_and_none_once_it_is_lost() -> None:
    portions = Portions(groups(1, 1), ["a", "b"])
    portions.next_for("a")
    with pytest.raises(UsageError):
        portions.next_for("a")
    portions.lose("a", "")
    with pytest.raises(UsageError):
        portions.next_for("a")


@pytest.mark.parametrize("names", [[], ["a", "a"]])
def test_handsets_are_told_apart(names: list[str]) -> None:
    with pytest.raises(UsageError):
        Portions(groups(1), names)


@given(
    sizes=st.lists(st.integers(1, 5), max_size=8),
    handsets=st.integers(1, 5),
    each=st.booleans(),
    choices=st.lists(st.tuples(st.integers(0, 4), st.sampled_from("gcl")), max_size=80),
)
def test_whatever_happens_each_test_is_concluded_once_or_untested(
    sizes: list[int], handsets: int, each: bool, choices: list[tuple[int, str]]
) -> None:
    names = [f"h{n}" for n in range(handsets)]
    portions = Portions(groups(*sizes), names, each=each)
    working: dict[str, int] = {}
    done: list[tuple[str, int]] = []
    rounds = [*choices, *[(n % handsets, what) for n in range(99 * handsets) for what in "gc"]]
    for number, what in rounds:
        name = names[number % handsets]
        if name in portions.lost():
            continue
        if what == "l":
            assert portions.lose(name, "lost") == working.pop(name, None)
        elif what == "c" and name in working:
            done.append((name if each else "", working.pop(name)))
            portions.concluded(name)
        elif what == "g" and name not in working:
            index = portions.next_for(name)
            if index is not None:
                working[name] = index
    assert portions.over
    untested = [(name, index) for name, index, _ in portions.untested()]
    owners = names if each else [""]
    due = [(name, index) for name in owners for index in range(len(sizes))]
    assert sorted(done + untested) == sorted(due)
    assert sum(sizes[index] for _, index in done + untested) == portions.planned


def test_a_handset_without_time_leaves_its_group_to_one_that_has() -> None:
    portions = Portions([Group("x", ("x::a",)), Group("y", ("y::a",))], ["a", "b"])
    first, second = portions.next_for("a"), portions.next_for("b")
    assert (first, second) == (0, 1)
    portions.rest("a", "its budget was spent")
    assert portions.finished("a")
    assert portions.next_for("a") is None
    portions.concluded("b")
    assert not portions.over
    assert portions.next_for("b") == first
    portions.rest("b", "its too")
    assert portions.over
    assert portions.untested() == []
    why = "no handset has time left (a: its budget was spent; b: its too)"
    assert portions.unbegun() == [("", 0, why)]


def test_where_each_takes_all_what_one_had_no_time_for_is_its_own() -> None:
    portions = Portions([Group("x", ("x::a",))], ["a", "b"], each=True)
    portions.next_for("a")
    portions.next_for("b")
    portions.rest("a", "its budget was spent")
    portions.concluded("b")
    assert portions.over
    assert portions.unbegun() == [("a", 0, "its budget was spent")]
    assert portions.untested() == []


def test_of_a_run_that_was_ended_the_verdicts_count_and_the_rest_was_not_left_without() -> None:
    portions = Portions([Group("x", ("x::a",)), Group("y", ("y::a",))], ["a", "b"])
    portions.next_for("a")
    assert without_verdict(portions, {"a", "b"}, each=False) == []
    (said,) = without_verdict(portions, {"a"}, each=False)
    assert (
        said == "b: the run was ended before it was through with a test, so nothing is said of it"
    )
