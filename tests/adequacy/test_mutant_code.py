"""The phone runs the slip, everybody else the true function; and what a slip changes is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from canaries import DIRECTORY
from histories import IDENTITY, TIMING

from hil.adequacy.mutants.difference import Difference
from hil.adequacy.mutants.schemata import mutated
from hil.adequacy.mutants.sites import Mutant, Sites, enumerate_sites
from hil.adequacy.mutants.watched import Watch, Watching, told, watch_all
from hil.adequacy.mutants.wholes import can_be_called_twice
from hil.evidence.rejudging import Subject, judge_again, subject_of
from hil.evidence.stored_run import load_run
from hil.judge import Judgement
from hil.reference.decisions import REFERENCE
from hil.reference.due import Due, Reason
from hil.reference.interpretations import DEFAULT
from hil.reference.parameters import Parameters
from hil.reference.versions import Version
from hil.reference.windows import Window
from hil.virtual.inside import enter, inside


@pytest.fixture(scope="module")
def sites() -> Sites:
    """All mutants."""
    return enumerate_sites()


def slip(sites: Sites, function: str, change: str) -> Mutant:
    """The mutant of a function that makes this change."""
    module, _, name = function.partition(":")
    found = [m for m in sites.of_module(module) if m.function.name == name and m.change == change]
    assert found, f"{function} has no slip {change}"
    return found[0]


def test_code_is_inside_the_phone_only_where_it_was_entered() -> None:
    assert not inside()
    assert enter(inside)
    assert not inside()


def test_a_function_slips_inside_the_phone_alone(sites: Sites) -> None:
    due = Due(10, 20, Reason.RETRY, "resync.retry")
    mutant = slip(
        sites, "due:Due.postponed", "max(self.earliest, until) -> min(self.earliest, until)"
    )
    with mutated(mutant):
        assert due.postponed(15).earliest == 15
        assert enter(due.postponed, 15).earliest == 10
    assert enter(due.postponed, 15).earliest == 15


def test_who_holds_a_function_by_another_name_has_the_slip_too(sites: Sites) -> None:
    parameters = Parameters({"Resync_Random_Delay": "7"})
    with mutated(slip(sites, "decisions:random_delay", "0 -> 1")):
        assert REFERENCE.random_delay(parameters, DEFAULT) == Window(0, 7)
        assert enter(REFERENCE.random_delay, parameters, DEFAULT) == Window(1, 7)


def test_a_class_method_can_slip(sites: Sites) -> None:
    with mutated(slip(sites, "versions:Version.parse", "_DOTTED.fullmatch(text) -> False")):
        assert Version.parse("2.0.1") == Version("dotted", (2, 0, 1))
        assert enter(Version.parse, "2.0.1") is None


@pytest.mark.parametrize("module", ["machine", "schedules", "rules", "profiles", "registration"])
def test_every_slip_of_a_module_is_code_and_goes_again(sites: Sites, module: str) -> None:
    for mutant in sites.of_module(module)[::7]:
        before = mutant.function.live.__code__
        with mutated(mutant):
            assert mutant.function.live.__code__ is not before
        assert mutant.function.live.__code__ is before


# -- the judge is not touched -----------------------------------------------------------------------


def judged(path: Path) -> Judgement:
    """What the judge says of a stored history."""
    run = load_run(path)
    (test,) = run.tests
    return judge_again(test, subject_of(run, Subject(IDENTITY, DEFAULT, TIMING)))


@pytest.mark.parametrize(
    ("function", "change"),
    [
        ("machine:_began", "phone.phase is not Phase.WAITING -> True"),
        (
            "scheduling:due_after",
            "at + delay.latest * NANOSECONDS -> at - delay.latest * NANOSECONDS",
        ),
        ("resync:at_boot", "_at_boot(phone, decisions) -> False"),
    ],
)
def test_the_judge_of_a_stored_history_says_what_it_said(
    sites: Sites, function: str, change: str
) -> None:
    paths = sorted(DIRECTORY.glob("*periodic*.jsonl"))[:4]
    assert paths
    before = [judged(path) for path in paths]
    with mutated(slip(sites, function, change)):
        assert [judged(path) for path in paths] == before
        # A judge with the slip would have said something else: the test looks at the right place.
        assert [enter(judged, path) for path in paths] != before


# -- what makes a difference ------------------------------------------------------------------------


@contextmanager
def under_watch(*mutants: Mutant) -> Iterator[Watch]:
    """Watch these slips for a while."""
    before = [(mutant.function.live, mutant.function.live.__code__) for mutant in mutants]
    watch = Watch()
    watch_all(mutants, watch)
    try:
        yield watch
    finally:
        for live, code in before:
            live.__code__ = code


def test_a_slip_is_noted_where_it_changes_a_value(sites: Sites) -> None:
    shorter = slip(sites, "decisions:random_delay", "0 -> 1")
    earliest = slip(
        sites, "due:Due.postponed", "max(self.earliest, until) -> min(self.earliest, until)"
    )
    due = Due(10, 20, Reason.RETRY, "resync.retry")
    with under_watch(shorter, earliest) as watch:
        assert due.postponed(15) == Due(15, 20, Reason.RETRY, "resync.retry")
        assert watch.reached == set()
        assert enter(due.postponed, 15) == Due(15, 20, Reason.RETRY, "resync.retry")
        assert watch.seen == {1}


def test_a_slip_that_changes_nothing_is_reached_and_not_noted(sites: Sites) -> None:
    change = "max(self.latest, until, by) -> min(self.latest, until, by)"
    mutant = slip(sites, "due:Due.postponed", change)
    due = Due(10, 20, Reason.RETRY, "resync.retry")
    with under_watch(mutant) as watch:
        enter(due.postponed, 20, 20)
        assert (watch.reached, watch.seen) == ({0}, set())


def test_a_slip_that_raises_is_noted_and_nothing_is_raised(sites: Sites) -> None:
    mutant = slip(sites, "versions:Version.parse", "match is not None -> True")
    with under_watch(mutant) as watch:
        assert enter(Version.parse, "2.0.1") == Version("dotted", (2, 0, 1))
        assert watch.seen == {0}


def test_a_value_that_differs_and_comes_to_nothing_is_told_apart_from_one_that_is_returned(
    sites: Sites,
) -> None:
    mutant = slip(sites, "windows:Window.__post_init__", "0 -> -1")
    later = slip(sites, "due:Due.postponed", "self.earliest -> self.latest")
    due = Due(10, 20, Reason.RETRY, "resync.retry")
    with under_watch(mutant, later) as watch:
        enter(Window, 5, 6)
        enter(due.postponed, 30)
        assert (watch.seen, watch.told) == ({0, 1}, set())
        enter(due.postponed, 15)
        assert (watch.seen, watch.told) == ({0, 1}, {1})


def test_what_changes_its_object_is_not_called_again(sites: Sites) -> None:
    """A reader of XML takes elements in: called twice it would have them twice."""
    functions = {m.function.name: m.function for m in sites.of_module("profile_xml")}
    assert not can_be_called_twice(functions["_Reader.end"])
    resync = {m.function.name: m.function for m in sites.of_module("resync")}
    # It fills a list of its own making.
    assert can_be_called_twice(resync["next_rule"])


def test_what_slips_in_a_loop_without_end_is_not_called_again(sites: Sites) -> None:
    functions = {m.function.name: m.function for m in sites.of_module("local_time")}
    assert not can_be_called_twice(functions["next_showing"])


def test_the_observer_tells_of_each_test_by_itself() -> None:
    watch = Watch()
    observer = Watching(watch)
    observer.before("one")
    watch.tell(7)
    assert told(observer.after("one")) == ([7], [7], [])
    observer.before("two")
    assert told(observer.after("two")) == ([], [], [])


def test_the_tests_that_do_something_rare_come_first(sites: Sites) -> None:
    mutants = sites.of_module("versions")[:4]
    differs = {
        "usual": frozenset({0}),
        "usual too": frozenset({0}),
        "rare": frozenset({0, 1}),
        "other": frozenset({0, 2}),
        "without": frozenset({1, 2}),
    }
    known = Difference(mutants, frozenset({0, 1, 2, 3}), differs, differs)
    assert known.able(mutants[0]) == 4
    order = known.telling(mutants[0], 10)
    assert set(order[:2]) == {"rare", "other"}
    assert order[2:] == ("usual", "usual too")
    assert known.telling(mutants[0], 1) == order[:1]
    assert known.able(mutants[3]) == 0
    assert known.is_reached(mutants[3])
