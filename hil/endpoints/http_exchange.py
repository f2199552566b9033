"""One HTTP request and the answer to it, sent well or as badly as a test wants.

Faults come in two kinds. Some change the reply before it is sent; any number of these add up. The
others change how it is sent, and the first of them that can be applied decides. Each is recorded
just before it takes effect; one that cannot be applied to this reply (an offset behind the end of
the body) leaves a note in place of the record, so that no test mistakes it for a stimulus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from hil.endpoints import faults as fl
from hil.endpoints.base import Station
from hil.endpoints.bodies import keep
from hil.endpoints.http_request import RequestReader
from hil.endpoints.http_response import Reply, phrase
from hil.history import events as ev
from hil.net.stream import Stream
from hil.net.tls import AnyStream

PATIENCE_S = 600.0
"""Seconds of lab time after which a server that stays silent on purpose gives up."""
WRITE_S = 60.0
"""Seconds of lab time in which the client must take the next piece of a body."""
LINGER_S = 2.0
"""Seconds of lab time that a connection may take to end in order."""
REQUEST_FAULTS: tuple[type[fl.Fault], ...] = (
    fl.Silence,
    fl.Delay,
    fl.Truncate,
    fl.Reset,
    fl.Close,
    fl.Stall,
    fl.WrongLength,
    fl.Corrupt,
    fl.Status,
    fl.RedirectLoop,
    fl.MalformedStatusLine,
    fl.BadChunk,
    fl.Drip,
    fl.StaleNonce,
)
_PIECE = 1 << 16
_BEFORE_RESET_S = 0.01


class Exchange:
    """A request that is being answered; the end of the transfer is recorded exactly once."""

    def __init__(
        self, station: Station, stream: AnyStream, reader: RequestReader, request: ev.HttpRequest
    ) -> None:
        self._station = station
        self._stream = stream
        self._reader = reader
        self._request = request
        self._reply: Reply | None = None
        self._sent = 0
        self._ended = False

    # -- the record --------------------------------------------------------------------------------

    def end(self, outcome: ev.Outcome, detail: str = "") -> None:
        """Record how the transfer ended; later calls change nothing."""
        if self._ended:
            return
        self._ended = True
        reply = self._reply
        whole = outcome not in (ev.Outcome.ABORTED, ev.Outcome.TIMED_OUT)
        kept = keep(reply.given if reply is not None and whole else b"")
        self._station.history.append(
            ev.TransferEnded(
                source=self._station.source,
                scheme=self._request.scheme,
                path=self._request.path,
                peer=self._request.peer,
                transfer=self._request.transfer,
                outcome=outcome,
                status=reply.status if reply is not None and reply.status_line is None else 0,
                detail=detail,
                sent=self._sent,
                body=kept.body,
                headers=reply.all_headers if reply is not None else (),
                size=kept.size,
                sha256=kept.sha256,
            )
        )

    # -- the answer --------------------------------------------------------------------------------

    async def answer(self, reply: Reply, faults: tuple[fl.Fault, ...]) -> bool:
        """Send ``reply`` with these faults; whether the connection can be used again."""
        others: list[fl.Fault] = []
        for fault in faults:
            changed = _changed(reply, fault, self._request)
            if changed is not None:
                self._injected(fault)
                reply = changed
            elif isinstance(fault, fl.Delay):
                self._injected(fault)
                if not await self._reader.attend(fault.seconds):
                    return self._left()
            else:
                others.append(fault)
        manners = [(fault, how) for fault in others if (how := self._manner(reply, fault))]
        deciding = manners[0][0] if manners else None
        for fault in others:
            if fault is not deciding:
                self._not_applied(fault)
        if deciding is None:
            return await self._deliver(reply)
        self._injected(deciding)
        return await manners[0][1](reply)

    async def _deliver(self, reply: Reply) -> bool:
        await self._send(reply)
        await self._stream.write(reply.tail, within=WRITE_S)
        announced_more = (reply.length or 0) > len(reply.body) and self._request.method != "HEAD"
        if announced_more:
            self.end(ev.Outcome.ABORTED, "a longer body was announced")
        else:
            self.end(_outcome(reply))
        return reply.keep_alive

    async def _send(self, reply: Reply) -> None:
        """Send head and body, in as few writes as is sensible."""
        self._reply = reply
        start = 0
        head = reply.head
        while head or start < len(reply.body):
            piece = reply.body[start : start + _PIECE]
            await self._stream.write(head + reply.frame(piece), within=WRITE_S)
            start += len(piece)
            self._sent = start
            head = b""

    async def _send_part(self, reply: Reply, end: int) -> None:
        """Send the head, which announces the whole body, and the body's first ``end`` octets."""
        self._reply = reply
        wire = reply.head + reply.frame(reply.body[:end], announced=len(reply.body))
        await self._stream.write(wire, within=WRITE_S)
        self._sent = end

    # -- ways to misbehave -------------------------------------------------------------------------

    def _manner(self, reply: Reply, fault: fl.Fault) -> Callable[[Reply], Awaitable[bool]] | None:
        """How ``fault`` has the reply sent; None where it has no say in that, or cannot have."""
        size = len(reply.body)
        match fault:
            case fl.Silence():
                return self._silence
            case fl.Truncate(at=end) if end < size:
                return lambda reply: self._truncate(reply, end)
            case fl.Reset(at=at) if at is None or at <= size:
                return lambda reply: self._reset(reply, at)
            case fl.Close(at=at) if at is None or at <= size:
                return lambda reply: self._close(reply, at)
            case fl.Stall(at=end) if end <= size:
                return lambda reply: self._stall(reply, end)
            case fl.BadChunk() if size > 1:
                return self._bad_chunk
            case fl.Drip(seconds=seconds, octets=octets):
                return lambda reply: self._drip(reply, seconds, octets)
        return None

    async def _silence(self, reply: Reply) -> bool:
        del reply
        if await self._reader.attend(PATIENCE_S):
            self.end(ev.Outcome.TIMED_OUT, "silent")
            return False
        return self._left()

    async def _truncate(self, reply: Reply, at: int) -> bool:
        await self._send_part(reply, at)
        self.end(ev.Outcome.ABORTED, f"truncated at octet {at}")
        return False

    async def _reset(self, reply: Reply, at: int | None) -> bool:
        if at is not None:
            await self._send_part(reply, at)
            # A reset overtakes what was not acknowledged: this is its time to arrive.
            await asyncio.sleep(_BEFORE_RESET_S)
        self.end(ev.Outcome.ABORTED, "reset")
        self._stream.abort()
        return False

    async def _close(self, reply: Reply, at: int | None) -> bool:
        if at is not None:
            await self._send_part(reply, at)
        self.end(ev.Outcome.ABORTED, "closed")
        # Below TLS: the client sees the connection end without a close_notify.
        raw = self._stream if isinstance(self._stream, Stream) else self._stream.raw
        await raw.finish(within=LINGER_S)
        return False

    async def _stall(self, reply: Reply, at: int) -> bool:
        await self._send_part(reply, at)
        return await self._silence(reply)

    async def _bad_chunk(self, reply: Reply) -> bool:
        reply = replace(reply, chunked=True, length=None, keep_alive=False)
        half = len(reply.body) // 2
        first, second = reply.body[:half], reply.body[half:]
        await self._send(replace(reply, body=first))
        await self._stream.write(b"no size\r\n" + second + b"\r\n", within=WRITE_S)
        self.end(ev.Outcome.ABORTED, f"bad chunk at octet {half}")
        return False

    async def _drip(self, reply: Reply, seconds: float, octets: int) -> bool:
        self._reply = reply
        await self._stream.write(reply.head, within=WRITE_S)
        for at in range(0, len(reply.body), octets):
            if not await self._reader.attend(seconds):
                return self._left()
            piece = reply.body[at : at + octets]
            await self._stream.write(reply.frame(piece), within=WRITE_S)
            self._sent = at + len(piece)
        await self._stream.write(reply.tail, within=WRITE_S)
        self.end(_outcome(reply))
        return reply.keep_alive

    def _left(self) -> bool:
        self.end(ev.Outcome.ABORTED, "the client ended the connection")
        return False

    def _injected(self, fault: fl.Fault) -> None:
        self._station.injected(fault, f"{self._request.method} {self._request.path}")

    def _not_applied(self, fault: fl.Fault) -> None:
        text = f"{fault} could not be applied to {self._request.method} {self._request.path}"
        self._station.history.append(ev.Note(source=self._station.source, text=text))


