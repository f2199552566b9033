"""The client's side of one TFTP read (RFC 1350, options of RFC 2347 to 2349, windows of RFC 7440).

A `ReadTransfer` asks for a file, takes an OACK or plain DATA as the answer, and ends in `Complete`
or `Failed`, whatever the other end does: each silence has a budget, the whole transfer a deadline,
and the file a largest size. After `Complete` it still acknowledges the last block when that is
repeated (RFC 1350 section 6), for as long as the caller hands it datagrams.

The server's transfer id is the source port of the first answer; to compare it, and to answer others
with ERROR 5, is for the caller, who has the addresses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.wire.tftp import (
    Ack,
    Data,
    Error,
    ErrorCode,
    Mode,
    OptionAck,
    Request,
    decode,
    encode,
    from_netascii,
)
from hil.wire.tftp_terms import (
    BLOCK_NUMBERS,
    Block,
    Complete,
    Event,
    Failed,
    Send,
    Terms,
    agree,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the client waits and how much it takes.

    ``timeout`` (ns) passes before a packet is repeated, unless the server agrees to another;
    ``retries`` repetitions without progress, ``total`` ns or a file of more than ``largest`` octets
    on the wire end the transfer.
    """

    timeout: int = NANOSECONDS
    retries: int = 5
    total: int = 300 * NANOSECONDS
    largest: int = 64 << 20


@dataclass
class _Received:
    """Blocks in order; ``block`` counts without bound."""

    block: int = 0
    size: int = 0
    payloads: list[bytes] = field(default_factory=list)


