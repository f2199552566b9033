"""What a phone does while the laboratory prepares it says nothing, for it or against it."""

from __future__ import annotations

from histories import IDENTITY, NANOSECONDS, TIMING, Story, findings

from hil.evidence.conversations import utterances
from hil.history import events as ev
from hil.judge import Conduct, Word, judge
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone

HOW = "a profile sets every parameter"
ELSEWHERE = "/of-the-test-before.xml"


def wild(story: Story, at: float) -> Story:
    """A phone that has power and asks for a file that no rule of the test names."""
    return story.power(at, "on").lease(at + 10).fetch(at + 10.1, ELSEWHERE).power(at + 20, "off")


def verdict_of(story: Story) -> Word:
    phone = Phone(IDENTITY, Parameters())
    return judge(story.events, Conduct(("resync.on_reset",)), phone, TIMING).word


def test_what_still_runs_when_a_test_begins_is_not_the_tests() -> None:
    story = wild(Story().started("resync.on_reset"), 1).prepared(30)
    assert findings(story.power(31, "on").lease(40).fetch(41).ended(60)) == []


def test_the_same_is_a_violation_once_the_phone_is_prepared() -> None:
    story = Story().started("resync.on_reset").prepared(1)
    assert findings(wild(story, 2).ended(60))


def test_a_phone_that_is_prepared_again_within_a_test_is_not_judged_meanwhile() -> None:
    story = Story().started("resync.on_reset").prepared(1)
    story.power(2, "on").lease(10).fetch(11).power(30, "off")
    story.tell(31, ev.HandsetPreparing(source="bench", how=HOW))
    wild(story, 32).prepared(60)
    assert findings(story.power(61, "on").lease(70).fetch(71).ended(90)) == []


def test_what_it_leaves_undone_meanwhile_is_not_held_against_it_either() -> None:
    story = Story().started("resync.on_reset")
    story.tell(1, ev.HandsetPreparing(source="bench", how=HOW))
    story.power(2, "on").lease(10).power(3000, "off").prepared(3001)
    assert findings(story.power(3002, "on").lease(3010).fetch(3011).ended(3020)) == []


def test_a_test_is_vacuous_whose_phone_was_only_prepared() -> None:
    story = Story().started("resync.on_reset")
    story.tell(1, ev.HandsetPreparing(source="bench", how=HOW))
    assert verdict_of(wild(story, 2).prepared(40).ended(50)) is Word.ERROR


def test_a_lab_fault_meanwhile_still_counts() -> None:
    story = Story().started("resync.on_reset")
    story.tell(1, ev.HandsetPreparing(source="bench", how=HOW))
    story.tell(5, ev.LabFault(source="power", what="the outlet is stuck"))
    wild(story, 6).prepared(40).power(41, "on").lease(50).fetch(51).ended(60)
    assert verdict_of(story) is Word.ERROR


def test_what_the_laboratory_says_that_it_waits_for_changes_no_verdict() -> None:
    waits = [
        ev.Awaited(source="bench", what="its lease", until=9, over=over) for over in (False, True)
    ]
    sound = Story().started("resync.on_reset").prepared(1).power(2, "on").lease(10).fetch(11)
    for story in (
        sound.ended(60),
        wild(Story().started("resync.on_reset").prepared(1), 2).ended(60),
    ):
        talkative = Story()
        for event in story.events:
            for each in (event, *waits):
                talkative.tell(event.at / NANOSECONDS, each)
        assert verdict_of(talkative) is verdict_of(story)
        assert list(map(str, findings(talkative))) == list(map(str, findings(story)))
        assert said(talkative) == said(story)
    assert {verdict_of(sound), verdict_of(story)} == {Word.PASS, Word.FAIL}


def said(story: Story) -> list[str]:
    return [each.says for each in utterances(story.events)]
