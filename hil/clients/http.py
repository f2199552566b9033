"""One HTTP exchange with the phone: a connection, a request, its answer or why there is none.

h11 speaks the protocol, `hil.net.stream` and `hil.net.tls` carry it. Nothing is raised for what the
phone does: an `Answer` without a status says in words what went wrong.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeVar

import h11

from hil.errors import StreamClosed, StreamTimeout, TransportError
from hil.net.interface import Place
from hil.net.stream import Stream, connect
from hil.net.tls import AnyStream, TlsStream

LARGEST = 4 * 1024 * 1024
"""Octets of an answer; a full configuration has some 200 KiB."""
_END_S = 1.0

T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """What is asked; ``authorization`` is the header of that name, if any."""

    method: str
    target: str
    body: bytes = b""
    authorization: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back: header names in lower case; status 0 and ``detail`` where nothing did.

    ``unsent``: no connection came about, so the phone cannot have read the request.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    detail: str = ""
    unsent: bool = False


async def exchange(
    place: Place,
    address: IPv4Address,
    port: int,
    question: Question,
    answered: Callable[[Answer], T],
    *,
    secure: bool,
    within: float,
) -> T:
    """Ask, and return what ``answered`` makes of the answer.

    It is called once, as soon as the answer is whole and before the connection ends. ``within`` is
    the time for everything up to there, in seconds of lab time.
    """
    headers = [
        ("Host", f"{address}:{port}"),
        ("Content-Length", str(len(question.body))),
        ("Connection", "close"),
    ]
    if question.authorization:
        headers.append(("Authorization", question.authorization))
    raw: Stream | None = None
    try:
        request = h11.Request(method=question.method, target=question.target, headers=headers)
        async with asyncio.timeout(within):
            raw = await connect(place, address, port, within=within)
            stream = await _secured(raw, within) if secure else raw
            answer = await _exchanged(stream, request, question.body, within)
    except (TransportError, TimeoutError, h11.ProtocolError) as error:
        if raw is not None:
            raw.abort()
        return answered(Answer(detail=_why(error, within), unsent=raw is None))
    except BaseException:
        if raw is not None:
            raw.abort()
        raise
    result = answered(answer)
    await stream.finish(within=_END_S)
    return result


def _why(error: Exception, limit: float) -> str:
    """Why there is no answer."""
    match error:
        case TimeoutError() | StreamTimeout():
            return f"no answer in {limit:g} s"
        case StreamClosed(reason=reason):
            return f"the connection: {reason}"
        case TransportError(reason=reason):
            return f"TLS: {reason}"
        case _:
            return f"no HTTP: {error}"


async def _secured(raw: Stream, within: float) -> TlsStream:
    # The phone shows its own certificate, whose name is its MAC; who it is, the bench knows by wire.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    stream = TlsStream(raw, context)
    await stream.handshake(within=within)
    return stream


async def _exchanged(stream: AnyStream, request: h11.Request, body: bytes, within: float) -> Answer:
    http = h11.Connection(h11.CLIENT)
    data = b"".join(
        http.send(event) or b"" for event in (request, h11.Data(data=body), h11.EndOfMessage())
    )
    try:
        await stream.write(data, within=within)
    except StreamClosed as error:
        # It may have answered, and ended, before it had read all.
        if error.reason != "reset":
            raise
    head: h11.Response | None = None
    received = bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await stream.read(within=within))
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            received += event.data
            if len(received) > LARGEST:
                raise h11.RemoteProtocolError(f"a body of more than {LARGEST} octets")
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in head.headers)
            return Answer(head.status_code, headers, bytes(received))
        elif not isinstance(event, h11.InformationalResponse):
            raise h11.RemoteProtocolError("the connection ended without an answer")
