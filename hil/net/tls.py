"""TLS on top of a `Stream`, without losing sight of the bytes.

OpenSSL works on two memory buffers (`ssl.MemoryBIO`); what goes from them to the network and back is
moved here. So a handshake has a deadline and a reason when it fails, the alert that explains a
failure still reaches the other side, and a connection can be cut between any two bytes. Whether a
side is server or client, what it trusts, and its key log (``SSLContext.keylog_filename``) are the
context's affair.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from typing import Any

from hil.errors import StreamClosed, StreamTimeout, TlsFailed, TransportError
from hil.net.stream import Stream, deadline

_RECORDS = 1 << 16
_ALERT_S = 1.0
_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
}


class _Object(ssl.SSLObject):
    """An `ssl.SSLObject` that remembers the server name that the client asked for."""

    asked_for: str = ""


class TlsStream:
    """One end of a TLS connection over ``stream``; `handshake` comes first.

    ``server_name`` is what a client asks for and checks in the certificate, where its context says
    so; a server gives none and can read it as `asked_for`.
    """

    def __init__(
        self,
        stream: Stream,
        context: ssl.SSLContext,
        *,
        server_side: bool = False,
        server_name: str | None = None,
    ) -> None:
        self.raw = stream
        """The connection below: what is written to it goes past TLS."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        context.sslobject_class = _Object
        # An end without close_notify may be a cut (RFC 8446 section 6.1); Debian 12's Python hides it.
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        if server_side:
            context.sni_callback = _note_name
        made = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_name
        )
        self._tls: ssl.SSLObject = made

    @property
    def peer(self) -> tuple[str, int]:
        """Address and port of the other side."""
        return self.raw.peer

    @property
    def stamp(self) -> int:
        """When the kernel received the last record; see `Stream.stamp`."""
        return self.raw.stamp

    @property
    def open(self) -> bool:
        """Whether we have not closed it."""
        return self.raw.open

    @property
    def version(self) -> str:
        """The version agreed on, such as ``TLSv1.3``; empty before."""
        return self._tls.version() or ""

    @property
    def cipher(self) -> str:
        """The cipher suite agreed on; empty before."""
        chosen = self._tls.cipher()
        return chosen[0] if chosen else ""

    @property
    def asked_for(self) -> str:
        """On a server: the name in the client's ``server_name`` extension (RFC 6066)."""
        return self._tls.asked_for if isinstance(self._tls, _Object) else ""

    @property
    def certificate(self) -> bytes | None:
        """The other side's certificate (DER), or None if it showed none."""
        return self._tls.getpeercert(binary_form=True)

    @property
    def subject(self) -> str:
        """The subject of the other side's verified certificate, ``O=Acme, CN=000e08aabbcc``."""
        shown: Any = self._tls.getpeercert() or {}
        names = [pair for relative in shown.get("subject", ()) for pair in relative]
        return ", ".join(f"{_SHORT.get(kind, kind)}={value}" for kind, value in names)

    async def handshake(self, *, within: float) -> None:
        """Agree on TLS; TlsFailed with OpenSSL's reason, StreamClosed or StreamTimeout if not."""
        async with deadline(within, "the TLS handshake"):
            while True:
                try:
                    self._tls.do_handshake()
                except ssl.SSLWantReadError:
                    await self._exchange(within)
                except ssl.SSLError as error:
                    raise await self._failure(error) from None
                else:
                    break
            await self._flush(within)

    async def read(self, *, within: float) -> bytes:
        """The next bytes; empty once the other side has ended TLS properly (close_notify).

        A connection that just ends is StreamClosed (``ended``): somebody may have cut it (RFC 8446
        section 6.1).
        """
        async with deadline(within, "a read"):
            while True:
                try:
                    return self._tls.read(_RECORDS)
                except ssl.SSLWantReadError:
                    await self._exchange(within)
                except ssl.SSLError as error:
                    raise await self._failure(error) from None

    async def write(self, data: bytes, *, within: float) -> None:
        """Encrypt and hand all of ``data`` to the kernel."""
        left = memoryview(data)
        async with deadline(within, "a write"):
            while left:
                try:
                    written = self._tls.write(left[:_RECORDS])
                except ssl.SSLError as error:
                    raise await self._failure(error) from None
                left = left[written:]
                await self._flush(within)

    async def finish(self, *, within: float) -> None:
        """End TLS (close_notify), then the connection, in order; never fails."""
        # It raises because the other side's close_notify is not there yet; ours is in the buffer.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        with contextlib.suppress(StreamClosed, StreamTimeout):
            await self._flush(within)
        await self.raw.finish(within=within)

    def close(self) -> None:
        """Close the connection below without a close_notify."""
        self.raw.close()

    def abort(self) -> None:
        """Reset the connection below."""
        self.raw.abort()

    # -- inside ------------------------------------------------------------------------------------

    async def _exchange(self, within: float) -> None:
        await self._flush(within)
        data = await self.raw.read(within=within)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self, within: float) -> None:
        if self._outgoing.pending:
            await self.raw.write(self._outgoing.read(), within=within)

    async def _failure(self, error: ssl.SSLError) -> TransportError:
        # The Python of Debian 12 has OpenSSL's reason, but not yet the class for it.
        if isinstance(error, ssl.SSLEOFError) or error.reason == "UNEXPECTED_EOF_WHILE_READING":
            return StreamClosed("ended")
        with contextlib.suppress(StreamClosed, StreamTimeout):
            await self._flush(_ALERT_S)
        return TlsFailed(reason(error))


AnyStream = Stream | TlsStream


def load_credential(context: ssl.SSLContext, pem: bytes) -> None:
    """Have ``context`` show the certificate chain in ``pem``, which has its private key, too.

    OpenSSL wants a file; this one is in memory, so that no key is ever written to a disk. TlsFailed
    if the two are no pair, or no PEM.
    """
    descriptor = os.memfd_create("credential", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, pem)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    except ssl.SSLError as error:
        raise TlsFailed(f"not a certificate with its key: {reason(error)}") from error
    finally:
        os.close(descriptor)


def reason(error: ssl.SSLError) -> str:
    """OpenSSL's reason in lower case words, such as ``certificate verify failed``."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    return (error.reason or "unknown").replace("_", " ").lower()


def _note_name(tls: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
    del context
    if isinstance(tls, _Object):
        tls.asked_for = name or ""
