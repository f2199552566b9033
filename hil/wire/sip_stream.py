"""Messages in a stream (RFC 3261 sections 7.5 and 18.3, RFC 5626 section 3.5.1).

Over TCP and TLS nothing but Content-Length says where a message ends, so one without it, or with a
senseless one, leaves the stream without a meaning: the connection has to be closed. Line ends before
a start line are keep-alives: two are a ping, which wants one back as its pong.
"""

from __future__ import annotations

from dataclasses import dataclass

from hil.errors import RemoteProtocolError
from hil.wire.sip_codec import LARGEST_MESSAGE, content_length, parse_head

PING = b"\r\n\r\n"
PONG = b"\r\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """The octets of one message, complete."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """The other side asks whether we are there; the answer is `PONG`."""


Framed = Frame | Ping


class StreamFramer:
    """Cuts what arrives on one connection into messages of at most ``largest`` octets."""

    def __init__(self, largest: int = LARGEST_MESSAGE) -> None:
        self._largest = largest
        self._pending = bytearray()
        self._searched = 0
        self._length: int | None = None
        """Octets of the message under way, once its header fields are complete."""

    @property
    def idle(self) -> bool:
        """Whether no message has begun; an end of the stream is orderly then."""
        return not self._pending.strip(b"\r\n")

    def receive(self, data: bytes) -> list[Framed]:
        """Take octets; `RemoteProtocolError` once the stream can no longer be cut.

        What was complete before the error is lost with it, as the connection is.
        """
        self._pending += data
        found: list[Framed] = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return found

    def _next(self) -> Framed | None:
        if self._length is None:
            if self._pending.startswith(PING):
                del self._pending[: len(PING)]
                return Ping()
            if self._pending.startswith(b"\r\n") and len(self._pending) > 3:
                # No ping, so a pong; where less has arrived it may still become a ping.
                del self._pending[:2]
            if not self._read_head():
                return None
        if self._length is None or len(self._pending) < self._length:
            return None
        frame = Frame(bytes(self._pending[: self._length]))
        del self._pending[: self._length]
        self._length, self._searched = None, 0
        return frame

    def _read_head(self) -> bool:
        if self._pending[:1] == b"\r":
            if len(self._pending) > 1 and self._pending[1:2] != b"\n":
                raise RemoteProtocolError("a line end that is not CR LF")
            return False
        end = self._pending.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(self._pending)
        if (self._searched if end < 0 else end) > self._largest:
            raise RemoteProtocolError(f"header fields of more than {self._largest} octets")
        if end < 0:
            return False
        _, headers = parse_head(bytes(self._pending[:end]))
        length = content_length(headers)
        if length is None:
            raise RemoteProtocolError("no Content-Length in a stream")
        self._length = end + 4 + length
        if self._length > self._largest:
            raise RemoteProtocolError(
                f"a message of {self._length} octets, {self._largest} is most"
            )
        return True
