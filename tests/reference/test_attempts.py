"""Whom an attempt asks: one address after another, SRV records, and who is shown credentials."""

from __future__ import annotations

import pytest
from lives import ADDRESS, SERVER, Life, booted

from hil.reference.interpretations import Interpretations
from hil.reference.phone import Destination, Locate, Retrieve
from hil.reference.responses import Challenge, HttpAnswer, NoAnswer

NAME = "prov.example"
UNREACHABLE = NoAnswer("no connection", unreachable=True)
DIGEST = 'Digest realm="r", nonce="n"'


def failure(life: Life) -> str:
    assert life.finished is not None
    assert not life.finished.succeeded
    return life.finished.reason


# --- addresses


def test_the_addresses_of_a_host_are_tried_one_after_another_until_one_answers() -> None:
    life = booted(Profile_Rule=f"http://{NAME}/x", Syslog_Server=SERVER).begin(10)
    others = Destination("192.0.2.8"), Destination("192.0.2.7")
    assert life.located(11, "192.0.2.9", 0, *others).fetching.server == "192.0.2.9"
    assert len(life.logged) == 1
    assert life.answer(12, UNREACHABLE).fetching.server == "192.0.2.8"
    assert life.logged == [], "a resync announces itself once"
    assert life.answer(13, UNREACHABLE).fetching.server == "192.0.2.7"
    assert "http://192.0.2.7:80/x" in life.given(14).logged[0]


def test_where_none_answers_the_resync_fails() -> None:
    life = booted(Profile_Rule=f"http://{NAME}/x").begin(10)
    life.located(11, "192.0.2.9", 0, Destination("192.0.2.8"))
    life.answer(12, UNREACHABLE).answer(13, UNREACHABLE)
    assert failure(life) == "no connection"


@pytest.mark.parametrize("answer", [NoAnswer("cut short"), HttpAnswer(500)])
def test_a_server_that_was_reached_is_the_one_that_counts(answer: NoAnswer | HttpAnswer) -> None:
    life = booted(Profile_Rule=f"http://{NAME}/x").begin(10)
    life.located(11, "192.0.2.9", 0, Destination("192.0.2.8")).answer(12, answer)
    assert failure(life)


def test_addresses_that_are_found_later_join_those_that_are_left() -> None:
    life = booted(Profile_Rule=f"http://{NAME}/x").begin(10).located(11, "192.0.2.9")
    life.located(12, "192.0.2.8", 8080)
    assert life.duties == ()
    assert life.answer(13, UNREACHABLE).fetching.destination == Destination("192.0.2.8", 8080)


def test_the_next_file_begins_with_its_own_addresses() -> None:
    life = booted(Profile_Rule=f"http://{NAME}/a", Profile_Rule_B="http://192.0.2.3/b").begin(10)
    life.located(11, "192.0.2.9", 0, Destination("192.0.2.8")).given(12)
    assert failure(life.answer(13, UNREACHABLE)) == "no connection"


# --- SRV records


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_with_srv_the_service_of_the_host_is_looked_up(scheme: str) -> None:
    life = booted(Profile_Rule=f"[--srv] {scheme}://{NAME}/x").begin(10)
    assert life.duties == (Locate(NAME, f"_{scheme}._tcp.{NAME}"),)
    life.located(11, "192.0.2.9", 8080)
    assert life.fetching.destination == Destination("192.0.2.9", 8080)
    assert life.fetching.fetch.host == NAME, "the server is asked by the name of the URL"


def test_port_macro_is_that_of_the_url_and_servip_that_of_the_look_up() -> None:
    life = booted(
        Profile_Rule=f"[--srv] http://{NAME}/x",
        Log_Request_Msg="$SERV $SERVIP $PORT",
        Syslog_Server=SERVER,
    ).begin(10)
    assert life.located(11, "192.0.2.9", 8080).logged == [f"{NAME} 192.0.2.9 80"]


@pytest.mark.parametrize(
    ("configured", "external"),
    [("66.43.16.52", "66.43.16.52"), (" 66.43.16.52 ", "66.43.16.52"), ("", ""), ("0.0.0.0", "")],
)
def test_extip_is_the_external_address_that_is_configured(configured: str, external: str) -> None:
    life = booted(EXT_IP=configured, Log_Request_Msg="<$EXTIP>", Syslog_Server=SERVER).begin(10)
    assert life.logged == [f"<{external}>"]


