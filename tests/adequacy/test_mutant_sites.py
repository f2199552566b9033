"""Where mutants stand, and which of them are drawn."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

import hil.reference
from hil.adequacy.mutants.equivalents import EQUIVALENTS, Equivalent, declared
from hil.adequacy.mutants.operators import OPERATORS
from hil.adequacy.mutants.sampling import LEAST, Draw, quotas, sampled
from hil.adequacy.mutants.sites import Sites, by_module, enumerate_sites
from hil.errors import UsageError


@pytest.fixture(scope="module")
def sites() -> Sites:
    """All of them."""
    return enumerate_sites()


def test_there_are_thousands_and_every_operator_makes_some(sites: Sites) -> None:
    assert len(sites.mutants) > 3000
    assert {mutant.operator for mutant in sites.mutants} == set(OPERATORS)
    modules = {mutant.module for mutant in sites.mutants}
    assert {"machine", "scheduling", "resync", "upgrade", "schedules", "rules"} <= modules


def test_an_id_is_of_one_mutant_and_the_same_the_next_time(sites: Sites) -> None:
    ids = [mutant.id for mutant in sites.mutants]
    assert len(set(ids)) == len(ids)
    assert [mutant.id for mutant in enumerate_sites().mutants] == ids


def test_a_mutant_is_found_by_its_id_and_says_where_it_stands(sites: Sites) -> None:
    mutant = sites.of_module("schedules")[0]
    assert sites.mutant(mutant.id) is mutant
    file, line = mutant.place.split(":")
    text = Path(hil.reference.__path__[0]).parent.parent / file
    first = mutant.edit.before.splitlines()[0]
    assert first in text.read_text().splitlines()[int(line) - 1]


@pytest.mark.parametrize("ask", ["versions:parse:1:bound:99", "nonsense"])
def test_what_nobody_knows_is_a_usage_error(sites: Sites, ask: str) -> None:
    with pytest.raises(UsageError, match="no mutant is called"):
        sites.mutant(ask)
    with pytest.raises(UsageError, match="no module"):
        sites.of_module(ask)


@pytest.mark.parametrize("module", ["requirements", "open_questions", "parameter_table"])
def test_tables_have_no_mutants(sites: Sites, module: str) -> None:
    assert module not in by_module(sites.mutants)


def test_what_only_the_judge_calls_has_no_mutants(sites: Sites) -> None:
    functions = {(mutant.module, mutant.function.name) for mutant in sites.mutants}
    assert ("scheduling", "settled") in functions
    assert ("scheduling", "widened") not in functions
    assert ("scheduling", "maybe_since") not in functions


def test_a_draw_is_the_same_for_the_same_seed_and_another_for_another(sites: Sites) -> None:
    first, again, other = (Draw(sites.mutants, seed) for seed in (1, 1, 2))
    taken = [draw.take("upgrade", 20) for draw in (first, again, other)]
    assert taken[0] == taken[1] != taken[2]
    assert not {m.id for m in first.take("upgrade", 20)} & {m.id for m in taken[0]}


def test_those_that_are_declared_equivalent_are_sampled_by_the_seed(sites: Sites) -> None:
    every = sites.of_module("upgrade")
    one, again, other = (sampled(every, 9, seed) for seed in (1, 1, 2))
    assert one == again != other
    assert len(one) == 9
    assert set(sampled(every, len(every) + 1, 1)) == set(every)


def test_a_draw_ends_with_its_module(sites: Sites) -> None:
    every = len(sites.of_module("windows"))
    draw = Draw(sites.mutants, 1)
    assert len(draw.take("windows", every + 10)) == every
    assert draw.take("windows", 1) == []


@pytest.mark.parametrize("count", [360, 1000])
def test_modules_get_their_share_and_some_at_least(sites: Sites, count: int) -> None:
    sizes = Counter(mutant.module for mutant in sites.mutants)
    shares = quotas(sites.mutants, count)
    assert count <= sum(shares.values()) <= count + LEAST * len(sizes)
    for module, share in shares.items():
        assert min(LEAST, sizes[module]) <= share <= sizes[module]
    assert shares["upgrade"] > shares["triggers"]


def test_all_of_them_are_all_of_them(sites: Sites) -> None:
    assert sum(quotas(sites.mutants, 10**6).values()) == len(sites.mutants)


def test_every_declared_equivalent_fits_and_has_a_reason(sites: Sites) -> None:
    assert all(row.reason.strip() for row in EQUIVALENTS)
    assert len(list(declared(sites.mutants))) < len(sites.mutants) / 5


def test_a_declaration_that_fits_nothing_is_an_error(sites: Sites) -> None:
    stale = Equivalent("scheduling", "gone", "*", "*", "*", "it is gone")
    with pytest.raises(UsageError, match="scheduling:gone"):
        list(declared(sites.mutants, [stale]))


def test_nothing_of_the_reference_remembers_a_call() -> None:
    """A cache would carry what the phone's copy computed to the judge."""
    for path in sorted(Path(hil.reference.__path__[0]).glob("*.py")):
        named = {
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Name | ast.Attribute)
        }
        assert not named & {"lru_cache", "cache", "cached_property"}, path.name
