"""The kill matrix: what it counts, what is missing, and how it is written."""

from __future__ import annotations

import json
import os

import pytest

from hil.adequacy.catalogue import pair_name, random_pairs
from hil.adequacy.job import Kind
from hil.adequacy.matrix import Matrix, Score, matrix
from hil.adequacy.messages import Broke, Ended, Frames, Seen, TestSeen, send
from hil.adequacy.outcome import Fate, Outcome
from hil.adequacy.report import document, lines
from hil.errors import LabError, UsageError
from hil.virtual.defects import DEFECTS

ONE, OTHER = DEFECTS["ignores-resync-on-reset"], DEFECTS["never-resyncs-on-reset"]
THIRD = DEFECTS["retry-never"]
TESTS = {"m.py::a": ("resync.on_reset",), "m.py::b": ("resync.on_reset", THIRD.requirement)}
CATALOGUE = {defect.name: defect for defect in (ONE, OTHER)}


def finding(requirement: str, *, counts: bool) -> Seen:
    return Seen(requirement, "it did", "not", "did", "monitor", counts)


def ran(name: str, verdict: str, *findings: Seen) -> TestSeen:
    cause = {"PASS": "none", "ERROR": "lab"}.get(verdict, "device")
    return TestSeen(name, verdict, cause, findings, (), 0.1)


KILL = ran("m.py::a", "FAIL", finding("resync.on_reset", counts=True))
ELSEWHERE = ran("m.py::b", "FAIL", finding("macros", counts=False))
PASSED = ran("m.py::b", "PASS")


def outcome(name: str, *tests: TestSeen, kind: Kind = Kind.DEFECT, broke: str = "") -> Outcome:
    return Outcome(kind, name, tests, broke=broke)


def found(
    one: Outcome,
    other: Outcome,
    pair: Outcome | None = None,
    equivalent: dict[str, str] | None = None,
) -> Matrix:
    pairs = [(ONE, THIRD, pair)] if pair else []
    return matrix([(ONE, one), (OTHER, other)], pairs, TESTS, CATALOGUE, equivalent or {})


@pytest.mark.parametrize(
    ("tests", "broke", "fate"),
    [
        ((KILL, PASSED), "", Fate.KILLED),
        ((ELSEWHERE,), "", Fate.SURVIVED),
        ((PASSED,), "", Fate.SURVIVED),
        ((ran("m.py::a", "ERROR", finding("resync.on_reset", counts=True)),), "", Fate.INVALID),
        ((ran("m.py::a", "INCONCLUSIVE"), PASSED), "", Fate.INVALID),
        ((KILL, ran("m.py::b", "INCONCLUSIVE")), "", Fate.KILLED),
        ((KILL,), "died: by SIGSEGV", Fate.INVALID),
    ],
)
def test_a_fate_comes_from_verdicts_with_findings_that_count(
    tests: tuple[TestSeen, ...], broke: str, fate: Fate
) -> None:
    assert outcome(ONE.name, *tests, broke=broke).fate is fate


def test_faults_of_the_lab_between_tests_make_a_survivor_invalid() -> None:
    assert Outcome(Kind.DEFECT, "x", (PASSED,), (), ("a link came",)).fate is Fate.INVALID
    assert Outcome(Kind.DEFECT, "x", (PASSED,), (ran("b", "INCONCLUSIVE"),)).reasons


def test_nothing_is_missing_where_each_defect_is_killed_and_each_test_finds_one() -> None:
    whole = found(outcome(ONE.name, KILL, PASSED), outcome(OTHER.name, KILL, ELSEWHERE))
    assert whole.adequate
    assert whole.score() == whole.score("resync.on_reset") == Score(2, 2)
    assert whole.failed_by("m.py::a") == (ONE.name, OTHER.name)
    assert whole.failed_by("m.py::b") == (OTHER.name,)
    assert "killed 2/2 (100.0 %) of the catalogue's defects" in list(lines(whole))


def test_a_survivor_is_told_with_what_was_seen_of_it() -> None:
    lacking = found(outcome(ONE.name, KILL, PASSED), outcome(OTHER.name, PASSED, ELSEWHERE))
    assert not lacking.adequate
    assert [row.defect.name for row in lacking.survivors] == [OTHER.name]
    assert lacking.score() == Score(1, 2)
    text = "\n".join(lines(lacking))
    assert f"SURVIVED {OTHER.name} [resync.on_reset]: {OTHER.summary}" in text
    assert "found, of other clauses: [macros] it did" in text


def test_an_invalid_run_is_no_kill_and_is_told_with_its_reason() -> None:
    lacking = found(outcome(ONE.name, KILL), outcome(OTHER.name, ELSEWHERE, broke="hung: so long"))
    assert not lacking.adequate
    assert [row.defect.name for row in lacking.invalid] == [OTHER.name]
    assert "  hung: so long" in list(lines(lacking))


def test_an_error_beside_a_kill_is_missing_something_as_well() -> None:
    lacking = found(
        outcome(ONE.name, KILL, ELSEWHERE), outcome(OTHER.name, KILL, ran("m.py::b", "ERROR"))
    )
    assert lacking.score() == Score(2, 2)
    assert [each.name for each in lacking.erroneous] == [OTHER.name]
    assert not lacking.adequate


