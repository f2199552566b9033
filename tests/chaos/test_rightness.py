"""Which verdicts are right while the laboratory is broken, from runs that are written down."""

from __future__ import annotations

import msgspec
import pytest

from hil.adequacy.job import Kind
from hil.adequacy.messages import TestSeen
from hil.adequacy.outcome import Outcome
from hil.chaos.rightness import Bearing, Sentence, sentence
from hil.chaos.timeline import Span, Strike, Timeline

FIRST, CALM, TARGET, LAST = "m::baseline (first)", "m::calm", "m::target", "m::baseline (last)"
CONTROL = dict.fromkeys((FIRST, CALM, TARGET, LAST), "PASS (none)")
PLACES = {FIRST: (0, 9), CALM: (10, 19), TARGET: (20, 29), LAST: (30, 39)}
LAB = "ERROR (lab)"


def outcome(strikes: list[Strike], broke: str = "", begun: int = 4, **said: str) -> Outcome:
    """A child's outcome; ``said`` has the verdicts that are not PASS, ``begun`` the exchanges held."""
    spans = tuple(
        Span(test, first, last, 3, 1.0, 2.0, 1, {})
        for test, (first, last) in list(PLACES.items())[:begun]
    )
    data = msgspec.msgpack.encode(Timeline(spans, tuple(strikes)))
    words = {FIRST: "first", CALM: "calm", TARGET: "target", LAST: "last"}

    def seen(test: str) -> TestSeen:
        verdict, cause = said.get(words[test], "PASS (none)").rstrip(")").split(" (")
        return TestSeen(test, verdict, cause, (), (), 0.1, data)

    return Outcome(
        Kind.SOUND, "cell", (seen(CALM), seen(TARGET)), (seen(FIRST), seen(LAST)), (), broke
    )


def judged(strikes: list[Strike], control: dict[str, str] = CONTROL, **said: str) -> Sentence:
    return sentence(outcome(strikes, **said), control)


def once(seq: int) -> list[Strike]:
    return [Strike(seq, "the PDU lies", lasting=False)]


def for_good(seq: int) -> list[Strike]:
    return [Strike(seq, "the server is gone", lasting=True)]


@pytest.mark.parametrize("word", ["ERROR (lab)", "INCONCLUSIVE (lab)"])
def test_what_was_struck_blames_the_lab(word: str) -> None:
    assert judged(once(25), target=word).wrong == ()


@pytest.mark.parametrize(
    "word",
    ["PASS (none)", "FAIL (device)", "INCONCLUSIVE (device)", "ERROR (test)", "FAIL (lab)"],
)
def test_nothing_else_is_right_for_what_was_struck(word: str) -> None:
    (wrong,) = judged(once(25), target=word).wrong
    assert (wrong.test, wrong.bearing) == (TARGET, Bearing.STRUCK)


def test_a_phone_that_is_wrong_is_not_blamed_by_a_broken_lab_either() -> None:
    control = {**CONTROL, TARGET: "FAIL (device)"}
    assert judged(once(25), control, target="FAIL (device)").wrong
    assert not judged(once(25), control, target=LAB).wrong


@pytest.mark.parametrize(("seq", "struck"), [(20, True), (29, True), (19, False), (30, False)])
def test_a_strike_concerns_the_test_that_it_falls_into(seq: int, struck: bool) -> None:
    answers = {each.test: each.bearing for each in judged(once(seq), target=LAB).answers}
    assert (answers[TARGET] is Bearing.STRUCK) is struck


def test_one_for_good_concerns_all_that_follows() -> None:
    found = judged(for_good(25), target=LAB)
    assert [each.test for each in found.struck] == [TARGET, LAST]
    assert [each.test for each in found.wrong] == [LAST]
    assert not judged(for_good(25), target=LAB, last=LAB).wrong


def test_between_two_tests_it_concerns_the_next_one() -> None:
    spans = {**PLACES}
    assert spans[TARGET][1] < 30
    found = judged(for_good(-1), first=LAB, calm=LAB, target=LAB, last=LAB)
    assert len(found.struck) == 4
    assert not found.wrong


@pytest.mark.parametrize("word", ["ERROR (lab)", "FAIL (device)", "INCONCLUSIVE (lab)"])
def test_what_was_over_before_keeps_its_verdict(word: str) -> None:
    (wrong,) = judged(once(25), calm=word, target=LAB).wrong
    assert (wrong.test, wrong.bearing) == (CALM, Bearing.BEFORE)


def test_what_comes_after_a_moment_has_its_verdict_or_blames_the_lab() -> None:
    assert not judged(once(25), target=LAB).wrong
    assert not judged(once(25), target=LAB, last=LAB).wrong
    (wrong,) = judged(once(25), target=LAB, last="FAIL (device)").wrong
    assert (wrong.test, wrong.bearing) == (LAST, Bearing.BESIDE)


def test_a_test_that_did_not_begin_shares_its_baselines_fate() -> None:
    run = outcome(
        for_good(5), begun=1, first=LAB, calm=LAB, target="INCONCLUSIVE (device)", last=LAB
    )
    found = sentence(run, CONTROL)
    assert [each.test for each in found.wrong] == [TARGET]


def test_without_a_strike_all_is_vacuous_and_nothing_right_or_wrong_by_it() -> None:
    found = judged([])
    assert found.vacuous
    assert not found.struck


def test_a_strike_outside_every_test_is_vacuous() -> None:
    assert judged(once(99)).vacuous


def test_a_child_that_gave_no_verdict_is_no_answer() -> None:
    assert sentence(outcome([], broke="hung"), CONTROL).broke == "hung"
    silent = Outcome(Kind.SOUND, "cell", ())
    found = sentence(silent, CONTROL)
    assert found.broke
    assert not found.vacuous
