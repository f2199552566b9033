"""Dialogs (RFC 3261 section 12): what two user agents remember of each other.

A `Dialog` is a value. A request inside it gives the next value beside the request, and one that
arrives gives the value after it, or None where its number is stale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hil.errors import RemoteProtocolError
from hil.wire.sip_build import request_head
from hil.wire.sip_headers import NameAddress, Via, parse_name_address
from hil.wire.sip_message import Headers, Message, Request, Response
from hil.wire.sip_syntax import parameter

DialogId = tuple[str, str, str]
"""Call-ID, our tag, the other's tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """One dialog as one side sees it.

    ``local`` and ``remote`` are From and To with their tags, ``target`` the other side's Contact
    URI, ``route`` the Route values in the order that a request carries them. Sequence numbers are
    the last used ones, None where there was none yet.
    """

    call_id: str
    local: NameAddress
    remote: NameAddress
    target: str
    route: tuple[str, ...] = ()
    local_seq: int = 0
    remote_seq: int | None = None

    @property
    def id(self) -> DialogId:
        """What `dialog_id` gives for a request that arrives in this dialog."""
        return self.call_id, self.local.tag or "", self.remote.tag or ""

    def request(
        self, method: str, via: Via, *, headers: Headers = (), body: bytes = b""
    ) -> tuple[Dialog, Request]:
        """Make the next request (section 12.2.1.1); ``headers`` follow those that all have."""
        number = self.local_seq + 1
        request = self._request(method, via, number, headers, body)
        return replace(self, local_seq=number), request

    def ack(
        self, invite_seq: int, via: Via, *, headers: Headers = (), body: bytes = b""
    ) -> Request:
        """Make the ACK of a 2xx to the INVITE with this number (section 13.2.2.4)."""
        return self._request("ACK", via, invite_seq, headers, body)

    def receive(self, request: Request) -> Dialog | None:
        """The dialog after a request in it; None if it is out of order: answer 500 (12.2.2).

        INVITE and SUBSCRIBE, NOTIFY and UPDATE move the target to their Contact.
        """
        number = request.cseq.number
        if self.remote_seq is not None and number < self.remote_seq:
            return None
        target = self.target
        if request.method in ("INVITE", "SUBSCRIBE", "NOTIFY", "UPDATE") and request.contacts:
            target = request.contacts[0].uri
        return replace(self, remote_seq=number, target=target)

    def _request(
        self, method: str, via: Via, number: int, headers: Headers, body: bytes
    ) -> Request:
        uri, route = self.target, self.route
        if route and not _is_loose(route[0]):
            # A strict router of RFC 2543 wants itself as the Request-URI, the target last.
            uri, route = parse_name_address(route[0]).uri, (*route[1:], f"<{self.target}>")
        head = request_head(
            method=method,
            via=via,
            from_=self.local,
            to=self.remote,
            call_id=self.call_id,
            cseq=number,
            route=route,
        )
        return Request(method, uri, (*head, *headers), body)


def dialog_id(request: Request) -> DialogId:
    """Call-ID, To tag, From tag of a request that arrived; the tags empty where it has none."""
    return request.call_id, request.to.tag or "", request.from_.tag or ""


def dialog_of_caller(request: Request, response: Response) -> Dialog:
    """The dialog of whoever sent the request (section 12.1.2).

    `RemoteProtocolError` for a Record-Route that is no address.
    """
    contacts = response.contacts
    return Dialog(
        call_id=request.call_id,
        local=request.from_,
        remote=response.to,
        target=contacts[0].uri if contacts else request.uri,
        route=tuple(reversed(_routes(response))),
        local_seq=request.cseq.number,
    )


def dialog_of_callee(request: Request, response: Response) -> Dialog:
    """The dialog of whoever received the request and sent the response (section 12.1.1).

    `RemoteProtocolError` for a Record-Route that is no address.
    """
    contacts = request.contacts
    return Dialog(
        call_id=request.call_id,
        local=response.to,
        remote=request.from_,
        target=contacts[0].uri if contacts else request.from_.uri,
        route=_routes(request),
        remote_seq=request.cseq.number,
    )


def next_hop_uri(request: Request) -> str:
    """The URI that says where a request goes first: its first Route, or the Request-URI (8.1.2)."""
    route = request.values("Route")
    return parse_name_address(route[0]).uri if route else request.uri


def _routes(message: Message) -> tuple[str, ...]:
    routes = message.values("Record-Route")
    for route in routes:
        parse_name_address(route)
    return routes


def _is_loose(route: str) -> bool:
    """Whether a router keeps the Request-URI; what has no SIP URI was never a strict one."""
    try:
        uri = parse_name_address(route).sip_uri
    except RemoteProtocolError:
        return True
    return parameter(uri.parameters, "lr") is not None
