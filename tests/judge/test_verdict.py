"""The merge rule: what overrides what, and what is vacuous.

`GOOD` is a test that passes. Every other case changes one thing, or several, and the strongest of
them decides.
"""

from __future__ import annotations

import itertools

import pytest
from histories import TIMING, Story, booted, phone

from hil.history import events as ev
from hil.history.events import Cause
from hil.judge import EXIT_CODES, Conduct, Judgement, Word, judge, merge

DECLARED = ("resync.on_reset",)
FAULT = ev.LabFault(source="net", what="the bridge lost a frame", evidence="3 sent, 2 seen")


def good() -> Story:
    return booted().fetch(10, Resync_Periodic="0")


def late() -> Story:
    """The phone breaks a rule: its power-up resync comes 100 s late."""
    return booted().fetch(110, Resync_Periodic="0")


def judged(story: Story, conduct: Conduct | None = None) -> Judgement:
    return judge(story.events, conduct or Conduct(DECLARED), phone(), TIMING)


def verdict(story: Story, conduct: Conduct | None = None) -> tuple[Word, Cause]:
    told = judged(story, conduct)
    return told.word, told.cause


# --- each alone


def test_a_phone_that_was_stimulated_checked_and_seen_alive_passes() -> None:
    told = judged(good().ended(60))
    assert (told.word, told.cause) == (Word.PASS, Cause.NONE)
    assert "resync.on_reset" in told.checked
    word, readings = str(told).splitlines()
    assert word == "PASS"
    assert readings.startswith("rests on psn=7832-3PCC (I16)")


def test_a_pass_says_where_the_monitor_lost_sight_of_the_phone() -> None:
    nak = ev.DhcpMessage(direction=ev.Direction.SENT, kind="NAK", mac="", xid=1)
    told = judged(good().tell(20, nak).ended(60))
    assert told.word is Word.PASS
    assert told.remarks == (
        "the monitor lost sight of the phone: it has no lease or no link, so it cannot show what it "
        "does",
    )


def test_a_violation_that_the_monitor_sees_fails_though_no_check_of_the_test_did() -> None:
    told = judged(late().ended(200))
    assert (told.word, told.cause) == (Word.FAIL, Cause.DEVICE)
    assert told.findings[0].source == "monitor"
    assert str(told).startswith("FAIL (device)\n[resync.on_reset]")


def test_a_failed_check_of_the_test_fails() -> None:
    check = ev.Checked(source="test", what="GPP_A", passed=False, due="one", seen="two", margin="")
    told = judged(good().tell(20, check).ended(60))
    assert (told.word, told.cause) == (Word.FAIL, Cause.DEVICE)
    (finding,) = told.findings
    assert (finding.requirement, finding.due, finding.seen, finding.source, finding.at) == (
        "resync.on_reset",
        "one",
        "two",
        "test",
        20_000_000_000,
    )


def test_a_failed_check_names_its_own_requirement_where_it_has_one() -> None:
    check = ev.Checked(what="x", passed=False, requirement="macros.mac")
    assert judged(good().tell(20, check).ended(60)).findings[0].requirement == "macros.mac"


def test_a_lab_fault_is_an_error_of_the_lab() -> None:
    told = judged(good().tell(20, FAULT).ended(60))
    assert (told.word, told.cause) == (Word.ERROR, Cause.LAB)
    assert told.remarks == ("the bridge lost a frame: 3 sent, 2 seen",)


def test_a_lab_error_that_stopped_the_test_is_an_error_of_the_lab() -> None:
    assert verdict(good().ended(60), Conduct(DECLARED, lab_error="no PDU")) == (
        Word.ERROR,
        Cause.LAB,
    )


def test_power_that_does_not_switch_is_an_error_of_the_lab() -> None:
    failed = ev.PowerFailed(outlet="3", action=ev.PowerAction.OFF, reason="reads on")
    told = judged(good().tell(20, failed).ended(60))
    assert (told.word, told.cause) == (Word.ERROR, Cause.LAB)
    assert told.remarks == ("outlet 3 did not switch off: reads on",)


