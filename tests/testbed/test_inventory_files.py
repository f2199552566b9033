"""Whatever is in an inventory file, loading it raises nothing but its one error, and soon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import InventoryError
from hil.testbed.inventory import MAX_OCTETS, load
from hil.testbed.yaml_lines import MAX_DEPTH, MAX_NODES

VIRTUAL = Path(__file__).parents[2] / "testbeds" / "virtual.yaml"


def only_problem(tmp_path: Path, text: str | bytes) -> tuple[int | None, str]:
    """Line and text of the one thing that is wrong."""
    path = tmp_path / "lab.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InventoryError) as caught:
        load(path)
    [problem] = caught.value.problems
    assert problem.file == str(path)
    return problem.line, problem.problem


class TestFilesThatAreNoInventory:
    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            ("", 1, "the inventory is empty"),
            ("# only a remark\n", 1, "the inventory is empty"),
            ("- a\n- b\n", 1, "the inventory is a list"),
            ("just words", 1, "the inventory is 'just words'"),
            ("name: a\nkind: [virtual\npdus: {}\n", 3, "not YAML"),
            ("name: a\n\tkind: virtual\n", 2, "not YAML"),
            ("name: 'a\n", 2, "not YAML"),
            ("name: a\n---\nname: b\n", 2, "a second document"),
            ("name: &x a\nkind: *x\n", 2, "an alias, *x"),
            ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", 2, "an alias, *a"),
            ("name: !!python/object/apply:os.abort []\n", 1, "a tag"),
            ("name: a\n? [b]\n: c\n", 2, "a key that is not text"),
            ("name: a\nkind: \x07\n", 2, "a character that YAML does not allow: U+0007"),
            ('name: a\nkind: "\\UFFFFFFFF"\n', 2, "not YAML"),
            ('name: a\nkind: "\\uD800"\n', 2, "surrogate"),
            (b"name: a\nkind: \xff\n", 2, "octet 0xff is not UTF-8"),
            (b"\xff\xfen\x00a\x00", 1, "octet 0xff is not UTF-8"),
            ("a: " + "[" * MAX_DEPTH, 1, "nested too deep"),
            ("- a\n" * MAX_NODES, MAX_NODES, "too large an inventory"),
        ],
    )
    def test_it_is_one_error_with_its_line(self, tmp_path, text, line, said):
        found = only_problem(tmp_path, text)
        assert found[0] == line
        assert said in found[1]

    def test_a_byte_order_mark_does_no_harm(self, tmp_path):
        path = tmp_path / "lab.yaml"
        path.write_bytes(b"\xef\xbb\xbf" + VIRTUAL.read_bytes())
        assert load(path).handsets == load(VIRTUAL).handsets

    def test_a_file_may_be_as_large_as_the_limit_and_no_larger(self, tmp_path):
        path = tmp_path / "lab.yaml"
        path.write_bytes(VIRTUAL.read_bytes().ljust(MAX_OCTETS, b"#"))
        assert load(path).handsets == load(VIRTUAL).handsets
        assert "too large" in only_problem(tmp_path, path.read_bytes() + b"#")[1]

    def test_what_cannot_be_read_is_the_same_kind_of_error(self, tmp_path):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for path, said in (
            (tmp_path / "missing.yaml", "No such file"),
            (tmp_path, "not a regular file"),
            (pipe, "not a regular file"),
            (Path("/dev/zero"), "not a regular file"),
            (Path("a\0b"), "no path of a file"),
            (tmp_path / ("x" * 300), "File name too long"),
        ):
            with pytest.raises(InventoryError, match=said) as caught:
                load(path)
            assert [problem.file for problem in caught.value.problems] == [str(path)]


def loads_or_says_why(path: Path, octets: bytes) -> None:
    """Whatever the octets are: a testbed, or problems that have the file and one of its lines."""
    path.write_bytes(octets)
    wrong: InventoryError | None = None
    try:
        assert load(path, {}).handsets
    except InventoryError as error:
        wrong = error
    if wrong is None:
        return
    # YAML counts more line endings than LF, and the end of a file begins a last line.
    text = octets.decode("utf-8", "replace")
    lines = 1 + sum(text.count(ending) for ending in "\n\r\x85\u2028\u2029")
    assert wrong.problems
    for problem in wrong.problems:
        assert problem.file == str(path)
        assert problem.line in range(1, lines + 1)
        assert problem.remedy
    assert str(wrong).encode()


PUNCTUATION = (
    *("\n  - ", ": ", "? ", "[", "]", "{", "}", ",", "'", '"', "#", "~", "%", "|", "|2-\n", ">\n"),
    *("&a ", "*a ", "!t ", "!<", "<<: ", "---\n", "...\n", "%YAML 1.1\n", "%TAG ! x\n", "%zz"),
    *("\n", "\t", "\r", "\x85", "\ufeff", "\\U", "\\x", "\\ud800", "name", "a", "0"),
)
YAMLISH = st.lists(
    st.one_of(
        st.sampled_from(PUNCTUATION),
        st.text(max_size=3),
        st.sampled_from(VIRTUAL.read_text().splitlines(keepends=True)),
    ),
    max_size=40,
).map("".join)

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["left", "a", "v3", "00:0e:08:aa:bb:cc", "self", "env", {"env": "X"}]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


def places(value: object, place: tuple = ()) -> list[tuple]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, inner in items:
        found.append((*place, key))
        if isinstance(inner, dict | list):
            found += places(inner, (*place, key))
    return found


FULL = yaml.safe_load(VIRTUAL.read_text()) | {
    "network": {"delay_ms": 1},
    "state": "held",
    "defaults": {"timing": {"late": 2}, "minimum_off_s": 3},
}
FULL["pdus"][0] |= {
    "version": "v3",
    "read_community": "r",
    "write_community": {"env": "X"},
    "user": {"name": "u", "auth_key": "12345678", "priv_key": "", "auth": "SHA"},
}
FULL["handsets"][0] |= {
    "firmware": {"swver": "sip7832.11-3-2MPP0001-609", "version": "1"},
    "psn": "x",
    "interpretations": {"list_exhaustion": "cycle"},
    "timing": {"early": 1},
    "capabilities": {"https": "no", "factory_reset": "web", "poe_class": "2"},
    "minimum_off_s": 1,
    "seed": 1,
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("any") / "any.yaml"


class TestWhateverIsInTheFile:
    @given(octets=st.binary(max_size=200))
    @settings(max_examples=100, deadline=None)
    def test_any_octets(self, path, octets):
        loads_or_says_why(path, octets)

    @given(text=YAMLISH)
    @settings(max_examples=200, deadline=None)
    def test_any_text_that_looks_like_yaml(self, path, text):
        loads_or_says_why(path, text.encode("utf-8", "replace"))

    @given(st.sampled_from(places(FULL)), VALUES, st.none() | st.text(max_size=10))
    @settings(max_examples=200, deadline=None)
    def test_an_inventory_with_one_value_or_key_replaced(self, path, place, value, key):
        document = yaml.safe_load(yaml.safe_dump(FULL))
        container = document
        for step in place[:-1]:
            container = container[step]
        if key is not None and isinstance(container, dict):
            container[key] = container.pop(place[-1])
        else:
            container[place[-1]] = value
        loads_or_says_why(path, yaml.safe_dump(document, allow_unicode=True).encode())
