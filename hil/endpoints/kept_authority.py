"""An authority that a laboratory keeps: made once, given to its phones, and looked at before each use.

A phone trusts what somebody has installed in it, so an authority that signs the servers of a rack has
to be the same for years. Its certificate is public, and goes into the phones; its key is the
laboratory's secret, since whoever has it is any server to these phones. Objections are all for which
phones would refuse such an authority, or which keeps it from signing (RFC 5280).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import NameOID

from hil.endpoints.ntp import EPOCH

RUN = datetime.timedelta(days=3)
"""What an authority must have left at least: the longest that a run takes, over a week-end."""

BEGINNING = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
"""From when on it is valid: the clock of a phone is whatever a test, or nobody, has told it."""

_RSA_BITS = 2048
_ANOTHER = "`hil testbed authority` makes one"
_CERTIFICATE_IS = f"the certificate alone, as PEM; {_ANOTHER}"
_KEY_IS = "its private key as PEM, without a passphrase"

E = TypeVar("E", bound=x509.ExtensionType)


class Objection(NamedTuple):
    """What is wrong with a file of an authority, and what would be right."""

    problem: str
    remedy: str


@dataclass(frozen=True)
class About:
    """What a person recognises an authority by. ``sha256`` is the fingerprint of its certificate."""

    name: str
    not_after: datetime.datetime
    sha256: str

    def __str__(self) -> str:
        return f"{self.name}, valid until {self.not_after:%Y-%m-%d}"


def make(now: datetime.datetime, years: int) -> tuple[bytes, bytes]:
    """Make an authority that is valid for so many years from ``now`` on; its certificate and its key.

    Both are PEM. The key is on P-256, as those of the servers are.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # Two authorities of one laboratory are told apart by their names, on the pages of a phone too.
    common_name = f"hil laboratory authority {identifier.digest.hex()[:8]}"
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "hil"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINNING)
        .not_valid_after(now + datetime.timedelta(days=round(365.25 * years)))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(identifier, critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def about(certificate: bytes) -> About:
    """Describe an authority whose certificate is without objection."""
    read = x509.load_pem_x509_certificate(certificate)
    names = read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else read.subject.rfc4514_string()
    digest = read.fingerprint(hashes.SHA256()).hex(":").upper()
    return About(name, read.not_valid_after_utc, digest)


def objections_to_certificate(pem: bytes, now: datetime.datetime) -> Iterator[Objection]:
    """Find why it is not the certificate of an authority to be used from ``now`` on."""
    read = _certificate(pem)
    if isinstance(read, Objection):
        yield read
        return
    yield from _unfit(read)
    yield from _out_of_date(read, now)


def objections_to_key(pem: bytes) -> Iterator[Objection]:
    """Find why it is no private key to sign with."""
    opened = _key(pem)
    if isinstance(opened, Objection):
        yield opened


def is_pair(certificate: bytes, key: bytes) -> bool:
    """Whether the key is that of the certificate; True where one of the two cannot be read."""
    read, opened = _certificate(certificate), _key(key)
    if isinstance(read, Objection) or isinstance(opened, Objection):
        return True
    try:
        return _plain(read.public_key()) == opened
    except (ValueError, UnsupportedAlgorithm):
        return False


# -- certificate -----------------------------------------------------------------------------------


def _certificate(pem: bytes) -> x509.Certificate | Objection:
    if b"PRIVATE KEY-----" in pem:
        problem = "a private key stands beside the certificate, which every phone is given"
        return Objection(problem, "two files, and the key for the laboratory alone")
    try:
        found = x509.load_pem_x509_certificates(pem)
        # Extensions are read late, and may be as broken as everything else.
        for each in found:
            _ = each.extensions
    except (ValueError, UnsupportedAlgorithm):
        return Objection("no certificate can be read from the file", _CERTIFICATE_IS)
    if len(found) > 1:
        return Objection(f"{len(found)} certificates are in the file", _CERTIFICATE_IS)
    return found[0]


def _unfit(certificate: x509.Certificate) -> Iterator[Objection]:
    """Why it is not the certificate of an authority that signs servers and that phones take."""
    basic = _extension(certificate, x509.BasicConstraints)
    if basic is None or not basic.ca:
        yield Objection("it is no authority's (basicConstraints CA)", _ANOTHER)
        return
    usage = _extension(certificate, x509.KeyUsage)
    # Authorities that OpenSSL makes by default do not say what their key is for.
    if usage is not None and not usage.key_cert_sign:
        yield Objection("its key must sign no certificate (keyUsage without keyCertSign)", _ANOTHER)
    if _extension(certificate, x509.SubjectKeyIdentifier) is None:
        yield Objection("it has no subject key identifier (RFC 5280, 4.2.1.2)", _ANOTHER)
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        yield Objection("it is not signed by itself, and phones are given roots", _ANOTHER)
    if problem := _weak(certificate):
        yield Objection(problem, _ANOTHER)


def _weak(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "its key cannot be read"
    if isinstance(key, rsa.RSAPublicKey):
        bits = key.key_size
        return f"its RSA key has {bits} bits, which phones refuse" if bits < _RSA_BITS else ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return ""
    return "its key is neither RSA nor on an elliptic curve"


def _out_of_date(certificate: x509.Certificate, now: datetime.datetime) -> Iterator[Objection]:
    ends, begins = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    until = f"it is valid until {ends:%Y-%m-%d %H:%M} UTC"
    if ends <= now:
        yield Objection(f"{until}, which is over", f"{_ANOTHER}, for each phone to be given")
    elif ends < now + RUN:
        remedy = f"at least {RUN.days} days more, for a run to end; {_ANOTHER}"
        yield Objection(until, remedy)
    if begins > min(now, EPOCH):
        problem = f"it is valid from {begins:%Y-%m-%d %H:%M} UTC on"
        remedy = (
            f"from {EPOCH:%Y-%m-%d} on or earlier, the date that a bench tells phones; {_ANOTHER}"
        )
        yield Objection(problem, remedy)


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


# -- key -------------------------------------------------------------------------------------------


def _key(pem: bytes) -> bytes | Objection:
    """The public key that goes with a private one."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        return Objection("the key is under a passphrase", f"{_KEY_IS}: openssl pkey -in FILE")
    except (ValueError, UnsupportedAlgorithm):
        # The error may quote what it could not read.
        return Objection("no private key can be read", _KEY_IS)
    return _plain(key.public_key())


def _plain(key: PublicKeyTypes) -> bytes:
    """A public key as octets, to compare it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)
