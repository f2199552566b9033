"""The server's side of one TFTP read (RFC 1350, windows of RFC 7440).

A `ReadSession` sends ``content`` to one transfer id. It counts blocks without bound and cuts the
count to 16 bits only on the wire, so that files past 65535 blocks wrap to 0.

The Sorcerer's Apprentice cannot happen (RFC 1123 section 4.2.3.1): an ACK acts only if it names a
block of the window under way, and by acting it raises the mark of what is acknowledged past that
block. So no ACK acts twice, however often it arrives, and a window whose first block is lost comes
again by time-out only.
"""

from __future__ import annotations

from dataclasses import dataclass

from hil.wire.tftp import (
    LARGEST_BLOCK,
    Ack,
    Data,
    Error,
    ErrorCode,
    Mode,
    OptionAck,
    Request,
    decode,
    encode,
    to_netascii,
)
from hil.wire.tftp_terms import (
    BLOCK_NUMBERS,
    KNOWN_OPTIONS,
    Done,
    Event,
    Failed,
    Options,
    Send,
    Terms,
    accept,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server grants at most, and how patient it is.

    ``timeout`` (ns) holds unless the client proposes one; after ``retries`` time-outs without any
    progress the session fails. It leaves out every option that is not one of ``options``; without any
    it answers with the first DATA at once, as a server of RFC 1350 alone does.
    """

    options: frozenset[str] = KNOWN_OPTIONS
    max_blksize: int = LARGEST_BLOCK
    max_windowsize: int = 64
    timeout: int = Terms().timeout
    retries: int = 5


class ReadSession:
    """One file to one transfer id; see the module.

    ``request`` is the RRQ, ``content`` the file as it lies on disk. The first packet comes from
    `start`. Once `finished`, the session answers nothing more.
    """

    def __init__(self, request: Request, content: bytes, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._content = to_netascii(content) if request.mode is Mode.NETASCII else content
        self.terms, self.accepted = self._negotiate(request.options)
        self._total = len(self._content) // self.terms.blksize + 1
        self._acknowledged = -1 if self.accepted else 0
        self._sent = self._acknowledged
        self._deadline: int | None = None
        self._timeouts = 0
        self._finished = False

    @property
    def finished(self) -> bool:
        """Whether `Done` or `Failed` was reported."""
        return self._finished

    def next_deadline(self) -> int | None:
        """When `timeout` is due, in ns."""
        return self._deadline

    def start(self, now: int) -> list[Event]:
        """Send the OACK, or the first window where no option was accepted."""
        return self._window(now)

    def receive(self, data: bytes, now: int) -> list[Event]:
        """Take a datagram from the client's transfer id.

        Raises `RemoteProtocolError` for bytes that are no TFTP packet; the session goes on.
        """
        packet = decode(data)
        if self._finished:
            return []
        match packet:
            case Ack(block):
                return self._acknowledge(block, now)
            case Error(code, text):
                return self._end(Failed(code, text))
            case _:
                text = f"{type(packet).__name__} where an ACK was due"
                refusal = Send(encode(Error(ErrorCode.ILLEGAL_OPERATION, text)))
                return [refusal, *self._end(Failed(ErrorCode.ILLEGAL_OPERATION, text))]

    def timeout(self, now: int) -> list[Event]:
        """Repeat the window if its time is over; fail when the budget is used up."""
        if self._deadline is None or now < self._deadline:
            return []
        self._timeouts += 1
        if self._timeouts > self._limits.retries:
            return self._end(Failed(None, f"no ACK after {self._limits.retries} repetitions"))
        return self._window(now)

    def _negotiate(self, options: Options) -> tuple[Terms, Options]:
        return accept(
            tuple(each for each in options if each[0] in self._limits.options),
            len(self._content),
            default=Terms(timeout=self._limits.timeout),
            max_blksize=self._limits.max_blksize,
            max_windowsize=self._limits.max_windowsize,
        )

    def _acknowledge(self, block: int, now: int) -> list[Event]:
        step = (block - self._acknowledged) % BLOCK_NUMBERS
        if not 1 <= step <= self._sent - self._acknowledged:
            return []
        self._acknowledged += step
        self._timeouts = 0
        if self._acknowledged == self._total:
            return self._end(Done(len(self._content)))
        return self._window(now)

    def _window(self, now: int) -> list[Event]:
        """Send what follows the last acknowledged block."""
        self._deadline = now + self.terms.timeout
        if self._acknowledged < 0:
            self._sent = 0
            return [Send(encode(OptionAck(self.accepted)))]
        self._sent = min(self._acknowledged + self.terms.windowsize, self._total)
        return [self._block(number) for number in range(self._acknowledged + 1, self._sent + 1)]

    def _block(self, number: int) -> Send:
        size = self.terms.blksize
        payload = self._content[(number - 1) * size : number * size]
        return Send(encode(Data(number % BLOCK_NUMBERS, payload)))

    def _end(self, event: Event) -> list[Event]:
        self._finished, self._deadline = True, None
        return [event]


def refuse_write() -> bytes:
    """Answer any WRQ: ERROR 2, access violation."""
    return encode(Error(ErrorCode.ACCESS_VIOLATION, "this server only reads"))


def refuse_stranger() -> bytes:
    """Answer a datagram whose transfer id is not the session's (RFC 1350 section 4): ERROR 5."""
    return encode(Error(ErrorCode.UNKNOWN_TRANSFER_ID, "unknown transfer id"))
