"""What runs on the oldest Python that hil names, and not only on the one it is developed with."""

import re
from pathlib import Path

import pytest

import hil
from hil.reference.provisioning_source import SourceKind, choose
from hil.reference.rule_parser import parse_rule

PACKAGE = Path(hil.__file__).parent
POSSESSIVE_OR_ATOMIC_GROUP = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+|\(\?>")


@pytest.mark.parametrize("module", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_no_group_is_possessive(module):
    """Debian 12 has Python 3.11.2, which matches such groups wrongly (CPython issue 106052)."""
    patterns = [line for line in module.read_text().splitlines() if "re.compile" in line]
    assert [line for line in patterns if POSSESSIVE_OR_ATOMIC_GROUP.search(line)] == []


@pytest.mark.parametrize("pattern", ["(?:a|b)*+", "(?:a|b)++", "(?:ab?)?+", "(a){2,3}+", "(?>ab)"])
def test_the_search_finds_such_groups(pattern):
    assert POSSESSIVE_OR_ATOMIC_GROUP.search(pattern)


def test_a_rule_and_a_host_that_this_python_must_not_get_wrong():
    (alternative, _last) = parse_rule('("a)b" eq $X)? [--key "a b"] /x | /y')
    assert alternative.condition == '"a)b" eq $X'
    assert alternative.options == (("key", "a b"),)
    source = choose({66: b"192.0.2.1"})
    assert source is not None
    assert (source.kind, source.host) == (SourceKind.HOST, "192.0.2.1")
