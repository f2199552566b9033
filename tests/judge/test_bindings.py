"""What REGISTERs say of the phone's lines, and which triggers may follow from it."""

from __future__ import annotations

import pytest
import tellings
from histories import PHONE, Story, booted, findings
from tellings import RECEIVED, SENT

from hil.history import events as ev
from hil.judge.outside import Outside
from hil.judge.perhaps import Perhaps
from hil.reference.identity import Identity
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone, Registration

USERS = {"User_ID_1_": "101", "User_ID_2_": "102"}
TRIGGER = {"Resync_Trigger_1": "$REGTMR1 ge 50"}
NANOSECONDS = 1_000_000_000
Heard = list[tuple[float, int, bool, bool]]


def register(cseq: int = 1, *, user: str = "101", port: int = 5060, expires: int = 600) -> ev.Event:
    peer = f"{PHONE}:{port}"
    return tellings.sip(
        "REGISTER", RECEIVED, user=user, call=user, cseq=cseq, expires=expires, peer=peer
    )


def answer(status: int, cseq: int = 1, *, user: str = "101", expires: int = -1) -> ev.Event:
    return tellings.sip(
        "REGISTER", SENT, user=user, call=user, status=status, cseq=cseq, expires=expires
    )


def heard(*events: tuple[float, ev.Event], **parameters: str) -> Heard:
    """When a line got or lost its registration, and whether that is certain."""
    outside, told = Outside(), []
    phone = Phone(Identity("000e08aabbcc"), Parameters().updated(USERS | parameters))
    story = Story()
    for at, event in events:
        story.tell(at, event)
    for event in story.events:
        for news in outside.feed(event, phone):
            each = news.happening if isinstance(news, Perhaps) else news
            if isinstance(each, Registration):
                sure = not isinstance(news, Perhaps)
                told.append((each.at / NANOSECONDS, each.line, each.registered, sure))
    return told


GRANTED = (1, register()), (1.1, answer(200, expires=600))
LATER = (2000, tellings.screen("resync", offered=False))
RUN_OUT = (601.1, 1, False, True)


def test_a_granted_registration() -> None:
    assert heard(*GRANTED) == [(1.1, 1, True, True)]


def test_a_challenge_is_no_refusal() -> None:
    told = (1, register()), (1, answer(401)), (1, register(2)), (1.1, answer(200, 2))
    assert heard(*told) == [(1.1, 1, True, True)]


@pytest.mark.parametrize("status", [401, 403, 404, 407, 423, 500, 503, 603])
def test_it_is_lost_with_the_refusal_or_when_the_binding_runs_out(status: int) -> None:
    assert heard(*GRANTED, (500, register(2)), (500.1, answer(status, 2)), LATER, **TRIGGER) == [
        (1.1, 1, True, True),
        (500.1, 1, False, False),
        RUN_OUT,
    ]


def test_a_binding_that_is_renewed_in_time_is_not_lost() -> None:
    refused = (500, register(2)), (500.1, answer(503, 2))
    renewed = (590, register(3)), (590.1, answer(200, 3))
    later = (1190, tellings.screen("resync", offered=False))
    assert heard(*GRANTED, *refused, *renewed, later, **TRIGGER) == [
        (1.1, 1, True, True),
        (500.1, 1, False, False),
        (590.1, 1, True, True),
    ]


def test_silence_is_a_loss_after_timer_f() -> None:
    asked = (500, register(2)), (500.5, register(2)), (501.5, register(2))
    assert heard(*GRANTED, *asked, LATER, **TRIGGER)[1:] == [(532, 1, False, False), RUN_OUT]


@pytest.mark.parametrize(("t1", "lost"), [("0.1", 506.4), ("1", 564)])
def test_how_long_a_phone_waits_for_an_answer_to_its_register_is_set_by_sip_t1(
    t1: str, lost: float
) -> None:
    asked = (500, register(2))
    told = heard(*GRANTED, asked, LATER, SIP_T1=t1, **TRIGGER)
    assert told[1:] == [(lost, 1, False, False), RUN_OUT]


@pytest.mark.parametrize("status", [401, 407, 423])
def test_what_a_phone_may_mend_may_be_the_end_where_it_matters(status: int) -> None:
    told = (1, register()), (1, answer(status))
    assert heard(*told, **TRIGGER) == [(1, 1, False, False)]
    assert heard(*told) == []


def test_an_icmp_error_is_a_loss_at_once() -> None:
    fault = ev.FaultInjected(source="sip", fault="Unreachable", detail="REGISTER 101")
    told = heard(*GRANTED, (500, register(2)), (500, fault), LATER, **TRIGGER)
    assert told[1:] == [(500, 1, False, False), RUN_OUT]


