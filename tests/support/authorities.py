"""Authorities that are right, or wrong in one way, as files of a laboratory may hold them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@dataclass
class Made:
    """An authority, whose certificate says what the fields say; None is an extension left out."""

    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    basic: x509.BasicConstraints | None = x509.BasicConstraints(ca=True, path_length=0)  # noqa: RUF009
    signs: bool | None = True
    identified: bool = True
    begins: datetime.datetime = NOW - 3650 * DAY
    ends: datetime.datetime = NOW + 365 * DAY
    issuer: Made | None = None
    name: str = "an authority"

    def certificate(self) -> bytes:
        issuer = self.issuer or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(self.name))
            .issuer_name(named(issuer.name))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
        )
        if self.basic is not None:
            builder = builder.add_extension(self.basic, critical=True)
        if self.signs is not None:
            builder = builder.add_extension(usage(self.signs), critical=True)
        if self.identified:
            identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
            builder = builder.add_extension(identifier, critical=False)
        digest = None if isinstance(issuer.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        return builder.sign(issuer.key, digest).public_bytes(serialization.Encoding.PEM)

    def secret(self, passphrase: bytes = b"") -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase)
            if passphrase
            else serialization.NoEncryption(),
        )


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