def test_a_crash_of_the_test_is_an_error_of_the_test() -> None:
    told = judged(good().ended(60), Conduct(DECLARED, crash="ZeroDivisionError"))
    assert (told.word, told.cause, told.remarks) == (
        Word.ERROR,
        Cause.TEST,
        ("ZeroDivisionError",),
    )


def test_an_unmet_precondition_is_inconclusive() -> None:
    conduct = Conduct(DECLARED, unmet="awaited: a lease")
    assert verdict(good().ended(60), conduct) == (Word.INCONCLUSIVE, Cause.DEVICE)


def test_a_test_that_does_not_apply() -> None:
    conduct = Conduct(DECLARED, not_applicable="no second line")
    told = judged(good().ended(60), conduct)
    assert (told.word, told.remarks) == (Word.NOT_APPLICABLE, ("no second line",))


@pytest.mark.parametrize(
    "end",
    [
        Story(),
        Story().tell(60, ev.Alive(alive=False, method="icmp", detail="no echo")),
        Story()
        .tell(50, ev.Alive(alive=True, method="icmp"))
        .tell(60, ev.Alive(alive=False, method="icmp")),
    ],
)
def test_a_phone_not_seen_alive_to_the_end_is_inconclusive(end: Story) -> None:
    story = good()
    story.events += end.events
    assert verdict(story) == (Word.INCONCLUSIVE, Cause.DEVICE)


def test_nothing_that_the_phone_did_is_vacuous() -> None:
    story = Story().started().prepared().ended(60)
    told = judged(story)
    assert (told.word, told.cause) == (Word.ERROR, Cause.TEST)
    assert told.remarks == ("vacuous: the phone did nothing, so no stimulus reached it",)


def test_a_requirement_that_was_not_checked_is_vacuous_and_one_of_several_suffices_for_that() -> (
    None
):
    told = judged(good().ended(60), Conduct(("macros.mac", "profile.rfc8188")))
    assert (told.word, told.cause) == (Word.ERROR, Cause.TEST)
    assert told.remarks == ("vacuous: macros.mac, profile.rfc8188 was not really checked",)
    told = judged(good().ended(60), Conduct(("macros.mac", "resync.on_reset")))
    assert told.remarks == ("vacuous: macros.mac was not really checked",)
    assert verdict(good().ended(60), Conduct(("resync.on_reset",))) == (Word.PASS, Cause.NONE)


def absence(since: float, at: float) -> ev.Checked:
    return ev.Checked(what="no request", passed=True, absent_since=round(since * 1e9))


def test_an_absence_counts_only_while_the_phone_had_its_link() -> None:
    watched = good().tell(1, ev.LinkChanged(up=True)).tell(50, absence(20, 50)).ended(60)
    assert verdict(watched, Conduct(("resync.on_reset",))) == (Word.PASS, Cause.NONE)
    blind = good().tell(50, absence(20, 50)).ended(60)
    assert verdict(blind, Conduct(("resync.on_reset",))) == (Word.INCONCLUSIVE, Cause.TEST)
    cut = (
        good()
        .tell(1, ev.LinkChanged(up=True))
        .tell(30, ev.LinkChanged(up=False))
        .tell(31, ev.LinkChanged(up=True))
        .tell(50, absence(20, 50))
        .ended(60)
    )
    assert verdict(cut, Conduct(("resync.on_reset",))) == (Word.INCONCLUSIVE, Cause.TEST)


def test_a_fault_that_was_planned_and_never_came_is_vacuous() -> None:
    armed = ev.FaultArmed(source="tftp", fault="Stall", detail="Stall(at=9)")
    unused = good().tell(5, armed).ended(60)
    assert verdict(unused, Conduct(("resync.on_reset",))) == (Word.ERROR, Cause.TEST)
    used = good().tell(5, armed).tell(6, ev.FaultInjected(source="tftp", fault="Stall")).ended(60)
    assert verdict(used, Conduct(("resync.on_reset",))) == (Word.PASS, Cause.NONE)


