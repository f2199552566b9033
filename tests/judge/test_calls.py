"""What SIP says of the phone's lines, and what the monitor lets a phone do while it cannot know.

In each story a resync is due at 70.1 s, an hour's countdown after every call is switched off unless the
story is about it.
"""

from __future__ import annotations

import pytest
import tellings
from histories import Story, booted, findings
from tellings import RECEIVED, SENT

from hil.history import events as ev
from hil.judge.outside import Outside
from hil.reference.identity import Identity
from hil.reference.parameters import Parameters
from hil.reference.phone import LineChanged, Phone

USERS = {"User_ID_1_": "101", "User_ID_2_": "102"}
NANOSECONDS = 1_000_000_000


def heard(
    *events: tuple[float, ev.Event], **parameters: str
) -> list[tuple[float, int, bool | None]]:
    """Each change of a line that the judge tells the reference: when, which, and to what."""
    outside, told = Outside(), []
    phone = Phone(Identity("000e08aabbcc"), Parameters().updated(USERS | parameters))
    for event in story_of(*events).events:
        told += [
            (each.at / NANOSECONDS, each.line, each.active)
            for each in outside.feed(event, phone)
            if isinstance(each, LineChanged)
        ]
    return told


def story_of(*events: tuple[float, ev.Event]) -> Story:
    story = Story()
    for at, event in events:
        story.tell(at, event)
    return story


def says(method: str, status: int = 0, *, call: str = "c", cseq: int = 1, user: str = "101"):
    """A message of the phone's."""
    return tellings.sip(method, RECEIVED, user=user, call=call, status=status, cseq=cseq)


def hears(method: str, status: int = 0, *, call: str = "c", cseq: int = 1, user: str = "101"):
    """A message to the phone."""
    return tellings.sip(method, SENT, user=user, call=call, status=status, cseq=cseq)


# --- what is heard


def test_a_call_of_the_phone_is_certain_from_its_ack_to_its_bye() -> None:
    assert heard(
        (1, says("INVITE")),
        (1.1, hears("INVITE", 180)),
        (3, hears("INVITE", 200)),
        (3.1, says("ACK")),
        (9, says("BYE", cseq=2)),
        (9.1, hears("BYE", 200, cseq=2)),
    ) == [(1, 1, None), (3.1, 1, True), (9, 1, False)]


def test_a_call_to_the_phone_is_perhaps_over_until_the_phone_says_so() -> None:
    assert heard(
        (1, hears("INVITE")),
        (3, says("INVITE", 200)),
        (3.1, hears("ACK")),
        (9, hears("BYE", cseq=2)),
        (9.5, hears("BYE", cseq=2)),
        (9.6, says("BYE", 200, cseq=2)),
    ) == [(1, 1, None), (3.1, 1, True), (9, 1, None), (9.5, 1, None), (9.6, 1, False)]


@pytest.mark.parametrize("status", [302, 404, 486, 503, 603])
def test_a_refused_call_is_over(status: int) -> None:
    assert heard((1, says("INVITE")), (2, hears("INVITE", status))) == [(1, 1, None), (2, 1, False)]


def test_a_challenged_call_goes_on_with_credentials_or_ends_in_silence() -> None:
    challenged = [(1, says("INVITE")), (1.1, hears("INVITE", 407))]
    again = [
        (1.2, says("INVITE", cseq=2)),
        (3, hears("INVITE", 200, cseq=2)),
        (3, says("ACK", cseq=2)),
    ]
    assert heard(*challenged, *again) == [(1, 1, None), (3, 1, True)]
    assert heard(*challenged, (40, tellings.screen("resync"))) == [(1, 1, None), (33.1, 1, False)]


def test_a_call_that_nobody_answers_ends_with_timer_b() -> None:
    silent = (1, says("INVITE")), (2, says("INVITE")), (60, tellings.screen("resync"))
    assert heard(*silent) == [(1, 1, None), (33, 1, False)]


