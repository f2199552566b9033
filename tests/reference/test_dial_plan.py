"""Dial_Plan_n_ as far as X60 needs it: which complete numbers are valid, and what is sent for them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import SpecificationError
from hil.reference.dial_plan import Dialed, DialPlan, Invalid, dial
from hil.reference.line_parameters import DEFAULT_DIAL_PLAN

GUIDE = (
    "( [1-8]xx | 9, xxxxxxx | 9, <:1>[2-9]xxxxxxxxx | 8, <:1212>xxxxxxx | 9, 1 [2-9] xxxxxxxxx "
    "| 9, 1 900 xxxxxxx ! | 9, 011xxxxxx. | 0 | [49]11 )"
)


@pytest.mark.parametrize(
    "number",
    ["*69", "311", "411", "611", "911", "0", "00", "5551234", "14085551234", "01155512345",
     "011555123456789"],
)  # fmt: skip
def test_the_default_plan_permits(number):
    assert dial(DEFAULT_DIAL_PLAN, number) == Dialed(number)


@pytest.mark.parametrize("number", ["", "1", "12", "211", "*6", "555123", "15551234", "000", "#1"])
def test_the_default_plan_knows_no(number):
    assert isinstance(dial(DEFAULT_DIAL_PLAN, number), Invalid)


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        ("101", "101"),
        ("95550112", "95550112"),
        ("92065550112", "912065550112"),
        ("85550112", "812125550112"),
        ("914085550112", "914085550112"),
        ("9011443555", "9011443555"),
        ("901144355512", "901144355512"),
        ("0", "0"),
        ("411", "411"),
    ],
)
def test_the_example_of_the_guides(number, sent):
    assert dial(GUIDE, number) == Dialed(sent)


def test_a_barred_number_is_invalid_although_an_earlier_sequence_permits_it():
    assert dial(GUIDE, "919005550112") == Invalid("barred by the dial plan")
    assert dial("(1900xxxxxxx!|1xxxxxxxxxx)", "19005550112") == Invalid("barred by the dial plan")
    assert dial("(1900xxxxxxx!|1xxxxxxxxxx)", "18005550112") == Dialed("18005550112")


@pytest.mark.parametrize(
    ("plan", "number", "sent"),
    [
        ("(<8:1650>xxxxxxx)", "85550112", "16505550112"),
        ("(<:1>xxxxxxxxxx)", "9725550112", "19725550112"),
        ("(<9:>xxx)", "9101", "101"),
        ("(<0:operator@lab>)", "0", "operator@lab"),
        ("(x<*:#>x)", "1*2", "1#2"),
        ("(<[12]:7>x)", "25", "75"),
    ],
)
def test_a_substitution_sends_something_else(plan, number, sent):
    assert dial(plan, number) == Dialed(sent)


@pytest.mark.parametrize("number", ["0", "01", "011", "0111"])
def test_a_period_is_zero_or_more_of_the_key_before_it(number):
    assert dial("(01.)", number) == Dialed(number)
    assert isinstance(dial("(01.)", number + "2"), Invalid)


def test_a_range_may_include_other_keys():
    for key in "35678*":
        assert dial("([35-8*])", key) == Dialed(key)
    for key in "01249#":
        assert isinstance(dial("([35-8*])", key), Invalid)


def test_the_first_sequence_that_matches_counts():
    assert dial("(<:1>xx|<:2>x2)", "12") == Dialed("112")


def test_timers_pauses_and_tones_change_no_number():
    for head in ("", "L:20,", "L:20,S:4,", "S:4,L:20"):
        plan = f"{head}(9,x.S0|xxL5|P5<:1000>#)"
        assert dial(plan, "9123") == Dialed("9123")
        assert dial(plan, "12") == Dialed("12")
        assert dial(plan, "#") == Dialed("1000#")


@pytest.mark.parametrize(
    "text",
    ["", "xx", "(xx", "xx)", "(xx)y", "(.)", "(<8:9>.)", "(<8>x)", "([9-2])", "([])", "([a])",
     "(x!x)", "(q)", "(Sx)", "Q:1,(x)", "L:1S:2,(x)", "L:,(x)", ",(x)", "(<<1:2>:3>)",
     "(x" + "x" * 4096 + ")"],
)  # fmt: skip
def test_what_the_notation_does_not_have_is_told(text):
    with pytest.raises(SpecificationError):
        DialPlan.parse(text)
    assert isinstance(dial(text, "1"), Invalid)


@pytest.mark.parametrize("number", ["alice", "1 2", "12a", "１２３", "1" * 129])
def test_what_no_keypad_can_dial_is_invalid(number):
    assert isinstance(dial("(x.|xx|xxx)", number), Invalid)


@pytest.mark.parametrize("plan", ["(" + "x." * 2000 + "#)", "(" + "|".join(["x.x."] * 800) + ")"])
def test_a_hostile_plan_costs_no_more_than_its_length(plan):
    began = time.thread_time()
    assert dial(plan, "1" * 127 + "*") == Invalid("not in the dial plan")
    assert time.thread_time() - began < 2.0


@settings(max_examples=300)
@given(st.text(alphabet="x.[]<>:!,|()0123459*#SLP -", max_size=40), st.text("0123456789*#"))
def test_any_plan_and_number_have_a_verdict(plan, number):
    verdict = dial(f"({plan})", number)
    assert isinstance(verdict, Dialed | Invalid)


@given(st.from_regex(r"\A[0-9*#]{1,30}\Z"))
def test_a_plan_that_spells_the_number_sends_it(number):
    assert dial(f"({number})", number) == Dialed(number)
    assert dial(f"(99999|{number}!)", number) == Invalid("barred by the dial plan")
