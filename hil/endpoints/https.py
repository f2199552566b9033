"""How an HTTPS server shows itself: its certificate, its versions, and what it asks of the client.

A `TlsConfig` is what a bench gives the server for good; `ServerTls` has what tests change meanwhile.
Contexts are kept, so that after its first use a change costs nothing; none is ever altered, since
connections may be using it.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from hil.endpoints import faults as fl
from hil.endpoints.certificates import Authority, Flaw
from hil.net.tls import load_credential

TLS_FAULTS: tuple[type[fl.Fault], ...] = (
    fl.ExpiredCertificate,
    fl.NotYetValidCertificate,
    fl.WrongNameCertificate,
    fl.UntrustedCertificate,
    fl.RefuseTlsVersion,
    fl.SilentHandshake,
)
_FLAWS: dict[type[fl.Fault], Flaw] = {
    fl.ExpiredCertificate: Flaw.EXPIRED,
    fl.NotYetValidCertificate: Flaw.NOT_YET_VALID,
    fl.UntrustedCertificate: Flaw.UNTRUSTED,
}


class ClientCertificate(StrEnum):
    """What the server wants to see of the client."""

    NOT_ASKED = "not-asked"
    ASKED = "asked"
    """A client without one is served; one that does not verify is refused."""
    REQUIRED = "required"


@dataclass(frozen=True)
class TlsConfig:
    """The identity of an HTTPS server.

    ``names`` are the host names and IPv4 addresses in its certificate. Client certificates are
    verified against the ``authority`` and the roots in ``client_roots`` (PEM), where a
    manufacturer's go. ``key_log`` collects the secrets of every session in NSS key log format, for
    decrypting a capture.
    """

    authority: Authority
    names: tuple[str, ...]
    client_certificate: ClientCertificate = ClientCertificate.NOT_ASKED
    client_roots: tuple[str, ...] = ()
    key_log: Path | None = None


@dataclass(frozen=True)
class _Shape:
    """All in which one context differs from another."""

    names: tuple[str, ...]
    flaw: Flaw = Flaw.NONE
    client: ClientCertificate = ClientCertificate.NOT_ASKED
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3


class ServerTls:
    """The contexts of one server, and what it asks of clients now."""

    def __init__(self, config: TlsConfig) -> None:
        self._config = config
        self._contexts: dict[_Shape, ssl.SSLContext] = {}
        self.client_certificate = config.client_certificate
        self.context(())

    def reset(self) -> None:
        """Ask of clients again what the configuration says."""
        self.client_certificate = self._config.client_certificate

    def context(self, faults: tuple[fl.Fault, ...]) -> ssl.SSLContext:
        """The context for a handshake with these faults."""
        shape = _Shape(self._config.names, client=self.client_certificate)
        for fault in faults:
            if isinstance(fault, fl.RefuseTlsVersion) and fault.version == "TLSv1.3":
                shape = replace(shape, newest=ssl.TLSVersion.TLSv1_2)
            elif isinstance(fault, fl.RefuseTlsVersion):
                shape = replace(shape, oldest=ssl.TLSVersion.TLSv1_3)
            elif isinstance(fault, fl.WrongNameCertificate):
                shape = replace(shape, names=(fault.name,))
            elif type(fault) in _FLAWS:
                shape = replace(shape, flaw=_FLAWS[type(fault)])
        if shape not in self._contexts:
            self._contexts[shape] = self._build(shape)
        return self._contexts[shape]

    def _build(self, shape: _Shape) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = shape.oldest
        context.maximum_version = shape.newest
        context.options |= ssl.OP_NO_RENEGOTIATION
        authority = self._config.authority
        load_credential(context, authority.server(*shape.names, flaw=shape.flaw).pem)
        if shape.client is not ClientCertificate.NOT_ASKED:
            required = shape.client is ClientCertificate.REQUIRED
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
            for root in (authority.root_pem, *self._config.client_roots):
                context.load_verify_locations(cadata=root)
        if self._config.key_log is not None:
            context.keylog_filename = str(self._config.key_log)
        return context
