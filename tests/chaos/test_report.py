"""The matrix of a campaign, what it counts as wrong, and the groups that it is made of."""

from __future__ import annotations

import json

import msgspec
import pytest

from hil.adequacy.job import Kind
from hil.adequacy.messages import TestSeen
from hil.adequacy.outcome import Outcome
from hil.chaos.campaign import Cell, Result, cells, has_occasion
from hil.chaos.fault import Instant, LabFaultKind
from hil.chaos.groups import Control, Group, Handset, choose, convicts, suspects
from hil.chaos.report import Matrix, document, letter, lines
from hil.chaos.rightness import Answer, Bearing, Sentence
from hil.chaos.timeline import Span, Timeline
from hil.errors import LabError
from hil.virtual.defects import DEFECTS


def never(scene: object) -> None:
    raise AssertionError("no fault is armed here")


def fault(name: str = "pdu-eats-cables", **more: object) -> LabFaultKind:
    return LabFaultKind(name, "it eats cables", "the teeth marks", never, **more)  # type: ignore[arg-type]


def span(
    test: str, first: int = 0, *, powers: int = 1, heard: dict[str, float] | None = None
) -> Span:
    return Span(test, first, first + 9, 3, 10.0, 90.0, powers, heard or {})


def group(module: str = "test_a.py", heard: dict[str, float] | None = None) -> Group:
    line = Timeline((span("m::calm"), span("m::target", 10, heard=heard)))
    control = Control({"m::calm": "PASS (none)", "m::target": "PASS (none)"}, line)
    return Group(
        module,
        ("m::calm", "m::target"),
        "retry-never",
        {Handset.SOUND: control, Handset.DEFECTIVE: control},
    )


def answer(verdict: str = "ERROR", *, right: bool = True, struck: bool = True) -> Answer:
    bearing = Bearing.STRUCK if struck else Bearing.BEFORE
    cause = "lab" if verdict in ("ERROR", "INCONCLUSIVE") else "device"
    return Answer("m::target", bearing, verdict, cause, "PASS (none)", right, ("because",))


def matrix(*sentences: Sentence, faults: tuple[LabFaultKind, ...] = ()) -> Matrix:
    kind, place = fault(), group()
    cell = Cell(kind, place, Instant.LATE, Handset.SOUND)
    return Matrix(faults or (kind,), (place,), tuple(Result(cell, each) for each in sentences))


RIGHT = Sentence((answer(), answer("PASS", struck=False)), ("crunch",))
WRONG = Sentence((answer(), answer("FAIL", right=False)), ("crunch",))
VACUOUS = Sentence((answer("PASS", struck=False),))
BROKE = Sentence((), ("crunch",), "hung: not through after 120 s")


@pytest.mark.parametrize(
    ("sentences", "code", "rate"),
    [
        ((RIGHT,), 0, 0.0),
        ((RIGHT, RIGHT), 0, 0.0),
        ((RIGHT, WRONG), 1, 0.25),
        ((RIGHT, VACUOUS), 3, 0.0),
        ((VACUOUS, WRONG), 1, 1 / 3),
        ((BROKE,), 1, 1.0),
        ((), 3, 0.0),
    ],
)
def test_only_a_campaign_without_wrong_and_without_vacuous_cells_is_good(
    sentences: tuple[Sentence, ...], code: int, rate: float
) -> None:
    found = matrix(*sentences)
    assert found.exit_code == code
    assert found.rate == pytest.approx(rate)


def test_a_fault_without_any_occasion_proves_nothing() -> None:
    found = matrix(RIGHT, faults=(fault(), fault("another")))
    assert found.exit_code == 3
    assert "VACUOUS another: no group gives it an occasion" in "\n".join(lines(found))


def test_letters_tell_the_worst() -> None:
    inconclusive = Sentence((answer("INCONCLUSIVE"),), ("crunch",))
    cases = [((), "."), ((RIGHT,), "E"), ((inconclusive,), "I"), ((inconclusive, RIGHT), "E")]
    cases += [((RIGHT, VACUOUS), "v"), ((VACUOUS, WRONG), "w"), ((BROKE,), "w")]
    for sentences, due in cases:
        assert letter(matrix(*sentences).results) == due


