"""What the monitor must find, each beside its clean twin in which it must find nothing.

All stories have their lease at 10 s and no random delay unless they say so, so that the first
resync is due at 10 s; `TIMING` allows 10 s a step, 5 s a message and 30 s to give up.
"""

from __future__ import annotations

import pytest
from histories import LAB, PATH, Story, booted, findings, monitored

from hil.reference.profile_builder import flat_profile

LOG = {"Syslog_Server": LAB}
REQUESTED = f"CP-7832-3PCC 00:0e:08:aa:bb:cc -- Requesting resync tftp://{LAB}:69{PATH}"
SUCCEEDED = f"CP-7832-3PCC 00:0e:08:aa:bb:cc -- Successful resync tftp://{LAB}:69{PATH} -- OK"
FAILED = "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Resync failed: "


def only(story: Story):
    found = findings(story)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def clean(story: Story) -> dict[str, int]:
    monitor = monitored(story)
    assert monitor.findings == [], "\n".join(map(str, monitor.findings))
    return monitor.checks


# --- when a resync begins: after boot-up


def test_a_power_up_resync_in_its_window_is_checked() -> None:
    checks = clean(booted(Resync_Random_Delay="40").fetch(50).ended(60))
    assert checks["resync.on_reset"] == 1
    assert checks["resync.random_delay"] == 1
    assert checks["rules.default"] == 1


def test_a_power_up_resync_after_its_window_is_late() -> None:
    found = findings(booted(Resync_Random_Delay="40").fetch(58.5).ended(60))
    assert [f.requirement for f in found] == ["resync.on_reset", "resync.random_delay"]
    assert found[1].due == "the power-up resync between 10.000 s and 50.000 s of lab time"
    assert found[1].seen.startswith("TftpRequest(")
    assert found[1].margin == "8.500 s late"
    assert found[1].at == 58_500_000_000


def test_a_power_up_resync_that_never_comes_is_overdue() -> None:
    finding = only(booted(Resync_Random_Delay="40").ended(3600))
    assert finding.requirement == "resync.on_reset"
    assert finding.what == "the power-up resync did not begin"
    assert finding.seen == "nothing until 3600.000 s"
    assert finding.margin == "3550.000 s overdue"


def test_it_is_not_overdue_before_the_window_is_over() -> None:
    clean(booted(Resync_Random_Delay="40").ended(50.9))


def test_a_resync_after_a_reboot_although_resync_on_reset_is_no() -> None:
    finding = only(booted(Resync_On_Reset="No").fetch(11, Resync_Periodic="0").ended(60))
    assert finding.requirement == "resync.on_reset"
    assert finding.what == "a resync although none is due"
    assert finding.due == "no resync"
    assert "7832-3PCC.xml" in finding.seen


def test_no_resync_after_a_reboot_if_resync_on_reset_is_no() -> None:
    clean(booted(Resync_On_Reset="No").ended(100_000 / 2))


def test_a_request_before_the_lease() -> None:
    story = Story().started().prepared().power(1, "on")
    story.request(3)
    finding = only(story)
    assert finding.requirement == "resync.random_delay"
    assert finding.what == "a request before the phone has a lease"


def test_a_resync_although_provision_enable_is_no() -> None:
    assert only(booted(Provision_Enable="No").fetch(10)).requirement == "provision.enable"
    clean(booted(Provision_Enable="No").ended(7200))


# --- when a resync begins: the periodic one


def test_a_periodic_resync_at_its_time_is_checked() -> None:
    story = booted().fetch(10, Resync_Periodic="600").fetch(610.1, Resync_Periodic="600")
    assert clean(story.ended(700))["resync.periodic"] == 1


@pytest.mark.parametrize(
    ("at", "margin"), [(550.1, "60.000 s early"), (661.1, "31.000 s late"), (1300, None)]
)
def test_a_periodic_resync_outside_its_range(at: float, margin: str | None) -> None:
    story = booted().fetch(10, Resync_Periodic="600+20")
    finding = only(story.fetch(at, Resync_Periodic="600+20") if margin else story.ended(at))
    assert finding.requirement == "resync.periodic"
    assert finding.due == "the periodic resync between 610.100 s and 630.100 s of lab time"
    if margin and "early" in margin:
        assert finding.margin == margin
    else:
        assert finding.what == "the periodic resync did not begin"


def test_a_periodic_resync_although_resync_periodic_is_zero() -> None:
    story = booted().fetch(10, Resync_Periodic="0").fetch(3610, Resync_Periodic="0")
    assert only(story).requirement == "resync.periodic"
    clean(booted().fetch(10, Resync_Periodic="0").ended(50_000))


