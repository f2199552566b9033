"""A timer in a rule may be read a little before or after the first sign of what it belongs to."""

from __future__ import annotations

import pytest
from histories import LAB, booted, findings

from hil.judge.rule_timers import alike, beginnings_of, has_timer, margin
from hil.judge.timing import Timing
from hil.reference.identity import Identity
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone

SECOND = 1_000_000_000
TWO_STEPS = Timing(step=1.0, late=0.5)


# --- in a path


@pytest.mark.parametrize("told", [590, 600, 601, 611])
def test_a_timer_in_a_path_may_differ_by_what_a_phone_takes_over_its_steps(told: int) -> None:
    rule = {"Profile_Rule": "/$PRVTMR.xml", "Resync_Periodic": "600"}
    story = booted(**rule).fetch(10, "/0.xml").fetch(610.1, f"/{told}.xml")
    assert findings(story.ended(700)) == []


@pytest.mark.parametrize("path", ["/0.xml", "/10.xml", "/700.xml", "/600.cfg", "/x600.xml"])
def test_a_timer_in_a_path_that_is_far_from_its_value_is_wrong(path: str) -> None:
    rule = {"Profile_Rule": "/$PRVTMR.xml", "Resync_Periodic": "600"}
    (finding,) = findings(booted(**rule).fetch(10, "/0.xml").fetch(610.1, path).ended(700))
    assert finding.requirement == "rules.url"


def test_what_the_phone_has_asked_for_is_what_its_messages_speak_of() -> None:
    story = booted(
        Profile_Rule="/$PRVTMR.xml",
        Resync_Periodic="600",
        Syslog_Server=LAB,
        Log_Request_Msg="",
        Log_Success_Msg="got $PATH",
    )
    story.fetch(10, "/0.xml").log(10.2, "got /0.xml").fetch(610.1, "/601.xml")
    assert findings(story.log(610.3, "got /601.xml").ended(700)) == []


def test_numbers_that_are_no_timers_are_held_to_the_letter() -> None:
    rule = {"Profile_Rule": "/line1.xml", "Resync_Periodic": "600"}
    (finding,) = findings(booted(**rule).fetch(10, "/line2.xml").ended(20))
    assert finding.requirement == "rules.url"


# --- in a condition


@pytest.mark.parametrize("path", ["/soon.xml", "/late.xml"])
def test_at_the_edge_of_a_condition_either_alternative_may_be_taken(path: str) -> None:
    rule = {"Profile_Rule": "($PRVTMR ge 601)? /late.xml | /soon.xml", "Resync_Periodic": "600"}
    story = booted(**rule).fetch(10, "/soon.xml").fetch(610.1, path)
    assert findings(story.ended(700)) == []


def test_over_tcp_the_alternative_shows_only_with_the_request() -> None:
    rule = f"($PRVTMR ge 601)? http://{LAB}/late.xml | http://{LAB}/soon.xml"
    story = booted(Profile_Rule=rule, Resync_Periodic="600")
    story.connected(10, 80)
    story.fetch(10.1, "/soon.xml", scheme="http").connected(610.2, 80)
    assert findings(story.fetch(610.3, "/late.xml", scheme="http").ended(700)) == []


def test_far_from_the_edge_of_a_condition_there_is_one_alternative() -> None:
    rule = {"Profile_Rule": "($PRVTMR ge 300)? /late.xml | /soon.xml", "Resync_Periodic": "600"}
    (finding,) = findings(
        booted(**rule).fetch(10, "/soon.xml").fetch(610.1, "/soon.xml").ended(700)
    )
    assert finding.requirement == "rules.url"


def test_ways_do_not_multiply_from_one_resync_to_the_next() -> None:
    rule = {"Profile_Rule": "($PRVTMR ge 601)? /late.xml | /soon.xml", "Resync_Periodic": "600"}
    story, at = booted(**rule).fetch(10, "/soon.xml"), 10.1
    for _ in range(20):
        at = round(at + 600, 3)
        story.fetch(at, "/soon.xml")
        at = round(at + 0.1, 3)
    assert findings(story.ended(at + 10)) == []
    (finding,) = findings(story.fetch(at + 300, "/soon.xml"))
    assert finding.requirement == "resync.periodic"


# --- the parts


@pytest.mark.parametrize(
    ("text", "timed"),
    [
        ("/$PRVTMR.xml", True),
        ("($(UPGTMR) gt 3)? /x", True),
        ("/$(REGTMR1:0:2)", True),
        ("/$PRVST.xml", False),
        ("/PRVTMR.xml", False),
        ("", False),
    ],
)
def test_a_timer_is_a_macro(text: str, timed: bool) -> None:
    assert has_timer(text) is timed


@pytest.mark.parametrize(
    ("rule", "seconds"),
    [
        ("/$MA.xml", {7}),
        # What a path holds is compared as it is.
        ("/$PRVTMR.xml", {7}),
        ("http://a.example/x?since=$PRVTMR", {7}),
        ('("$A" eq "7")? /x', {7}),
        # Only near its number a condition may be the one or the other.
        ("($PRVTMR gt 3)? /x | /y", {5, 6, 7, 8, 9}),
        ("($PRVTMR eq 3)? /x", {5, 6, 7, 8, 9}),
        ("( 3 = $(REGTMR1) )? /x", {5, 6, 7, 8, 9}),
    ],
)
def test_the_instants_as_which_a_beginning_may_count(rule: str, seconds: set[int]) -> None:
    phone = Phone(Identity("000e08aabbcc"), Parameters({"Profile_Rule_C": rule}))
    assert margin(TWO_STEPS) == 2
    instants = beginnings_of(phone, 7 * SECOND, TWO_STEPS)
    assert instants[0] == 7 * SECOND
    assert {each // SECOND for each in instants} == seconds


def test_an_equation_is_looked_at_second_by_second_and_a_bound_at_its_ends() -> None:
    def count(rule: str) -> int:
        phone = Phone(Identity("000e08aabbcc"), Parameters({"Profile_Rule": rule}))
        return len(set(beginnings_of(phone, 70 * SECOND, Timing(step=9, late=1))))

    assert count("($UPGTMR ge 3)? /x") == 7
    assert count("($UPGTMR ne 3)? /x") == 21


@pytest.mark.parametrize(
    ("wanted", "got", "same"),
    [
        ("/600.xml", "/603.xml", True),
        ("/600.xml", "/604.xml", False),
        ("/1/600.xml", "/1/600.xml", True),
        ("/a600.xml", "/b600.xml", False),
        ("/600", "/600/1", False),
        ("/600", "/", False),
        ("/9" + "9" * 40, "/9" + "9" * 40, True),
    ],
)
def test_alike_but_for_three_seconds(wanted: str, got: str, same: bool) -> None:
    assert alike(wanted, got, 3) is same
