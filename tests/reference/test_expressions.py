"""Conditional expressions (Administration Guide 11.3, Provisioning Formats; SPA guides)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import ExpressionError
from hil.reference.expressions import evaluate, parse
from hil.reference.interpretations import Interpretations
from hil.reference.versions import Version

STRICT = Interpretations(type_mismatch="rule-error", version_mismatch="rule-error")
SWVER = "sip7832.11-3-2MPP0001-609"


def holds(text, interpretations=None):
    return evaluate(parse(text, swver=SWVER), interpretations or Interpretations())


@pytest.mark.parametrize("equal", ["=", "eq"])
@pytest.mark.parametrize("unequal", ["!=", "ne", "!"])
def test_equality_of_every_kind(equal, unequal):
    for one, other in [("1", "2"), ('"a"', '"b"'), ("1.2.3", "1.2.4"), ("-1", "1")]:
        assert holds(f"{one} {equal} {one}", STRICT)
        assert not holds(f"{one} {equal} {other}", STRICT)
        assert holds(f"{one} {unequal} {other}", STRICT)
        assert not holds(f"{one} {unequal} {one}", STRICT)


@pytest.mark.parametrize(
    ("signs", "below", "same", "above"),
    [
        (("<", "lt"), True, False, False),
        (("<=", "le"), True, True, False),
        ((">", "gt"), False, False, True),
        ((">=", "ge"), False, True, True),
    ],
)
def test_order_of_integers_and_versions(signs, below, same, above):
    for sign in signs:
        for low, high in [("9", "10"), ("-1", "0"), ("2.0.6", "2.0.11"), (f"{SWVER}", f"{SWVER}0")]:
            assert holds(f"{low} {sign} {high}", STRICT) is below
            assert holds(f"{low} {sign} {low}", STRICT) is same
            assert holds(f"{high} {sign} {low}", STRICT) is above


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('301 gt 300 and 1201 gt 1200 and "66.43.16.52" ne ""', True),  # SPA guide, $REGTMR1 ...
        ('301 gt 300 and 1201 gt 1200 and "" ne ""', False),
        ("301 gt 300 and 599 ge 600", False),
        ('2.0.6 ge 2.0.6 and "Installed" eq "Installed"', True),
        ("“” ne “Provisioned”", True),  # the guide's own typography
        ("11-3-1MPP-110 > 11-2-3MPP-256", True),
        ("11-3-2MPP0002-256 > 11-3-2MPP0001-609", True),
        ("sip7832.11-3-2MPP0001-609 ne sip7832.11-3-2MPP0001-609", False),
        ("sip7832.11-0-1MPP-312 lt sip7832.11-3-2MPP0001-609", True),
        ("sip7832.11-0-1MPP-312 lt sip7832.11-0-1MPP-376", True),
        ("1 eq 1 AND 2 eq 2", True),
        ('1<2 and"a"="a"', True),
        ("true", True),  # what $UPGCOND becomes
        ("true and 1 eq 2", False),
    ],
)
def test_published_examples_and_their_like(text, expected):
    assert holds(text) is expected


def test_a_missing_left_operand_is_the_software_version():
    assert holds("ge sip7832.11-0-1MPP-312")
    assert holds(f"! {SWVER}") is False
    assert holds(f"1 eq 1 and = {SWVER}")
    with pytest.raises(ExpressionError):
        parse("ge 2.0.6")


@pytest.mark.parametrize(
    "text",
    ['"1" eq 1', '1 eq "1"', '"b" gt "a"', "Installed eq Installed", '"a" eq Installed',
     "1 foo 1", "1 == 1", "1 eq 2.0.6", f"{SWVER} gt 11"],
)  # fmt: skip
def test_what_cannot_be_compared_does_not_hold_or_is_an_error_of_the_rule(text):
    assert holds(text) is False
    with pytest.raises(ExpressionError):
        holds(text, Interpretations(type_mismatch="rule-error"))
    assert holds(text, Interpretations(version_mismatch="rule-error")) is False


@pytest.mark.parametrize(
    "text",
    [f"{SWVER} ne sip7832.11-3-1MSR3-3", f"{SWVER} lt sip7832.12.0.2MPP0001.116",
     f"{SWVER} ne sip8832.11-3-2MPP0001-609", f"{SWVER} ge 2.0.6", f"{SWVER} eq 11-3-2MPP0001-609"],
)  # fmt: skip
def test_versions_of_different_format_do_not_hold_or_are_an_error_of_the_rule(text):
    assert holds(text) is False
    with pytest.raises(ExpressionError, match="format"):
        holds(text, Interpretations(version_mismatch="rule-error"))
    assert holds(text, Interpretations(type_mismatch="rule-error")) is False


def test_comparisons_are_made_from_the_left_until_one_fails():
    assert holds('1 eq 2 and "a" lt "b"', STRICT) is False
    with pytest.raises(ExpressionError, match="not ordered"):
        holds('"a" lt "b" and 1 eq 2', STRICT)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "1", "eq", "1 eq", "1 eq 1 and", "and 1 eq 1", "1 eq 1 and and 2 eq 2",
     "1 eq 1 or 2 eq 2", '1<2and"a"="a"', '"open', 'a eq "open', "(1 eq 1)", "1 eq 1)", "1 2 3",
     "= = =", "not 1 eq 1", "1 eq 1 1 eq 1"],
)  # fmt: skip
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ExpressionError):
        parse(text, swver=SWVER)


def test_operands_can_be_completed_after_they_are_delimited():
    expression = parse('"@" eq "a and b"', restore=lambda text: text.replace("@", "a and b"))
    assert evaluate(expression)


@pytest.mark.parametrize("text", [SWVER, "11-3-1MPP-110", "2.0.1", "sip7832.11-0-1MPP-312"])
def test_published_versions_fit_a_grammar(text):
    assert Version.parse(text) is not None


@pytest.mark.parametrize(
    "text", ["sip7832.11-3-1MSR3-3", "sip7832.12.0.2MPP0001.116", "4", "2.0.6(b)"]
)
def test_other_loads_that_exist_fit_none(text):
    assert Version.parse(text) is None


@settings(deadline=None)
@given(st.integers(-(10**17), 10**17), st.integers(-(10**17), 10**17))
def test_integers_compare_as_python_compares_them(left, right):
    assert holds(f"{left} lt {right}") is (left < right)
    assert holds(f"{left} ge {right}") is (left >= right)


numbers = st.tuples(*[st.integers(0, 10**6)] * 5)


@settings(deadline=None)
@given(numbers, numbers)
def test_versions_compare_by_major_minor_micro_and_only_then_build(left, right):
    one, other = ("sip7832.{}-{}-{}MPP{:04}-{}".format(*parts) for parts in (left, right))
    assert holds(f"{one} lt {other}", STRICT) is (left < right)
    assert holds(f"{one} eq {other}", STRICT) is (left == right)


texts = st.text() | st.lists(
    st.sampled_from(
        ["1", '"', '"a"', "eq", "and", " ", "!", "<", SWVER, "(", "“", "true", "x", "-"]
    )
).map(" ".join)


@settings(deadline=None)
@given(texts, st.sampled_from([None, SWVER]))
def test_any_text_is_an_expression_or_an_expression_error(text, swver):
    try:
        assert evaluate(parse(text, swver=swver), STRICT) in (True, False)
    except ExpressionError:
        return
