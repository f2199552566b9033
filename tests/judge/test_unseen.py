"""A resync of which nothing can be seen is not missed; one that must show is."""

from __future__ import annotations

from histories import LAB, booted, findings

ELSEWHERE = "198.51.100.7"


def whats(story) -> list[str]:
    return [finding.what for finding in findings(story)]


def test_a_resync_without_any_rule_to_follow_leaves_no_trace() -> None:
    assert whats(booted(Profile_Rule="").ended(50_000)) == []


def test_a_rule_without_a_server_fails_without_a_trace() -> None:
    assert whats(booted({66: b""}).ended(50_000)) == []


def test_its_failure_shows_where_it_is_logged() -> None:
    missed = whats(booted({66: b""}, Syslog_Server=LAB).ended(60))
    assert missed == ["the power-up resync did not begin"]


def test_a_request_to_a_server_that_is_not_the_lab_s_leaves_no_trace() -> None:
    assert whats(booted(Profile_Rule=f"http://{ELSEWHERE}/a.xml").ended(20)) == []


def test_what_it_does_after_unseen_failures_may_come_as_much_later() -> None:
    story = booted({66: b""}, Resync_Random_Delay="40", Resync_Error_Retry_Delay="600")
    # It began between 10 s and 50 s, so the retry is due between 610 s and 650 s.
    for retry in (610, 650.9):
        again = booted({66: b""}, Resync_Random_Delay="40", Resync_Error_Retry_Delay="600")
        again.lease(300)
        assert whats(again.fetch(retry, Resync_Periodic="0").ended(700)) == []
    story.lease(300)
    assert whats(story.fetch(600, Resync_Periodic="0").ended(700)) == [
        "the retried resync began outside its window"
    ]


def test_a_day_of_unseen_resyncs_is_passed_over() -> None:
    assert whats(booted(Profile_Rule="", Resync_Periodic="60").ended(86_000)) == []


def test_a_rule_that_asks_the_lab_is_missed() -> None:
    story = booted(Profile_Rule="", Profile_Rule_B="/b.xml")
    assert whats(story.ended(60)) == ["the power-up resync did not begin"]