@pytest.mark.parametrize(("t1", "ends"), [("0.1", 7.4), ("1", 65)])
def test_how_long_a_phone_waits_for_an_answer_to_its_call_is_set_by_sip_t1(
    t1: str, ends: float
) -> None:
    silent = (1, says("INVITE")), (100, tellings.screen("resync"))
    assert heard(*silent, SIP_T1=t1) == [(1, 1, None), (ends, 1, False)]


def test_an_undeliverable_call_is_over() -> None:
    fault = ev.FaultInjected(source="sip", fault="Unreachable", detail="INVITE c")
    assert heard((1, says("INVITE")), (1, fault)) == [(1, 1, None), (1, 1, False)]


def test_repetitions_change_nothing() -> None:
    assert heard(
        (1, hears("INVITE")),
        (1.5, hears("INVITE")),
        (3, says("INVITE", 200)),
        (3.5, says("INVITE", 200)),
        (3.6, hears("ACK")),
        (4.5, says("INVITE", 200)),
        (4.6, hears("ACK")),
        (9, says("BYE", cseq=2)),
        (9.5, says("BYE", cseq=2)),
        (9.6, says("INVITE", 200)),
    ) == [(1, 1, None), (3.6, 1, True), (9, 1, False)]


def test_a_refused_call_that_is_repeated_is_no_new_call() -> None:
    refused = (1, says("INVITE")), (1.1, hears("INVITE", 486)), (1.5, says("INVITE"))
    assert heard(*refused) == [(1, 1, None), (1.1, 1, False)]


def test_a_session_that_may_not_be_changed_goes_on() -> None:
    assert heard(
        (1, says("INVITE")),
        (3, hears("INVITE", 200)),
        (3, says("ACK")),
        (5, says("INVITE", cseq=2)),
        (5, hears("INVITE", 488, cseq=2)),
        (9, says("BYE", cseq=3)),
    ) == [(1, 1, None), (3, 1, True), (9, 1, False)]


def test_dialing_and_hanging_up_come_before_any_message() -> None:
    assert heard(
        (1, tellings.screen("dial", detail="555")),
        (4, says("INVITE")),
        (5, hears("INVITE", 200)),
        (5, says("ACK")),
        (8, tellings.screen("hang-up")),
        (9, says("BYE", cseq=2)),
    ) == [(1, 1, None), (4, 2, None), (4, 1, False), (5, 2, True), (8, 2, None), (9, 2, False)]


def test_a_number_that_leads_to_no_call_keeps_the_line_for_a_minute() -> None:
    dialed = (1, tellings.screen("dial", detail="5")), (90, tellings.screen("resync"))
    assert heard(*dialed) == [(1, 1, None), (61, 1, False)]


@pytest.mark.parametrize("users", [("", ""), ("101", "101"), ("7", "8")])
def test_it_does_not_matter_whose_line_it_is(users: tuple[str, str]) -> None:
    call = (1, hears("INVITE")), (2, says("INVITE", 200)), (2, hears("ACK")), (9, says("BYE"))
    told = heard(*call, User_ID_1_=users[0], User_ID_2_=users[1])
    assert told == [(1, 1, None), (2, 1, True), (9, 1, False)]


def test_two_calls_of_one_line_are_told_apart() -> None:
    assert heard(
        (1, hears("INVITE", call="a")),
        (2, hears("INVITE", call="b")),
        (3, says("INVITE", 486, call="b")),
        (4, says("INVITE", 200, call="a")),
        (4, hears("ACK", call="a")),
    ) == [(1, 1, None), (2, 2, None), (3, 2, False), (4, 1, True)]


# --- what comes of it


def story(*events: tuple[float, ev.Event], delay: str = "0") -> Story:
    """A phone whose resync is due at 70.1 s, with what happens until then."""
    told = booted(**USERS, Forced_Resync_Delay=delay).fetch(10, Resync_Periodic="60")
    for at, event in events:
        told.tell(at, event)
    return told


def broken(told: Story) -> list[str]:
    return [finding.requirement for finding in findings(told)]


CALL = ((60, hears("INVITE")), (61, says("INVITE", 200)), (61.1, hears("ACK")))
HUNG_UP = hears("BYE", cseq=2)


