"""Credentials as the handset shows them, and what its clients brought back in the reference's words."""

from __future__ import annotations

import pytest

from hil import digest
from hil.reference.phone import Retrieve
from hil.reference.responses import Challenge, HttpAnswer, NoAnswer, TftpAnswer
from hil.reference.rules import Fetch
from hil.virtual.answers import authorization, http_answer, tftp_answer
from hil.virtual.transfer import Failed, Fetched, NotFound, Redirected, Unauthorized

FETCH = Fetch(1, "http", "192.0.2.1", 80, "/a b.xml", options={"uid": "phone", "pwd": 'p#"w'})
TARGET = "/a%20b.xml"


def shown(challenge: Challenge | None, method: str = "GET") -> tuple[tuple[str, str], ...]:
    retrieve = Retrieve("Profile_Rule", FETCH, "192.0.2.1", method, authorize=challenge)
    return authorization(retrieve, TARGET, "0123")


def test_nothing_is_shown_before_it_is_wanted():
    assert shown(None) == ()


@pytest.mark.parametrize(
    ("status", "header"), [(401, "Authorization"), (407, "Proxy-Authorization")]
)
@pytest.mark.parametrize(
    "challenge", ['Basic realm="a"', 'Digest realm="a", nonce="n", qop="auth", algorithm=SHA-256']
)
def test_what_is_shown_proves_the_password_of_the_rule(status, header, challenge):
    ((name, value),) = shown(Challenge(status, challenge), "POST")
    (credentials,) = digest.read_schemes(value)
    assert name == header
    assert digest.proves(credentials, "phone", 'p#"w', method="POST", uri=TARGET)


def test_where_the_server_does_not_say_what_it_wants_basic_is_tried():
    ((_, value),) = shown(Challenge(401))
    assert value == digest.basic_credentials("phone", 'p#"w')


@pytest.mark.parametrize(
    ("transfer", "answer"),
    [
        (Fetched(b"x", "gzip"), HttpAnswer(200, b"x", content_encoding="gzip")),
        (Fetched(b"x", status=299), HttpAnswer(299, b"x")),
        (NotFound("http: status 404"), HttpAnswer(404)),
        (Redirected("/x", 301), HttpAnswer(301, location="/x")),
        (Unauthorized("Basic", 407), HttpAnswer(407, challenge="Basic")),
        (Failed("http: status 500", 500), HttpAnswer(500)),
        (Failed("http: truncated"), NoAnswer("http: truncated")),
        (
            Failed("http: connect refused", unreachable=True),
            NoAnswer("http: connect refused", unreachable=True),
        ),
    ],
)
def test_an_http_transfer_in_the_references_words(transfer, answer):
    assert http_answer(transfer) == answer


@pytest.mark.parametrize(
    ("transfer", "answer"),
    [
        (Fetched(b"x"), TftpAnswer(b"x")),
        (NotFound("tftp: file not found"), TftpAnswer(error=1, text="tftp: file not found")),
        (Failed("tftp: access violation", 2), TftpAnswer(error=2, text="access violation")),
        (
            Failed("tftp: timeout", unreachable=True),
            NoAnswer("tftp: timeout", unreachable=True),
        ),
    ],
)
def test_a_tftp_transfer_in_the_references_words(transfer, answer):
    assert tftp_answer(transfer) == answer
