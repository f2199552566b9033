"""Resyncs at a time of the day, triggers and NOTIFY: each finding, and the same story without it.

In each story the phone resyncs from 10 to 10.1 s. Where it has a clock, that is set at 20 s: then it is
07:00 on 2026-03-02.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from histories import NANOSECONDS, Story, booted, findings, monitored
from tellings import RECEIVED, SENT, sip

from hil.history import events as ev
from hil.reference.interpretations import DEFAULT, Interpretations

GMT = {"Time_Zone": "GMT", "Daylight_Saving_Time_Enable": "No"}
LINES = {"User_ID_1_": "101", "User_ID_2_": "102"}
DAY = 86_400
SEVEN = "2026-03-02 07:00"


def broken(story: Story, reading: Interpretations = DEFAULT) -> list[str]:
    return [found.requirement for found in findings(story, interpretations=reading)]


def checked(story: Story) -> set[str]:
    monitor = monitored(story)
    assert monitor.findings == []
    return set(monitor.checks)


def told(story: Story, at: float, utc: str, *, waited: float = 0.01, **fields: int) -> Story:
    """The phone asks for the time, and is told it at ``at``."""
    story.tell(at - waited, ev.NtpQuery(source="ntp", peer="192.0.2.16:123", version=4))
    instant = round(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()) * NANOSECONDS
    answer = ev.NtpAnswer(source="ntp", peer="192.0.2.16:123", utc_ns=instant, **fields)
    return story.tell(at, answer)


def timed(**parameters: str) -> Story:
    chosen = GMT | {"Resync_At__HHmm_": "0730"} | parameters
    return told(booted({51: (8 * DAY).to_bytes(4)}, **chosen).fetch(10), 20, SEVEN)


# --- Resync_At


@pytest.mark.parametrize("at", [1820, 2000, 2420])
def test_a_resync_in_the_range(at: float) -> None:
    assert checked(timed().fetch(at).ended(3000)) >= {
        "resync.at",
        "resync.at.random_delay",
        "resync.at.clock",
    }


@pytest.mark.parametrize("at", [100, 1819, 2422])
def test_a_resync_before_the_range_or_after_it(at: float) -> None:
    assert broken(timed().fetch(at).ended(3000)) == ["resync.at"]


def test_no_resync_at_all() -> None:
    assert broken(timed().ended(3000)) == ["resync.at"]
    assert broken(timed().ended(2420)) == []


def test_the_second_day() -> None:
    assert broken(timed().fetch(1900).fetch(1900 + DAY).ended(2000 + DAY)) == []
    assert broken(timed().fetch(1900).ended(3000 + DAY)) == ["resync.at"]
    assert broken(timed().fetch(1900).fetch(20_000).ended(21_000)) == ["resync.at"]


def test_a_periodic_resync_although_resync_at_is_set() -> None:
    periodic = {"Resync_Periodic": "600"}
    assert broken(timed(**periodic).fetch(610.1).ended(700)) == ["resync.at"]
    assert broken(timed(**periodic).ended(700)) == []


def test_a_periodic_resync_although_it_is_set_and_nobody_has_told_the_time() -> None:
    def story() -> Story:
        chosen = {"Resync_At__HHmm_": "0730", "Resync_Periodic": "600"}
        return booted(**chosen).fetch(10)

    assert broken(story().fetch(610.1).ended(700)) == ["resync.at"]
    assert broken(story().ended(100_000)) == []
    periodic = DEFAULT.choose(resync_at_no_clock="periodic")
    assert broken(story().fetch(610.1).ended(700), periodic) == []
    assert broken(story().ended(700), periodic) == ["resync.periodic"]


def test_an_invalid_time_leaves_resync_periodic() -> None:
    chosen = {"Resync_At__HHmm_": "0960", "Resync_Periodic": "600"}
    assert broken(timed(**chosen).fetch(610.1).ended(700)) == []
    assert broken(timed(**chosen).ended(700)) == ["resync.periodic"]


def test_a_delay_in_whole_minutes_by_either_rounding() -> None:
    late = timed(Resync_At_Random_Delay="601").fetch(1820 + 640).ended(3000)
    assert broken(late) == ["resync.at"]
    assert broken(late, DEFAULT.choose(resync_at_rounding="next-minute")) == []


# --- its clock


def test_the_clock_is_put_forward() -> None:
    def story() -> Story:
        return told(timed(), 300, "2026-03-02 07:20")

    assert broken(story().fetch(900 + 10).ended(1600)) == []
    # Or it doubts what it is told, and goes by its own time; one of both it must be.
    assert broken(story().fetch(1820).ended(3000)) == []
    assert broken(story().fetch(1600).ended(1700)) == ["resync.at"]
    assert broken(story().ended(3000)) == ["resync.at"]


def test_the_clock_is_put_over_the_time() -> None:
    def story() -> Story:
        return told(timed(), 300, "2026-03-02 08:00")

    assert broken(story().fetch(600).ended(1000)) == []
    assert broken(story().ended(3000)) == ["resync.at"]
    assert broken(story().ended(3000), DEFAULT.choose(resync_at_gap="skipped")) == []


def test_the_clock_is_put_back() -> None:
    def story() -> Story:
        return told(timed(), 300, "2026-03-02 06:00")

    assert broken(story().fetch(300 + 5400).ended(6500)) == []
    assert broken(story().fetch(1820).ended(3000)) == []
    assert broken(story().fetch(4000).ended(4100)) == ["resync.at"]


@pytest.mark.parametrize(("stratum", "leap"), [(0, 0), (0, 3), (1, 3)])
def test_a_server_that_does_not_know_the_time_tells_none(stratum: int, leap: int) -> None:
    def story() -> Story:
        return told(timed(), 300, "2026-03-02 07:20", stratum=stratum, leap=leap)

    assert broken(story().fetch(1820).ended(3000)) == []
    assert broken(story().fetch(910).ended(1600)) == ["resync.at"]


@pytest.mark.parametrize("at", [910, 1820])
def test_a_time_that_comes_late_may_be_taken_or_not(at: float) -> None:
    story = told(timed(), 300, "2026-03-02 07:20", waited=2.5)
    assert broken(story.fetch(at).ended(at + 200)) == []


def test_one_of_both_it_must_be() -> None:
    story = told(timed(), 300, "2026-03-02 07:20", waited=2.5)
    assert broken(story.fetch(1600).ended(1700)) == ["resync.at"]
    story = told(timed(), 300, "2026-03-02 07:20", waited=2.5)
    assert broken(story.ended(3000)) == ["resync.at"]


def test_a_renewed_lease_may_bring_another_time_zone() -> None:
    def story(offset: int) -> Story:
        parameters = {"Ignore_DHCP_Time_Offset": "No"} | GMT | {"Resync_At__HHmm_": "0930"}
        first = {2: (3600).to_bytes(4, "big"), 51: DAY.to_bytes(4)}
        told_time = told(booted(first, **parameters).fetch(10), 20, SEVEN)
        return told_time.lease(300, first | {2: offset.to_bytes(4, "big")})

    assert broken(story(7200).fetch(1820).ended(3000)) == []
    assert broken(story(3600).fetch(1820).ended(3000)) == ["resync.at"]
    assert broken(story(3600).fetch(1820 + 3600).ended(7000)) == []


def test_who_learns_the_time_within_the_range_may_resync_and_need_not() -> None:
    def story() -> Story:
        chosen = GMT | {"Resync_At__HHmm_": "0730"}
        return told(booted({51: (8 * DAY).to_bytes(4)}, **chosen).fetch(10), 20, "2026-03-02 07:33")

    tomorrow = 20 + DAY - 180
    assert broken(story().fetch(300).fetch(tomorrow).ended(tomorrow + 700)) == []
    assert broken(story().fetch(tomorrow).ended(tomorrow + 700)) == []
    assert broken(story().fetch(300).fetch(400).ended(500)) == ["resync.at"]
    assert broken(story().fetch(300).ended(tomorrow + 700)) == ["resync.at"]


# --- triggers


def triggered(**parameters: str) -> Story:
    chosen = {"Resync_Periodic": "0"} | LINES | parameters
    return booted({51: (8 * DAY).to_bytes(4)}, **chosen).fetch(10)


@pytest.mark.parametrize("at", [610, 611, 614.9])
def test_a_triggered_resync_begins_when_the_phone_looks_at_its_triggers(at: float) -> None:
    story = triggered(Resync_Trigger_1="$PRVTMR ge 600").fetch(at).ended(at + 100)
    assert "resync.trigger" in checked(story)


@pytest.mark.parametrize("at", [300, 590, 617])
def test_one_that_comes_too_early_or_too_late(at: float) -> None:
    story = triggered(Resync_Trigger_2="$PRVTMR ge 600").fetch(at).ended(650)
    assert broken(story) == ["resync.trigger"]


def test_one_that_does_not_come() -> None:
    assert broken(triggered(Resync_Trigger_1="$PRVTMR ge 600").ended(700)) == ["resync.trigger"]


def test_one_that_comes_although_no_trigger_turns_true() -> None:
    story = triggered(Resync_Trigger_1='"$A" eq "go"')
    assert broken(story.fetch(300).ended(400)) == ["resync.trigger"]
    assert broken(triggered(Resync_Trigger_1='"$A" eq "go"').ended(DAY)) == []


def test_a_trigger_counts_once_as_long_as_it_stays_true() -> None:
    def story() -> Story:
        return triggered(Resync_Trigger_1='"$A" eq "go"', Resync_Trigger_2="$PRVTMR ge 600")

    turned = story().fetch(610, GPP_A="go").fetch(611)
    assert broken(turned.ended(700)) == []
    assert broken(story().fetch(610, GPP_A="go").fetch(611).fetch(613).ended(700)) == [
        "resync.trigger"
    ]


def test_a_trigger_that_is_true_at_boot_up_may_come_beside_the_resync_after_it() -> None:
    def story() -> Story:
        return booted(Resync_Trigger_1='"a" eq "a"', Resync_Periodic="0").fetch(10)

    assert broken(story().ended(100)) == []
    assert broken(story().fetch(12).ended(100)) == []
    assert broken(story().fetch(12).fetch(14).ended(100)) == ["resync.trigger"]


def registers(story: Story, at: float, status: int, expires: int = 3600) -> Story:
    """Line 1 registers, and is answered; a call id of its own."""
    story.tell(at, sip("REGISTER", RECEIVED, user="101", call=f"r{at}"))
    return story.tell(
        at + 0.01, sip("REGISTER", SENT, user="101", call=f"r{at}", status=status, expires=expires)
    )


def test_a_registration_that_is_refused_starts_regtmr() -> None:
    """At the refusal, or when the binding of an hour is over that the phone had before it."""

    def story() -> Story:
        chosen = {"Resync_Trigger_1": "$REGTMR1 gt 300", "Proxy_1_": "192.0.2.1"}
        return registers(registers(triggered(**chosen), 20, 200), 100, 403)

    for at in (402, 3622 + 301):
        assert "resync.trigger" not in broken(story().fetch(at).ended(at + 20))
    assert "resync.trigger" in broken(story().ended(4200))
    assert "resync.trigger" in broken(story().fetch(300).ended(350))


# --- readings of triggers


def test_a_gate_keeps_resyncs_back() -> None:
    gate = DEFAULT.choose(resync_trigger="gate")

    def story() -> Story:
        # The gate is shut with the profile; before that the phone resyncs after boot-up.
        return booted(Resync_Periodic="600").fetch(10, Resync_Trigger_1="$PRVTMR ge 900")

    assert broken(story().fetch(611).ended(700)) == []
    assert broken(story().fetch(611).ended(700), gate) == ["resync.trigger"]
    assert broken(story().fetch(912).ended(1000), gate) == []
    assert broken(story().ended(1000), gate) == ["resync.trigger"]
    assert broken(story().ended(1000)) == ["resync.periodic"]


# --- NOTIFY


def notified(story: Story, at: float, status: int, event: str = "resync") -> Story:
    """The bench sends a NOTIFY, and the phone answers it."""
    request = sip("NOTIFY", SENT, user="101", call=f"n{at}", event=event)
    story.tell(at, request)
    answer = sip("NOTIFY", RECEIVED, user="101", call=f"n{at}", status=status)
    return story.tell(at + 0.02, answer)


def test_a_notify_that_is_accepted_is_followed_by_a_resync() -> None:
    assert "resync.from_sip" in checked(notified(triggered(), 100, 200).fetch(100.1).ended(200))
    assert broken(notified(triggered(), 100, 200).ended(200)) == ["resync.from_sip"]
    assert broken(notified(triggered(), 100, 200).fetch(150).ended(200)) == ["resync.from_sip"]


def test_one_that_is_challenged_or_refused_is_not() -> None:
    for status in (401, 489, 403):
        assert broken(notified(triggered(), 100, status).ended(200)) == []
        assert broken(notified(triggered(), 100, status).fetch(100.1).ended(200)) == ["sip.notify"]


def test_with_resync_from_sip_no_it_is_not_whatever_the_phone_answers() -> None:
    no = {"Resync_From_SIP": "No"}
    for status in (200, 403):
        assert broken(notified(triggered(**no), 100, status).ended(200)) == []
        obeyed = notified(triggered(**no), 100, status).fetch(100.1).ended(200)
        assert broken(obeyed) == ["resync.from_sip"]


def test_the_profile_of_a_notify_is_fetched() -> None:
    event = "resync;profile=tftp://192.0.2.1/own.xml"
    right = notified(triggered(), 100, 200, event).fetch(100.1, "/own.xml").ended(200)
    assert broken(right) == []
    wrong = notified(triggered(), 100, 200, event).fetch(100.1).ended(200)
    assert broken(wrong) != []


def test_a_phone_may_obey_before_it_has_answered() -> None:
    story = triggered().tell(100, sip("NOTIFY", SENT, user="101", call="n", event="resync"))
    story.fetch(100.01)
    story.tell(100.2, sip("NOTIFY", RECEIVED, user="101", call="n", status=200))
    assert broken(story.ended(200)) == []


def test_an_answer_that_never_comes_leaves_both_open() -> None:
    def story() -> Story:
        return triggered().tell(100, sip("NOTIFY", SENT, user="101", call="n", event="resync"))

    assert broken(story().ended(200)) == []
    assert broken(story().fetch(105).ended(200)) == []


@pytest.mark.parametrize(
    ("reading", "with_one", "without"),
    [
        ("optional", [], []),
        ("supported", [], ["resync.from_sip"]),
        ("unsupported", ["sip.notify"], []),
    ],
)
def test_check_sync(reading: str, with_one: list[str], without: list[str]) -> None:
    chosen = DEFAULT.choose(check_sync=reading)
    story = notified(triggered(), 100, 200, "check-sync")
    assert broken(story.fetch(100.1).ended(200), chosen) == with_one
    assert broken(notified(triggered(), 100, 200, "check-sync").ended(200), chosen) == without
