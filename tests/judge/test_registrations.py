"""What a line owes its SIP servers, clause by clause, and where nothing is held against it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import LAB, NANOSECONDS, PHONE, Story, findings, monitored, phone
from line_stories import ACCOUNT, AT_ONCE, CHALLENGE, DUAL, Lines

from hil.history import events as ev
from hil.judge.outside import Outside
from hil.reference.interpretations import DEFAULT
from hil.reference.phone import Registration

FAIL_OVER = DEFAULT.choose(dual_registration="fail-over")


def found(story: Story, reading=DEFAULT) -> list[str]:
    """The requirements of what is found."""
    return [each.requirement for each in findings(story, interpretations=reading)]


# -- registration ------------------------------------------------------------------------------------


def test_a_registration_that_is_renewed_in_time_is_checked() -> None:
    story = Lines().registered().registered(400).until(900)
    assert found(story) == []
    assert monitored(story).checks["sip.registration"] == 2


def test_a_line_that_never_registers_is_found() -> None:
    assert found(Lines().until(60)) == []
    (finding,) = findings(Lines().until(80))
    assert finding.requirement == "sip.registration"
    assert "did not come" in finding.what


def test_a_phone_may_provision_before_it_registers() -> None:
    values = {"Resync_On_Reset": "Yes", "Resync_Random_Delay": "300", "Profile_Rule": "/a.xml"}
    story = Lines(**values)
    story.fetch(250, "/a.xml")
    story.registered(280).until(300)
    assert found(story) == []


def test_a_registration_that_runs_out_is_found() -> None:
    assert found(Lines().registered().until(619)) == []
    (finding,) = findings(Lines().registered().until(625))
    assert finding.requirement == "sip.registration"
    assert "between 20.000 s and 620.000 s" in finding.due


def test_the_lifetime_is_what_the_proxy_grants() -> None:
    assert found(Lines().registered(expires=100).until(130)) == ["sip.registration"]


def test_an_answer_that_says_nothing_grants_what_was_asked() -> None:
    story = Lines().asks(AT_ONCE).told(AT_ONCE, 200)
    assert found(story.until(130)) == []


def test_overdue_is_told_once() -> None:
    story = Lines().registered(expires=100).until(130)
    assert found(story.registered(140).until(200)) == ["sip.registration"]


@pytest.mark.parametrize("switch", ["Line_Enable_1_", "Register_1_"])
def test_a_line_that_must_not_register(switch: str) -> None:
    story = Lines(**{switch: "No"})
    assert found(story.until(200)) == []
    assert found(Lines(**{switch: "No"}).asks(40)) == ["sip.registration"]


def test_another_transport_is_found() -> None:
    story = Lines(SIP_Transport_1_="TCP").registered().until(100)
    assert found(story) == ["sip.registration"]


def test_a_challenge_has_to_be_answered() -> None:
    story = Lines().asks(AT_ONCE).told(AT_ONCE, 401, CHALLENGE)
    assert found(story.until(25)) == []
    assert found(story.until(40)) == ["sip.registration"]


def test_a_challenge_that_no_phone_can_answer_has_not() -> None:
    negotiate = ("WWW-Authenticate", "Negotiate")
    story = Lines().asks(AT_ONCE).told(AT_ONCE, 401, negotiate).until(300)
    assert found(story) == []


def test_what_answers_a_challenge_has_to_be_the_accounts() -> None:
    story = Lines().asks(AT_ONCE).told(AT_ONCE, 401, CHALLENGE)
    shown = 'Digest username="line1", realm="hil", nonce="n", uri="sip:x", response="0"'
    story.asks(21, authorization=shown).told(21, 200, expires=600)
    assert found(story.until(100)) == ["sip.registration"]


def test_a_new_register_before_the_answer_is_found() -> None:
    story = Lines().asks(AT_ONCE).asks(25)
    assert found(story) == ["sip.registration"]


# -- retries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "status", "delay"), [("503", 503, 30), ("503", 500, 1200), ("5??", 500, 30)]
)
def test_a_retry_has_its_window(template: str, status: int, delay: int) -> None:
    def story() -> Lines:
        return Lines(Retry_Reg_RSC=template).asks(AT_ONCE).told(AT_ONCE, status)

    assert found(story().registered(AT_ONCE + delay).until(AT_ONCE + delay + 10)) == []
    assert found(story().registered(AT_ONCE + delay - 1)) == ["sip.register_retry"]
    assert found(story().registered(AT_ONCE + delay + 2)) == ["sip.register_retry"]
    assert found(story().until(AT_ONCE + delay + 2)) == ["sip.register_retry"]


def test_silence_is_a_failure_after_64_times_t1() -> None:
    story = Lines(Retry_Reg_RSC="X20").asks(AT_ONCE).registered(AT_ONCE + 62).until(100)
    assert found(story) == []
    assert monitored(story).checks["codes.x20"] == 1
    early = Lines(Retry_Reg_RSC="X20").asks(AT_ONCE).registered(AT_ONCE + 33)
    assert found(early) == ["sip.register_retry"]


def test_an_icmp_error_is_a_failure_at_once() -> None:
    refused = ev.FaultInjected(
        source="sip", fault="Unreachable", detail="what='port', REGISTER call"
    )
    story = Lines(Retry_Reg_RSC="X00").asks(AT_ONCE).tell(AT_ONCE, refused)
    story.registered(AT_ONCE + 30).until(100)
    assert found(story) == []
    assert monitored(story).checks["codes.x00"] == 1


def test_a_reset_connection_is_a_failure_at_once() -> None:
    def story() -> Lines:
        made = Lines(Retry_Reg_RSC="X00", SIP_Transport_1_="TCP")
        made.asks(AT_ONCE, transport="TCP", connection=7)
        gone = ev.Disconnected(source="sip", connection=7, peer=PHONE, reason="closed")
        return made.tell(AT_ONCE, gone)

    reset = ev.FaultInjected(source="sip", fault="Reset", detail="at=None, REGISTER call")
    assert found(story().tell(AT_ONCE, reset).until(60)) == ["sip.register_retry"]
    # By its own doing: what it makes of that nobody knows.
    assert found(story().until(300)) == []


def test_a_line_that_has_given_up_stays_silent() -> None:
    story = Lines(Reg_Retry_Long_Intvl="0").asks(AT_ONCE).told(AT_ONCE, 403)
    assert found(story.until(9000)) == []
    assert found(story.asks(9001)) == ["sip.register_retry"]


def test_an_answer_that_cannot_be_read_leaves_open_what_follows() -> None:
    story = Lines().asks(AT_ONCE).told(AT_ONCE, 200, expires=60, spoiled=True)
    assert found(story.until(3000)) == []


def test_a_late_answer_is_none() -> None:
    story = Lines(Retry_Reg_RSC="X20").asks(AT_ONCE).told(AT_ONCE + 40, 200, expires=600)
    assert found(story.until(AT_ONCE + 65)) == ["sip.register_retry"]


# -- the backup --------------------------------------------------------------------------------------


def refused(template: str = "503", at: float = 300) -> Lines:
    """Registered, left alone for a while, and then refused by the proxy with a 503."""
    return Lines(Try_Backup_RSC=template, **DUAL).registered().asks(at).told(at, 503)


def test_a_code_of_the_template_leads_to_the_backup() -> None:
    story = refused().asks(301, backup=True).told(301, 200, expires=3600).until(400)
    assert found(story) == []
    assert monitored(story).checks["sip.backup"] == 1
    assert found(refused().until(320)) == ["sip.backup"]


def test_another_code_does_not() -> None:
    assert found(refused("404").until(400)) == []
    assert found(refused("404").asks(301, backup=True)) == ["sip.backup"]


def test_who_goes_to_its_proxy_again_is_found() -> None:
    assert found(refused().asks(301)) == ["sip.backup"]


def test_a_phone_may_register_with_both_servers_at_once() -> None:
    def story() -> Lines:
        made = Lines(**DUAL).registered()
        return made.asks(AT_ONCE + 1, backup=True).told(AT_ONCE + 1, 200, expires=600).until(100)

    assert found(story()) == []
    assert found(story(), FAIL_OVER) == ["sip.backup"]


def test_who_has_done_with_one_server_is_held_to_that() -> None:
    story = Lines(**DUAL).registered().asks(100, backup=True)
    assert found(story) == ["sip.backup"]


def test_the_way_back_has_its_interval() -> None:
    def story() -> Lines:
        made = Lines(Try_Backup_RSC="503", Proxy_Fallback_Intvl_1_="200", **DUAL)
        made.registered().asks(300).told(300, 503)
        return made.asks(301, backup=True).told(301, 200, expires=3600)

    assert found(story().registered(501).until(600)) == []
    assert found(story().registered(400)) == ["sip.backup"]
    assert found(story().until(510)) == ["sip.backup"]


def test_a_backup_that_holds_the_binding_may_be_asked_to_keep_it() -> None:
    story = Lines(Try_Backup_RSC="503", Proxy_Fallback_Intvl_1_="0", **DUAL)
    story.registered().asks(300).told(300, 503).asks(301, backup=True).told(301, 200, expires=100)
    story.asks(380, backup=True).told(380, 200, expires=100)
    assert found(story.registered(470).until(500)) == []


# -- what nobody can know ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"Proxy_1_": "192.0.2.77"},
        {"Proxy_1_": "sip.example"},
        {"Proxy_1_": f"{LAB}:5099"},
        {"Alternate_Proxy_1_": "192.0.2.77", "Dual_Registration_1_": "Yes"},
        {"SIP_Transport_1_": "AUTO"},
        {"User_ID_2_": "line1", "Proxy_2_": LAB},
    ],
    ids=str,
)
def test_a_line_is_followed_only_where_all_of_it_is_seen(elsewhere: dict[str, str]) -> None:
    assert found(Lines(**elsewhere).until(9000)) == []


def test_without_power_nothing_is_owed() -> None:
    story = Lines().registered()
    story.power(100, "off")
    assert found(story.until(9000)) == []


def test_without_a_lease_nothing_is_owed() -> None:
    nak = ev.DhcpMessage(
        source="dhcp", direction=ev.Direction.SENT, kind="NAK", mac="00:0e:08:aa:bb:cc", xid=1
    )
    story = Lines().registered().tell(100, nak)
    assert found(story.until(9000)) == []


def test_who_takes_its_binding_back_may_begin_anew() -> None:
    story = Lines().registered().asks(100, expires=0).told(100, 200, expires=0)
    story.registered(101, expires=100)
    assert found(story.until(150)) == []
    assert found(story.until(230)) == ["sip.registration"]


def test_another_account_begins_anew() -> None:
    values = {"Resync_On_Reset": "Yes", "Resync_Random_Delay": "0", "Profile_Rule": "/a.xml"}
    story = Lines(**values | {"User_ID_1_": ""})
    story.fetch(11, "/a.xml", User_ID_1_="line1")
    assert found(story.until(60)) == []
    assert found(story.until(90)) == ["sip.registration"]


def test_other_intervals_than_those_a_retry_began_with_leave_it_open() -> None:
    values = {"Resync_On_Reset": "Yes", "Resync_Random_Delay": "0", "Profile_Rule": "/a.xml"}
    story = Lines(**values, Retry_Reg_RSC="503")
    story.asks(10.5).told(10.5, 503)
    story.fetch(11, "/a.xml", Reg_Retry_Intvl="200")
    assert found(story.until(100)) == []
    assert [each.at for each in findings(story.registered(215).until(1000))] == [1000 * NANOSECONDS]


@pytest.mark.parametrize(("spoiled", "registered"), [(False, [True]), (True, [])])
def test_a_spoiled_grant_is_none_for_whoever_counts_registrations(
    spoiled: bool, registered: list[bool]
) -> None:
    outside = Outside()
    known = replace(phone(), parameters=phone().parameters.updated(ACCOUNT))
    story = Lines().asks(AT_ONCE).told(AT_ONCE, 200, expires=600, spoiled=spoiled)
    told = [news for event in story.events for news in outside.feed(event, known)]
    assert [each.registered for each in told if isinstance(each, Registration)] == registered


# -- the order of what happened ------------------------------------------------------------------------


@pytest.mark.parametrize("late", [0.001, 0.05])
def test_a_lease_that_is_written_down_late_is_no_later_than_what_follows_from_it(
    late: float,
) -> None:
    story = Lines()
    acknowledged = next(
        place
        for place, each in enumerate(story.events)
        if isinstance(each, ev.DhcpMessage) and each.kind == "ACK"
    )
    lease = story.events[acknowledged].at / NANOSECONDS
    story.asks(lease - late).told(lease, 401, CHALLENGE)
    answered = 'Digest username="line1", realm="hil", nonce="n", uri="sip:h", response="r"'
    story.asks(lease, authorization=answered).told(lease, 200, expires=600)
    # Whether the digest is right is another test's question.
    told = [each.what for each in findings(story.until(lease + 60))]
    assert not [what for what in told if "not answered" in what]