def test_a_test_that_finds_nothing_is_told_where_all_defects_of_its_clause_were_run() -> None:
    idle = found(outcome(ONE.name, KILL, PASSED), outcome(OTHER.name, KILL, PASSED))
    assert idle.idle_tests == ("m.py::b",)
    assert not idle.adequate
    assert "IDLE m.py::b finds no defect of resync.on_reset" in list(lines(idle))
    part = matrix([(ONE, outcome(ONE.name, KILL, PASSED))], [], TESTS, CATALOGUE, {})
    assert part.idle_tests == ()
    assert part.adequate


def test_a_declared_equivalent_does_not_count_unless_it_is_killed() -> None:
    one = outcome(ONE.name, KILL, ELSEWHERE)
    declared = {OTHER.name: "no phone shows it"}
    fair = found(one, outcome(OTHER.name, PASSED), equivalent=declared)
    assert fair.adequate
    assert fair.score() == Score(1, 1)
    assert any("declared equivalent: no phone shows it" in line for line in lines(fair))
    stale = found(one, outcome(OTHER.name, KILL), equivalent=declared)
    assert stale.stale == (OTHER.name,)
    assert not stale.adequate
    gone = found(one, outcome(OTHER.name, KILL), equivalent={"no-such-defect": "it was here once"})
    assert gone.stale == ("no-such-defect",)
    assert not gone.adequate


def test_of_a_pair_one_defect_may_mask_the_other_and_neither_may_live() -> None:
    both = (outcome(ONE.name, KILL, ELSEWHERE), outcome(OTHER.name, KILL))
    name = pair_name(ONE, THIRD)
    masked = found(*both, outcome(name, KILL, kind=Kind.PAIR))
    assert masked.pairs[0].masked == (THIRD.name,)
    assert masked.adequate
    alive = found(*both, outcome(name, ELSEWHERE, kind=Kind.PAIR))
    assert [pair.outcome.name for pair in alive.pairs_alive] == [name]
    assert not alive.adequate
    assert f"SURVIVED pair {name}" in list(lines(alive))


def test_a_share_is_rounded_down() -> None:
    assert str(Score(1999, 2000)) == "1999/2000 (99.9 %)"
    assert str(Score(0, 0)) == "0/0 (100.0 %)"


def test_the_document_has_every_part_of_the_matrix() -> None:
    pair = outcome(pair_name(ONE, THIRD), KILL, kind=Kind.PAIR)
    whole = found(outcome(ONE.name, KILL, ELSEWHERE), outcome(OTHER.name, KILL), pair)
    written = json.loads(json.dumps(document(whole, {"jobs": 2})))
    assert written["run"] == {"jobs": 2, "adequate": True}
    assert written["score"] == {"killed": 2, "counted": 2, "share": 1.0}
    [requirement] = written["requirements"]
    assert requirement["id"] == "resync.on_reset"
    assert requirement["defects"] == [ONE.name, OTHER.name]
    first = written["defects"][0]
    assert first["kills"] == [
        {
            "test": "m.py::a",
            "requirement": "resync.on_reset",
            "check": "it did",
            "source": "monitor",
        }
    ]
    assert (first["fate"], first["tests"], first["other_findings"]) == ("killed", 2, ["macros"])
    assert written["pairs"][0]["defects"] == [ONE.name, THIRD.name]
    assert written["pairs"][0]["masked"] == [THIRD.name]
    assert written["tests"][1] == {
        "id": "m.py::b",
        "requirement": "resync.on_reset",
        "finds": [ONE.name],
    }
    for name in ("survivors", "invalid", "erroneous", "stale", "idle_tests"):
        assert written[name] == []


def test_pairs_are_drawn_alike_for_the_same_seed() -> None:
    defects = list(DEFECTS.values())
    drawn = random_pairs(defects, 40, 7)
    assert drawn == random_pairs(defects, 40, 7)
    assert drawn != random_pairs(defects, 40, 8)
    assert len({frozenset((one.name, other.name)) for one, other in drawn}) == 40
    assert all(one.name != other.name for one, other in drawn)
    with pytest.raises(UsageError, match="2 defects make 1 pairs, not 2"):
        random_pairs([ONE, OTHER], 2, 1)


def test_messages_survive_a_pipe_in_any_pieces() -> None:
    reader, writer = os.pipe()
    sent = [KILL, Broke("so"), Ended((PASSED,), ("trouble",))]
    for message in sent:
        send(writer, message)
    os.close(writer)
    frames, heard = Frames(), []
    while data := os.read(reader, 3):
        heard += frames.feed(data)
    os.close(reader)
    assert heard == sent


@pytest.mark.parametrize(
    "noise", [b"\x00\x00\x00\x02{}", b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\xc1"]
)
def test_what_is_no_message_is_a_fault_of_the_lab(noise: bytes) -> None:
    with pytest.raises(LabError):
        list(Frames().feed(noise))
