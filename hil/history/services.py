"""Events of the phone's other protocols: time, SIP, its web pages, its screen, its neighbours."""

from __future__ import annotations

import msgspec

from hil.history.event import Direction, Event, LabEvent

# -- time ------------------------------------------------------------------------------------------


class NtpQuery(Event, frozen=True, kw_only=True):
    """The handset asked for the time (RFC 5905, client mode)."""

    peer: str
    version: int
    data: bytes = b""


class NtpAnswer(Event, frozen=True, kw_only=True):
    """What it was told: ``utc_ns``, nanoseconds since 1970 in the packet's transmit timestamp.

    ``stratum`` 0 is a kiss of death or no time at all (RFC 5905 section 7.4); a client takes no time
    from it, nor from one whose leap indicator says that its clock is not synchronised (``leap`` 3).
    """

    peer: str
    utc_ns: int
    stratum: int = 1
    leap: int = 0
    data: bytes = b""


# -- SIP -------------------------------------------------------------------------------------------


class SipMessage(Event, frozen=True, kw_only=True):
    """A SIP message (RFC 3261) as it was on the wire, both ways.

    ``status`` is 0 for a request; ``method`` is the request's, or that of a response's CSeq.
    ``peer`` is the handset's address and port, ``port`` ours, ``connection`` that of TCP or TLS.
    ``event_package`` is the Event header without its parameters, ``expires`` the binding's or the
    subscription's lifetime in seconds as the message grants or asks it, -1 where it says nothing.
    ``malformed`` tells that ``data`` was spoiled on purpose: the other fields are what it was before.
    """

    direction: Direction
    transport: str
    peer: str
    port: int
    method: str
    call_id: str
    cseq: int
    status: int = 0
    reason: str = ""
    request_uri: str = ""
    from_user: str = ""
    to_user: str = ""
    event_package: str = ""
    expires: int = -1
    connection: int = 0
    malformed: bool = False
    data: bytes = b""


# -- the phone's own faces -------------------------------------------------------------------------


class WebRequested(LabEvent, frozen=True, kw_only=True):
    """The bench asked the phone's web server; ``target`` is path and query, ``exchange`` a number.

    ``requester`` is the bench's address, which a URL without a server means.
    """

    exchange: int
    scheme: str
    method: str
    target: str
    requester: str = ""
    body: bytes = b""


class WebAnswered(Event, frozen=True, kw_only=True):
    """What the phone's web server answered; ``status`` 0 and ``detail`` where it did not.

    ``unsent`` tells that the request cannot have reached it: there was no connection.
    """

    exchange: int
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    detail: str = ""
    unsent: bool = False


class ScreenUsed(Event, frozen=True, kw_only=True):
    """Somebody did something at the phone itself: ``action`` says what, e.g. ``resync``, ``dial``.

    ``offered`` tells whether the phone let them (a softkey that is not shown cannot be pressed).
    """

    action: str
    offered: bool
    detail: str = ""


class NeighbourAnnounced(Event, frozen=True, kw_only=True):
    """A CDP or LLDP frame of the handset; ``fields`` has its TLVs as text by name."""

    protocol: str
    mac: str
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    data: bytes = b""