class ReadTransfer:
    """One file from one server; see the module.

    ``options`` are proposed as they stand: ``(("blksize", "1468"), ("tsize", "0"))``. With
    ``piecewise`` each block is reported as it comes (`Block`) and none is kept; the transfer may
    still fail after some. Only octets come so: netascii is `LocalProtocolError`.
    """

    def __init__(
        self,
        filename: str,
        *,
        mode: Mode = Mode.OCTET,
        options: tuple[tuple[str, str], ...] = (),
        patience: Patience | None = None,
        piecewise: bool = False,
    ) -> None:
        if piecewise and mode is not Mode.OCTET:
            raise LocalProtocolError("only octets come piece by piece")
        self.piecewise = piecewise
        """Whether the file comes in `Block` events."""
        self._patience = patience or Patience()
        self._request = Request(filename, mode, options)
        self._last = encode(self._request)
        self.terms = Terms(timeout=self._patience.timeout)
        self._received = _Received()
        self._since_ack = 0
        self._gap_reported = False
        self._answered = False
        self._finished = False
        self._timeouts = 0
        self._deadline: int | None = None
        self._end_at: int | None = None

    @property
    def finished(self) -> bool:
        """Whether `Complete` or `Failed` was reported."""
        return self._finished

    def next_deadline(self) -> int | None:
        """When `timeout` is due, in ns."""
        return self._deadline

    def start(self, now: int) -> list[Event]:
        """Send the RRQ, to port 69."""
        if self._end_at is not None:
            raise LocalProtocolError("a transfer is started once")
        self._end_at = now + self._patience.total
        return [self._send(self._last, now)]

    def receive(self, data: bytes, now: int) -> list[Event]:
        """Take a datagram from the server's transfer id.

        Raises `RemoteProtocolError` for bytes that are no TFTP packet; the transfer goes on.
        """
        packet = decode(data)
        if self._finished:
            return self._dally(packet)
        match packet:
            case OptionAck():
                return self._options(packet, now)
            case Data():
                return self._data(packet, now)
            case Error(code, text):
                return self._end(Failed(code, text))
            case _:
                kind = type(packet).__name__
                return self._abort(ErrorCode.ILLEGAL_OPERATION, f"{kind} from a server")

    def timeout(self, now: int) -> list[Event]:
        """Repeat the last packet if its time is over; fail when a budget is used up."""
        if self._deadline is None or self._end_at is None or now < self._deadline:
            return []
        if now >= self._end_at:
            return self._end(Failed(None, f"not complete after {self._patience.total} ns"))
        self._timeouts += 1
        if self._timeouts > self._patience.retries:
            text = f"no answer after {self._patience.retries} repetitions"
            return self._end(Failed(None, text))
        if self._answered:
            return [self._acknowledge(now)]
        return [self._send(self._last, now)]

    def _options(self, packet: OptionAck, now: int) -> list[Event]:
        if self._received.block:
            return []
        if self._answered:
            return [self._acknowledge(now)]
        try:
            self.terms = agree(self._request.options, packet.options, self.terms)
        except RemoteProtocolError as error:
            return self._abort(ErrorCode.OPTION_REFUSED, str(error))
        if (self.terms.tsize or 0) > self._patience.largest:
            return self._abort(ErrorCode.DISK_FULL, f"a file of {self.terms.tsize} octets")
        self._progress()
        return [self._acknowledge(now)]

    def _data(self, packet: Data, now: int) -> list[Event]:
        """Take the next block; answer a repeated one and a gap with the last block in order."""
        received = self._received
        ahead = (packet.block - received.block - 1) % BLOCK_NUMBERS
        if ahead == BLOCK_NUMBERS - 1 and received.block:
            # In mid-window it is a copy: an ACK would begin another window beside the one under way,
            # and from then on each block would come twice.
            return [] if self._since_ack else [self._acknowledge(now)]
        if ahead:
            return self._gap(ahead, now)
        if len(packet.payload) > self.terms.blksize:
            text = f"a block of {len(packet.payload)} octets, {self.terms.blksize} agreed"
            return self._abort(ErrorCode.ILLEGAL_OPERATION, text)
        received.block += 1
        received.size += len(packet.payload)
        self._progress()
        if received.size > self._patience.largest:
            return self._abort(ErrorCode.DISK_FULL, f"more than {self._patience.largest} octets")
        events: list[Event] = []
        if self.piecewise:
            events.append(Block(packet.payload))
        else:
            received.payloads.append(packet.payload)
        self._since_ack += 1
        if len(packet.payload) < self.terms.blksize:
            events += self._complete(now)
        elif self._since_ack >= self.terms.windowsize:
            events.append(self._acknowledge(now))
        else:
            self._deadline = self._wait(now)
        return events

    def _gap(self, ahead: int, now: int) -> list[Event]:
        """Ask once for what a window lacks (RFC 7440 section 4); a stale block does nothing."""
        if not self._answered or ahead >= self.terms.windowsize or self._gap_reported:
            return []
        self._gap_reported = True
        return [self._acknowledge(now)]

    def _complete(self, now: int) -> list[Event]:
        data = b"".join(self._received.payloads)
        self._received.payloads.clear()
        if self._request.mode is Mode.NETASCII:
            data = from_netascii(data)
        return [self._acknowledge(now), *self._end(Complete(data))]

    def _dally(self, packet: object) -> list[Event]:
        last = self._received.block % BLOCK_NUMBERS
        repeated = isinstance(packet, Data) and packet.block == last
        return [Send(self._last)] if repeated and self._last == encode(Ack(last)) else []

    def _progress(self) -> None:
        self._answered = True
        self._timeouts = 0
        self._gap_reported = False

    def _acknowledge(self, now: int) -> Send:
        self._since_ack = 0
        return self._send(encode(Ack(self._received.block % BLOCK_NUMBERS)), now)

    def _send(self, data: bytes, now: int) -> Send:
        self._last = data
        self._deadline = self._wait(now)
        return Send(data)

    def _wait(self, now: int) -> int:
        later = now + self.terms.timeout
        return later if self._end_at is None else min(later, self._end_at)

    def _abort(self, code: ErrorCode, text: str) -> list[Event]:
        self._last = encode(Error(code, text))
        return [Send(self._last), *self._end(Failed(code, text))]

    def _end(self, event: Event) -> list[Event]:
        self._finished, self._deadline = True, None
        return [event]