def test_people_see_each_wrong_verdict_with_its_evidence() -> None:
    text = "\n".join(lines(matrix(RIGHT, WRONG, BROKE)))
    for part in (
        "WRONG pdu-eats-cables x test_a.py, late, sound",
        "said FAIL (device), without the fault PASS (none)",
        "the fault: crunch (struck)",
        "hung: not through after 120 s",
        "the rate of wrong verdicts is 40.00%",
    ):
        assert part in text


def test_programs_see_everything() -> None:
    told = json.loads(json.dumps(document(matrix(RIGHT, WRONG), {"all": False})))
    assert told["run"]["rate"] == pytest.approx(0.25)
    assert told["groups"][0]["defect"] == "retry-never"
    cell = told["cells"][1]
    assert (cell["fault"], cell["instant"], cell["letter"]) == ("pdu-eats-cables", "late", "w")
    assert [each["right"] for each in cell["answers"]] == [True, False]


# --- cells


def test_instants_and_handsets_take_turns_from_group_to_group() -> None:
    groups = [group(f"test_{letter}.py") for letter in "abcdef"]
    met = cells([fault()], groups)
    assert len(met) == 6
    assert len({(each.instant, each.handset) for each in met}) == 6


def test_asked_for_everything_each_fault_meets_all() -> None:
    assert len(cells([fault(), fault("b")], [group()], everything=True)) == 2 * 3 * 2
    late = fault(instants=(Instant.LATE,))
    assert len(cells([late], [group()], everything=True)) == 2


@pytest.mark.parametrize(
    ("heard", "instant", "occasion"),
    [
        ({"ntp": 50.0}, Instant.MIDWAY, True),
        ({"ntp": 50.0}, Instant.LATE, False),
        ({"ntp": 5.0}, Instant.MIDWAY, False),
        ({"ntp": 5.0}, Instant.BEFORE, True),
        ({"tftp": 50.0}, Instant.BEFORE, False),
    ],
)
def test_a_server_that_nobody_speaks_to_any_more_is_no_occasion(
    heard: dict[str, float], instant: Instant, occasion: bool
) -> None:
    deaf = fault("ntp-hangs", needs="ntp")
    assert has_occasion(Cell(deaf, group(heard=heard), instant, Handset.SOUND)) is occasion
    assert has_occasion(Cell(fault(), group(heard=heard), instant, Handset.SOUND))


# --- groups


def outcome(spans: list[Span], **verdicts: str) -> Outcome:
    data = msgspec.msgpack.encode(Timeline(tuple(spans)))
    tests = [
        TestSeen(each.test, verdicts.get(each.test, "PASS"), "none", (), (), 0.1, data)
        for each in spans
    ]
    return Outcome(Kind.SOUND, "test_a.py", tuple(tests))


def test_a_group_is_struck_where_there_is_most_to_hit() -> None:
    spans = [span("one"), span("two", 10, heard={"dns": 1.0}), span("three", 20, powers=2)]
    assert choose(outcome(spans)) == ("one", "three")
    assert choose(outcome(spans[:2])) == ("one", "two")
    with pytest.raises(LabError, match="two tests"):
        choose(outcome(spans[:1]))


def test_a_defect_convicts_only_by_the_test_that_is_struck() -> None:
    spans = [span("one"), span("two", 10)]
    assert convicts(outcome(spans, two="FAIL"), "two")
    assert convicts(outcome(spans, one="FAIL", two="FAIL"), "two")
    assert not convicts(outcome(spans, one="FAIL"), "two")
    assert not convicts(outcome(spans, one="ERROR", two="FAIL"), "two")


def test_the_defects_that_are_tried_break_what_the_test_names() -> None:
    found = suspects(("resync.on_reset",))
    assert found
    assert {DEFECTS[name].requirement for name in found} == {"resync.on_reset"}
    assert suspects(()) == ()
