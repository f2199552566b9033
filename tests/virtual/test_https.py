"""Whom the handset's HTTPS client trusts, what it shows, and what it makes of broken TLS."""

from __future__ import annotations

import ssl

import pytest
import trustme

from hil.errors import UsageError
from hil.net.stream import Listener
from hil.virtual import http
from hil.virtual.transfer import Failed
from hil.virtual.trust import TrustConfig, client_context

HOST = "prov.example"
PROFILE = b"<flat-profile/>"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + PROFILE
PLAIN = http.Request(HOST, "/7832-3PCC.xml")
SECOND = 1_000_000_000


@pytest.fixture
def run(lab, fetching):
    """Fetches, and lets the bench come to rest."""

    def fetched(request=PLAIN, **options):
        return lab.clock.run(fetching(request, **options), timeout=2000)

    return fetched


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def server_context(authority, *names, ask_client=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names or (HOST,)).configure_cert(context)
    if ask_client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def phone_context(authority, **config):
    return client_context(TrustConfig(authorities=authority.cert_pem.bytes(), **config))


def test_a_server_with_the_right_name_from_a_known_authority_is_trusted(serve_http, authority, run):
    server = serve_http(OK, tls=server_context(authority))
    assert run(tls=phone_context(authority)).body == PROFILE
    assert server.requests[0][1]["host"] == HOST
    assert server.failed == ""


@pytest.mark.parametrize("case", ["wrong name", "unknown authority", "no authority"])
def test_a_server_that_cannot_prove_itself_gets_no_request(serve_http, authority, case, run):
    name = "other.example" if case == "wrong name" else HOST
    server = serve_http(OK, tls=server_context(authority, name))
    trusted = {"unknown authority": trustme.CA().cert_pem.bytes(), "no authority": b""}
    tls = client_context(TrustConfig(authorities=trusted.get(case, authority.cert_pem.bytes())))
    assert run(tls=tls) == Failed("tls: certificate verify failed")
    assert server.requests == []


def test_a_phone_that_does_not_check_is_fooled(serve_http, authority, run):
    serve_http(OK, tls=server_context(trustme.CA(), "other.example"))
    assert run(tls=phone_context(authority, verify=False)).body == PROFILE


def test_a_phone_that_does_not_check_names_is_fooled_by_another_host(serve_http, authority, run):
    serve_http(OK, tls=server_context(authority, "other.example"))
    assert run(tls=phone_context(authority, check_host_name=False)).body == PROFILE


@pytest.mark.parametrize("asked", [True, False])
def test_the_client_certificate_is_shown_to_a_server_that_asks(serve_http, authority, asked, run):
    issued = authority.issue_cert("000e08aabbcc.phone.example")
    own = issued.private_key_pem.bytes() + b"".join(
        certificate.bytes() for certificate in issued.cert_chain_pems
    )
    server = serve_http(OK, tls=server_context(authority, ask_client=asked))
    assert run(tls=phone_context(authority, certificate=own)).body == PROFILE
    shown = server.client_certificate
    expected = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    assert shown == (expected if asked else None)


def test_an_old_version_of_tls_is_refused(serve_http, authority, run):
    context = server_context(authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = serve_http(OK, tls=context)
    tls = phone_context(authority, minimum_version=ssl.TLSVersion.TLSv1_3)
    assert run(tls=tls) == Failed("tls: tlsv1 alert protocol version")
    assert server.requests == []


def test_a_server_that_does_not_speak_tls_fails(serve_http, authority, run):
    serve_http(OK)
    outcome = run(tls=phone_context(authority), port=80)
    assert isinstance(outcome, Failed)
    assert outcome.text.startswith(("tls: ", "http: "))


def test_a_handshake_that_stalls_is_given_up_after_10_s(lab, serve_http, authority, run):
    async def listen():
        return Listener(lab.server, 443, held.append)

    held = []
    listener = lab.clock.run(listen())
    serve_http(OK)
    assert run(tls=phone_context(authority)) == Failed("tls: timeout")
    assert lab.clock.now() == 10 * SECOND
    listener.close()
    held[0].close()


def test_a_body_that_ends_without_close_notify_is_not_whole(serve_http, authority, run):
    serve_http(OK[:-1], tls=server_context(authority), abort=True)
    outcome = run(tls=phone_context(authority))
    assert isinstance(outcome, Failed)


@pytest.mark.parametrize("pem", [b"not PEM", "ä".encode()])
def test_certificates_that_cannot_be_read_are_the_inventorys_fault(pem):
    with pytest.raises(UsageError):
        client_context(TrustConfig(authorities=pem))
    with pytest.raises(UsageError):
        client_context(TrustConfig(certificate=pem))
