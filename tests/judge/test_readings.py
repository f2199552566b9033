"""Which readings a verdict rests on, and which others would have acquitted."""

from __future__ import annotations

import pytest
from histories import TIMING, Story, booted, phone

from hil.history import events as ev
from hil.judge import Conduct, Judgement, Word, judge
from hil.judge.readings import differing, read_as
from hil.reference.interpretations import CATALOGUE, DEFAULT, WITHOUT_EFFECT

CONDUCT = Conduct(("resync.on_reset",))


def judged(story: Story, conduct: Conduct = CONDUCT, **readings: str) -> Judgement:
    return judge(story.events, conduct, read_as(phone(), **readings), TIMING)


def names(readings) -> list[str]:
    return [each.name for each in readings]


def late_by_the_unit() -> Story:
    """A resync after 25 s, where the delay is 2: right if that counts units of 20 seconds."""
    return booted(Resync_Random_Delay="2", Resync_Periodic="0").fetch(30).ended(60)


def test_a_finding_that_another_reading_excuses_names_it() -> None:
    told = judged(late_by_the_unit())
    assert told.word is Word.FAIL
    assert "random_delay_unit" in names(told.readings)
    assert [str(each) for each in told.acquitting] == ["random_delay_unit=twenty-seconds (I2)"]
    assert "would not be a FAIL under random_delay_unit=twenty-seconds (I2)" in str(told)


def test_under_that_reading_the_phone_passes() -> None:
    told = judged(late_by_the_unit(), random_delay_unit="twenty-seconds")
    assert told.word is Word.PASS
    (reading,) = [each for each in told.readings if each.name == "random_delay_unit"]
    assert (reading.reading, reading.is_default) == ("twenty-seconds", False)
    assert told.acquitting == ()


def test_a_finding_that_no_reading_excuses_names_none() -> None:
    told = judged(booted(Resync_Random_Delay="2").fetch(110).ended(200))
    assert told.word is Word.FAIL
    assert told.acquitting == ()


def test_what_a_check_of_the_test_found_is_no_matter_of_the_monitor_s_readings() -> None:
    check = ev.Checked(source="test", what="GPP_A", passed=False, due="one", seen="two")
    told = judged(late_by_the_unit().tell(61, check))
    assert told.word is Word.FAIL
    assert told.acquitting == ()


def test_a_test_that_rests_on_a_reading_says_so_though_the_monitor_never_asked() -> None:
    story = booted(Resync_Random_Delay="0", Resync_Periodic="0").fetch(10)
    check = ev.Checked(source="test", what="a resync", passed=False, due="one", seen="none")
    conduct = Conduct(("resync.on_reset",), readings=("check_sync",))
    told = judged(story.tell(50, check).ended(60), conduct)
    assert "check_sync" in names(told.readings)
    # The monitor found nothing, so nothing shows that another reading would explain what was seen.
    assert told.acquitting == ()


def test_a_test_that_rests_on_the_reading_which_excuses_its_finding_says_so() -> None:
    check = ev.Checked(source="test", what="a resync", passed=False, due="by 7 s", seen="at 30 s")
    conduct = Conduct(("resync.on_reset",), readings=("random_delay_unit",))
    told = judged(late_by_the_unit().tell(61, check), conduct)
    assert [each.reading for each in told.acquitting] == ["twenty-seconds"]


def test_a_fault_of_the_lab_is_not_judged_under_other_readings() -> None:
    told = judged(late_by_the_unit().tell(61, ev.LabFault(source="net", what="a frame was lost")))
    assert told.word is Word.ERROR
    assert told.acquitting == ()


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_a_question_that_was_not_asked_has_no_part_in_the_verdict(entry) -> None:
    for story in (late_by_the_unit(), booted(Resync_Random_Delay="2").fetch(110).ended(200)):
        told = judged(story)
        if entry.name in names(told.readings) or entry.name in WITHOUT_EFFECT:
            continue
        for candidate in entry.candidates:
            again = judged(story, **{entry.name: candidate})
            assert (again.word, again.findings) == (told.word, told.findings)


def test_what_is_not_read_as_by_default_can_be_listed() -> None:
    assert differing(DEFAULT) == ()
    assert [str(each) for each in differing(DEFAULT.choose(kdf_digest="md5", psn="V03"))] == [
        "kdf_digest=md5 (I10)",
        "psn=V03 (I16)",
    ]
