"""Basic and Digest: the examples of the RFCs, every form, and headers that mean harm."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.digest import (
    ALGORITHMS,
    Algorithm,
    Scheme,
    answer,
    basic_credentials,
    basic_pair,
    expected_response,
    proves,
    read_scheme,
    read_schemes,
)
from hil.errors import RemoteProtocolError

# RFC 7616 section 3.9.1, both of its challenges.
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC_7616 = (
    f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={{}}, '
    f'nonce="{NONCE}", opaque="{OPAQUE}"'
)


def answered(challenge: str, user: str = "Mufasa", password: str = "Circle of Life") -> Scheme:  # noqa: S107
    header = answer(
        read_schemes(challenge),
        user,
        password,
        method="GET",
        uri="/dir/index.html",
        cnonce=CNONCE,
    )
    assert header is not None
    (credentials,) = read_schemes(header)
    return credentials


# -- the RFCs' own examples --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    credentials = answered(RFC_7616.format(algorithm))
    assert credentials.parameters == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": NONCE,
        "nc": "00000001",
        "cnonce": CNONCE,
        "qop": "auth",
        "response": response,
        "opaque": OPAQUE,
    }


def test_the_example_of_rfc_2617() -> None:
    header = (
        'Digest username="Mufasa", realm="testrealm@host.com", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, nc=00000001, '
        'cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    (credentials,) = read_schemes(header)
    assert proves(credentials, "Mufasa", "Circle Of Life", method="GET", uri="/dir/index.html")


def test_the_legacy_form_has_neither_nc_nor_cnonce() -> None:
    # RFC 2069 section 2.4, with the response that its erratum 749 corrects.
    credentials = answered(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"',
        password="CircleOfLife",
    )
    assert credentials.parameters == {
        "username": "Mufasa",
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
        "response": "1949323746fe6a43ef61f9606e7febea",
        "opaque": "5ccc069c403ebaf9f0171e9517f40e41",
    }


def test_the_examples_of_rfc_7617() -> None:
    assert basic_credentials("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_credentials("test", "123£") == "Basic dGVzdDoxMjPCow=="
    (credentials,) = read_schemes("basic dGVzdDoxMjPCow==")
    assert basic_pair(credentials) == ("test", "123£")


@pytest.mark.parametrize(
    ("algorithm", "known"),
    [
        (Algorithm.MD5, "900150983cd24fb0d6963f7d28e17f72"),
        (
            Algorithm.SHA_256_SESS,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Algorithm.SHA_512_256,
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
        ),
    ],
)
def test_the_hashes_of_abc(algorithm: Algorithm, known: str) -> None:
    # RFC 1321 appendix A.5, and the examples that NIST gives for FIPS 180-4.
    assert algorithm.digest("abc") == known


# -- what is chosen ----------------------------------------------------------------------------------


def test_the_strongest_challenge_is_answered_wherever_it_stands() -> None:
    digest = RFC_7616.format("MD5") + ", " + RFC_7616.format("SHA-256")
    credentials = answered(f'Negotiate, Basic realm="a", {digest}, Newauth x="1", y')
    assert credentials.algorithm == "SHA-256"
    assert answered('Basic realm="a", Digest realm="b", nonce="c"').name == "digest"
    assert answered('Basic realm="a", Digest realm="b", nonce="c", algorithm=SHA-1').name == "basic"


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Negotiate",
        'Digest nonce="a", algorithm=SHA-1',
        'Digest nonce="a", qop="auth-int"',
        'Digest nonce="a", algorithm=MD5-sess',
    ],
)
def test_a_challenge_that_nobody_here_knows_has_no_answer(challenge: str) -> None:
    assert not any(each.is_answerable for each in read_schemes(challenge))
    assert answer(read_schemes(challenge), "u", "p", method="GET", uri="/", cnonce="c") is None


# -- what proves a password --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "qop"),
    [
        *((each, 'qop="auth", ') for each in ALGORITHMS),
        *((each, "") for each in ("MD5", "SHA-256", "SHA-512-256")),
    ],
)
@given(user=st.text(max_size=9), password=st.text(max_size=9))
def test_an_answer_proves_its_password_and_no_other(
    algorithm: str, qop: str, user: str, password: str
) -> None:
    challenge = f'Digest realm="a \\"b\\"", {qop}algorithm={algorithm}, nonce="n"'
    credentials = answered(challenge, user, password)
    request = {"method": "GET", "uri": "/dir/index.html"}
    assert credentials.get("realm") == 'a "b"'
    assert proves(credentials, user, password, **request)
    assert not proves(credentials, user, password + "x", **request)
    assert not proves(credentials, user + "x", password, **request)
    assert not proves(credentials, user, password, method="POST", uri="/dir/index.html")
    assert not proves(credentials, user, password, method="GET", uri="/dir/other.html")


@pytest.mark.parametrize(
    "change",
    [
        {"nc": "1"},
        {"nc": ""},
        {"cnonce": ""},
        {"qop": "auth-int"},
        {"algorithm": "SHA-1"},
        {"response": "é"},
    ],
)
def test_a_malformed_answer_proves_nothing(change: dict[str, str]) -> None:
    credentials = answered(RFC_7616.format("MD5"))
    request = {"method": "GET", "uri": "/dir/index.html"}
    assert proves(credentials, "Mufasa", "Circle of Life", **request)
    changed = Scheme("digest", {**credentials.parameters, **change})
    assert not proves(changed, "Mufasa", "Circle of Life", **request)


def test_a_session_without_cnonce_proves_nothing() -> None:
    told = {"username": "u", "realm": "r", "nonce": "n", "uri": "/", "algorithm": "MD5-sess"}
    due = expected_response(Scheme("digest", told), "p", "GET")
    assert not proves(Scheme("digest", told | {"response": due}), "u", "p", method="GET", uri="/")


@pytest.mark.parametrize("token", ["", "no base64!", "/////w==", "dGVzdA=="])
def test_basic_credentials_that_are_none(token: str) -> None:
    assert basic_pair(Scheme("basic", token=token)) is None
    assert basic_pair(Scheme("bearer", token="dGVzdDoxMjPCow==")) is None


# -- reading -----------------------------------------------------------------------------------------


def test_white_space_quotes_and_empty_elements_do_not_matter() -> None:
    header = (
        ' , Basic realm = "a\\\\b, c=\\"d\\"" ,, charset=UTF-8,NTLM TlRMTVNT==, ,Digest nonce=x'
    )
    assert read_schemes(header) == (
        Scheme("basic", {"realm": 'a\\b, c="d"', "charset": "UTF-8"}),
        Scheme("ntlm", token="TlRMTVNT=="),
        Scheme("digest", {"nonce": "x"}),
    )


def test_reading_strictly_wants_one_scheme_and_each_parameter_once() -> None:
    assert read_scheme('Digest realm="a", NC=1') == Scheme("digest", {"realm": "a", "nc": "1"})
    assert read_scheme("Basic dGVzdA==") == Scheme("basic", token="dGVzdA==")
    for header in ("", "a=b", "Digest a=b, c", "Digest a=b, A=c", 'Digest a="b', "Digest a=b, c="):
        with pytest.raises(RemoteProtocolError):
            read_scheme(header)


@given(st.text(alphabet='Digest ="\\,\t\x00é!'), st.text())
def test_no_header_raises(about: str, anything: str) -> None:
    for header in (about, anything):
        for scheme in read_schemes(header):
            assert not proves(scheme, "user", "password", method="GET", uri="/")
            answer([scheme], "user", "password", method="GET", uri="/", cnonce="c")


@pytest.mark.parametrize("piece", ["a ", 'a="', 'a="\\', "a=b,", ",", 'a="b" ', "a=="])
def test_a_long_header_takes_no_longer_than_it_is(piece: str) -> None:
    # Processor time of this thread: quadratic behaviour would take minutes, whoever else is busy.
    began = time.thread_time()
    read_schemes(piece * 20_000)
    assert time.thread_time() - began < 1
