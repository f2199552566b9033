"""What a SIP message looks like in the history."""

from __future__ import annotations

from hil.errors import RemoteProtocolError
from hil.history import events as ev
from hil.history.event import Direction
from hil.wire.sip_build import Hop
from hil.wire.sip_message import Message, Request


def sip_event(
    message: Message,
    hop: Hop,
    port: int,
    direction: Direction,
    data: bytes,
    *,
    source: str,
    at: int = -1,
    kernel_ns: int = 0,
    malformed: bool = False,
) -> ev.SipMessage:
    """The event of a message; ``hop`` is the handset's side, ``port`` ours.

    ``malformed`` tells that ``data`` is not the message's own octets.
    """
    return ev.SipMessage(
        source=source,
        at=at,
        kernel_ns=kernel_ns,
        direction=direction,
        transport=hop.transport,
        peer=f"{hop.host}:{hop.port}",
        port=port,
        method=message.method if isinstance(message, Request) else message.cseq.method,
        call_id=message.call_id,
        cseq=message.cseq.number,
        status=0 if isinstance(message, Request) else message.status,
        reason="" if isinstance(message, Request) else message.reason,
        request_uri=message.uri if isinstance(message, Request) else "",
        from_user=message.from_.user,
        to_user=message.to.user,
        event_package=_package(message),
        expires=_expires(message),
        connection=hop.connection,
        malformed=malformed,
        data=data,
    )


def _package(message: Message) -> str:
    try:
        event = message.event
    except RemoteProtocolError:
        return ""
    return "" if event is None else event.value


def _expires(message: Message) -> int:
    """The lifetime of a binding or a subscription; a Contact's own goes first (10.2.1.1)."""
    contacts = message.contacts
    own = contacts[0].expires if contacts else None
    found = message.expires if own is None else own
    return -1 if found is None else found
