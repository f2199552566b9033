"""Messages that follow from others by rule: responses, ACK, CANCEL, and where a response goes.

What a message needs from outside (branches, tags, Call-IDs) is given to these functions, so that
nothing here draws a random number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from hil.errors import LocalProtocolError
from hil.wire.sip_headers import CSeq, NameAddress, Via
from hil.wire.sip_message import Headers, Request, Response, with_header

REASONS: Mapping[int, str] = MappingProxyType(
    {
        100: "Trying",
        180: "Ringing",
        181: "Call Is Being Forwarded",
        183: "Session Progress",
        200: "OK",
        202: "Accepted",
        300: "Multiple Choices",
        301: "Moved Permanently",
        302: "Moved Temporarily",
        305: "Use Proxy",
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        405: "Method Not Allowed",
        407: "Proxy Authentication Required",
        408: "Request Timeout",
        415: "Unsupported Media Type",
        420: "Bad Extension",
        423: "Interval Too Brief",
        480: "Temporarily Unavailable",
        481: "Call/Transaction Does Not Exist",
        486: "Busy Here",
        487: "Request Terminated",
        488: "Not Acceptable Here",
        489: "Bad Event",
        491: "Request Pending",
        500: "Server Internal Error",
        501: "Not Implemented",
        503: "Service Unavailable",
        504: "Server Time-out",
        600: "Busy Everywhere",
        603: "Decline",
        604: "Does Not Exist Anywhere",
        606: "Not Acceptable",
    }
)
"""Reason phrases (RFC 3261 section 21, RFC 6665)."""


def reason_of(status: int) -> str:
    """The standard's phrase; empty for a status that it does not name."""
    return REASONS.get(status, "")


def respond_to(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str = "",
    headers: Headers = (),
    body: bytes = b"",
) -> Response:
    """Make a response as section 8.2.6 has it; ``to_tag`` is used where the request has none.

    Record-Route is copied where a dialog may come of it (section 12.1.1).
    """
    if status > 100 and not to_tag and request.to.tag is None:
        raise LocalProtocolError(f"a {status} without a To tag")
    kept: list[tuple[str, str]] = []
    for name, value in request.headers:
        match name.lower():
            case "via" | "from" | "call-id" | "cseq":
                kept.append((name, value))
            case "to" if status > 100 and request.to.tag is None:
                kept.append((name, str(request.to.with_tag(to_tag))))
            case "to":
                kept.append((name, value))
            case "record-route" if 100 < status < 300:
                kept.append((name, value))
    phrase = reason_of(status) if reason is None else reason
    return Response(status, phrase, (*kept, *headers), body)


def ack_refusal(invite: Request, response: Response) -> Request:
    """Make the ACK for a final response of 300 to 699, in the INVITE's transaction (17.1.1.3)."""
    return _sibling(invite, "ACK", str(response.to))


def cancel(invite: Request) -> Request:
    """Make the CANCEL of an INVITE, whose branch it shares (section 9.1)."""
    return _sibling(invite, "CANCEL", invite.header("To") or "")


def request_head(
    *,
    method: str,
    via: Via,
    from_: NameAddress,
    to: NameAddress,
    call_id: str,
    cseq: int,
    route: tuple[str, ...] = (),
    max_forwards: int = 70,
) -> Headers:
    """Write the header fields that every request has (section 8.1.1)."""
    return (
        ("Via", str(via)),
        *(("Route", value) for value in route),
        ("Max-Forwards", str(max_forwards)),
        ("From", str(from_)),
        ("To", str(to)),
        ("Call-ID", call_id),
        ("CSeq", str(CSeq(cseq, method))),
    )


def note_source(request: Request, host: str, port: int) -> Request:
    """Write into the topmost Via where the request really came from (18.2.1, RFC 3581).

    ``received`` is set where the Via names another host, or asks for ``rport``, which gets the
    port. The message keeps its ``raw``.
    """
    via = request.via
    asked = via.parameter("rport") is not None
    if via.host != host or asked:
        via = via.with_parameter("received", host)
    if asked:
        via = via.with_parameter("rport", str(port))
    rest = request.values("Via")[1:]
    noted = with_header(request, "Via", ", ".join((str(via), *rest)))
    return replace(noted, raw=request.raw)


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a message goes or came from: ``UDP``, ``TCP`` or ``TLS``, host and port.

    ``connection`` is the number of the stream that it came or goes over; 0 where there is none.
    """

    transport: str
    host: str
    port: int
    connection: int = 0

    @property
    def reliable(self) -> bool:
        """Whether the transport repeats what gets lost."""
        return self.transport != "UDP"


def reply_hop(request: Request, arrived: Hop) -> Hop:
    """Where the responses to a request go, `note_source` having seen it (section 18.2.2).

    Over a stream that is the connection it came over. Over UDP it is the host that it came from, and
    the port in ``rport`` or else in the Via. ``maddr`` is for multicast and not followed.
    """
    if arrived.reliable:
        return arrived
    via = request.via
    rport = via.parameter("rport")
    port = int(rport) if rport and rport.isascii() and rport.isdigit() else via.port or 5060
    return replace(arrived, port=port)


def _sibling(invite: Request, method: str, to: str) -> Request:
    """A request of the INVITE's own transaction: one Via, its route, its numbers."""
    headers: list[tuple[str, str]] = [("Via", str(invite.via))]
    for name, value in invite.headers:
        if name.lower() in ("route", "max-forwards", "from", "call-id"):
            headers.append((name, value))
    headers += [("To", to), ("CSeq", str(CSeq(invite.cseq.number, method)))]
    return Request(method, invite.uri, tuple(headers))