def test_no_requirement_declared_is_vacuous() -> None:
    told = judged(good().ended(60), Conduct(()))
    assert (told.word, told.remarks) == (
        Word.ERROR,
        ("vacuous: the test declares no requirement",),
    )


def test_a_check_that_passed_counts_for_what_the_test_declared() -> None:
    passed = ev.Checked(what="the MAC address", passed=True)
    assert verdict(good().tell(20, passed).ended(60), Conduct(("macros.mac",)))[0] is Word.PASS


# --- together: the stronger one decides

STRONGEST_FIRST = (
    ("lab fault", Word.ERROR, Cause.LAB),
    ("crash", Word.ERROR, Cause.TEST),
    ("violation", Word.FAIL, Cause.DEVICE),
    ("unmet", Word.INCONCLUSIVE, Cause.DEVICE),
    ("not applicable", Word.NOT_APPLICABLE, Cause.DEVICE),
    ("not alive", Word.INCONCLUSIVE, Cause.DEVICE),
    ("no requirement", Word.ERROR, Cause.TEST),
)


def story_with(*faults: str) -> tuple[Story, Conduct]:
    story = late() if "violation" in faults else good()
    if "lab fault" in faults:
        story.tell(150, FAULT)
    if "not alive" not in faults:
        story.ended(200)
    return story, Conduct(
        () if "no requirement" in faults else DECLARED,
        crash="boom" if "crash" in faults else "",
        unmet="no lease" if "unmet" in faults else "",
        not_applicable="no line" if "not applicable" in faults else "",
    )


@pytest.mark.parametrize(
    "faults",
    [
        combination
        for size in range(len(STRONGEST_FIRST) + 1)
        for combination in itertools.combinations(STRONGEST_FIRST, size)
    ],
    ids=lambda faults: "+".join(name for name, _, _ in faults) or "nothing",
)
def test_the_strongest_decides(faults: tuple[tuple[str, Word, Cause], ...]) -> None:
    story, conduct = story_with(*(name for name, _, _ in faults))
    expected = faults[0][1:] if faults else (Word.PASS, Cause.NONE)
    assert verdict(story, conduct) == expected


def test_what_was_found_is_told_though_something_stronger_decides() -> None:
    story, conduct = story_with("lab fault", "violation")
    told = judged(story, conduct)
    assert told.word is Word.ERROR
    assert [finding.requirement for finding in told.findings] == [
        "resync.on_reset",
        "resync.random_delay",
    ]


# --- a run


@pytest.mark.parametrize(
    ("words", "expected", "code"),
    [
        ("", Word.ERROR, 3),
        ("PASS", Word.PASS, 0),
        ("NOT_APPLICABLE", Word.NOT_APPLICABLE, 0),
        ("PASS NOT_APPLICABLE", Word.PASS, 0),
        ("PASS INCONCLUSIVE", Word.INCONCLUSIVE, 3),
        ("INCONCLUSIVE ERROR", Word.ERROR, 3),
        ("PASS ERROR", Word.ERROR, 3),
        ("ERROR FAIL", Word.FAIL, 1),
        ("PASS NOT_APPLICABLE INCONCLUSIVE ERROR FAIL", Word.FAIL, 1),
    ],
)
def test_the_verdict_of_a_run_and_its_exit_code(words: str, expected: Word, code: int) -> None:
    for order in set(itertools.permutations(words.split())):
        assert merge(Word(word) for word in order) is expected
    assert EXIT_CODES[expected] == code


def test_every_verdict_has_an_exit_code_and_none_is_that_of_a_usage_error() -> None:
    assert set(EXIT_CODES) == set(Word)
    assert 2 not in EXIT_CODES.values()
