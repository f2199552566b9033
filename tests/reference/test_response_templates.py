"""RscTmplt: "404, 5*", "61?", "407, 408, 487, 481"; ? is one character, * the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import SpecificationError
from hil.reference.response_templates import LONGEST, ResponseTemplate


def matches(template, code):
    return ResponseTemplate.parse(template).match(code) is not None


@pytest.mark.parametrize(
    ("template", "matching", "others"),
    [
        ("404", ["404"], ["403", "405", "X40", "40"]),
        ("404, 5*", ["404", "500", "503", "599"], ["400", "600"]),
        ("61?", ["610", "619"], ["601", "620", "X10"]),
        ("407, 408, 487, 481", ["407", "408", "487", "481"], ["404", "486"]),
        ("5??", ["500", "555"], ["X50", "400"]),
        ("5??,6??", ["500", "603"], ["486"]),
        ("*", ["200", "603", "X00", "X60"], []),
        ("50*", ["500", "503"], ["510", "X50"]),
    ],
)
def test_a_template_matches_what_its_examples_say(template, matching, others):
    assert all(matches(template, code) for code in matching)
    assert not any(matches(template, code) for code in others)


@pytest.mark.parametrize(
    ("template", "matching", "others"),
    [
        ("X*", ["X00", "X20", "X40", "X60"], ["400", "500"]),
        ("X?0", ["X00", "X20", "X40", "X60"], ["X21", "100"]),
        ("X20", ["X20"], ["X00", "X40", "420"]),
        ("x20", ["X20"], ["X00"]),
        ("???", ["X20", "404"], []),
        ("5??, X20", ["503", "X20"], ["X00"]),
    ],
)
def test_internal_codes_match_as_status_codes_do(template, matching, others):
    assert all(matches(template, code) for code in matching)
    assert not any(matches(template, code) for code in others)


def test_the_first_element_that_matches_counts():
    assert ResponseTemplate.parse("4*, 404, *").match("404") == "4*"
    assert ResponseTemplate.parse("404, 4*").match("404") == "404"
    assert ResponseTemplate.parse("404, 4*").match("480") == "4*"


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_blank_template_matches_nothing(blank):
    assert not any(matches(blank, code) for code in ("404", "503", "X00"))


@pytest.mark.parametrize(
    "text", ["404,", ",", "4o4", "5**", "*5", "4040", "5-6", "404 405", "５??"]
)
def test_what_can_match_no_code_is_no_template(text):
    with pytest.raises(SpecificationError):
        ResponseTemplate.parse(text)


def test_a_template_has_at_most_39_characters():
    longest = ",".join(["404"] * 10)
    assert len(longest) == LONGEST == 39
    assert matches(longest, "404")
    with pytest.raises(SpecificationError, match="39"):
        ResponseTemplate.parse(longest + ",")


@given(st.text(max_size=60), st.text(max_size=5))
def test_any_text_is_a_template_or_a_typed_error(text, code):
    try:
        found = ResponseTemplate.parse(text).match(code)
    except SpecificationError:
        return
    assert found is None or found in text.upper()
