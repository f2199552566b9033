"""Digest authentication against the examples of RFC 2617 and RFC 7616, and against wrong answers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.sip_digest import (
    Algorithm,
    Challenge,
    Credentials,
    Verdict,
    Verifier,
    answer,
    parse_challenge,
    parse_credentials,
)

SECOND = 1_000_000_000
PASS = "pass"
NONCE_7616 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE_7616 = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (Algorithm.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm.SHA_256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_example_of_rfc_7616(algorithm: Algorithm, response: str) -> None:
    challenge = Challenge(realm="http-auth@example.org", nonce=NONCE_7616, algorithm=algorithm)
    made = answer(
        challenge,
        username="Mufasa",
        password="Circle of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce=CNONCE_7616,
    )
    assert made.response == response


def test_example_of_rfc_2617() -> None:
    challenge = parse_challenge(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    made = answer(
        challenge,
        username="Mufasa",
        password="Circle Of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce="0a4f113b",
    )
    assert made.response == "6629fae49393a05397450978507c4ef1"
    assert str(made) == (
        'Digest username="Mufasa", realm="testrealm@host.com", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", '
        'response="6629fae49393a05397450978507c4ef1", algorithm=MD5, qop=auth, nc=00000001, '
        'cnonce="0a4f113b", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )


def test_without_qop_it_is_the_form_of_rfc_2069() -> None:
    # The hash of RFC 2617 section 3.2.2.1 without qop, computed apart.
    challenge = Challenge(realm="r", nonce="n", qop=())
    made = answer(
        challenge, username="u", password="p", method="REGISTER", uri="sip:h", cnonce="ignored"
    )
    assert (made.qop, made.nc, made.cnonce) == (None, None, None)
    assert made.response == "f7949f33797a7abbe390eaa95b1ca294"


def verifier() -> Verifier:
    return Verifier("hil", b"secret", lifetime=300 * SECOND)


def credentials(challenge: Challenge, **changed: str) -> Credentials:
    values = {
        "username": "line1",
        "password": "pass",
        "method": "REGISTER",
        "uri": "sip:192.0.2.1",
        "cnonce": "c",
        **changed,
    }
    return answer(parse_challenge(str(challenge)), **values)


def judge(
    shown: Credentials,
    algorithm: Algorithm = Algorithm.MD5,
    *,
    now: int = 0,
    password: str | None = PASS,
) -> Verdict:
    return verifier().verify(
        parse_credentials(str(shown)),
        password=password,
        method="REGISTER",
        algorithm=algorithm,
        now=now,
    )


class TestVerifying:
    @pytest.mark.parametrize(
        ("algorithm", "qop"),
        [
            *((each, True) for each in Algorithm),
            *((each, False) for each in Algorithm if not each.session),
        ],
    )
    def test_good_credentials(self, algorithm: Algorithm, qop: bool) -> None:
        challenge = verifier().challenge(0, algorithm, qop=qop)
        assert judge(credentials(challenge), algorithm) is Verdict.GOOD

    @pytest.mark.parametrize(
        "changed",
        [
            {"password": "other"},
            {"username": "line2"},
            {"method": "INVITE"},
        ],
    )
    def test_wrong_credentials(self, changed: dict[str, str]) -> None:
        shown = credentials(verifier().challenge(0), **changed)
        if changed.get("username"):
            shown = replace(shown, username="line1")
        assert judge(shown) is Verdict.WRONG

    def test_a_user_that_does_not_exist_is_wrong_even_with_an_empty_password(self) -> None:
        shown = credentials(verifier().challenge(0), password="")
        assert judge(shown, password=None) is Verdict.WRONG

    def test_a_weaker_algorithm_than_asked_for_is_wrong(self) -> None:
        shown = credentials(verifier().challenge(0, Algorithm.MD5))
        assert judge(shown, Algorithm.SHA_256) is Verdict.WRONG

    def test_another_realm_is_wrong(self) -> None:
        shown = credentials(replace(verifier().challenge(0), realm="elsewhere"))
        assert judge(shown) is Verdict.WRONG

    def test_a_nonce_is_stale_after_its_lifetime(self) -> None:
        shown = credentials(verifier().challenge(0))
        assert judge(shown, now=300 * SECOND) is Verdict.GOOD
        assert judge(shown, now=300 * SECOND + 1) is Verdict.STALE

    def test_a_nonce_of_somebody_else_is_stale(self) -> None:
        for nonce in ("x", "0" * 48, Verifier("hil", b"other").challenge(0).nonce):
            assert judge(credentials(Challenge(realm="hil", nonce=nonce))) is Verdict.STALE

    def test_a_wrong_answer_to_a_stale_nonce_is_wrong(self) -> None:
        shown = credentials(verifier().challenge(0), password="other")
        assert judge(shown, now=999 * SECOND) is Verdict.WRONG

    def test_stale_is_said(self) -> None:
        challenge = verifier().challenge(0, stale=True)
        assert "stale=true" in str(challenge)
        assert parse_challenge(str(challenge)).stale


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Basic abc", "authentication by 'basic'"),
        ('Digest realm="r"', "without nonce"),
        ('Digest realm="r", realm="s", nonce="n"', "second .* 'realm'"),
        ('Digest realm="r", nonce="n", algorithm=ROT13', "digest algorithm 'ROT13'"),
        ('Digest realm="r', "quoted string does not end"),
        ('Digest realm="r", nonce="n", é', "no name of a parameter"),
        ('Digest realm="r", nonce="n", Digest realm="r", nonce="m"', "a second scheme"),
        ('realm="r", nonce="n"', "no authentication scheme"),
        ("", "no authentication scheme"),
    ],
)
def test_a_challenge_that_makes_no_sense(text: str, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason):
        parse_challenge(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("qop=auth", "qop=auth-int"),
        (", nc=00000001", ""),
        ("nc=00000001", "nc=1"),
        ("algorithm=MD5, qop=auth, nc=00000001", "algorithm=MD5-sess"),
        ('cnonce="c"', 'cnonce=""'),
        (', cnonce="c"', ""),
        ('uri="sip:192.0.2.1", ', ""),
    ],
)
def test_credentials_that_make_no_sense(old: str, new: str) -> None:
    text = str(credentials(verifier().challenge(0)))
    assert old in text
    with pytest.raises(RemoteProtocolError):
        parse_credentials(text.replace(old, new))


def test_who_insists_on_auth_int_gets_no_answer() -> None:
    with pytest.raises(LocalProtocolError):
        credentials(Challenge(realm="r", nonce="n", qop=("auth-int",)))


def test_a_session_without_qop_has_no_cnonce_to_hash_and_no_answer() -> None:
    with pytest.raises(LocalProtocolError):
        credentials(Challenge(realm="r", nonce="n", algorithm=Algorithm.MD5_SESS, qop=()))


@pytest.mark.parametrize("end", ["\r", "\n"])
def test_no_line_end_gets_into_a_header(end: str) -> None:
    with pytest.raises(LocalProtocolError):
        str(Challenge(realm=f"r{end}Via: x", nonce="n"))
    with pytest.raises(LocalProtocolError):
        str(credentials(Challenge(realm="r", nonce="n"), username=f"u{end}"))


@given(st.text(max_size=80))
def test_hostile_text_raises_nothing_else(text: str) -> None:
    for parse in (parse_challenge, parse_credentials):
        with suppress(RemoteProtocolError):
            parse(f"Digest {text}")


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])))
def test_any_user_and_password_can_be_verified(name: str) -> None:
    shown = credentials(verifier().challenge(0), username=name, password=name)
    read = parse_credentials(str(shown))
    assert read == shown
    assert judge(read, password=name) is Verdict.GOOD
