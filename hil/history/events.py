"""What can happen on a bench, as typed and frozen events.

An event says what was seen, by whom (``source``), for which handset, and when: ``at`` is lab time in
integer nanoseconds since the bench came up, taken from the kernel's receive time stamp where the
kernel gave one (``kernel_ns``, wall-clock nanoseconds since 1970). ``seq`` is the place in the one
history; the history sets both. Events hold what was on the wire, never an opinion about it: whether
it was right is for the judge to say, today or a year later.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=True):
    """The base of all events."""

    source: str = ""
    handset: str = ""
    at: int = -1
    seq: int = -1
    kernel_ns: int = 0


class Direction(StrEnum):
    """Which way a message went, seen from the bench."""

    RECEIVED = "received"
    SENT = "sent"


class Cause(StrEnum):
    """Who is to blame when a test does not pass."""

    NONE = "none"
    DEVICE = "device"
    LAB = "lab"
    TEST = "test"
    SPECIFICATION = "specification"


# -- the run ----------------------------------------------------------------------------------------


class RunStarted(Event, frozen=True, kw_only=True):
    """A run began; the wall clock's nanoseconds since 1970 anchor lab time to the calendar."""

    version: str
    testbed: str
    clock: str
    wall_ns: int


class TestStarted(Event, frozen=True, kw_only=True):
    """A test began; everything up to its `TestEnded` belongs to it."""

    __test__ = False

    test: str
    requirements: tuple[str, ...] = ()


class TestEnded(Event, frozen=True, kw_only=True):
    """A test ended, before it is judged."""

    __test__ = False

    test: str


class Verdict(Event, frozen=True, kw_only=True):
    """What the judge said of a test."""

    test: str
    verdict: str
    cause: str
    findings: tuple[str, ...] = ()


class Note(Event, frozen=True, kw_only=True):
    """A remark for whoever reads the history; judges ignore it."""

    text: str


class Configured(Event, frozen=True, kw_only=True):
    """An endpoint was told how to behave from now on."""

    what: str


class HandsetPrepared(Event, frozen=True, kw_only=True):
    """The handset's flash holds exactly these parameters (by XML name), all others are at default."""

    parameters: dict[str, str] = {}


class Checked(Event, frozen=True, kw_only=True):
    """A check was evaluated: what was due, what was seen, and by how much it missed.

    An empty ``requirement`` stands for the requirements that the running test declared.
    """

    what: str
    passed: bool
    requirement: str = ""
    due: str = ""
    seen: str = ""
    margin: str = ""


class Alive(Event, frozen=True, kw_only=True):
    """The handset was probed for life; ``method`` says how, ``alive`` what came of it."""

    alive: bool
    method: str
    detail: str = ""


# -- trouble that is not the phone's -------------------------------------------------------------


class LabFault(Event, frozen=True, kw_only=True):
    """The laboratory failed; see `hil.errors.LabError` for the fields."""

    what: str
    evidence: str = ""
    next_step: str = ""
    concerns: str = ""


class Stranger(Event, frozen=True, kw_only=True):
    """Something that is not the handset under test talked to an endpoint and got no answer."""

    peer: str
    data: bytes = b""


class Refused(Event, frozen=True, kw_only=True):
    """An endpoint refused what it got (malformed, oversized, climbing out of the served tree)."""

    peer: str
    reason: str
    data: bytes = b""


class Undelivered(Event, frozen=True, kw_only=True):
    """The kernel did not take a message that an endpoint had for ``peer`` (its link is down)."""

    peer: str
    reason: str
    data: bytes = b""


class FaultInjected(Event, frozen=True, kw_only=True):
    """An endpoint misbehaved as it had been told to; this is stimulus, not trouble."""

    fault: str
    detail: str = ""


# -- power -----------------------------------------------------------------------------------------


class PowerAction(StrEnum):
    """What an outlet is asked for, and the two states it can be in."""

    ON = "on"
    OFF = "off"


class PowerRequested(Event, frozen=True, kw_only=True):
    """A power driver was told to switch."""

    outlet: str
    action: PowerAction


class PowerSwitched(Event, frozen=True, kw_only=True):
    """The device read back the state that was asked for."""

    outlet: str
    action: PowerAction
    attempts: int = 1


class PowerFailed(Event, frozen=True, kw_only=True):
    """The device did not answer, refused, or read back another state."""

    outlet: str
    action: PowerAction
    reason: str


class LinkChanged(Event, frozen=True, kw_only=True):
    """The handset's link (carrier) changed; the second witness of its power."""

    up: bool


# -- DHCP ------------------------------------------------------------------------------------------


class DhcpMessage(Event, frozen=True, kw_only=True):
    """A DHCP message (RFC 2131), with every option as raw bytes by code."""

    direction: Direction
    kind: str
    mac: str
    xid: int
    ciaddr: str = "0.0.0.0"
    yiaddr: str = "0.0.0.0"
    peer: str = ""
    options: dict[int, bytes] = {}
    data: bytes = b""


# -- DNS -------------------------------------------------------------------------------------------


class DnsQuery(Event, frozen=True, kw_only=True):
    """A question that the handset asked (RFC 1035); ``qtype`` as text, e.g. ``A``."""

    name: str
    qtype: str
    peer: str
    data: bytes = b""


class DnsAnswer(Event, frozen=True, kw_only=True):
    """What it was told; ``rcode`` as text, e.g. ``NOERROR`` or ``NXDOMAIN``."""

    name: str
    qtype: str
    rcode: str
    answers: tuple[str, ...] = ()
    peer: str = ""
    data: bytes = b""


# -- profile transfers -----------------------------------------------------------------------------


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
    options: dict[str, str] = {}
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


class TftpPacket(Event, frozen=True, kw_only=True):
    """A packet of a transfer under way: ``kind`` is RRQ (repeated), DATA, ACK, OACK or ERROR.

    ``block`` is the block number or error code on the wire, ``size`` the octets of the payload.
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
    """A syslog datagram (RFC 3164, RFC 5424); ``text`` is the message part alone."""

    text: str
    peer: str
    facility: int | None = None
    severity: int | None = None
    tag: str = ""
    data: bytes = b""


AnyEvent = (
    RunStarted
    | TestStarted
    | TestEnded
    | Verdict
    | Note
    | Configured
    | HandsetPrepared
    | Checked
    | Alive
    | LabFault
    | Stranger
    | Refused
    | Undelivered
    | FaultInjected
    | PowerRequested
    | PowerSwitched
    | PowerFailed
    | LinkChanged
    | DhcpMessage
    | DnsQuery
    | DnsAnswer
    | TftpRequest
    | HttpRequest
    | TransferEnded
    | TftpPacket
    | TftpRefused
    | Connected
    | Disconnected
    | TlsHandshake
    | SyslogMessage
)
