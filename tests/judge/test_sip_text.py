"""What the judge reads in SIP messages: header fields, challenges, and whose credentials they are."""

from __future__ import annotations

import msgspec
import pytest
import tellings
from tellings import RECEIVED, SENT

from hil import digest
from hil.history import events as ev
from hil.judge import sip_text
from hil.reference.parameters import Parameters

PARAMETERS = Parameters().updated(
    {"User_ID_1_": "line1", "Auth_ID_1_": "somebody", "Password_1_": "secret"}
)
URI = "sip:192.0.2.1"


def response(status: int, *headers: str) -> ev.SipMessage:
    made = tellings.sip("REGISTER", SENT, user="line1", call="c", status=status)
    head = "\r\n".join((f"SIP/2.0 {status} so", *headers))
    return msgspec.structs.replace(made, data=f"{head}\r\n\r\nbody: none\r\n".encode())


def request(authorization: str = "", name: str = "Authorization") -> ev.SipMessage:
    made = tellings.sip("REGISTER", RECEIVED, user="line1", call="c")
    head = f"REGISTER {URI} SIP/2.0\r\n" + (f"{name}: {authorization}\r\n" if authorization else "")
    return msgspec.structs.replace(made, request_uri=URI, data=f"{head}\r\n".encode())


def shown(user: str, password: str, *, uri: str = URI, algorithm: str = "MD5") -> str:
    challenge = f'Digest realm="hil", nonce="n", qop="auth", algorithm={algorithm}'
    schemes = digest.read_schemes(challenge)
    return digest.answer(schemes, user, password, method="REGISTER", uri=uri, cnonce="c") or ""


def test_headers_are_those_of_the_head_alone() -> None:
    message = response(503, "Retry-After: 20 (busy)", "RETRY-AFTER:  7")
    assert sip_text.headers(message.data, "retry-after") == ("20 (busy)", "7")
    assert sip_text.headers(message.data, "body") == ()


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("Retry-After: 20", 20),
        ("Retry-After: 20;duration=3", 20),
        ("Retry-After: 0", 0),
        ("Retry-After: soon", None),
        ("Retry-After: -1", None),
        ("Retry-After: " + "9" * 11, None),
        ("Other: 1", None),
    ],
)
def test_seconds_are_the_number_that_a_field_begins_with(line: str, seconds: int | None) -> None:
    assert sip_text.seconds(response(503, line).data, "retry-after") == seconds


@pytest.mark.parametrize(
    ("challenge", "answerable"),
    [
        ('Digest realm="a", nonce="n"', True),
        ('Digest realm="a", nonce="n", algorithm=SHA-256, qop="auth"', True),
        ('Digest realm="a", nonce="n", algorithm=SHA-512-256', False),
        ('Digest realm="a", nonce="n", qop="auth-int"', False),
        ("Negotiate", False),
        ("", False),
    ],
)
def test_which_challenge_every_phone_can_answer(challenge: str, answerable: bool) -> None:
    assert sip_text.can_answer(response(401, f"WWW-Authenticate: {challenge}")) is answerable
    assert sip_text.can_answer(response(407, f"Proxy-Authenticate: {challenge}")) is answerable


def test_a_challenge_may_say_that_its_nonce_was_stale() -> None:
    text = 'WWW-Authenticate: Digest realm="a", nonce="n"'
    assert not sip_text.is_stale(response(401, text))
    assert sip_text.is_stale(response(401, f"{text}, stale=TRUE"))


@pytest.mark.parametrize("user", ["line1", "somebody"])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization"])
def test_credentials_of_the_account_prove_it(user: str, algorithm: str, name: str) -> None:
    message = request(shown(user, "secret", algorithm=algorithm), name)
    assert sip_text.shows_credentials(message)
    assert sip_text.proves_account(message, PARAMETERS, 1)


@pytest.mark.parametrize(
    "message",
    [
        request(),
        request(shown("line1", "guessed")),
        request(shown("another", "secret")),
        request(shown("line1", "secret", uri="sip:elsewhere")),
        request("Digest nonsense"),
    ],
)
def test_nothing_else_does(message: ev.SipMessage) -> None:
    assert not sip_text.proves_account(message, PARAMETERS, 1)
    assert not sip_text.proves_account(message, PARAMETERS, 2)
