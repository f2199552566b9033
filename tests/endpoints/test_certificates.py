"""The laboratory's certificates are good or bad in exactly the way that they are meant to be."""

from __future__ import annotations

import datetime
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from hil.endpoints.certificates import Authority, Flaw
from hil.errors import UsageError
from hil.net.tls import load_credential

NOW = datetime.datetime.now(datetime.UTC)


@pytest.fixture(scope="module")
def authority():
    return Authority()


def leaf(credential):
    return x509.load_pem_x509_certificates(credential.pem)[0]


def verdict(authority, credential, name="prov.example"):
    """What OpenSSL says of a server's certificate to a client that trusts the laboratory."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client = ssl.create_default_context(cadata=authority.root_pem)
    load_credential(server, credential.pem)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(3):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    return "ok"


@pytest.mark.parametrize("name", ["prov.example", "192.0.2.1"])
def test_good_certificate_is_valid_for_each_of_its_names(authority, name):
    assert verdict(authority, authority.server("prov.example", "192.0.2.1"), name) == "ok"


@pytest.mark.parametrize(
    ("flaw", "said"),
    [
        (Flaw.EXPIRED, "certificate has expired"),
        (Flaw.NOT_YET_VALID, "certificate is not yet valid"),
        (Flaw.UNTRUSTED, "unable to get local issuer certificate"),
    ],
)
def test_bad_certificate_has_the_one_flaw(authority, flaw, said):
    assert verdict(authority, authority.server("prov.example", flaw=flaw)) == said


def test_wrong_name_is_wrong_and_nothing_else(authority):
    credential = authority.server("wrong.example")

    assert "Hostname mismatch" in verdict(authority, credential)
    assert verdict(authority, credential, "wrong.example") == "ok"


def test_first_name_is_the_common_name_as_well(authority):
    subject = leaf(authority.server("prov.example", "192.0.2.1")).subject

    (common_name,) = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert common_name.value == "prov.example"


def test_validity_is_by_the_calendar_and_not_by_lab_time(authority):
    good = leaf(authority.server("a.example"))
    expired = leaf(authority.server("a.example", flaw=Flaw.EXPIRED))

    assert good.not_valid_before_utc < NOW < good.not_valid_after_utc
    assert expired.not_valid_after_utc < NOW


def test_phones_certificate_names_its_mac(authority):
    certificate = leaf(authority.client("000e08aabbcc"))

    assert "CN=000e08aabbcc" in certificate.subject.rfc4514_string()
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)


def test_two_authorities_do_not_trust_each_other(authority):
    assert verdict(Authority(), authority.server("prov.example")) != "ok"


@pytest.mark.parametrize("names", [(), ("",), ("a" * 65,)])
def test_impossible_names_are_the_tests_error(authority, names):
    with pytest.raises(UsageError):
        authority.server(*names)


def test_authority_and_certificate_are_made_in_milliseconds():
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        Authority().server("prov.example")
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.02