def test_no_resync_during_a_call_and_none_is_missed() -> None:
    assert broken(story(*CALL).ended(300)) == []
    assert broken(story(*CALL).fetch(70.1, Resync_Periodic="0").ended(300)) == ["resync.idle"]


def test_a_line_that_only_rings_may_count_or_not() -> None:
    rings = (65, hears("INVITE")), (65.1, says("INVITE", 180))
    assert broken(story(*rings).fetch(70.1, Resync_Periodic="0").ended(300)) == []
    assert broken(story(*rings).ended(300)) == []
    over = (90, says("INVITE", 486))
    assert broken(story(*rings, over).fetch(90.5, Resync_Periodic="0").ended(300)) == []
    assert broken(story(*rings, over).ended(300)) == ["resync.periodic"]


def test_a_resync_that_begins_as_the_call_comes() -> None:
    call = ((70.0, hears("INVITE")), (70.2, says("INVITE", 200)), (70.3, hears("ACK")))
    assert broken(story(*call).fetch(70.4, Resync_Periodic="0").ended(300)) == []


def test_a_bye_that_is_lost_leaves_the_line_busy_or_not() -> None:
    told = (*CALL, (65, HUNG_UP), (65.5, HUNG_UP))
    assert broken(story(*told).ended(300)) == []
    assert broken(story(*told).fetch(70.1, Resync_Periodic="0").ended(300)) == []
    answered = (69, says("BYE", 200, cseq=2))
    assert broken(story(*told, answered).ended(300)) == ["resync.periodic"]


def test_the_countdown_begins_somewhere_between_bye_and_answer() -> None:
    told = (*CALL, (65, HUNG_UP), (67, says("BYE", 200, cseq=2)))
    for at in (95.0, 97.9):
        assert broken(story(*told, delay="30").fetch(at, Resync_Periodic="0").ended(300)) == []
    early = story(*told, delay="30").fetch(94, Resync_Periodic="0").ended(300)
    assert broken(early) == ["resync.forced_delay"]
    assert broken(story(*told, delay="30").ended(300)) == ["resync.forced_delay"]


def test_a_refused_call_may_begin_a_countdown_or_not() -> None:
    refused = (60, hears("INVITE")), (62, says("INVITE", 486))
    for at in (70.1, 92):
        assert broken(story(*refused, delay="30").fetch(at, Resync_Periodic="0").ended(300)) == []
    assert broken(story(*refused, delay="30").ended(300))


def test_an_upgrade_waits_for_the_end_of_a_call() -> None:
    upgrade = "http://192.0.2.1/sip7832.11-3-2MPP0001-610.loads"

    def told() -> Story:
        call = booted(Resync_Periodic="0", Forced_Resync_Delay="0", **USERS)
        for at, event in ((9.5, hears("INVITE")), (9.6, says("INVITE", 200)), (9.7, hears("ACK"))):
            call.tell(at + 1, event)
        return call

    # The resync began with the call, or before.
    busy = told().fetch(10.9, Upgrade_Rule=upgrade, Resync_Periodic="0")
    assert broken(busy.ended(300)) == []
    early = told().fetch(10.9, Upgrade_Rule=upgrade, Resync_Periodic="0")
    early.request(30, "/sip7832.11-3-2MPP0001-610.loads", scheme="http")
    assert broken(early.ended(31)) == ["upgrade.idle"]


def test_a_reboot_asked_for_in_a_call_may_come_at_once_or_after_it() -> None:
    def told(at: float) -> Story:
        asked = story(*CALL).tell(62, tellings.web_requested(1, "/admin/reboot"))
        asked.tell(62.1, tellings.web_answered(1, 200))
        if at > 80:
            asked.tell(80, says("BYE", cseq=2))
        return asked.tell(at, tellings.dhcp("DISCOVER")).lease(at + 5)

    for at in (70, 100):
        assert broken(told(at).fetch(at + 5, Resync_Periodic="0").ended(at + 20)) == []
