"""A campaign: the controls first, then each fault in each group, and what became of it.

By default a fault meets each group once, and the instants and both handsets take turns from group to
group; asked for everything, each fault meets each group at each instant with either handset.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hil.adequacy.job import Job, Kind
from hil.adequacy.outcome import Outcome
from hil.adequacy.suite import Suite
from hil.chaos import groups as gr
from hil.chaos.fault import Instant, LabFaultKind
from hil.chaos.groups import Control, Group, Handset
from hil.chaos.rightness import Sentence, sentence
from hil.chaos.small_disk import mount_small
from hil.chaos.striker import Plan, prepare
from hil.errors import LabError


@dataclass(frozen=True)
class Cell:
    """A fault in a group: when, and with which handset."""

    fault: LabFaultKind
    group: Group
    instant: Instant
    handset: Handset

    @property
    def name(self) -> str:
        """Its name among the jobs."""
        return f"{self.fault.name} x {self.group.module}, {self.instant}, {self.handset}"


class Watcher(Protocol):
    """Is told how the work goes on."""

    def progressed(self, phase: str, done: int, of: int) -> None:
        """So many jobs of a phase are through."""


@dataclass(frozen=True)
class Result:
    """A cell and what became of it."""

    cell: Cell
    sentence: Sentence


@dataclass
class Campaign:
    """Runs one suite, ``at_once`` children at a time."""

    suite: Suite
    at_once: int
    watcher: Watcher
    cpu_s: float = 0.0

    def groups(self, modules: Sequence[str]) -> tuple[Group, ...]:
        """The groups of these modules with their controls.

        LabError if a sound handset does not pass without a fault: nothing can be learnt then.
        """
        chosen = self._chosen(modules)
        sound = self._controls({m: (tests, "") for m, tests in chosen.items()})
        for module, outcome in sound.items():
            _require_passing(module, outcome)
        wrong = self._wrong_handsets(chosen)
        return tuple(
            _group(module, tests, sound[module], wrong.get(module))
            for module, tests in chosen.items()
        )

    def run(self, cells: Sequence[Cell]) -> tuple[Result, ...]:
        """Run cells; their results in the same order."""
        with tempfile.TemporaryDirectory(prefix="hil-chaos-") as directory:
            jobs = [_job(cell, Path(directory)) for cell in cells]
            outcomes = self._run("faults", jobs)
        return tuple(
            Result(cell, sentence(outcomes[cell.name], cell.group.controls[cell.handset].verdicts))
            for cell in cells
        )

    # -- inside ------------------------------------------------------------------------------------

    def _chosen(self, modules: Sequence[str]) -> dict[str, tuple[str, str]]:
        tests: dict[str, list[str]] = {module: [] for module in modules}
        for test in self.suite.tests:
            module = Path(test.partition("::")[0]).name
            if module in tests:
                tests[module].append(test)
        jobs = [Job(Kind.SOUND, module, tuple(each), prepare()) for module, each in tests.items()]
        outcomes = self._run("the tests", jobs)
        for module, outcome in outcomes.items():
            _require_passing(module, outcome)
        return {module: gr.choose(outcomes[module]) for module in modules}

    def _wrong_handsets(
        self, chosen: Mapping[str, tuple[str, str]]
    ) -> Mapping[str, tuple[str, Outcome]]:
        """For each module a defect that its second test finds, with the control."""
        found: dict[str, tuple[str, Outcome]] = {}
        lists = {m: gr.suspects(self.suite.tests[tests[1]]) for m, tests in chosen.items()}
        for number in itertools.count():
            open_ = [m for m in chosen if m not in found and number < len(lists[m])]
            if not open_:
                return found
            outcomes = self._controls({m: (chosen[m], lists[m][number]) for m in open_})
            for module, outcome in outcomes.items():
                if gr.convicts(outcome, chosen[module][1]):
                    found[module] = lists[module][number], outcome
        return found

    def _controls(self, wanted: Mapping[str, tuple[tuple[str, str], str]]) -> Mapping[str, Outcome]:
        jobs = [
            Job(
                Kind.DEFECT if defect else Kind.SOUND,
                module,
                tests,
                prepare(None, (defect,) if defect else ()),
            )
            for module, (tests, defect) in wanted.items()
        ]
        return self._run("controls", jobs)

    def _run(self, phase: str, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        for outcome in self.suite.run(jobs, self.at_once):
            outcomes[outcome.name] = outcome
            self.cpu_s += outcome.cpu_s
            self.watcher.progressed(phase, len(outcomes), len(jobs))
        return outcomes


def cells(
    faults: Sequence[LabFaultKind], groups: Sequence[Group], *, everything: bool = False
) -> tuple[Cell, ...]:
    """The cells of a campaign; those in which a fault can have no occasion are left out."""
    return tuple(itertools.chain.from_iterable(_meetings(faults, groups, everything)))


def _meetings(
    faults: Sequence[LabFaultKind], groups: Sequence[Group], everything: bool
) -> Iterator[Sequence[Cell]]:
    for (row, fault), (column, group) in itertools.product(enumerate(faults), enumerate(groups)):
        ways = [
            Cell(fault, group, instant, handset)
            for handset in Handset
            if handset in group.controls
            for instant in fault.instants
        ]
        # Turned before what is impossible is left out, so that each way gets its turn.
        start = 0 if everything else (row + column) % max(1, len(ways))
        possible = [way for way in ways[start:] + ways[:start] if has_occasion(way)]
        yield possible if everything else possible[:1]


def has_occasion(cell: Cell) -> bool:
    """Whether, without the fault, what it needs is heard after the instant."""
    if not cell.fault.needs or cell.instant is Instant.BEFORE:
        heard = [span.heard for span in cell.group.controls[cell.handset].timeline.spans]
        return not cell.fault.needs or any(cell.fault.needs in each for each in heard)
    target = cell.group.target(cell.handset)
    instant_s = target.midway_s if cell.instant is Instant.MIDWAY else target.late_s
    later = cell.group.controls[cell.handset].timeline.spans
    return target.heard.get(cell.fault.needs, -1.0) > instant_s or any(
        cell.fault.needs in span.heard for span in later if span.first > target.first
    )


def _job(cell: Cell, directory: Path) -> Job:
    plan = Plan(cell.fault, cell.instant, cell.group.target(cell.handset))
    defects = (cell.group.defect,) if cell.handset is Handset.DEFECTIVE else ()
    kind = Kind.DEFECT if defects else Kind.SOUND
    return Job(kind, cell.name, cell.group.tests, prepare(plan, defects, _disk(directory)))


def _disk(directory: Path) -> Callable[[], Path]:
    """A place for a child's evidence: a small disk of its own, or a directory among others."""

    def make() -> Path:
        if mount_small(directory):
            return directory
        return Path(tempfile.mkdtemp(dir=directory))

    return make


def _require_passing(module: str, outcome: Outcome) -> None:
    exchanges = (*outcome.baselines, *outcome.tests)
    told = [f"{each.verdict} {each.id}" for each in exchanges if each.verdict != "PASS"]
    if outcome.broke or outcome.troubles or told or not outcome.tests:
        raise LabError(
            "a sound handset does not pass although no fault was made",
            evidence="; ".join([*told, *outcome.troubles, outcome.broke]),
            next_step="run `hil certify` with that module",
            concerns=module,
        )


def _group(
    module: str, tests: tuple[str, str], sound: Outcome, wrong: tuple[str, Outcome] | None
) -> Group:
    controls: dict[Handset, Control] = {Handset.SOUND: gr.control(sound)}
    if wrong is not None:
        controls[Handset.DEFECTIVE] = gr.control(wrong[1])
    return Group(module, tests, wrong[0] if wrong else "", controls)