def test_an_overlapping_register_is_not_settled_by_the_answer_to_the_older_one() -> None:
    overlapping = (500, register(2)), (510, register(3)), (511, answer(200, 2))
    assert heard(*GRANTED, *overlapping, LATER, **TRIGGER)[1:] == [
        (511, 1, True, True),
        (542, 1, False, False),
        (1111, 1, False, True),
    ]


def test_an_answer_to_the_newer_one_settles_both() -> None:
    overlapping = (500, register(2)), (510, register(3)), (511, answer(200, 3))
    assert heard(*GRANTED, *overlapping, LATER)[1:] == [(511, 1, True, True)]


def test_a_line_that_never_was_registered_may_count_from_its_first_failure() -> None:
    twice = (1, register()), (1, answer(403)), (30, register(2)), (30, answer(403, 2))
    assert heard(*twice) == []
    assert heard(*twice, **TRIGGER) == [(1, 1, False, False)]


def test_a_binding_that_runs_out_while_its_renewal_has_no_answer() -> None:
    assert heard(*GRANTED, (590, register(2)), LATER, **TRIGGER)[1:] == [
        (601.1, 1, False, False),
        (622, 1, False, True),
    ]


def test_a_binding_that_runs_out_and_nobody_renews() -> None:
    assert heard(*GRANTED, LATER, **TRIGGER)[1:] == [(601.1, 1, False, False)]


def test_a_binding_that_the_phone_takes_back() -> None:
    told = (500, register(2, expires=0)), (500, answer(200, 2))
    assert heard(*GRANTED, *told)[1:] == [(500, 1, False, True)]


def test_lines_of_one_user_are_told_apart_by_their_ports() -> None:
    same = {"User_ID_1_": "101", "User_ID_2_": "101"}
    for line in (1, 2):
        told = (1, register(port=5059 + line)), (1, answer(200))
        assert heard(*told, **same) == [(1, line, True, True)]


def test_lines_that_cannot_be_told_apart_are_either() -> None:
    same = {"User_ID_1_": "101", "User_ID_2_": "101"} | TRIGGER
    told = heard((1, register(port=40000)), (1, answer(200)), **same)
    assert told == [(1, 1, True, False), (1, 2, True, False)]


def test_nobody_s_register_says_nothing() -> None:
    assert heard((1, register(user="9")), (1, answer(200, user="9"))) == []


# --- what comes of it


def story(*events: tuple[float, ev.Event]) -> Story:
    """A phone that resyncs once its line 1 has had no registration for 50 s."""
    told = booted(**USERS, **TRIGGER).fetch(10, Resync_Periodic="0")
    for at, event in events:
        told.tell(at, event)
    return told


def broken(told: Story) -> list[str]:
    return [finding.requirement for finding in findings(told)]


LOST = (11, register()), (11, answer(200, expires=60)), (60, register(2)), (60, answer(403, 2))


def test_a_trigger_may_count_from_the_refusal_or_from_the_end_of_the_binding() -> None:
    for at in (110, 121):
        assert broken(story(*LOST).fetch(at, Resync_Periodic="0").ended(125)) == []
    assert broken(story(*LOST).fetch(90, Resync_Periodic="0").ended(95)) == ["resync.trigger"]
    assert broken(story(*LOST).ended(140)) == ["resync.trigger"]


def test_a_registered_line_triggers_nothing() -> None:
    registered = LOST[:2]
    assert broken(story(*registered).fetch(90, Resync_Periodic="0").ended(95)) == ["resync.trigger"]
    assert broken(story(*registered).ended(95)) == []


def test_a_line_that_was_never_registered_may_trigger_or_not() -> None:
    refused = (11, register()), (11, answer(403))
    assert broken(story(*refused).ended(95)) == []
    assert broken(story(*refused).fetch(61, Resync_Periodic="0").ended(95)) == []
    assert broken(story(*refused).fetch(40, Resync_Periodic="0").ended(95)) == ["resync.trigger"]


@pytest.mark.parametrize("status", [401, 403])
def test_what_was_refused_before_a_trigger_counts_from_it_may_count(status: int) -> None:
    def told(*, resyncs: float) -> Story:
        begun = booted(**USERS).fetch(10, Resync_Periodic="0")
        for at, event in (*LOST[:3], (60, answer(status, 2))):
            begun.tell(at, event)
        begun.tell(90, tellings.screen("resync"))
        begun.fetch(90.5, Resync_Trigger_1="$REGTMR1 ge 50", Resync_Periodic="0")
        return begun.fetch(resyncs, Resync_Periodic="0")

    assert broken(told(resyncs=111).ended(125)) == []
    assert broken(told(resyncs=121).ended(125)) == []
    assert broken(told(resyncs=100).ended(125)) == ["resync.trigger"]
