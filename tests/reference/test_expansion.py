"""The notation of macros (Macro Expansion Variables; Administration Guide, Provisioning Formats)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import MacroError
from hil.reference.expansion import MAX_EXPANSION, expand, pieces
from hil.reference.interpretations import Interpretations

KNOWN = {
    "A": "ABCDEF",
    "B": "$A",
    "E": "",
    "MA": "000e08012345",
    "MAU": "000E08012345",
    "MAC": "00:0e:08:01:23:45",
    "SERV": "ps.example",
    "SERVIP": "192.168.1.5",
}


def expanded(template, **readings):
    return expand(template, KNOWN.get, Interpretations(**readings))


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("$(A:2)", "CDEF"),  # the chapter's example
        ("$(A:2:3)", "CDE"),  # the chapter's example
        ("$A", "ABCDEF"),
        ("$(A)", "ABCDEF"),
        ("$(A:0)", "ABCDEF"),
        ("$(A:0:0)", ""),
        ("$(A:5:10)", "F"),
        ("x$(A:00002:003)y", "xCDEy"),
        ("$(MAC:3:2)", "0e"),
    ],
)
def test_substrings_start_at_p_and_have_length_q(template, result):
    assert expanded(template) == result


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("spa$(MAU)config.cfg", "spa000E08012345config.cfg"),
        ("spa$STRANGE$MAU.cfg", "spa$STRANGE000E08012345.cfg"),
        ("$$MAU", "$MAU"),
        ("/$MA.cfg", "/000e08012345.cfg"),
        ("$A$B", "ABCDEF$A"),
    ],
)
def test_examples_of_the_guide(template, result):
    assert expanded(template) == result


def test_a_doubled_dollar_is_one_dollar():
    assert expanded("$$") == "$"
    assert expanded("$$$$") == "$$"
    assert expanded("$$$A") == "$ABCDEF"


@pytest.mark.parametrize(
    "text",
    ["$STRANGE", "$(STRANGE)", "$(STRANGE:1:2)", "$FOO", "$a", "$ma", "$1", "$Äx", "$GPP_A", "$_A"],
)
def test_an_unrecognized_name_remains_unchanged(text):
    assert expanded(text) == text
    assert expanded(f"<{text}>$A") == f"<{text}>ABCDEF"


@pytest.mark.parametrize(
    "text",
    ["$", "a$", "$(A", "$(", "$()", "$(A:)", "$(A:x)", "$(A:-1)", "$(A:1:)", "$( A )", "$ A"],
)
def test_a_form_outside_the_notation_remains_unchanged(text):
    assert expanded(text) == text


def test_an_unterminated_macro_does_not_hide_the_next():
    assert expanded("$(A$A") == "$(AABCDEF"
    assert expanded("$($A)") == "$(ABCDEF)"


def test_the_longest_known_name_wins():
    assert expanded("$MAU $MAC $MA") == "000E08012345 00:0e:08:01:23:45 000e08012345"
    assert expanded("$SERVIP $SERV") == "192.168.1.5 ps.example"
    assert expanded("$MACfoo") == "00:0e:08:01:23:45foo"
    assert expanded("$MA_1.cfg") == "000e08012345_1.cfg"


def test_reading_that_a_name_is_the_whole_word():
    assert expanded("$MACfoo", macro_name_match="whole-name") == "$MACfoo"
    assert expanded("$MAC.foo", macro_name_match="whole-name") == "00:0e:08:01:23:45.foo"


def test_an_offset_beyond_the_end_is_empty_unless_read_as_no_macro():
    for offset in ("6", "7", "9" * 400, "9" * 60000):
        assert expanded(f"<$(A:{offset})>") == "<>"
    assert expanded("$(A:6)", substring_out_of_range="unchanged") == ""
    assert expanded("$(A:7)", substring_out_of_range="unchanged") == "$(A:7)"


def test_reading_that_malformed_macros_vanish():
    assert expanded("x$(A", malformed_macro="removed") == "x"
    assert expanded("x$", malformed_macro="removed") == "x"
    assert expanded("x$(A)$STRANGE", malformed_macro="removed") == "xABCDEF$STRANGE"


def test_an_expansion_is_bounded():
    assert len(expand("$A" * 1000, lambda _: "x" * 1000)) == 10**6
    with pytest.raises(MacroError, match="longer than"):
        expand("$A" * 30000, lambda _: "x" * 65536)


templates = st.text() | st.lists(
    st.sampled_from(["$", "$$", "$A", "$(A", ":1", ")", "(", "MAU", "$STRANGE", "x", "$(A:1:2)"])
).map("".join)


@settings(deadline=None)
@given(templates)
def test_pieces_give_the_template_back(template):
    parts = [part if isinstance(part, str) else part.text for part in pieces(template)]
    assert "".join(parts) == template


@settings(deadline=None)
@given(templates)
def test_without_known_names_only_doubled_dollars_change(template):
    parts = ["$" if not isinstance(p, str) and p.text == "$$" else p for p in pieces(template)]
    expected = "".join(p if isinstance(p, str) else p.text for p in parts)
    assert expand(template, lambda _: None) == expected


@settings(deadline=None)
@given(st.text("ABCDEFxyz", max_size=30), st.integers(0, 40), st.integers(0, 40))
def test_a_substring_is_a_slice(value, offset, length):
    assert expand(f"$(A:{offset}:{length})", {"A": value}.get) == value[offset : offset + length]
    assert len(value) <= MAX_EXPANSION
