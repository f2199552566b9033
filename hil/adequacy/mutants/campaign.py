"""Running mutants: which tests, in which order, and until the number that was asked for is reached.

First the sound phone runs the whole suite with every slip watched (`watched`). A mutant is then given
the tests
in which its slip makes a difference, those first whose differences are the most about the
mutated function, until one kills it. `MOST_TESTS` bounds what a survivor may cost.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from hil.adequacy.campaign import Campaign
from hil.adequacy.job import Job, Kind, Stop
from hil.adequacy.messages import TestSeen
from hil.adequacy.mutants.difference import Difference
from hil.adequacy.mutants.equivalents import declared
from hil.adequacy.mutants.sampling import Draw, quotas, sampled
from hil.adequacy.mutants.schemata import mutate
from hil.adequacy.mutants.score import End, Result, Score, result_of, unreached
from hil.adequacy.mutants.sites import Mutant, Sites
from hil.adequacy.mutants.watched import told
from hil.errors import UsageError
from hil.judge import Word
from hil.judge.findings import Finding
from hil.pytest_plugin import RESULTS
from hil.reference.requirements import REQUIREMENTS

MOST_TESTS = 200
"""What a survivor may cost: a slip that changes every test is told apart by those about its topic."""
MOST_OF_DECLARED = 40
"""What a mutant may cost that is declared equivalent and run all the same."""
DOUBTED = 18
"""One of those that are declared equivalent is run for so many of the others."""
PROCESSOR_S = 25
"""What a mutant may use of a processor: one that runs for ever is no kill."""
DEADLINE_S = 240.0


class Stillborn(Exception):
    """The phone crashed, or no group can begin with it: a phone like this shows nothing more."""


class StopAtError:
    """The observer of a mutant's job: it ends with the first test that breaks.

    It ends as well if the first group of tests cannot begin.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._results = config.stash[RESULTS]

    def before(self, test: str) -> None:
        """Nothing to do."""

    def after(self, test: str) -> bytes:
        """Raise `Stillborn` if the phone or the laboratory broke."""
        last = self._results.tests[-1:]
        if last and last[0].id == test and last[0].judgement.word is Word.ERROR:
            raise Stillborn("; ".join(last[0].judgement.remarks) or "ERROR")
        first = self._results.baselines[:1]
        if first and first[0].judgement.word in (Word.ERROR, Word.INCONCLUSIVE):
            raise Stillborn("; ".join(first[0].judgement.remarks) or "no baseline exchange")
        return b""


def difference(mutants: Sequence[Mutant], seen: Mapping[str, TestSeen]) -> Difference:
    """What a sound run told that was prepared by ``watching(mutants)``."""
    ran = {name: told(test.data) for name, test in seen.items()}
    return Difference(
        mutants,
        frozenset(place for reached, _, _ in ran.values() for place in reached),
        {name: frozenset(differs) for name, (_, differs, _) in ran.items()},
        {name: frozenset(returns) for name, (_, _, returns) in ran.items()},
    )


def names_a_requirement(finding: Finding) -> bool:
    """Whether a finding traces to a requirement of the catalogue."""
    return finding.requirement in REQUIREMENTS


def job_of(mutant: Mutant, tests: Sequence[str]) -> Job:
    """The job that runs a mutant with these tests until one kills it."""

    def prepare(config: pytest.Config) -> StopAtError:
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + PROCESSOR_S
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        mutate(mutant)
        return StopAtError(config)

    return Job(
        Kind.MUTANT,
        mutant.id,
        tuple(tests),
        prepare,
        names_a_requirement,
        Stop.FIRST_KILL,
        DEADLINE_S,
    )


def run(
    campaign: Campaign,
    sites: Sites,
    known: Difference,
    *,
    count: int | None,
    seed: int,
    only: Sequence[Mutant] = (),
) -> Score:
    """Run ``count`` mutants that count (None: all) of all or ``only`` of these; the score.

    Some of those that are declared equivalent are run as well, to see whether that is so.
    Raises UsageError where something is declared of mutants or functions that is not so.
    """
    _nobody_runs_what_is_elsewhere(sites, known)
    elsewhere = {mutant.id for mutant in sites.elsewhere}
    equivalent = {mutant.id for mutant in declared(sites.mutants)} - elsewhere
    chosen = [m for m in only or sites.mutants if m.id not in equivalent | elsewhere]
    doubted = [m for m in only or sites.mutants if m.id in equivalent]
    doubted = sampled(doubted, len(doubted) if count is None else count // DOUBTED, seed)
    wanted = quotas(chosen, len(chosen) if count is None else count)
    draw = Draw(chosen, seed)
    results: list[Result] = []
    missing = dict(wanted)
    while drawn := [each for module, left in missing.items() for each in draw.take(module, left)]:
        results += _results(campaign, drawn, known)
        valid = Counter(r.mutant.module for r in results if r.end is not End.STILLBORN)
        missing = {m: number - valid[m] for m, number in wanted.items() if number > valid[m]}
    places = {mutant.id: place for place, mutant in enumerate(sites.mutants)}
    results.sort(key=lambda result: places[result.mutant.id])
    checked = _results(campaign, doubted, known, MOST_OF_DECLARED)
    size = len(sites.mutants) - len(elsewhere)
    return Score(seed, size, len(equivalent), tuple(results), tuple(checked))


def _nobody_runs_what_is_elsewhere(sites: Sites, known: Difference) -> None:
    """Raise UsageError if the phone runs what is declared to be no part of it."""
    run = {each.function.name for each in sites.elsewhere if known.is_reached(each)}
    if run:
        raise UsageError(
            f"the phone runs what is said to be no part of it: {', '.join(sorted(run))}",
            remedy="take it out of ELSEWHERE in hil/adequacy/mutants/reach.py",
        )


def _results(
    campaign: Campaign, drawn: Sequence[Mutant], known: Difference, most: int = MOST_TESTS
) -> list[Result]:
    found = [unreached(m, reached=known.is_reached(m)) for m in drawn if not known.able(m)]
    able = [mutant for mutant in drawn if known.able(mutant)]
    jobs = [job_of(mutant, known.telling(mutant, most)) for mutant in able]
    if jobs:
        outcomes = campaign.run(Kind.MUTANT, jobs)
        for mutant, job, outcome in zip(able, jobs, outcomes, strict=True):
            found.append(result_of(mutant, outcome, known.able(mutant), len(job.tests)))
    return found
