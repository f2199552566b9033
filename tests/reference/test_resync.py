"""The resync machine, step by step (Configuration Profile Parameters).

All phones have their lease at 10 s of lab time and, unless a test is about it, no random delay.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from lives import ADDRESS, MISSING, SERVER, Life, booted

from hil.reference.interpretations import Interpretations
from hil.reference.phone import Phase
from hil.reference.responses import HttpAnswer, NoAnswer, TftpAnswer

DEFAULT_URL = f"tftp://{SERVER}:69/7832-3PCC.xml"


# --- after boot-up


def test_nothing_is_due_before_the_phone_has_an_address() -> None:
    life = Life().power_on()
    assert (life.phone.phase, life.due, life.duties) == (Phase.BOOTING, None, ())


@pytest.mark.parametrize(("delay", "latest"), [("0", 10), ("40", 50), ("65535", 65545)])
def test_the_power_up_resync_begins_within_the_random_delay(delay: str, latest: int) -> None:
    assert booted(Resync_Random_Delay=delay).due == (10, latest, "0")


def test_the_default_random_delay_is_two_seconds_and_another_reading_has_forty() -> None:
    assert Life().power_on().lease(10).due == (10, 12, "0")
    twenty = Interpretations().choose(random_delay_unit="twenty-seconds")
    assert Life(interpretations=twenty).power_on().lease(10).due == (10, 50, "0")


def test_no_resync_after_a_reboot_if_resync_on_reset_is_no() -> None:
    life = booted(Resync_On_Reset="No")
    assert (life.phone.phase, life.due) == (Phase.WAITING, None)


def test_no_resync_of_any_kind_if_provision_enable_is_no() -> None:
    life = booted(Provision_Enable="No")
    assert life.due is None
    assert life.begin(10).duties == ()
    assert life.phone.phase is Phase.WAITING


def test_the_default_rule_asks_the_server_of_dhcp_for_psn_xml() -> None:
    life = booted().begin(10)
    assert (life.url, life.fetching.rule, life.fetching.method) == (
        DEFAULT_URL,
        "Profile_Rule",
        "GET",
    )
    assert life.phone.phase is Phase.RESYNCING
    assert life.due is None


def test_without_any_server_the_attempt_fails() -> None:
    life = booted(options={}).begin(10)
    assert life.finished is not None
    assert not life.finished.succeeded
    assert life.due == (70, 70, "2")


# --- Resync_Periodic


def periodic(value: str, *times: float) -> list[tuple[float, float, str] | None]:
    """The windows after successes at these times."""
    life, found = booted(Resync_Periodic=value), []
    for at in times:
        life.begin(at - 0.5).given(at)
        found.append(life.due)
    return found


def test_an_integer_is_the_delay_after_each_success() -> None:
    assert periodic("3000", 11, 3011) == [(3011, 3011, "1"), (6011, 6011, "1")]


def test_multiple_integers_are_taken_one_after_another_and_the_last_is_repeated() -> None:
    assert periodic("600 , 1200 , 300", 11, 611, 1811, 2111) == [
        (611, 611, "1"),
        (1811, 1811, "1"),
        (2111, 2111, "1"),
        (2411, 2411, "1"),
    ]


def test_a_time_range_is_a_window() -> None:
    assert periodic("2400+30", 11) == [(2411, 2441, "1")]


def test_zero_disables_periodic_resynchronization() -> None:
    assert periodic("0", 11) == [None]


def test_the_default_is_an_hour() -> None:
    assert booted().begin(10).given(11).due == (3611, 3611, "1")


def test_the_timer_is_not_active_before_the_first_success() -> None:
    assert booted(Resync_On_Reset="No", Resync_Periodic="60").due is None
    failed = booted(Resync_Periodic="60", Resync_Error_Retry_Delay="0").begin(10).fails(12)
    assert failed.due is None


def test_a_list_goes_on_after_a_retry_and_begins_anew_after_a_reboot() -> None:
    life = booted(Resync_Periodic="100,200,300", Resync_Error_Retry_Delay="5")
    life.begin(10).given(11).begin(111).fails(112)
    assert life.due == (117, 117, "2")
    assert life.begin(117).given(118).due == (318, 318, "1")
    assert life.power_off(200).power_on(201).lease(210).begin(210).given(211).due == (311, 311, "1")


def test_another_list_begins_with_its_first_element() -> None:
    life = booted(Resync_Periodic="100,200,300").begin(10).given(11)
    assert life.begin(111).given(112, Resync_Periodic="40,50").due == (152, 152, "1")
    assert life.begin(152).given(153, Resync_Periodic="40,50").due == (203, 203, "1")


def test_another_list_by_assignment_begins_with_its_first_element_too() -> None:
    rule = f'("$PRVST" eq "1")? (Resync_Periodic="40,50";)! /b | tftp://{SERVER}/a'
    life = booted(Resync_Periodic="100,200,300", Profile_Rule=rule).begin(10).given(11)
    assert life.due == (111, 111, "1")
    assert life.begin(111).given(112).due == (152, 152, "1")


@pytest.mark.parametrize(
    ("reading", "expected"),
    [("repeat-last", (311, 311, "1")), ("cycle", (211, 211, "1")), ("stop", None)],
)
def test_readings_of_an_exhausted_list(
    reading: str, expected: tuple[float, float, str] | None
) -> None:
    chosen = Interpretations().choose(list_exhaustion=reading)
    life = Life(interpretations=chosen, Resync_Random_Delay="0", Resync_Periodic="100,200")
    life.power_on().lease(10).begin(10).given(11).begin(11).given(11).begin(11).given(111)
    assert life.due == expected


# --- Resync_Error_Retry_Delay


def retries(value: str, *times: float) -> list[tuple[float, float, str] | None]:
    """The windows after failures at these times."""
    life, found = booted(Resync_Error_Retry_Delay=value), []
    for at in times:
        life.begin(at - 0.5).fails(at)
        found.append(life.due)
    return found


def test_an_integer_is_the_delay_after_each_failure() -> None:
    assert retries("300", 11, 311) == [(311, 311, "2"), (611, 611, "2")]


def test_multiple_integers_are_delays_after_one_failure_after_another() -> None:
    assert retries("600 , 1200 , 300", 11, 611, 1811, 2111) == [
        (611, 611, "2"),
        (1811, 1811, "2"),
        (2111, 2111, "2"),
        (2411, 2411, "2"),
    ]


def test_a_retry_may_have_a_range() -> None:
    assert retries("2400+30", 11) == [(2411, 2441, "2")]


def test_zero_means_no_further_attempt() -> None:
    assert retries("0", 11) == [None]
    assert retries("600,0", 11, 611) == [(611, 611, "2"), None]


def test_the_published_default_backs_off_to_a_day() -> None:
    published = "60,120,240,480,960,1920,3840,7680,15360,30720,61440,86400"
    delays = [int(delay) for delay in published.split(",")]
    life, at, found = booted(), 10.0, []
    for _ in range(13):
        assert life.begin(at).fails(at).due is not None
        found.append(life.due[0] - at)
        at = life.due[0]
    assert found == [*delays, 86_400]


def test_the_list_begins_anew_after_a_success_unless_read_otherwise() -> None:
    def after_success(reading: str) -> tuple[float, float, str] | None:
        chosen = Interpretations().choose(list_restart=reading)
        life = Life(interpretations=chosen, Resync_Random_Delay="0", Resync_Error_Retry_Delay="5,7")
        life.power_on().lease(10).begin(10).fails(10).begin(15).given(15)
        return life.begin(3615).fails(3615).due

    assert after_success("after-success") == (3620, 3620, "2")
    assert after_success("never") == (3622, 3622, "2")


# --- Resync_Fails_On_FNF


@pytest.mark.parametrize("answer", [MISSING, HttpAnswer(404)])
def test_a_file_not_found_answer_fails_the_resync(answer: TftpAnswer | HttpAnswer) -> None:
    life = booted(Profile_Rule=f"http://{SERVER}/x").begin(10).answer(11, answer)
    assert life.finished is not None
    assert not life.finished.succeeded


@pytest.mark.parametrize("answer", [MISSING, HttpAnswer(404)])
def test_set_to_no_it_is_accepted_as_a_success(answer: TftpAnswer | HttpAnswer) -> None:
    rule = f"http://{SERVER}/x"
    life = booted(Profile_Rule=rule, Resync_Fails_On_FNF="No", Resync_Periodic="600").begin(10)
    life.answer(11, answer)
    assert life.finished is not None
    assert life.finished.succeeded
    assert life.due == (611, 611, "1")


def test_after_an_accepted_missing_file_the_next_rule_follows_unless_read_otherwise() -> None:
    def after_missing(reading: str) -> str | None:
        chosen = Interpretations().choose(fnf_accepted=reading)
        life = Life(
            interpretations=chosen,
            Resync_Random_Delay="0",
            Resync_Fails_On_FNF="No",
            Profile_Rule_B="/b.xml",
        )
        return life.power_on().lease(10).begin(10).answer(11, MISSING).url

    assert after_missing("continue") == f"tftp://{SERVER}:69/b.xml"
    assert after_missing("stop") is None


@pytest.mark.parametrize(
    "answer", [HttpAnswer(403), HttpAnswer(500), TftpAnswer(error=2), NoAnswer("silence")]
)
def test_other_failures_stay_failures(answer: TftpAnswer | HttpAnswer | NoAnswer) -> None:
    life = booted(Resync_Fails_On_FNF="No").begin(10).answer(11, answer)
    assert life.finished is not None
    assert not life.finished.succeeded


# --- Profile_Rule, _B, _C, _D


def test_all_the_profiles_are_applied_in_sequence() -> None:
    life = booted(Profile_Rule_B="/b", Profile_Rule_C="/c", Profile_Rule_D="/d").begin(10)
    urls, rules = [life.url], [life.fetching.rule]
    for _ in range(3):
        life.given(11)
        urls.append(life.url)
        rules.append(life.fetching.rule)
    assert urls == [DEFAULT_URL, *(f"tftp://{SERVER}:69/{name}" for name in "bcd")]
    assert rules == ["Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D"]
    assert life.given(12).finished is not None


def test_empty_rules_and_rules_without_an_alternative_are_passed_over() -> None:
    life = booted(
        Profile_Rule="# nothing", Profile_Rule_B='("$A" eq "x")? /no', Profile_Rule_D="/d"
    )
    assert life.begin(10).url == f"tftp://{SERVER}:69/d"


def test_nothing_to_fetch_is_a_success() -> None:
    life = booted(Profile_Rule="", Resync_Periodic="60").begin(10)
    assert life.finished is not None
    assert life.finished.succeeded
    assert life.due == (70, 70, "1")


def test_a_profile_may_set_the_rule_after_it() -> None:
    life = booted().begin(10).given(11, Profile_Rule_B="http://192.0.2.9/$PSN/b")
    assert life.url == "http://192.0.2.9:80/7832-3PCC/b"


def test_a_profile_changes_its_own_rule_for_the_next_resync_only() -> None:
    life = booted(Resync_Periodic="60").begin(10).given(11, Profile_Rule="/new.xml")
    assert life.finished is not None
    assert life.begin(71).url == f"tftp://{SERVER}:69/new.xml"


def test_a_failure_ends_the_attempt_keeps_what_was_applied_and_restarts_from_the_first_rule() -> (
    None
):
    life = booted(Profile_Rule_B="/b", Profile_Rule_C="/c").begin(10).given(11, GPP_A="kept")
    assert life.applied == [life.phone.parameters.items_set()]
    life.fails(12)
    assert life.url is None
    assert life.phone.parameters.raw("GPP_A") == "kept"
    assert life.begin(72).url == DEFAULT_URL


def test_a_rule_that_cannot_be_followed_fails_the_attempt() -> None:
    life = booted(Profile_Rule="gds://x/y", Profile_Rule_B="/b").begin(10)
    assert life.url is None
    assert life.finished is not None
    assert "gds" in life.finished.reason


def test_assignments_are_made_before_the_file_is_fetched() -> None:
    life = booted(Profile_Rule='(GPP_A = "one"; User_ID_1_ = "uid$MA";)! /x').begin(10)
    assert life.applied[0]["GPP_A"] == "one"
    assert life.applied[0]["User_ID_1_"] == "uid000e08aabbcc"
    assert life.url == f"tftp://{SERVER}:69/x"
    assert life.fails(11).phone.parameters.raw("GPP_A") == "one"


def test_assignments_without_a_file_show_in_the_next_rule() -> None:
    life = booted(Profile_Rule='(GPP_A = "one";)!', Profile_Rule_B="/$A.xml").begin(10)
    assert life.url == f"tftp://{SERVER}:69/one.xml"


@pytest.mark.parametrize(
    "body", [b"", b"not XML", b"<config></config>", b"\x1f\x8b\x08broken", b"Salted__12345678" * 2]
)
def test_a_corrupt_file_fails_and_changes_nothing(body: bytes) -> None:
    life = booted().begin(10)
    before = life.phone.parameters
    life.answer(11, TftpAnswer(body))
    assert life.finished is not None
    assert life.finished.reason.startswith("corrupt file: ")
    assert life.phone.parameters is before
    assert life.due == (71, 71, "2")


def test_the_reason_of_the_attempt_is_prvst() -> None:
    rule = f"tftp://{SERVER}/$PRVST.xml"
    life = booted(Profile_Rule=rule, Resync_Periodic="600", Resync_Error_Retry_Delay="60")
    urls = [life.begin(10).url, life.fails(11).begin(71).url, life.given(72).begin(672).url]
    assert [str(url).rpartition("/")[2] for url in urls] == ["0.xml", "2.xml", "1.xml"]


def test_an_attempt_that_nothing_made_due_is_an_explicit_one() -> None:
    life = booted(Resync_On_Reset="No", Profile_Rule=f"tftp://{SERVER}/$PRVST.xml").begin(50)
    assert life.url == f"tftp://{SERVER}:69/-1.xml"


# --- where it is fetched from


def test_a_host_is_looked_up_before_it_is_asked() -> None:
    life = booted(Profile_Rule="https://prov.example/x").begin(10)
    assert (life.looking_for, life.url) == ("prov.example", None)
    life.located(11, "192.0.2.7")
    assert (life.url, life.fetching.server) == ("https://prov.example:443/x", "192.0.2.7")


def test_a_host_without_an_address_fails_the_attempt() -> None:
    life = booted(Profile_Rule="https://prov.example/x").begin(10).located(11, None)
    assert life.finished is not None
    assert life.finished.reason == "prov.example has no address"


def test_dhcp_gives_the_whole_rule_as_long_as_nobody_has_set_profile_rule() -> None:
    option = {66: b"http://192.0.2.9/$MA.cfg"}
    life = booted(options=option, Resync_Periodic="60").begin(10)
    assert life.url == "http://192.0.2.9:80/000e08aabbcc.cfg"
    life.given(11, Profile_Rule="/mine.xml")
    assert life.begin(71).url == "http://192.0.2.9:80/mine.xml"
    set_before = booted(options=option, Profile_Rule=f"tftp://{SERVER}/mine.xml").begin(10)
    assert set_before.url == f"tftp://{SERVER}:69/mine.xml"


def test_a_renewed_lease_moves_no_window_and_brings_its_options() -> None:
    life = booted(Resync_Periodic="600").begin(10).given(11).lease(300, {66: b"192.0.2.9"})
    assert life.due == (611, 611, "1")
    assert life.begin(611).url == "tftp://192.0.2.9:69/7832-3PCC.xml"


def test_a_redirect_is_followed_at_once_up_to_the_limit() -> None:
    life = booted(Profile_Rule=f"http://{SERVER}/0").begin(10)
    for hop in range(1, 6):
        life.answer(10, HttpAnswer(302 if hop % 2 else 301, location=f"/{hop}"))
        assert life.url == f"http://{SERVER}:80/{hop}"
    life.answer(10, HttpAnswer(302, location="/6"))
    assert life.finished is not None
    assert life.finished.reason == "more than 5 redirects"


def test_a_redirect_to_another_host_is_looked_up() -> None:
    life = booted(Profile_Rule=f"http://{SERVER}/0").begin(10)
    life.answer(10, HttpAnswer(301, location="https://prov.example/x"))
    assert life.looking_for == "prov.example"
    assert life.located(10, "192.0.2.7").url == "https://prov.example:443/x"


def test_each_rule_has_its_own_redirects() -> None:
    life = booted(Profile_Rule=f"http://{SERVER}/a", Profile_Rule_B=f"http://{SERVER}/b").begin(10)
    for hop in range(5):
        life.answer(10, HttpAnswer(302, location=f"/{hop}"))
    life.given(11)
    for hop in range(5):
        life.answer(11, HttpAnswer(302, location=f"/{hop}"))
    assert life.url == f"http://{SERVER}:80/4"


def test_a_challenge_is_answered_with_credentials_twice() -> None:
    life = booted(Profile_Rule=f"[--uid u --pwd p] http://{SERVER}/x").begin(10)
    assert not life.fetching.authorize
    for _ in range(2):
        life.answer(10, HttpAnswer(401))
        assert life.fetching.authorize
    life.answer(10, HttpAnswer(401))
    assert life.finished is not None
    assert not life.finished.succeeded


def test_a_challenge_without_credentials_fails() -> None:
    life = booted(Profile_Rule=f"http://{SERVER}/x").begin(10).answer(10, HttpAnswer(401))
    assert life.finished is not None
    assert life.finished.reason == "HTTP 401"


def test_post_sends_the_expanded_register() -> None:
    life = booted(
        Profile_Rule=f"[--post a] http://{SERVER}/x", GPP_A="mac=$MA&ip=$IP&keep=$NOPE&key=$SA"
    ).begin(10)
    assert (life.fetching.method, life.fetching.body) == (
        "POST",
        f"mac=000e08aabbcc&ip={ADDRESS}&keep=$NOPE&key=$SA",
    )


# --- log messages of an attempt

LOG = {
    "Syslog_Server": SERVER,
    "Log_Request_Msg": "ask $SCHEME $SERVIP $PORT $PATH",
    "Log_Success_Msg": "good $PATH",
    "Log_Failure_Msg": "bad $ERR",
}


def test_one_request_message_at_the_start_and_one_result() -> None:
    life = booted(**LOG, Profile_Rule_B="/b").begin(10)
    assert life.logged == [f"ask tftp {SERVER} 69 /7832-3PCC.xml"]
    assert life.given(11).logged == []
    assert life.given(12).logged == ["good /b"]


def test_a_redirected_attempt_announces_itself_once() -> None:
    life = booted(**LOG, Profile_Rule=f"http://{SERVER}/0").begin(10)
    assert life.logged == [f"ask http {SERVER} 80 /0"]
    assert life.answer(10, HttpAnswer(302, location="/1")).logged == []
    assert life.given(11).logged == ["good /1"]


def test_a_failure_is_logged_with_its_reason() -> None:
    assert booted(**LOG).begin(10).answer(11, MISSING).logged == ["bad File not found"]
    assert booted(**LOG, Profile_Rule="http://x/").begin(10).located(11, None).logged == [
        "bad x has no address"
    ]


def test_a_resync_with_nothing_to_fetch_is_logged_as_a_success_alone() -> None:
    assert booted(**LOG, Profile_Rule="").begin(10).logged == ["good "]


def test_the_request_message_knows_the_address_that_was_looked_up() -> None:
    life = booted(**LOG, Profile_Rule="http://prov.example:8080/x").begin(10)
    assert life.logged == []
    assert life.located(11, "192.0.2.7").logged == ["ask http 192.0.2.7 8080 /x"]


def test_the_result_goes_where_the_profile_says() -> None:
    life = booted(**LOG).begin(10).given(11, Log_Success_Msg="new $MAU")
    assert life.logged == ["new 000E08AABBCC"]


# --- Provision_Enable, half-way


def test_provision_enable_turned_off_by_a_profile_ends_all_resyncs_after_this_one() -> None:
    life = booted(Profile_Rule_B="/b").begin(10).given(11, Provision_Enable="No")
    assert life.url == f"tftp://{SERVER}:69/b"
    assert life.given(12).due is None
    assert life.begin(5000).duties == ()


def test_neither_does_it_try_again_after_a_failure() -> None:
    life = booted(Profile_Rule_B="/b").begin(10).given(11, Provision_Enable="No").fails(12)
    assert life.due is None


# --- power


def lives() -> dict[Phase, Life]:
    """A phone in each phase, with something to lose."""
    return {
        Phase.OFF: Life(GPP_A="kept"),
        Phase.BOOTING: Life(GPP_A="kept").power_on(),
        Phase.WAITING: booted(GPP_A="kept", Resync_Periodic="600").begin(10).given(11),
        Phase.RESYNCING: booted(GPP_A="kept", Profile_Rule="http://prov.example/x").begin(10),
    }


@pytest.mark.parametrize("phase", list(Phase))
def test_a_phone_without_power_owes_nothing_and_keeps_its_parameters(phase: Phase) -> None:
    life = lives()[phase]
    assert life.phone.phase is phase
    life.power_off(100)
    phone = life.phone
    assert (phone.phase, phone.due, phone.attempt, phone.address, life.duties) == (
        Phase.OFF,
        None,
        None,
        None,
        (),
    )
    assert (phone.synced, phone.failures, phone.periods, phone.options) == (False, 0, 0, {})
    assert phone.parameters.raw("GPP_A") == "kept"


@pytest.mark.parametrize("phase", [Phase.OFF, Phase.BOOTING])
def test_what_cannot_happen_in_a_phase_changes_nothing(phase: Phase) -> None:
    life = lives()[phase]
    before = life.phone
    life.begin(100).located(100, "192.0.2.7").answer(100, MISSING)
    assert (life.phone, life.duties) == (before, ())
    if phase is Phase.OFF:
        assert life.lease(100).phone == before


def test_nobody_waits_for_an_answer_to_a_look_up_or_for_a_look_up_of_a_request() -> None:
    looking = booted(Profile_Rule="http://prov.example/x").begin(10)
    before = looking.phone
    assert looking.answer(11, HttpAnswer(200, b"")).phone == before
    fetching = looking.located(11, "192.0.2.7")
    before = fetching.phone
    assert fetching.located(12, "192.0.2.8").phone == before
    assert fetching.duties == ()
    assert fetching.located(12, None).phone == before


def test_a_resync_under_way_is_not_begun_again() -> None:
    life = booted().begin(10)
    before = life.phone
    assert life.begin(11).phone == before
    assert life.duties == ()


# --- readings and decisions


def test_a_handset_with_another_psn_asks_for_another_file() -> None:
    life = booted()
    life.phone = replace(life.phone, identity=replace(life.phone.identity, psn="V03"))
    assert life.begin(10).url == f"tftp://{SERVER}:69/V03.xml"


def test_seconds_since_the_last_attempt_are_prvtmr() -> None:
    rule = f"tftp://{SERVER}/$PRVTMR.xml"
    life = booted(Profile_Rule=rule, Resync_Periodic="600").begin(10)
    assert life.url == f"tftp://{SERVER}:69/0.xml"
    assert life.given(14).begin(614).url == f"tftp://{SERVER}:69/604.xml"
