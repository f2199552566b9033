"""Playing an experiment on the bench, and judging what was seen under each reading.

The experiment is played once. Its part of the history is judged as often as the question has readings,
each time by another one; a reading under which the phone would have broken a clause is refuted. What is
left when all others are refuted is the answer. Where several are left it is undetermined, where none is
left the phone does something that no reading explains: it may be broken in another way, or read the
specification in a way that nobody has thought of.

A fault of the laboratory, a precondition that did not come and a phone that is not seen alive are no
answers. Neither is a monitor that has lost sight of the phone: it refutes nothing then.

A question that was asked and has no answer may be why a later one seems to have another answer, or
none: there a reading is refuted only if it is under each reading of the one that is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from hil.errors import LabError
from hil.history import Unmet
from hil.history import events as ev
from hil.judge import Conduct, Judgement, Word, judge_as_read
from hil.judge.readings import Reading, alternatives, read_as
from hil.probes.catalogue import PROBES, WITHOUT_PROBE
from hil.probes.probe import Answer, Probe, Result
from hil.probes.scene import Scene
from hil.probes.strict import STRICT
from hil.reference.interpretations import CATALOGUE, Interpretations
from hil.testbed.bench import Bench, Site

LONGEST_WALL_S = 1200.0
"""The longest experiment, seconds, for which one waits where time passes by itself."""

_CLAUSE = "resync.on_reset"
"""A test must name a requirement that was checked. An experiment has none of its own: that it was
played to its end is its check."""


def probe_each(
    bench: Bench[Site], questions: Iterable[str], longest_s: float = float("inf")
) -> Iterator[Answer]:
    """Answer one question after another; an answer counts for the experiments that follow it.

    An experiment that takes longer than ``longest_s`` seconds, or that the handset or its place cannot
    hold, is left out, and its question is undetermined. Questions are taken in the order of `PROBES`,
    those without an experiment at the end.
    """
    readings = bench.entry.chosen_interpretations()
    wanted = list(questions)
    order = [each for each in PROBES if each in wanted]
    still_open: list[str] = []
    for name in (*order, *(each for each in wanted if each not in PROBES)):
        answer = _answered(bench, name, readings, still_open, longest_s)
        if answer.reading is not None:
            readings = readings.choose(**{name: answer.reading})
        elif name in PROBES and answer.result is not Result.NO_PROBE:
            still_open.append(name)
        yield answer


def _answered(
    bench: Bench[Site],
    name: str,
    readings: Interpretations,
    still_open: Sequence[str],
    longest_s: float,
) -> Answer:
    if name == "psn" and bench.entry.psn:
        remark = "the inventory gives the handset a psn of its own"
        return Answer(name, Result.NO_PROBE, remark=remark)
    if name not in PROBES:
        return Answer(name, Result.NO_PROBE, remark=WITHOUT_PROBE[name])
    if needed := _missing(bench, PROBES[name], longest_s):
        left = candidates_of(name)
        return Answer(name, Result.UNDETERMINED, left, remark=f"needs {needed}")
    return probe(bench, PROBES[name], readings, still_open)


def _missing(bench: Bench[Site], experiment: Probe, longest_s: float) -> str:
    """What an experiment needs and cannot have here; empty if there is nothing."""
    least = bench.entry.capabilities.minimum_timer_s or 0.0
    if experiment.wall_s > longest_s:
        return f"{_duration(experiment.wall_s)}, where {_duration(longest_s)} are the limit"
    if experiment.timer_s < least:
        return (
            f"a timer of {experiment.timer_s:g} s, and the firmware allows none below {least:g} s"
        )
    if experiment.capability:
        return bench.lacks(experiment.capability)
    return ""


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def probe(
    bench: Bench[Site],
    experiment: Probe,
    readings: Interpretations,
    still_open: Sequence[str] = (),
) -> Answer:
    """Find out which reading the phone follows; other questions are read as in ``readings``.

    Of those in ``still_open`` it is not known how the phone reads them.
    """
    candidates = candidates_of(experiment.question)
    scene = Scene(bench).of(candidates)
    name = f"probe {experiment.question}"
    started = bench.begin(name)
    conduct = _played(scene, experiment)
    ended = bench.end(name)
    events = bench.events_of(started, ended)
    base = read_as(bench.reference_phone(), **_chosen(readings))

    def judged(reading: str, **others: str) -> Judgement:
        read = read_as(base, **{experiment.question: reading}, **others)
        return judge_as_read(events, conduct, read, bench.timing)

    verdicts = {each: judged(each) for each in candidates}
    answer = concluded(experiment.question, verdicts, scene.ruled_out, conduct)
    if answer.result in (Result.FOUND, Result.NONE_FITS) and still_open:
        refuted = [each for each in answer.against if each not in scene.ruled_out]
        others = list(alternatives(base, still_open))
        return _unless(
            answer, refuted, others, lambda one, two: judged(one, **{two.name: two.reading})
        )
    return answer


def _unless(
    answer: Answer,
    refuted: Sequence[str],
    others: Sequence[Reading],
    judged: Callable[[str, Reading], Judgement],
) -> Answer:
    """The answer as long as it is not known whether the phone follows one of ``others``.

    ``judged`` is the verdict under a reading of the question that was asked, and another.
    """
    excused: dict[str, Reading] = {}
    for reading in refuted:
        excuse = next((each for each in others if not judged(reading, each).findings), None)
        if excuse is not None:
            excused[reading] = excuse
    if not excused:
        return answer
    reading, other = next(iter(excused.items()))
    return replace(
        answer,
        result=Result.UNDETERMINED,
        left=(*answer.left, *excused),
        against={name: said for name, said in answer.against.items() if name not in excused},
        remark=f"{other.name} has no answer; if the phone reads it as {other.reading}, {reading} fits",
    )


def candidates_of(question: str) -> tuple[str, ...]:
    """The readings of a question, as text."""
    (entry,) = (each for each in CATALOGUE if each.name == question)
    return tuple(map(str, entry.candidates))


def _chosen(readings: Interpretations) -> dict[str, str | int]:
    return {entry.name: getattr(readings, entry.name) for entry in CATALOGUE}


def _played(scene: Scene, experiment: Probe) -> Conduct:
    try:
        experiment.play(scene)
    except Unmet as error:
        return Conduct((_CLAUSE,), unmet=str(error))
    except LabError as error:
        return Conduct((_CLAUSE,), lab_error=str(error))
    scene.history.append(
        ev.Checked(source="test", what="played to its end", passed=True, requirement=_CLAUSE)
    )
    return Conduct((_CLAUSE,))


def concluded(
    question: str,
    verdicts: Mapping[str, Judgement],
    ruled_out: Mapping[str, str],
    conduct: Conduct,
) -> Answer:
    """Say what the verdicts under each reading, and what the experiment ruled out, come to."""
    against = {name: _first_finding(each) for name, each in verdicts.items()}
    against = {**ruled_out, **{name: said for name, said in against.items() if said}}
    stopped = [each for each in verdicts.values() if each.word in (Word.ERROR, Word.INCONCLUSIVE)]
    if stopped or conduct.unmet:
        remark = "; ".join(stopped[0].remarks) if stopped else conduct.unmet
        in_the_lab = any(each.cause is ev.Cause.LAB for each in stopped)
        result = Result.LAB if in_the_lab else Result.INCONCLUSIVE
        return Answer(question, result, against=against, remark=remark)
    left = tuple(name for name in verdicts if name not in against)
    return _answer(question, left, against, verdicts)


def _first_finding(judgement: Judgement) -> str:
    if not judgement.findings:
        return ""
    first = judgement.findings[0]
    return f"[{first.requirement}] {first.what}; due: {first.due}; seen: {first.seen}"


def _answer(
    question: str,
    left: Sequence[str],
    against: Mapping[str, str],
    verdicts: Mapping[str, Judgement],
) -> Answer:
    unseen = [remark for name in left for remark in verdicts[name].remarks]
    if not left:
        return Answer(question, Result.NONE_FITS, against=against)
    tolerant = STRICT.get(question, {})
    strict = [name for name in left if not any(other in left for other in tolerant.get(name, ()))]
    remark = unseen[0] if unseen else ""
    if len(strict) == 1:
        return Answer(question, Result.FOUND, tuple(strict), against, remark)
    return Answer(question, Result.UNDETERMINED, tuple(strict), against, remark)