def test_each_element_of_a_list_is_held_against_its_own_interval() -> None:
    story, at = booted(), 10.0
    for delay in (600, 1200, 300, 300):
        story.fetch(at, Resync_Periodic="600,1200,300")
        at = round(at + 0.1 + delay, 3)
    clean(story)
    assert only(story.fetch(at + 900, Resync_Periodic="600,1200,300")).requirement == (
        "resync.periodic"
    )


# --- when a resync begins: a retry


def test_a_retry_at_its_time_and_one_too_early() -> None:
    clean(booted(Resync_Error_Retry_Delay="60").not_found(10).not_found(70.1).ended(71))
    finding = only(booted(Resync_Error_Retry_Delay="60").not_found(10).not_found(40.1))
    assert finding.requirement == "resync.error_retry_delay"
    assert finding.due == "the retried resync between 70.100 s and 70.100 s of lab time"
    assert finding.margin == "30.000 s early"


def test_a_retry_that_does_not_come() -> None:
    finding = only(booted(Resync_Error_Retry_Delay="60").not_found(10).ended(700))
    assert finding.requirement == "resync.error_retry_delay"
    assert finding.what == "the retried resync did not begin"


def test_a_retry_although_the_delay_is_zero() -> None:
    finding = only(booted(Resync_Error_Retry_Delay="0").not_found(10).not_found(70))
    assert finding.requirement == "resync.error_retry_delay"
    clean(booted(Resync_Error_Retry_Delay="0").not_found(10).ended(50_000))


def test_a_missing_file_is_a_success_if_resync_fails_on_fnf_is_no() -> None:
    story = booted(Resync_Fails_On_FNF="No", Resync_Periodic="600", Resync_Error_Retry_Delay="30")
    clean(story.not_found(10).not_found(610.1).ended(620))


# --- what is asked for


@pytest.mark.parametrize(
    ("asked", "requirement", "wrong"),
    [
        ({"path": "/other.xml"}, "rules.default", "path"),
        ({"port": 6969}, "rules.url", "port"),
        ({"scheme": "http"}, "rules.url", "scheme, port"),
    ],
)
def test_the_default_rule_asked_for_wrongly(asked, requirement: str, wrong: str) -> None:
    story = booted()
    story.request(10, **asked)
    finding = only(story)
    assert finding.requirement == requirement
    assert finding.what == f"Profile_Rule was fetched wrongly ({wrong})"
    assert finding.due == f"GET tftp://{LAB}:69{PATH}"


@pytest.mark.parametrize(
    ("asked", "requirement", "wrong"),
    [
        ({"host": "elsewhere.example"}, "rules.url", "host"),
        ({"method": "POST"}, "transfer.http", "method"),
        ({"path": "/y"}, "rules.url", "path"),
    ],
)
def test_an_http_request_that_is_not_the_rule_s(asked, requirement: str, wrong: str) -> None:
    right = {"path": "/x", "scheme": "http", "host": "prov.example"}
    rule = {"Profile_Rule": "http://prov.example/x"}
    twin = booted(**rule).look_up(10, "prov.example", LAB)
    twin.request(10, **right)
    clean(twin)
    story = booted(**rule).look_up(10, "prov.example", LAB)
    story.request(10, **right | asked)
    finding = only(story)
    assert (finding.requirement, finding.what) == (
        requirement,
        f"Profile_Rule was fetched wrongly ({wrong})",
    )


def test_a_host_header_with_the_port_is_the_same_host() -> None:
    story = booted(Profile_Rule="http://prov.example:80/x").look_up(10, "prov.example", LAB)
    story.request(10, "/x", scheme="http", host="Prov.Example:80")
    clean(story)


def test_the_next_rule_that_is_not_fetched() -> None:
    rules = {"Profile_Rule_B": "/b.xml"}
    clean(booted(**rules).fetch(10).fetch(10.5, "/b.xml").ended(60))
    finding = only(booted(**rules).fetch(10).ended(60))
    assert finding.requirement == "rules.sequence"
    assert finding.what == "Profile_Rule_B was not fetched"
    assert finding.due == f"a request for tftp://{LAB}:69/b.xml from {LAB}"
    assert finding.seen == "nothing in 10 s"


def test_rules_in_the_wrong_order() -> None:
    story = booted(Profile_Rule_B="/b.xml", Profile_Rule_C="/c.xml").fetch(10).fetch(10.5, "/c.xml")
    assert only(story).requirement == "rules.sequence"


