"""Whom the handset trusts over TLS, and what it shows of itself when asked.

The phone has a unique client certificate and key, which it offers to a server that asks, a store of
authorities, and checks the host name (administration guide of the phone, "Phone Security").
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass

from hil.errors import UsageError


@dataclass(frozen=True, slots=True)
class TrustConfig:
    """``authorities`` and ``certificate`` are PEM; the latter is the client's chain with its key.

    Without authorities no server is trusted. ``verify`` and ``check_host_name`` are what a sound
    phone never leaves out.
    """

    authorities: bytes = b""
    certificate: bytes | None = None
    verify: bool = True
    check_host_name: bool = True
    minimum_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2


def client_context(config: TrustConfig) -> ssl.SSLContext:
    """A TLS client's context; UsageError for PEM that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = config.minimum_version
    context.check_hostname = config.verify and config.check_host_name
    context.verify_mode = ssl.CERT_REQUIRED if config.verify else ssl.CERT_NONE
    try:
        if config.authorities:
            context.load_verify_locations(cadata=config.authorities.decode("ascii"))
        if config.certificate is not None:
            _load_certificate(context, config.certificate)
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"certificates that OpenSSL cannot read: {error}", remedy="PEM, key and chain together"
        ) from error
    return context


def _load_certificate(context: ssl.SSLContext, pem: bytes) -> None:
    """OpenSSL wants a file; the key goes into one that exists in memory only."""
    descriptor = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, pem)
        # A key under a passphrase is refused: OpenSSL would ask for it on the terminal.
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password="")
    finally:
        os.close(descriptor)
