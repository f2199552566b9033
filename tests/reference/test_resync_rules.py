"""What a resync fetches, from where, and what it makes of the answers.

All phones have their lease at 10 s of lab time and, unless a test is about it, no random delay.
"""

from __future__ import annotations

import pytest
from lives import ADDRESS, MISSING, SERVER, Life, booted

from hil.reference.interpretations import Interpretations
from hil.reference.responses import Challenge, HttpAnswer, NoAnswer, TftpAnswer

DEFAULT_URL = f"tftp://{SERVER}:69/7832-3PCC.xml"


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
    for nonce in "ab":
        challenge = f'Digest realm="r", nonce="{nonce}"'
        life.answer(10, HttpAnswer(401, challenge=challenge))
        assert life.fetching.authorize == Challenge(401, challenge)
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
