"""An authority that is kept signs what phones take; one that they must refuse is never used."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest
from authorities import DAY, NOW, Made, rsa_key
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st
from programs import needed

from hil.endpoints.certificates import Authority, Flaw
from hil.endpoints.kept_authority import (
    RUN,
    about,
    is_pair,
    make,
    objections_to_certificate,
    objections_to_key,
)
from hil.endpoints.ntp import EPOCH
from hil.errors import UsageError


def objected(certificate: bytes) -> list[str]:
    return [each.problem for each in objections_to_certificate(certificate, NOW)]


def verified(directory: Path, root: bytes, server: bytes, *more: str) -> str:
    """What OpenSSL's own program says of a server's certificate under this root."""
    (directory / "root.pem").write_bytes(root)
    (directory / "server.pem").write_bytes(server)
    openssl = needed("openssl", "openssl")
    command = [openssl, "verify", "-purpose", "sslserver", *more, "-CAfile", "root.pem"]
    done = subprocess.run(
        [*command, "server.pem"],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


class TestWhatIsMade:
    def test_it_is_without_objection_and_lasts_for_the_years_that_were_asked_for(self):
        certificate, key = make(NOW, 7)
        assert objected(certificate) == []
        assert not list(objections_to_key(key))
        assert is_pair(certificate, key)
        assert abs(about(certificate).not_after - (NOW + 7 * 365.25 * DAY)) <= DAY

    def test_a_phone_whose_clock_nobody_set_takes_it(self):
        certificate = x509.load_pem_x509_certificate(make(NOW, 1)[0])
        assert certificate.not_valid_before_utc <= datetime.datetime(
            2001, 1, 1, tzinfo=datetime.UTC
        )

    def test_two_are_told_apart_by_their_names(self):
        one, other = (about(make(NOW, 1)[0]) for _ in range(2))
        assert one.name != other.name
        assert str(one).startswith("hil laboratory authority ")
        assert len(one.sha256) == 32 * 3 - 1

    @pytest.mark.peer("openssl")
    def test_openssl_verifies_each_server_under_it_and_none_that_it_did_not_sign(self, tmp_path):
        certificate, key = make(NOW, 10)
        kept = Authority.kept(certificate, key)
        named = ("-x509_strict", "-verify_hostname", "prov.example")
        good = kept.server("prov.example", "192.0.2.1").pem
        assert verified(tmp_path, certificate, good, *named) == "server.pem: OK"
        assert "server.pem: OK" in verified(tmp_path, certificate, good, "-verify_ip", "192.0.2.1")
        assert "hostname mismatch" in verified(
            tmp_path, certificate, kept.server("b.example").pem, *named
        )
        for flaw, said in (
            (Flaw.EXPIRED, "certificate has expired"),
            (Flaw.NOT_YET_VALID, "certificate is not yet valid"),
            (Flaw.UNTRUSTED, "unable to get local issuer certificate"),
        ):
            bad = kept.server("prov.example", flaw=flaw).pem
            assert said in verified(tmp_path, certificate, bad, *named)

    def test_it_signs_alike_in_every_run(self, tmp_path):
        certificate, key = make(NOW, 10)
        first, second = (Authority.kept(certificate, key) for _ in range(2))
        assert first.root_pem == second.root_pem == certificate.decode()
        for kept in (first, second):
            server = kept.server("prov.example").pem
            assert verified(tmp_path, certificate, server) == "server.pem: OK"


@pytest.mark.peer("openssl")
@pytest.mark.parametrize("kind", ["rsa:2048", "ec"])
def test_an_authority_that_openssl_made_is_taken_and_signs(tmp_path, kind):
    openssl = needed("openssl", "openssl")
    curve = ["-pkeyopt", "ec_paramgen_curve:P-384"] if kind == "ec" else []
    command = [openssl, "req", "-x509", "-newkey", kind, *curve, "-noenc", "-days", "90"]
    subprocess.run(
        [*command, "-subj", "/CN=Lab CA", "-keyout", "ca.key", "-out", "ca.pem"],
        cwd=tmp_path,
        capture_output=True,
        timeout=30,
        check=True,
    )
    certificate, key = ((tmp_path / name).read_bytes() for name in ("ca.pem", "ca.key"))
    # It is valid from now on, and that alone is wrong with it: a bench tells phones an earlier date.
    assert all("it is valid from" in each for each in objected(certificate))
    assert not list(objections_to_key(key))
    assert is_pair(certificate, key)
    server = Authority.kept(certificate, key).server("prov.example").pem
    assert about(certificate).name == "Lab CA"
    assert "server.pem: OK" in verified(tmp_path, certificate, server)


WRONG = {
    "no authority": (
        Made(basic=x509.BasicConstraints(ca=False, path_length=None)),
        "no authority's",
    ),
    "nothing said": (Made(basic=None), "no authority's"),
    "must not sign": (Made(signs=False), "without keyCertSign"),
    "no identifier": (Made(identified=False), "no subject key identifier"),
    "no root": (Made(issuer=Made(name="another")), "not signed by itself"),
    "signed by a namesake": (Made(issuer=Made()), "not signed by itself"),
    "short key": (Made(key=rsa_key(1024)), "1024 bits"),
    "other key": (Made(key=ed25519.Ed25519PrivateKey.generate()), "neither RSA nor"),
    "over": (Made(ends=NOW - DAY), "which is over"),
    "over in a run": (Made(ends=NOW + RUN - datetime.timedelta(hours=1)), "it is valid until"),
    "to come": (Made(begins=NOW + DAY), "UTC on"),
    "after what phones are told": (Made(begins=EPOCH + DAY, ends=NOW + 900 * DAY), "UTC on"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_phones_must_refuse_is_objected_to(name):
    made, said = WRONG[name]
    (problem,) = objected(made.certificate())
    assert said in problem


def test_an_authority_that_is_right_but_silent_about_its_key_is_taken():
    assert objected(Made(signs=None).certificate()) == []
    assert objected(Made(ends=NOW + RUN + DAY).certificate()) == []


def test_everything_is_objected_to_at_once():
    assert len(objected(Made(signs=False, identified=False, ends=NOW - DAY).certificate())) == 3


def test_the_file_that_phones_are_given_holds_one_certificate_and_no_key():
    made = Made()
    assert "private key stands beside" in objected(made.certificate() + made.secret())[0]
    assert "2 certificates" in objected(made.certificate() + Made().certificate())[0]
    assert "no certificate can be read" in objected(b"")[0]
    assert "no certificate can be read" in objected(made.certificate()[:200])[0]


@given(st.binary(max_size=200), st.booleans())
def test_whatever_is_in_the_files_is_an_objection_and_no_crash(octets, framed):
    if framed:
        octets = b"-----BEGIN CERTIFICATE-----\n" + octets + b"\n-----END CERTIFICATE-----\n"
    assert objected(octets)
    assert list(objections_to_key(octets))
    assert is_pair(octets, octets)
    with pytest.raises(UsageError):
        Authority.kept(octets, octets)


def test_a_key_is_the_certificates_own_and_has_no_passphrase():
    made, other = Made(), Made()
    assert is_pair(made.certificate(), made.secret())
    assert not is_pair(made.certificate(), other.secret())
    (locked,) = objections_to_key(made.secret(b"word"))
    assert "under a passphrase" in locked.problem
    (none,) = objections_to_key(made.certificate())
    assert none.problem == "no private key can be read"
    with pytest.raises(UsageError) as caught:
        Authority.kept(made.certificate(), made.secret(b"word"))
    assert "word" not in str(caught.value)