def test_a_host_that_is_not_looked_up() -> None:
    rules = {"Profile_Rule_B": "http://prov.example/b.xml"}
    twin = booted(**rules).fetch(10).look_up(10.2, "prov.example", LAB)
    number = twin.request(10.3, "/b.xml", scheme="http", host="prov.example")
    clean(twin.end(10.4, number, scheme="http", body=flat_profile()).ended(30))
    finding = only(booted(**rules).fetch(10).ended(30))
    assert (finding.requirement, finding.due) == ("rules.url", "a DNS query for prov.example")


def test_a_server_of_the_wrong_dhcp_option() -> None:
    """The lab sees nothing of a request elsewhere; that none came to it is what it sees."""
    options = {66: b"192.0.2.9", 160: LAB.encode()}
    story = booted(options, DHCP_Option_To_Use="160,66")
    finding = only(story.ended(60))
    assert finding.requirement == "resync.on_reset"


# --- what is logged


def test_messages_as_configured() -> None:
    story = booted(**LOG).log(10, REQUESTED).fetch(10, Resync_Periodic="0").log(10.2, SUCCEEDED)
    checks = clean(story.ended(60))
    assert (checks["log.request"], checks["log.success"]) == (1, 1)


@pytest.mark.parametrize(
    ("requested", "succeeded", "requirement", "kind"),
    [
        (None, SUCCEEDED, "log.request", "Log_Request_Msg"),
        (REQUESTED, None, "log.success", "Log_Success_Msg"),
        ("Requesting something", SUCCEEDED, "log.request", "Log_Request_Msg"),
        (REQUESTED, "fine", "log.success", "Log_Success_Msg"),
    ],
)
def test_a_message_that_is_missing_or_wrong(
    requested: str | None, succeeded: str | None, requirement: str, kind: str
) -> None:
    story = booted(**LOG).fetch(10, Resync_Periodic="0")
    for text in (requested, succeeded):
        if text is not None:
            story.log(10.2, text)
    finding = only(story.ended(60))
    assert finding.requirement == requirement
    assert finding.what == f"{kind} was not sent as configured"
    wrong = next((t for t in (requested, succeeded) if t not in (None, REQUESTED, SUCCEEDED)), None)
    assert finding.seen == (f"instead: {wrong!r}" if wrong else "no such message")


def test_a_failure_message_with_any_words_for_err_and_one_that_is_missing() -> None:
    told = booted(**LOG, Resync_Error_Retry_Delay="0").log(10, REQUESTED).not_found(10)
    clean(told.log(10.2, FAILED + "whatever the phone calls it").ended(60))
    silent = booted(**LOG, Resync_Error_Retry_Delay="0").log(10, REQUESTED).not_found(10)
    assert only(silent.ended(60)).requirement == "log.failure"


def test_a_message_on_record_before_the_request_that_it_announces() -> None:
    story = booted(**LOG, Profile_Rule="http://prov.example/x", Resync_Periodic="600")
    fetched = f"http://{LAB}:80/x"
    requested = REQUESTED.replace(f"tftp://{LAB}:69{PATH}", fetched)
    story.look_up(10, "prov.example", LAB).log(10, requested)
    number = story.request(10, "/x", scheme="http", host="prov.example")
    story.end(10.1, number, scheme="http", body=flat_profile())
    story.log(10.2, SUCCEEDED.replace(f"tftp://{LAB}:69{PATH}", fetched))
    # The second time the phone knows the address, and the message is the first that is seen.
    story.log(610.1, requested)
    story.request(610.105, "/x", scheme="http", host="prov.example")
    assert clean(story.ended(620))["log.request"] == 2


def test_messages_to_a_server_that_is_not_the_lab_s_are_not_missed() -> None:
    clean(booted(Syslog_Server="192.0.2.99").fetch(10).ended(60))
    clean(booted(Syslog_Server=f"{LAB}:5514").fetch(10).ended(60))
    clean(booted(Syslog_Server="nowhere.example").fetch(10).ended(60))


def test_a_look_up_for_a_message_is_no_resync() -> None:
    story = booted(
        Syslog_Server="prov.example", Profile_Rule="http://prov.example/x", Resync_Periodic="0+900"
    )
    story.look_up(10, "prov.example", LAB)
    number = story.request(10, "/x", scheme="http", host="prov.example")
    story.end(10.1, number, scheme="http", body=flat_profile())
    story.look_up(10.2, "prov.example", LAB)
    fetched = f"http://{LAB}:80/x"
    for text in (REQUESTED, SUCCEEDED):
        story.log(10.3, text.replace(f"tftp://{LAB}:69{PATH}", fetched))
    clean(story.ended(60))
