"""What faults make of one TFTP transfer: other contents, and packets that are lost or doubled.

Kept apart from sockets, so that what a fault does to the wire can be read here. Offsets count octets
on the wire, which differ from those of the file in netascii mode only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.endpoints import faults as fl
from hil.wire import tftp

BLOCK_NUMBERS = 1 << 16

APPLICABLE = (
    fl.Silence, fl.Delay, fl.Truncate, fl.Stall, fl.WrongLength, fl.Corrupt, fl.TftpError,
    fl.LoseBlock, fl.DuplicateBlock,
)  # fmt: skip


def spoil(body: bytes, faults: tuple[fl.Fault, ...]) -> bytes:
    """Give the body that is sent instead of ``body``; an offset behind its end changes nothing."""
    for fault in faults:
        match fault:
            case fl.Truncate(at):
                body = body[:at]
            case fl.Corrupt(at, xor) if at < len(body):
                body = body[:at] + bytes([body[at] ^ xor]) + body[at + 1 :]
    return body


@dataclass(frozen=True)
class Passed:
    """What goes out instead of one packet, and the ERROR that ends the transfer, if one does.

    ``packets`` are of the kind of ``packet``, which was to go out, and have its block. ``untouched``
    is a block that goes out for the first time, once, and as it is.
    """

    packet: tftp.Packet
    packets: tuple[bytes, ...]
    end: tftp.Error | None = None
    untouched: bool = False


class Disturbance:
    """The faults of one transfer; ask `passes` about each packet before it is sent.

    ``length`` is that of the body before `spoil`, and ``injected`` is told of each fault when its
    first packet is touched: a fault that the transfer never gets to was not injected. ``sent`` counts
    the octets of the body up to the highest block that has gone out.
    """

    def __init__(
        self,
        faults: tuple[fl.Fault, ...],
        length: int,
        injected: Callable[[fl.Fault], None],
    ) -> None:
        self._faults = faults
        self._length = length
        self._injected = injected
        self._told: set[int] = set()
        self._highest = 0
        self.sent = 0

    def passes(self, data: bytes) -> Passed:
        """Say what goes out in place of ``data``."""
        packet = tftp.decode(data)
        match packet:
            case tftp.Data():
                return self._block(data, packet)
            case tftp.OptionAck(options):
                return Passed(packet, (self._length_spoilt(data, options),))
            case _:
                return Passed(packet, (data,))

    def _length_spoilt(self, data: bytes, options: tuple[tuple[str, str], ...]) -> bytes:
        for index, fault in enumerate(self._faults):
            if isinstance(fault, fl.WrongLength) and tftp.option(options, "tsize") is not None:
                told = tuple(
                    (name, str(max(0, int(value) + fault.by)) if name == "tsize" else value)
                    for name, value in options
                )
                self._tell(index)
                data = tftp.encode(tftp.OptionAck(told))
        return data

    def _block(self, data: bytes, packet: tftp.Data) -> Passed:
        block, payload = packet.block, packet.payload
        # Blocks wrap on the wire; within a window the distance tells which one this is.
        distance = (block - self._highest) % BLOCK_NUMBERS
        new = 0 < distance < BLOCK_NUMBERS // 2
        number = self._highest + (distance if new else distance - BLOCK_NUMBERS * bool(distance))
        start = self.sent if new else None
        copies = 1
        for index, fault in enumerate(self._faults):
            match fault:
                case fl.Stall(at) if start is None or start + len(payload) > at:
                    self._tell(index)
                    return Passed(packet, ())
                case fl.TftpError(code, text, at_block) if number == at_block:
                    self._tell(index)
                    return Passed(packet, (), tftp.Error(code, text))
                case fl.LoseBlock(lost) if number == lost and index not in self._told:
                    self._tell(index)
                    copies = 0
                case fl.DuplicateBlock(doubled) if number == doubled and index not in self._told:
                    self._tell(index)
                    copies = 2
                case fl.Truncate(at) if at < self._length and start is not None:
                    if start + len(payload) == at:
                        self._tell(index)
                case fl.Corrupt(at) if start is not None and start <= at < start + len(payload):
                    self._tell(index)
        if new:
            self._highest = number
            self.sent += len(payload)
        return Passed(packet, (data,) * copies, untouched=new and copies == 1)

    def _tell(self, index: int) -> None:
        if index not in self._told:
            self._told.add(index)
            self._injected(self._faults[index])
