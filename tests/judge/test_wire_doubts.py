"""What a doubt about the wire does to a verdict: it excuses a phone that would fail, and no more."""

from __future__ import annotations

import pytest
from histories import TIMING, Story, booted, phone

from hil.history import events as ev
from hil.history.events import Cause
from hil.judge import Conduct, Judgement, Word, judge

DECLARED = ("resync.on_reset",)
DOUBT = ev.WireDoubt(
    source="witness",
    what="the wire loses frames from the phone",
    evidence="the switch received 29, 27 arrived here",
)
UNCOUNTED = ev.WireUncounted(source="witness", why="the switch does not answer")


def good() -> Story:
    return booted().fetch(10, Resync_Periodic="0")


def late() -> Story:
    """The phone breaks a rule: its power-up resync comes 100 s late."""
    return booted().fetch(110, Resync_Periodic="0")


def judged(story: Story, **conduct: str) -> Judgement:
    return judge(story.events, Conduct(DECLARED, **conduct), phone(), TIMING)  # type: ignore[arg-type]


def test_a_phone_that_breaks_a_clause_is_not_blamed_where_the_wire_is_doubted() -> None:
    told = judged(late().tell(120, DOUBT).ended(160))
    assert (told.word, told.cause) == (Word.ERROR, Cause.LAB)
    assert told.findings
    assert told.remarks == (f"{DOUBT.what}: {DOUBT.evidence}",)
    assert judged(late().ended(160)).word is Word.FAIL


def test_a_pass_stays_one_and_says_what_was_doubted() -> None:
    told = judged(good().tell(20, DOUBT).ended(60))
    assert told.word is Word.PASS
    assert DOUBT.evidence in told.remarks[-1]


@pytest.mark.parametrize(
    ("conduct", "word", "cause"),
    [
        ({"crash": "KeyError"}, Word.ERROR, Cause.TEST),
        ({"unmet": "no second resync"}, Word.INCONCLUSIVE, Cause.DEVICE),
        ({"lab_error": "the outlet is stuck"}, Word.ERROR, Cause.LAB),
    ],
)
def test_no_other_verdict_changes(conduct: dict[str, str], word: Word, cause: Cause) -> None:
    for story in (good().ended(60), good().tell(20, DOUBT).ended(60)):
        told = judged(story, **conduct)
        assert (told.word, told.cause) == (word, cause)


def test_where_nobody_could_count_the_phone_is_blamed_and_it_is_said_why() -> None:
    told = judged(late().tell(120, UNCOUNTED).ended(160))
    assert (told.word, told.cause) == (Word.FAIL, Cause.DEVICE)
    assert any("the switch does not answer" in remark for remark in told.remarks)
    assert judged(good().tell(20, UNCOUNTED).ended(60)).remarks == ()