def test_an_address_needs_no_service() -> None:
    life = booted(Profile_Rule=f"[--srv] http://{SERVER}/x").begin(10)
    assert life.fetching.destination == Destination(SERVER, 80)


def test_whether_the_host_itself_stands_in_for_missing_records_is_a_reading() -> None:
    for reading, fallback in (("address", True), ("failure", False)):
        chosen = Interpretations().choose(srv_missing=reading)
        rule = f"[--srv] http://{NAME}/x"
        life = Life(interpretations=chosen, Resync_Random_Delay="0", Profile_Rule=rule)
        life.power_on().lease(10).begin(10)
        assert life.duties == (Locate(NAME, f"_http._tcp.{NAME}", fallback),)


def test_a_service_that_is_nowhere_fails_the_resync() -> None:
    life = booted(Profile_Rule=f"[--srv] http://{NAME}/x").begin(10).located(11, None)
    assert failure(life) == f"{NAME} has no address"


def test_tftp_has_no_srv_look_up() -> None:
    life = booted(Profile_Rule=f"[--srv] tftp://{NAME}/x").begin(10)
    assert failure(life) == "TFTP has no SRV look-up; --srv needs http or https"


# --- credentials


def test_a_challenge_belongs_to_the_server_that_made_it() -> None:
    life = booted(Profile_Rule=f"[--uid u --pwd p] http://{SERVER}/x").begin(10)
    assert life.fetching.authorize is None
    life.answer(11, HttpAnswer(401, challenge=DIGEST))
    assert life.fetching.authorize == Challenge(401, DIGEST)
    life.answer(12, HttpAnswer(302, location="http://192.0.2.9/y"))
    assert (life.url, life.fetching.authorize) == ("http://192.0.2.9:80/y", None)


def test_credentials_are_not_shown_for_the_next_rule_before_they_are_wanted() -> None:
    login = "[--uid u --pwd p]"
    life = booted(
        Profile_Rule=f"{login} http://{SERVER}/a", Profile_Rule_B=f"{login} http://{SERVER}/b"
    ).begin(10)
    life.answer(11, HttpAnswer(407, challenge=DIGEST)).given(12)
    assert (life.url, life.fetching.authorize) == (f"http://{SERVER}:80/b", None)


def test_a_challenge_is_answered_at_the_address_that_is_reached() -> None:
    life = booted(Profile_Rule=f"[--uid u --pwd p] http://{NAME}/x").begin(10)
    life.located(11, "192.0.2.9").answer(12, HttpAnswer(401, challenge=DIGEST))
    assert life.looking_for == NAME
    life.located(12, "192.0.2.9", 0, Destination("192.0.2.8")).answer(13, UNREACHABLE)
    assert life.fetching.authorize == Challenge(401, DIGEST)


# --- redirects


def test_a_redirect_may_lead_to_any_scheme() -> None:
    life = booted(Profile_Rule=f"http://{SERVER}/x").begin(10)
    for location in (f"https://{SERVER}/y", f"http://{SERVER}/z", f"tftp://{SERVER}/t"):
        life.answer(11, HttpAnswer(302, location=location))
        assert life.fetching.fetch.url.startswith(location.partition("//")[0])
    assert life.given(12).finished is not None


def test_macros_of_a_location_expand_where_they_are_read_to() -> None:
    chosen = Interpretations().choose(redirect_macros="expanded")
    life = Life(
        interpretations=chosen,
        Resync_Random_Delay="0",
        GPP_A="one",
        GPP_SA="secret",
        Profile_Rule=f"http://{SERVER}/x",
    )
    life.power_on().lease(10).begin(10)
    life.answer(11, HttpAnswer(302, location="/$A/$MAU.xml?ip=$IP&key=$SA"))
    assert life.url == f"http://{SERVER}:80/one/000E08AABBCC.xml?ip={ADDRESS}&key=$SA"


def test_a_body_is_posted_again_where_a_redirect_leads() -> None:
    life = booted(Profile_Rule=f"[--post a] http://{SERVER}/x", GPP_A="mac=$MA").begin(10)
    life.answer(11, HttpAnswer(301, location="/y"))
    (retrieve,) = (duty for duty in life.duties if isinstance(duty, Retrieve))
    assert (retrieve.method, retrieve.body) == ("POST", "mac=000e08aabbcc")
