"""Credentials and bodies of requests, held against what is due; beside each fault its clean twin."""

from __future__ import annotations

import pytest
from histories import LAB, Story, booted, findings, monitored

from hil import digest

RULE = f"[--uid phone --pwd s3cret] http://{LAB}/x"
BASIC = 'Basic realm="hil"'
DIGEST = 'Digest realm="hil", nonce="n1", algorithm=SHA-256, qop="auth"'


def shown(challenge: str, password: str = "s3cret", uri: str = "/x") -> str:  # noqa: S107
    header = digest.answer(
        digest.read_schemes(challenge), "phone", password, method="GET", uri=uri, cnonce="c"
    )
    assert header is not None
    return header


def challenged(challenge: str, *, status: int = 401) -> Story:
    story = booted(Profile_Rule=RULE)
    number = story.request(10, "/x", scheme="http")
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    headers = ((name, challenge),)
    return story.end(10.1, number, "unauthorized", scheme="http", status=status, headers=headers)


def answered(story: Story, *headers: tuple[str, str]) -> Story:
    number = story.request(10.2, "/x", scheme="http", headers=headers)
    body = b"<flat-profile></flat-profile>"
    return story.end(10.3, number, scheme="http", status=200, body=body).ended(20)


@pytest.mark.parametrize("challenge", [BASIC, DIGEST, f"{DIGEST}, {BASIC}", 'Digest nonce="n"'])
def test_the_right_credentials_are_checked(challenge: str) -> None:
    story = answered(challenged(challenge), ("authorization", shown(challenge)))
    monitor = monitored(story)
    assert monitor.findings == []
    assert monitor.checks["transfer.authentication"] == 1


def test_a_proxy_s_challenge_is_answered_in_its_own_header() -> None:
    right = challenged(DIGEST, status=407)
    assert findings(answered(right, ("proxy-authorization", shown(DIGEST)))) == []
    wrong = answered(challenged(DIGEST, status=407), ("authorization", shown(DIGEST)))
    assert [found.requirement for found in findings(wrong)] == ["transfer.authentication"]


WRONG = {
    "none": None,
    "another password": shown(DIGEST, "wrong"),
    "another nonce": shown(DIGEST.replace("n1", "n0")),
    "another algorithm": shown(DIGEST.replace("SHA-256", "MD5")),
    "the legacy form": shown('Digest realm="hil", nonce="n1", algorithm=SHA-256'),
    "another path": shown(DIGEST, uri="/y"),
    "a scheme that was not offered": shown(BASIC),
    "noise": "\x00",
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_credentials_are_a_finding(name: str) -> None:
    header = WRONG[name]
    headers = () if header is None else (("authorization", header),)
    (found,) = findings(answered(challenged(DIGEST), *headers))
    assert found.requirement == "transfer.authentication"
    assert "Profile_Rule was asked for again" in found.what
    assert "'phone'" in found.due


def test_where_the_server_does_not_say_what_it_wants_anything_will_do() -> None:
    assert findings(answered(challenged(""))) == []


def test_credentials_that_nobody_asked_for_are_nobody_s_business() -> None:
    story = answered(booted(Profile_Rule=RULE), ("authorization", shown(BASIC)))
    assert findings(story) == []


# --- bodies


def posted(body: bytes, method: str = "POST", **parameters: str) -> Story:
    story = booted(Profile_Rule=f"[--post a] http://{LAB}/x", **{"GPP_A": "mac=$MA"} | parameters)
    number = story.request(10, "/x", scheme="http", method=method, body=body)
    answer = b"<flat-profile></flat-profile>"
    return story.end(10.1, number, scheme="http", status=200, body=answer).ended(20)


def test_the_expanded_register_is_the_body() -> None:
    assert findings(posted(b"mac=000e08aabbcc")) == []


@pytest.mark.parametrize(
    ("body", "method"), [(b"mac=$MA", "POST"), (b"", "POST"), (b"mac=000e08aabbcc", "GET")]
)
def test_another_body_or_method_is_a_finding(body: bytes, method: str) -> None:
    (found,) = findings(posted(body, method))
    assert found.requirement == "rules.post"


def test_a_timer_in_a_body_is_not_compared() -> None:
    assert findings(posted(b"since=17", GPP_A="since=$PRVTMR")) == []
