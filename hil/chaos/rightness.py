"""Which verdicts are right while the laboratory is broken.

* An exchange inside whose part of the history the fault struck, or that came after it struck for
  good, must be ERROR or INCONCLUSIVE with the cause *lab*. That holds for a sound handset and for a
  defective one: what a broken lab saw is held against nobody. A phone that died by itself shows
  another way: no power command failed, and its link, its server and its wire have an alibi each.
* An exchange that was over before the fault struck keeps the verdict that it has without a fault.
* An exchange after the strike that the fault did not touch has that verdict or blames the lab.

A baseline exchange counts like a test. A test that did not begin because its group's baseline could
not be held shares that baseline's fate. A child that gave no verdict was no answer, so it is wrong.
A cell in whose exchanges nothing struck proves nothing: it is vacuous, and never right.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from hil.adequacy.messages import TestSeen
from hil.adequacy.outcome import Outcome
from hil.chaos.timeline import Timeline

_LAB = ("ERROR", "INCONCLUSIVE")


class Bearing(StrEnum):
    """Where an exchange stands towards the strike."""

    BEFORE = "before"
    STRUCK = "struck"
    BESIDE = "beside"


class Answer(msgspec.Struct, frozen=True):
    """An exchange with its verdict, what it is without a fault, and whether the verdict is right."""

    test: str
    bearing: Bearing
    verdict: str
    cause: str
    control: str
    right: bool
    remarks: tuple[str, ...] = ()


class Sentence(msgspec.Struct, frozen=True):
    """What became of one cell: each exchange's answer, what struck, and why it broke if it did."""

    answers: tuple[Answer, ...]
    strikes: tuple[str, ...] = ()
    broke: str = ""

    @property
    def struck(self) -> tuple[Answer, ...]:
        """The exchanges that the fault touched."""
        return tuple(each for each in self.answers if each.bearing is Bearing.STRUCK)

    @property
    def wrong(self) -> tuple[Answer, ...]:
        """The wrong verdicts."""
        return tuple(each for each in self.answers if not each.right)

    @property
    def vacuous(self) -> bool:
        """Whether the fault touched no exchange."""
        return not self.broke and not self.struck


def sentence(outcome: Outcome, control: Mapping[str, str]) -> Sentence:
    """Judge the verdicts of a cell; ``control`` has those without a fault, by exchange."""
    data = [each.data for each in outcome.tests if each.data]
    line = msgspec.msgpack.decode(data[-1], type=Timeline) if data else Timeline()
    strikes = tuple(strike.what for strike in line.strikes)
    answers: list[Answer] = []
    before = Bearing.BEFORE
    for each in _in_order(outcome, line):
        before = _bearing(each.id, line, before)
        answers.append(_answer(each, before, control.get(each.id, "")))
    broke = outcome.broke or ("" if data else "no verdict at all")
    return Sentence(tuple(answers), strikes, broke)


def _in_order(outcome: Outcome, line: Timeline) -> list[TestSeen]:
    """Exchanges as they were held; one that did not begin comes after those that did."""
    places = {span.test: span.first for span in line.spans}
    held = (*outcome.baselines, *outcome.tests)
    return sorted(held, key=lambda each: places.get(each.id, len(places) and max(places.values())))


def _bearing(test: str, line: Timeline, before: Bearing) -> Bearing:
    span = line.span(test)
    if span is None:
        return before
    past = [strike for strike in line.strikes if strike.seq <= span.last]
    if any(strike.lasting or strike.seq >= span.first for strike in past):
        return Bearing.STRUCK
    return Bearing.BESIDE if past else Bearing.BEFORE


def _answer(each: TestSeen, bearing: Bearing, control: str) -> Answer:
    said = f"{each.verdict} ({each.cause})"
    blames_lab = each.verdict in _LAB and each.cause == "lab"
    match bearing:
        case Bearing.STRUCK:
            right = blames_lab
        case Bearing.BESIDE:
            right = blames_lab or said == control
        case Bearing.BEFORE:
            right = said == control
    told = (*(f"[{f.requirement}] {f.what}: {f.seen}" for f in each.findings), *each.remarks)
    return Answer(each.id, bearing, each.verdict, each.cause, control, right, told)
