"""Events of what was on the wire: DHCP, DNS, file transfers, TLS, syslog."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hil.history.event import Direction, Event

# -- DHCP ------------------------------------------------------------------------------------------


class DhcpMessage(Event, frozen=True, kw_only=True):
    """A DHCP message (RFC 2131), with every option as raw bytes by code.

    ``destination`` is the IP address that a received one was sent to: RENEWING asks one server,
    REBINDING all.
    """

    direction: Direction
    kind: str
    mac: str
    xid: int
    ciaddr: str = "0.0.0.0"
    yiaddr: str = "0.0.0.0"
    peer: str = ""
    options: dict[int, bytes] = msgspec.field(default_factory=dict)
    destination: str = ""
    data: bytes = b""


# -- DNS -------------------------------------------------------------------------------------------


class DnsQuery(Event, frozen=True, kw_only=True):
    """A question that the handset asked (RFC 1035); ``qtype`` as text, e.g. ``A``.

    ``transport`` is ``udp`` or ``tcp``.
    """

    name: str
    qtype: str
    peer: str
    data: bytes = b""
    transport: str = "udp"


class DnsAnswer(Event, frozen=True, kw_only=True):
    """What it was told; ``rcode`` as text, e.g. ``NOERROR`` or ``NXDOMAIN``.

    ``answers`` are the data of the records as zone files write them, those of aliases included. One
    that is ``truncated`` tells only that it has to be asked for again over TCP.
    """

    name: str
    qtype: str
    rcode: str
    answers: tuple[str, ...] = ()
    peer: str = ""
    data: bytes = b""
    transport: str = "udp"
    truncated: bool = False


# -- profile transfers -----------------------------------------------------------------------------

KEPT_OCTETS = 4 << 20
"""Octets of the largest body that a history keeps whole."""


class ProvisioningRequest(Event, frozen=True, kw_only=True):
    """The handset asked a server for a file, by whatever scheme; ``host`` is what it called it."""

    scheme: str
    path: str
    peer: str
    port: int
    transfer: int


class TftpRequest(ProvisioningRequest, frozen=True, kw_only=True):
    """A read request (RFC 1350) with its options (RFC 2347)."""

    mode: str = "octet"
    options: dict[str, str] = msgspec.field(default_factory=dict)
    data: bytes = b""


class HttpRequest(ProvisioningRequest, frozen=True, kw_only=True):
    """A complete HTTP request; header names in lower case, in order of arrival."""

    method: str
    version: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    connection: int = 0

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        return next((v for k, v in self.headers if k == name.lower()), None)


class Outcome(StrEnum):
    """How a transfer ended, seen from the server."""

    COMPLETE = "complete"
    NOT_FOUND = "not-found"
    REDIRECTED = "redirected"
    UNAUTHORIZED = "unauthorized"
    ERROR = "error"
    ABORTED = "aborted"
    TIMED_OUT = "timed-out"


class TransferEnded(Event, frozen=True, kw_only=True):
    """The server's view of how the transfer of a `ProvisioningRequest` ended.

    ``transfer`` is the request's. ``sent`` counts body bytes handed to the network. ``body`` is what
    the phone was given where the transfer is complete: a judge needs it to know what was applied.
    One of more than `KEPT_OCTETS`, which no phone takes for a profile, is not kept: ``size`` (octets)
    and ``sha256`` (hexadecimal) then tell what was given, and are empty otherwise.
    """

    scheme: str
    path: str
    peer: str
    transfer: int
    outcome: Outcome
    status: int = 0
    detail: str = ""
    sent: int = 0
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    size: int = 0
    sha256: str = ""


class TftpPacket(Event, frozen=True, kw_only=True):
    """A packet of a transfer under way: ``kind`` is RRQ (repeated), DATA, ACK, OACK or ERROR.

    ``block`` is the block number or error code on the wire, ``size`` the octets of the payload. Of a
    long transfer the packets in the midst that only carry it on are counted and not listed one by
    one; a `Note` says how many.
    """

    direction: Direction
    kind: str
    transfer: int
    peer: str
    block: int = 0
    size: int = 0


class TftpRefused(Event, frozen=True, kw_only=True):
    """A write request; always refused with TFTP error 2."""

    path: str
    peer: str


class Connected(Event, frozen=True, kw_only=True):
    """A TCP connection was accepted."""

    connection: int
    peer: str
    port: int


class Disconnected(Event, frozen=True, kw_only=True):
    """A TCP connection ended; ``reason`` is ``fin``, ``reset``, ``closed``, ``timeout``."""

    connection: int
    peer: str
    reason: str


class TlsHandshake(Event, frozen=True, kw_only=True):
    """A TLS handshake ended. ``client_certificate`` is the subject that the phone showed, if any."""

    connection: int
    peer: str
    succeeded: bool
    version: str = ""
    cipher: str = ""
    server_name: str = ""
    client_certificate: str = ""
    reason: str = ""


# -- syslog ----------------------------------------------------------------------------------------


class SyslogMessage(Event, frozen=True, kw_only=True):
    """A syslog datagram (RFC 3164, RFC 5424); ``text`` is the message part alone.

    ``port`` is the one that it came to.
    """

    text: str
    peer: str
    facility: int | None = None
    severity: int | None = None
    tag: str = ""
    data: bytes = b""
    port: int = 514
