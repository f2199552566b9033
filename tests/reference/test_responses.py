"""What an answer of a server means to a resync (Administration Guide, "Provisioning")."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.reference.interpretations import DEFAULT
from hil.reference.responses import (
    Answer,
    AskAgain,
    Challenge,
    Document,
    HttpAnswer,
    Meaning,
    Missing,
    NoAnswer,
    TftpAnswer,
    Unusable,
    meaning,
)
from hil.reference.rules import Fetch

PLAIN = Fetch(1, "http", "192.0.2.1", 80, "/a/b.xml")
WITH_LOGIN = Fetch(1, "http", "192.0.2.1", 80, "/a", {"GPP_A": "x"}, {"uid": "u", "pwd": "p"})


def told(answer: Answer, fetch: Fetch = PLAIN, **counts: int) -> Meaning:
    return meaning(answer, fetch, **counts)


def test_a_complete_tftp_transfer_is_the_document() -> None:
    assert told(TftpAnswer(b"x")) == Document(b"x")
    assert told(TftpAnswer(b"")) == Document(b"")


def test_of_a_large_document_size_and_digest_are_enough() -> None:
    image = Document(b"", size=31_457_280, sha256="ab" * 32)
    assert told(TftpAnswer(size=31_457_280, sha256="ab" * 32)) == image
    assert told(HttpAnswer(200, size=31_457_280, sha256="ab" * 32)) == image
    assert not image.kept
    assert image.measured() == (31_457_280, "ab" * 32)


def test_a_document_that_was_kept_is_measured() -> None:
    document = told(HttpAnswer(200, b"abc"))
    assert isinstance(document, Document)
    assert document.kept
    # FIPS 180-2, appendix B.1.
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert document.measured() == (3, digest)


def test_tftp_error_1_says_that_the_file_does_not_exist() -> None:
    assert told(TftpAnswer(error=1, text="no such file")) == Missing("no such file")
    assert told(TftpAnswer(error=1)) == Missing("File not found")


@pytest.mark.parametrize("code", [0, 2, 3, 4, 5, 6, 7, 8, 65535])
def test_other_tftp_errors_make_the_server_unusable(code: int) -> None:
    assert told(TftpAnswer(error=code, text="why")) == Unusable(f"TFTP error {code} why")
    assert told(TftpAnswer(error=code)) == Unusable(f"TFTP error {code}")


@pytest.mark.parametrize("status", [200, 204, 299])
def test_2xx_is_the_document(status: int) -> None:
    assert told(HttpAnswer(status, b"x", content_encoding="aes128gcm")) == Document(
        b"x", "aes128gcm"
    )


def test_404_says_that_the_file_does_not_exist() -> None:
    assert told(HttpAnswer(404, b"a page")) == Missing("HTTP 404")


@pytest.mark.parametrize("status", [100, 199, 300, 303, 304, 307, 308, 400, 403, 410, 500, 503])
def test_everything_else_makes_the_server_unusable(status: int) -> None:
    assert told(HttpAnswer(status, b"", location="/x")) == Unusable(f"HTTP {status}")


def test_no_answer_is_its_reason() -> None:
    assert told(NoAnswer("connection refused")) == Unusable("connection refused")


# --- redirects


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("http://other.example/x", "http://other.example:80/x"),
        ("https://other.example:8443/x?y", "https://other.example:8443/x?y"),
        ("/x", "http://192.0.2.1:80/x"),
        ("/x#part", "http://192.0.2.1:80/x"),
        ("tftp://192.0.2.9/x", "tftp://192.0.2.9:69/x"),
        ("//other.example/x", "http://other.example:80/x"),
        ("other.example/x", "http://192.0.2.1:80/other.example/x"),
        ("b.xml", "http://192.0.2.1:80/b.xml"),
        ("../b.xml?c=d", "http://192.0.2.1:80/b.xml?c=d"),
        ("?c=d", "http://192.0.2.1:80/a?c=d"),
        ("https://other.example", "https://other.example:443/"),
        ("https://other.example?c=d", "https://other.example:443/?c=d"),
        ("HTTP://[2001:db8::1]/x", "http://[2001:db8::1]:80/x"),
        ("/$MA.xml", "http://192.0.2.1:80/$MA.xml"),
    ],
)
@pytest.mark.parametrize("status", [301, 302])
def test_a_redirect_is_asked_again_there_with_the_same_options(
    status: int, location: str, url: str
) -> None:
    again = told(HttpAnswer(status, location=location), WITH_LOGIN)
    assert isinstance(again, AskAgain)
    assert again.redirected
    assert (again.fetch.url, again.fetch.options) == (url, {"uid": "u", "pwd": "p"})


def test_read_otherwise_the_options_are_left_behind() -> None:
    dropped = DEFAULT.choose(redirect_options="dropped")
    again = meaning(HttpAnswer(302, location="/x"), WITH_LOGIN, interpretations=dropped)
    assert isinstance(again, AskAgain)
    assert again.fetch.options == {}


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        "gds://x/y",
        "http://u:p@x/y",
        "http://[::",
        "http://x:0/",
        "mailto:a@b",
        "/a\tb",
        "/a b",
        "/ü",
    ],
)
def test_a_redirect_to_nowhere_makes_the_server_unusable(location: str | None) -> None:
    assert isinstance(told(HttpAnswer(301, location=location)), Unusable)


def test_a_reference_is_relative_to_what_was_asked_for() -> None:
    deep = replace(PLAIN, path="/a/b/c.xml?d=e/f")
    again = told(HttpAnswer(302, location="../g.xml"), deep)
    assert isinstance(again, AskAgain)
    assert again.fetch.path == "/a/g.xml"


def test_tftp_has_no_srv_records_where_a_redirect_leads_there() -> None:
    by_service = replace(PLAIN, options={"srv": ""})
    refused = told(HttpAnswer(302, location="tftp://192.0.2.1/x"), by_service)
    assert isinstance(refused, Unusable)
    assert "SRV" in refused.reason


def test_macros_in_a_location_expand_only_where_they_are_read_to() -> None:
    answer = HttpAnswer(302, location="/$MAU.xml")
    expanded = DEFAULT.choose(redirect_macros="expanded")
    for reading, path in ((DEFAULT, "/$MAU.xml"), (expanded, "/000E08AABBCC.xml")):
        again = meaning(
            answer,
            PLAIN,
            interpretations=reading,
            expand=lambda text: text.replace("$MAU", "000E08AABBCC"),
        )
        assert isinstance(again, AskAgain)
        assert again.fetch.path == path


@pytest.mark.parametrize("limit", [5, 1, 10, 20])
def test_the_limit_of_redirects_can_be_read_otherwise(limit: int) -> None:
    reading = DEFAULT.choose(redirect_limit=limit)
    answer = HttpAnswer(302, location="/x")
    last = meaning(answer, PLAIN, redirects=limit - 1, interpretations=reading)
    assert isinstance(last, AskAgain)
    assert meaning(answer, PLAIN, redirects=limit, interpretations=reading) == Unusable(
        f"more than {limit} redirects"
    )


# --- challenges


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_is_answered_twice_with_the_credentials_of_the_rule(status: int) -> None:
    for done in (0, 1):
        again = told(HttpAnswer(status), WITH_LOGIN, authorizations=done)
        assert again == AskAgain(WITH_LOGIN, redirected=False, challenge=Challenge(status))
    refused = Unusable(f"HTTP {status}")
    assert told(HttpAnswer(status), WITH_LOGIN, authorizations=2) == refused
    assert told(HttpAnswer(status), PLAIN) == refused


@pytest.mark.parametrize(
    ("challenge", "answered"),
    [
        ('Basic realm="a"', True),
        ('Digest realm="a", nonce="b"', True),
        ('Digest realm="a", nonce="b", algorithm=SHA-256, qop="auth"', True),
        ('Negotiate, Basic realm="a"', True),
        ("Negotiate", False),
        ('Digest realm="a", nonce="b", algorithm=SHA-1', False),
    ],
)
def test_a_challenge_that_no_credentials_answer_makes_the_server_unusable(
    challenge: str, answered: bool
) -> None:
    again = told(HttpAnswer(401, challenge=challenge), WITH_LOGIN)
    assert isinstance(again, AskAgain if answered else Unusable)
    if isinstance(again, AskAgain):
        assert again.challenge == Challenge(401, challenge)


@given(
    st.one_of(
        st.builds(TftpAnswer, st.binary(), st.none() | st.integers(), st.text()),
        st.builds(NoAnswer, st.text()),
        st.builds(
            HttpAnswer,
            st.integers(),
            st.binary(),
            st.none() | st.text() | st.from_regex(r"https?://[a-z.:/\[\]@%]*", fullmatch=True),
            st.none() | st.text(),
        ),
    ),
    st.integers(0, 30),
    st.integers(0, 5),
)
def test_no_answer_raises(answer: Answer, redirects: int, authorizations: int) -> None:
    for fetch in (PLAIN, WITH_LOGIN):
        got = told(answer, fetch, redirects=redirects, authorizations=authorizations)
        assert isinstance(got, Document | Missing | Unusable | AskAgain)
