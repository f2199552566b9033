"""The laboratory's certificate authority, and the certificates that a phone must not accept.

One `Authority` is made for a bench, or kept by a laboratory (`hil.endpoints.kept_authority`): its root
goes into the phone (``Custom_CA_Rule``, or the virtual phone's trust), its server certificates are
shown by HTTPS, and it issues what a phone shows where the manufacturer's certificate cannot be had.
All keys are on P-256: making one takes less than a millisecond. OpenSSL compares validity with the
calendar, so these dates have no relation to lab time.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum

import trustme
from cryptography.exceptions import UnsupportedAlgorithm

from hil.errors import UsageError

_ORGANIZATION = "hil"
_OVER = (datetime.datetime(2001, 1, 1), datetime.datetime(2002, 1, 1))
_TO_COME = (datetime.datetime(2990, 1, 1), datetime.datetime(2991, 1, 1))
_VALID = (datetime.datetime(2001, 1, 1), datetime.datetime(2990, 1, 1))


class Flaw(StrEnum):
    """What is wrong with a server certificate."""

    NONE = "none"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNTRUSTED = "untrusted"
    """Issued by an authority that nobody was told to trust."""


@dataclass(frozen=True)
class Credential:
    """A private key and its certificate chain, leaf first, as one PEM text."""

    pem: bytes


class Authority:
    """A root certificate of the laboratory, and what it issues."""

    def __init__(self, unit: str = "laboratory root") -> None:
        self._root = _root(unit)
        self._unknown: trustme.CA | None = None

    @classmethod
    def kept(cls, certificate: bytes, key: bytes) -> Authority:
        """The authority of a laboratory, from its certificate and its private key (PEM).

        They are without objection (`hil.endpoints.kept_authority`), and a pair; UsageError for what
        cannot be read.
        """
        authority = cls()
        try:
            authority._root = trustme.CA.from_pem(certificate, key)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # The error may quote the key.
            raise UsageError(
                "an authority that cannot be read", remedy="certificate and key as PEM"
            ) from None
        return authority

    @property
    def root_pem(self) -> str:
        """The root certificate, to be trusted by the phone."""
        return self._root.cert_pem.bytes().decode("ascii")

    def server(self, *names: str, flaw: Flaw = Flaw.NONE) -> Credential:
        """A server's certificate for host names and IPv4 addresses; UsageError without any.

        All stand in the subject alternative name (RFC 6125), the first in the common name as well,
        which is where older phones look.
        """
        if not names or not all(names):
            raise UsageError("a server certificate without a name", remedy="name the server")
        issuer = self._root
        if flaw is Flaw.UNTRUSTED:
            self._unknown = self._unknown or _root("an unknown root")
            issuer = self._unknown
        validity = {Flaw.EXPIRED: _OVER, Flaw.NOT_YET_VALID: _TO_COME}.get(flaw, _VALID)
        return _issue(issuer, names, names[0], "server", validity)

    def client(self, common_name: str) -> Credential:
        """A client's certificate with this common name: a phone's has its MAC address there."""
        return _issue(self._root, (), common_name, "phone", _VALID)


def _root(unit: str) -> trustme.CA:
    return trustme.CA(organization_name=_ORGANIZATION, organization_unit_name=unit)


def _issue(
    issuer: trustme.CA,
    names: tuple[str, ...],
    common_name: str,
    unit: str,
    validity: tuple[datetime.datetime, datetime.datetime],
) -> Credential:
    try:
        leaf = issuer.issue_cert(
            *names,
            common_name=common_name,
            organization_name=_ORGANIZATION,
            organization_unit_name=unit,
            not_before=validity[0],
            not_after=validity[1],
        )
    except ValueError as error:
        raise UsageError(
            f"no certificate can be made for {', '.join(names) or common_name}: {error}",
            remedy="host names, IPv4 addresses; a common name of 1 to 64 characters",
        ) from error
    return Credential(leaf.private_key_and_cert_chain_pem.bytes())
