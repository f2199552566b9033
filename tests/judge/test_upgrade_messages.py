"""What the monitor holds against a phone that tells of its upgrades, or of its peers."""

from __future__ import annotations

import pytest
from histories import LAB, TIMING, Story, findings
from upgrade_stories import ALONE, LOADS, LOG, NEW, PHONE, RULE, clean, downloads, idle, only

from hil.history import events as ev
from hil.reference.interpretations import DEFAULT

# --- messages


def test_the_messages_of_an_upgrade_are_due() -> None:
    request = f"{PHONE} -- Requesting upgrade tftp://{LAB}:69{LOADS}"
    success = f"{PHONE} -- Successful upgrade tftp://{LAB}:69{LOADS} -- done"

    def told(*texts: str) -> Story:
        story = idle(**LOG)
        if request in texts:
            story.log(10, request)
        downloads(story, 10)
        if success in texts:
            story.log(30, success)
        return story.boots(60).ended(300)

    checks = clean(told(request, success))
    assert (checks["log.upgrade_request"], checks["log.upgrade_success"]) == (1, 1)
    assert only(told(success)).requirement == "log.upgrade_request"
    assert only(told(request)).requirement == "log.upgrade_success"


def test_a_message_whose_first_word_looks_like_a_tag_is_the_message() -> None:
    story = idle(Log_Upgrade_Request_Msg="upgrade: $MA", Log_Upgrade_Failure_Msg="", **LOG)
    tagged = ev.SyslogMessage(source="syslog", text="000e08aabbcc", tag="upgrade", peer="")
    clean(story.tell(10, tagged).not_found(10, LOADS).ended(60))


def test_a_rule_that_cannot_be_followed_fails_without_a_trace() -> None:
    clean(idle(f"/fw/{NEW}.loads").ended(50_000))
    log = {"Log_Upgrade_Failure_Msg": "failed", **LOG}
    failing = idle(f"/fw/{NEW}.loads", **log).log(10, "failed").log(610, "failed")
    assert clean(failing.ended(700))["log.upgrade_failure"] == 2
    assert only(idle(f"/fw/{NEW}.loads", **log).ended(60)).requirement == "upgrade.rule"


def test_a_url_that_tells_the_seconds_is_not_compared() -> None:
    story = idle(f"tftp://{LAB}/$UPGTMR/x.loads").not_found(10, "/0/x.loads")
    clean(story.not_found(610.1, "/601/x.loads").ended(620))


# --- the log server of the peers


PEERS = {"Peer_Firmware_Sharing_Log_Server": f"{LAB}:5140"}


def report(story: Story, at: float, text: str = "CPPDP: image received", port: int = 5140) -> Story:
    return story.tell(at, ev.SyslogMessage(source="peer-log", text=text, peer="", port=port))


@pytest.mark.parametrize("at", [10.005, 10.5, 11.5, 20, 40.5])
def test_a_phone_that_takes_part_may_report_in_an_upgrade(at: float) -> None:
    story = idle(**PEERS)
    timely = Story()
    for event in downloads(story, 10.01).boots(40).ended(60).events:
        if event.at / 1e9 >= at and not any(e.source == "peer-log" for e in timely.events):
            report(timely, at)
        timely.tell(event.at / 1e9, event)
    checks = clean(timely)
    assert checks["upgrade.peer_sharing_log"] == 1


@pytest.mark.parametrize("at", [8.0, 200.0])
def test_at_any_other_time_it_may_not(at: float) -> None:
    story = idle(**PEERS)
    if at < 10:
        story = Story().started().prepared(Upgrade_Rule=RULE, **PEERS, **ALONE).power(1, "on")
        assert only(report(story, at)).requirement == "upgrade.peer_sharing_log"
        return
    finding = only(report(downloads(story, 10).boots(40), at).ended(300))
    assert (finding.requirement, finding.due) == (
        "upgrade.peer_sharing_log",
        "none but in an upgrade",
    )


def test_one_that_takes_no_part_may_never() -> None:
    story = report(idle(Peer_Firmware_Sharing="No", **PEERS), 10.05)
    finding = only(downloads(story, 10.1).boots(40).ended(60))
    assert finding.due == "none: the phone takes no part in the sharing"


def test_where_the_syslog_server_is_nobody_can_tell_whose_message_it_is() -> None:
    shared = {"Peer_Firmware_Sharing": "No", "Peer_Firmware_Sharing_Log_Server": LAB, **LOG}
    story = idle("", Log_Upgrade_Request_Msg="", **shared)
    clean(report(story, 50, "something of its own", port=514).ended(60))


def test_read_as_upgrade_messages_they_are_due_there() -> None:
    reading = DEFAULT.choose(peer_sharing_log="upgrade-messages")
    named = {
        "Peer_Firmware_Sharing_Log_Server": LAB,
        "Log_Upgrade_Request_Msg": "begins",
        "Log_Upgrade_Failure_Msg": "fails",
    }

    def told(*texts: str) -> list[str]:
        story = idle(**named)
        report(story, 10, texts[0], port=514).not_found(10, LOADS)
        for text in texts[1:]:
            report(story, 10.2, text, port=514)
        found = findings(story.ended(60), TIMING, reading)
        return [finding.requirement for finding in found]

    assert told("begins", "fails") == []
    assert told("begins") == ["log.upgrade_failure"]