def _changed(reply: Reply, fault: fl.Fault, request: ev.HttpRequest) -> Reply | None:
    """The reply that ``fault`` makes of this one; None where it makes none."""
    match fault:
        case fl.Status(code=code, reason=reason):
            bare = replace(reply, headers=(), body=b"", chunked=False)
            no_body = code < 200 or code in (204, 304)
            length = None if no_body else 0
            return replace(bare, status=code, reason=reason or phrase(code), length=length)
        case fl.RedirectLoop(status=status):
            host = request.header("host")
            url = f"{request.scheme}://{host}{request.path}" if host else request.path
            bare = replace(reply, headers=(("location", url),), body=b"", chunked=False, length=0)
            return replace(bare, status=status, reason=phrase(status))
        case fl.WrongLength(by=by):
            length = max(0, len(reply.body) + by)
            return replace(reply, length=length, chunked=False, keep_alive=False)
        case fl.Corrupt(at=at, xor=xor) if at < len(reply.body):
            flipped = bytes([reply.body[at] ^ xor])
            return replace(reply, body=reply.body[:at] + flipped + reply.body[at + 1 :])
        case fl.MalformedStatusLine():
            return replace(reply, status_line=b"THIS IS NO STATUS LINE", keep_alive=False)
    return None


def _outcome(reply: Reply) -> ev.Outcome:
    status = reply.status
    if reply.status_line is not None:
        return ev.Outcome.ERROR
    if 200 <= status < 300:
        return ev.Outcome.COMPLETE
    if status in (301, 302, 303, 307, 308):
        return ev.Outcome.REDIRECTED
    if status in (401, 407):
        return ev.Outcome.UNAUTHORIZED
    return ev.Outcome.NOT_FOUND if status == 404 else ev.Outcome.ERROR
