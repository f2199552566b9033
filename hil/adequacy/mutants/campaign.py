"""Running mutants: which tests, in which order, and until the number that was asked for is reached.

First the sound phone runs the whole suite with every slip watched (`watched`). A mutant is then given
the tests
in which its slip makes a difference, those first whose differences are the most about the
mutated function, until one kills it. `MOST_TESTS` bounds what a survivor may cost.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from hil.adequacy.job import Job, Kind, Stop
from hil.adequacy.mutants.difference import Difference
from hil.adequacy.mutants.equivalents import declared
from hil.adequacy.mutants.sampling import Draw, quotas
from hil.adequacy.mutants.schemata import mutate
from hil.adequacy.mutants.score import End, Result, Score, result_of, unreached
from hil.adequacy.mutants.sites import Mutant, Sites
from hil.adequacy.mutants.watched import told, watching
from hil.adequacy.suite import Suite
from hil.errors import LabError, UsageError
from hil.judge import Word
from hil.judge.findings import Finding
from hil.pytest_plugin import RESULTS
from hil.reference.requirements import REQUIREMENTS

MOST_TESTS = 24
PROCESSOR_S = 8
"""What a mutant may use of a processor: one that runs for ever is no kill."""
DEADLINE_S = 90.0
WATCH_DEADLINE_S = 600.0

Told = Callable[[Result], None]


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


def watch(suite: Suite, mutants: Sequence[Mutant], at_once: int) -> Difference:
    """Run the sound phone once; raises LabError if it does not pass."""
    ran: dict[str, tuple[list[int], list[int]]] = {}
    waiting = tuple(suite.tests)
    for _ in range(2):
        again: list[str] = []
        for outcome in suite.run(_watch_jobs(waiting, mutants, at_once), at_once):
            if outcome.broke:
                raise LabError("the watched run broke", evidence=outcome.broke)
            for test in outcome.tests:
                ran[test.id] = told(test.data)
                if test.verdict not in ("PASS", "NOT_APPLICABLE"):
                    again.append(f"{test.verdict} {test.id}")
        waiting = tuple(each.split(" ", 1)[1] for each in again)
        if not waiting:
            break
    else:
        raise LabError("the sound phone does not pass", evidence="\n".join(again))
    return _difference(mutants, ran)


def _watch_jobs(tests: Sequence[str], mutants: Sequence[Mutant], at_once: int) -> Iterator[Job]:
    modules = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    parts = max(1, min(4 * at_once, len(modules)))
    for part in range(parts):
        chosen = set(modules[part::parts])
        yield Job(
            Kind.SOUND,
            f"watched-{part}",
            tuple(test for test in tests if test.partition("::")[0] in chosen),
            watching(mutants),
            deadline_s=WATCH_DEADLINE_S,
        )


def _difference(
    mutants: Sequence[Mutant], ran: dict[str, tuple[list[int], list[int]]]
) -> Difference:
    reached = frozenset(place for places, _ in ran.values() for place in places)
    differs = {test: frozenset(places) for test, (_, places) in ran.items()}
    return Difference(tuple(mutants), reached, differs)


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
    suite: Suite,
    sites: Sites,
    *,
    count: int | None,
    seed: int,
    at_once: int,
    only: Sequence[Mutant] = (),
    told_of: Told = lambda result: None,
) -> Score:
    """Run ``count`` mutants that count (None: all), or ``only`` these; the score.

    ``told_of`` hears of each result as soon as it is known.
    """
    elsewhere = {mutant.id for mutant in sites.elsewhere}
    equivalent = {mutant.id for mutant in declared(sites.mutants)}
    left_out = equivalent | elsewhere
    mutants = [each for each in only or sites.mutants if only or each.id not in left_out]
    difference = watch(suite, sites.mutants, at_once)
    _nobody_runs_what_is_elsewhere(sites, difference)
    wanted = quotas(mutants, len(mutants) if count is None else count)
    draw = Draw(mutants, seed)
    results: list[Result] = []
    missing = dict(wanted)
    while True:
        drawn = [each for module, left in missing.items() for each in draw.take(module, left)]
        if not drawn:
            break
        for result in _results(suite, drawn, difference, at_once):
            told_of(result)
            results.append(result)
        valid = Counter(r.mutant.module for r in results if r.end is not End.STILLBORN)
        missing = {module: number - valid[module] for module, number in wanted.items()}
        missing = {module: left for module, left in missing.items() if left > 0}
    places = {mutant.id: place for place, mutant in enumerate(sites.mutants)}
    results.sort(key=lambda result: places[result.mutant.id])
    return Score(seed, len(sites.mutants) - len(elsewhere), len(equivalent), tuple(results))


def _nobody_runs_what_is_elsewhere(sites: Sites, difference: Difference) -> None:
    """Raise UsageError if the phone runs what is declared to be no part of it."""
    run = {each.function.name for each in sites.elsewhere if difference.is_reached(each)}
    if run:
        raise UsageError(
            f"the phone runs what is said to be no part of it: {', '.join(sorted(run))}",
            remedy="take it out of ELSEWHERE in hil/adequacy/mutants/reach.py",
        )


def _results(
    suite: Suite, drawn: Sequence[Mutant], difference: Difference, at_once: int
) -> Iterator[Result]:
    known = {mutant.id: mutant for mutant in drawn}
    able = {mutant.id: difference.able(mutant) for mutant in drawn}
    for mutant in drawn:
        if not able[mutant.id]:
            yield unreached(mutant, reached=difference.is_reached(mutant))
    jobs = (job_of(m, difference.telling(m, MOST_TESTS)) for m in drawn if able[m.id])
    for outcome in suite.run(jobs, at_once):
        asked = min(able[outcome.name], MOST_TESTS)
        yield result_of(known[outcome.name], outcome, able[outcome.name], asked)
