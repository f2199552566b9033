"""What a campaign came to: the matrix of faults and groups and the rate of wrong verdicts.

A letter of the matrix is the worst that a fault met in a group: ``w`` a wrong verdict, ``v`` vacuous,
``E`` ERROR (lab), ``I`` INCONCLUSIVE (lab) throughout; a dot where the group gives the fault no
occasion. The rate counts verdicts: the wrong ones of all that the faults bear on or must leave alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hil.chaos.campaign import Cell, Result
from hil.chaos.fault import LabFaultKind
from hil.chaos.groups import Group
from hil.chaos.rightness import Answer

_REMARK = 160


@dataclass(frozen=True)
class Matrix:
    """The results of a campaign, with the faults and groups that it had."""

    faults: tuple[LabFaultKind, ...]
    groups: tuple[Group, ...]
    results: tuple[Result, ...]

    @property
    def verdicts(self) -> int:
        """How many verdicts were held against the rule; a cell that broke counts as one."""
        return sum(len(each.sentence.answers) + bool(each.sentence.broke) for each in self.results)

    @property
    def wrong(self) -> int:
        """How many of them were wrong."""
        return sum(len(each.sentence.wrong) + bool(each.sentence.broke) for each in self.results)

    @property
    def rate(self) -> float:
        """The share of wrong verdicts, 0 to 1."""
        return self.wrong / self.verdicts if self.verdicts else 0.0

    @property
    def vacuous(self) -> tuple[Result, ...]:
        """The cells in which nothing was struck."""
        return tuple(each for each in self.results if each.sentence.vacuous)

    @property
    def unmet(self) -> tuple[LabFaultKind, ...]:
        """Faults that found no occasion in any group."""
        met = {each.cell.fault.name for each in self.results}
        return tuple(fault for fault in self.faults if fault.name not in met)

    @property
    def exit_code(self) -> int:
        """1 where a verdict is wrong, 3 where something proves nothing, 0 otherwise."""
        if self.wrong:
            return 1
        return 3 if self.vacuous or self.unmet or not self.results else 0

    def at(self, fault: LabFaultKind, group: Group) -> tuple[Result, ...]:
        """What became of a fault in a group."""
        return tuple(
            each
            for each in self.results
            if each.cell.fault.name == fault.name and each.cell.group.module == group.module
        )


def lines(matrix: Matrix) -> Iterator[str]:
    """The matrix for people: groups by number, faults by name, then all that is not right."""
    for number, group in enumerate(matrix.groups, 1):
        defect = f"; the defective handset has {group.defect}" if group.defect else ""
        yield f"{number:3} {group.module}{defect}"
    width = max((len(fault.name) for fault in matrix.faults), default=0)
    yield ""
    numbers = " ".join(f"{number:2}" for number in range(1, len(matrix.groups) + 1))
    yield f"{'':{width}} {numbers}  struck"
    for fault in matrix.faults:
        letters = [letter(matrix.at(fault, group)) for group in matrix.groups]
        struck = sum(
            len(each.sentence.struck) for group in matrix.groups for each in matrix.at(fault, group)
        )
        yield f"{fault.name:{width}} {' '.join(f'{each:>2}' for each in letters)}  {struck:6}"
    yield ""
    yield from _complaints(matrix)
    yield (
        f"{len(matrix.results)} cells, {matrix.verdicts} verdicts, {matrix.wrong} wrong: "
        f"the rate of wrong verdicts is {matrix.rate:.2%}"
    )


def letter(results: Sequence[Result]) -> str:
    """One letter for what became of a fault in a group."""
    if not results:
        return "."
    sentences = [each.sentence for each in results]
    if any(each.wrong or each.broke for each in sentences):
        return "w"
    if any(each.vacuous for each in sentences):
        return "v"
    said = {answer.verdict for each in sentences for answer in each.struck}
    return "I" if said == {"INCONCLUSIVE"} else "E"


def document(matrix: Matrix, run: dict[str, object]) -> dict[str, object]:
    """The matrix for programs."""
    return {
        "run": {
            **run,
            "cells": len(matrix.results),
            "verdicts": matrix.verdicts,
            "wrong": matrix.wrong,
            "rate": matrix.rate,
            "vacuous": len(matrix.vacuous),
            "unmet": [fault.name for fault in matrix.unmet],
        },
        "faults": [
            {"name": each.name, "words": each.words, "detector": each.detector}
            for each in matrix.faults
        ],
        "groups": [
            {"module": each.module, "tests": list(each.tests), "defect": each.defect}
            for each in matrix.groups
        ],
        "cells": [_cell(each) for each in matrix.results],
    }


def _cell(result: Result) -> dict[str, object]:
    sentence = result.sentence
    return {
        **_place(result.cell),
        "letter": letter([result]),
        "strikes": list(sentence.strikes),
        "broke": sentence.broke,
        "answers": [
            {
                "test": each.test,
                "bearing": each.bearing.value,
                "verdict": each.verdict,
                "cause": each.cause,
                "control": each.control,
                "right": each.right,
                "remarks": list(each.remarks),
            }
            for each in sentence.answers
        ],
    }


def _place(cell: Cell) -> dict[str, object]:
    return {
        "fault": cell.fault.name,
        "group": cell.group.module,
        "instant": cell.instant.value,
        "handset": cell.handset.value,
    }


def _complaints(matrix: Matrix) -> Iterator[str]:
    for result in matrix.results:
        sentence = result.sentence
        if sentence.broke:
            yield f"WRONG {result.cell.name}: no verdict"
            yield from (f"    {line}" for line in sentence.broke.splitlines()[-4:])
        elif sentence.vacuous:
            yield f"VACUOUS {result.cell.name}: the fault struck no test"
        for answer in sentence.wrong:
            yield f"WRONG {result.cell.name}"
            yield from _wrong(answer, sentence.strikes)
    for fault in matrix.unmet:
        yield f"VACUOUS {fault.name}: no group gives it an occasion"


def _wrong(answer: Answer, strikes: Sequence[str]) -> Iterator[str]:
    yield f"    {answer.test}"
    yield f"    said {answer.verdict} ({answer.cause}), without the fault {answer.control}"
    yield f"    the fault: {'; '.join(strikes[:2])} ({answer.bearing})"
    for remark in answer.remarks[:3]:
        yield f"    {remark.splitlines()[0][:_REMARK] if remark else ''}"
